import { readFileSync } from 'node:fs';
import type { FindingSeverity } from '../report/quality-finding.js';
import type { QualityReportView } from '../report/quality-report-view.js';
import { untoldWords } from '../report/untold-time.js';
import { formatPercent } from '../lib/format.js';
import { sectionsOf, weekBars } from './quality-sections.js';

const SHEET = new URL('./assets/tocsin.css', import.meta.url);
const SEVERITY_STYLE: Readonly<Record<FindingSeverity, string>> = { high: 'page', medium: 'ticket', low: 'no-data' };
const CATEGORY_WORDS = { excellent: 'Excellent', good: 'Good', 'needs-improvement': 'Needs improvement', poor: 'Poor' } as const;

/** What the templates show of a report; `base` goes before links into Tocsin. */
export function qualityModel(report: QualityReportView, base: string): Record<string, unknown> {
  const { overall, services, findings, trend } = report;
  return {
    report, base, untold: untoldOf(report), heading: report.week === null ? 'Trace quality' : `Trace quality, week ${report.week}`, period: `${report.from.slice(0, 16).replace('T', ' ')} to ${report.to.slice(0, 16).replace('T', ' ')} UTC`,
    tiles: tilesOf(report), bars: scoreBars(services), scoreByWeek: weekBars(report), sections: sectionsOf(report, base),
    findings: findings.map((finding, index) => ({ ...finding, number: index + 1, style: SEVERITY_STYLE[finding.severity], examples: finding.examples.map((example) => ({ ...example, url: `${base}/traces/${example.traceId}?span=${example.spanId}` })) })),
    services: services.map((service) => ({
      ...service, failed: service.score.rules.filter(({ passed }) => !passed).map((rule) => ({ ...rule, ratio: formatPercent(rule.passRatio) })),
      category: service.score.category === null ? 'too few spans to say' : CATEGORY_WORDS[service.score.category], cells: cellsOf(service.measures),
    })),
    total: cellsOf(overall), columns: COLUMNS.map(([label]) => label), hasTrend: trend.lastWeek !== null || trend.fourWeeksAgo !== null, trend: trendRows(report), checklists: report.readiness.map(({ title, items }) => ({ title, items: items.map(({ text, met }) => ({ text, sign: met === null ? '–' : met ? '✓' : '✗' })) })),
  };
}

/** For one file with everything in it, for mail and print. */
export function qualityFileModel(report: QualityReportView, base = ''): Record<string, unknown> {
  return { ...qualityModel(report, base), sheet: qualitySheet() };
}

/** The style of that file, as it stands in it. */
export function qualitySheet(): string {
  return readFileSync(SHEET, 'utf8');
}

/** Why less is told than was asked for; undefined where all is. */
export function untoldOf({ from, to, asked }: Pick<QualityReportView, 'from' | 'to' | 'asked'>): string | undefined {
  return untoldWords({ fromMs: Date.parse(asked.from), toMs: Date.parse(asked.to) }, { fromMs: Date.parse(from), toMs: Date.parse(to) });
}

type Measures = QualityReportView['overall'];

const share = (value: number | null): string => (value === null ? '–' : formatPercent(value));
const ms = (value: number | null): string => (value === null ? '–' : value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** What is shown of a service, and the count that a ratio stands on. */
const COLUMNS: readonly (readonly [label: string, format: (measures: Measures) => string, of?: keyof Measures['of']])[] = [
  ['Spans', ({ spans }) => whole(spans)], ['Traces', ({ traces }) => whole(traces)], ['Errors', ({ errorRatio }) => share(errorRatio), 'errorRatio'], ['p95', ({ p95Ms }) => ms(p95Ms)],
  ['Stored', ({ samplingRate }) => share(samplingRate)], ['Partial', ({ partialRatio }) => share(partialRatio), 'partialRatio'], ['Orphans', ({ orphanRatio }) => share(orphanRatio), 'orphanRatio'], ['Rootless', ({ rootlessRatio }) => share(rootlessRatio), 'rootlessRatio'],
  ['Lag p99', ({ collectorLatencyP99Ms }) => ms(collectorLatencyP99Ms), 'collectorLatency'], ['Error capture', ({ errorCapture }) => share(errorCapture), 'errorCapture'], ['Logs in traces', ({ logCorrelation }) => share(logCorrelation), 'logCorrelation'],
];

function cellsOf(measures: Measures): { readonly label: string; readonly value: string; readonly of: string | undefined }[] {
  return COLUMNS.map(([label, format, of]) => ({ label, value: format(measures), of: of === undefined || measures.of[of] === 0 ? undefined : whole(measures.of[of]) }));
}

function tilesOf({ overall, score, findings, ledgerBalances }: QualityReportView): { readonly label: string; readonly value: string }[] {
  const of = (severity: FindingSeverity): number => findings.filter((finding) => finding.severity === severity).length;
  const cost = overall.costOfMonth === null ? [] : [{ label: 'Cost of a month', value: overall.costOfMonth.toFixed(2) }];
  return [
    { label: 'Instrumentation Score', value: score === null ? '–' : score.toFixed(1) }, { label: 'Findings', value: `${of('high')} high, ${of('medium')} medium, ${of('low')} low` },
    { label: 'Spans a second', value: overall.spansPerSecond.toFixed(2) }, { label: 'Traces p50, p95, p99', value: `${ms(overall.p50Ms)}, ${ms(overall.p95Ms)}, ${ms(overall.p99Ms)}` },
    { label: 'Unknown weight', value: share(overall.unknownWeightShare) }, ...(overall.agentLossRatio === null ? [] : [{ label: 'Lost by eBPF agents', value: share(overall.agentLossRatio) }]), { label: 'Ledger', value: ledgerBalances ? 'balances' : 'does not balance' }, ...cost,
  ];
}

/** One bar for each service, lowest score first; an SVG, so that mail and print have it. */
function scoreBars(services: QualityReportView['services']): { readonly height: number; readonly rows: readonly { readonly service: string; readonly score: string; readonly width: number; readonly y: number; readonly style: string }[] } {
  const rows = services.flatMap(({ service, score: { score, category } }) => (score === null ? [] : [{ service, score, category }])).sort((left, right) => left.score - right.score)
    .map(({ service, score, category }, index) => ({ service, score: score.toFixed(1), width: Math.round(score * 5), y: index * 22, style: category === 'poor' || category === 'needs-improvement' ? 'bad' : 'good' }));
  return { height: rows.length * 22, rows };
}

function trendRows({ overall, score, trend }: QualityReportView): { readonly label: string; readonly now: string; readonly lastWeek: string; readonly fourWeeksAgo: string }[] {
  const of = (label: string, format: (side: { readonly overall: Measures; readonly score: number | null }) => string): { label: string; now: string; lastWeek: string; fourWeeksAgo: string } => ({
    label, now: format({ overall, score }), lastWeek: trend.lastWeek === null ? '–' : format(trend.lastWeek), fourWeeksAgo: trend.fourWeeksAgo === null ? '–' : format(trend.fourWeeksAgo),
  });
  return [of('Instrumentation Score', (side) => (side.score === null ? '–' : side.score.toFixed(1))), ...COLUMNS.map(([label, format]) => of(label, (side) => format(side.overall)))];
}
