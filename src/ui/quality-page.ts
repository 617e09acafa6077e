import { readFileSync } from 'node:fs';
import type { FindingSeverity } from '../report/quality-finding.js';
import type { QualityReportView } from '../report/quality-report-view.js';
import { formatPercent } from '../lib/format.js';
import { sectionsOf, weekBars } from './quality-sections.js';

const SHEET = new URL('./assets/tocsin.css', import.meta.url);
const SEVERITY_STYLE: Readonly<Record<FindingSeverity, string>> = { high: 'page', medium: 'ticket', low: 'no-data' };
const CATEGORY_WORDS = { excellent: 'Excellent', good: 'Good', 'needs-improvement': 'Needs improvement', poor: 'Poor' } as const;

/** What the templates show of a report; `base` goes before links into Tocsin. */
export function qualityModel(report: QualityReportView, base: string): Record<string, unknown> {
  const { overall, services, findings, trend } = report;
  return {
    report, base, heading: report.week === null ? 'Trace quality' : `Trace quality, week ${report.week}`, period: `${report.from.slice(0, 16).replace('T', ' ')} to ${report.to.slice(0, 16).replace('T', ' ')} UTC`,
    tiles: tilesOf(report), bars: scoreBars(services), scoreByWeek: weekBars(report), sections: sectionsOf(report, base),
    findings: findings.map((finding, index) => ({ ...finding, number: index + 1, style: SEVERITY_STYLE[finding.severity], examples: finding.examples.map((example) => ({ ...example, url: `${base}/traces/${example.traceId}?span=${example.spanId}` })) })),
    services: services.map((service) => ({
      ...service, failed: service.score.rules.filter(({ passed }) => !passed).map((rule) => ({ ...rule, ratio: formatPercent(rule.passRatio) })),
      category: service.score.category === null ? 'unknown' : CATEGORY_WORDS[service.score.category], cells: cellsOf(service.measures),
    })),
    total: cellsOf(overall), columns: COLUMNS.map(([label]) => label), hasTrend: trend.lastWeek !== null || trend.fourWeeksAgo !== null, trend: trendRows(report), checklists: checklistsOf(report),
  };
}

/** For one file with everything in it, for mail and print. */
export function qualityFileModel(report: QualityReportView, base = ''): Record<string, unknown> {
  return { ...qualityModel(report, base), sheet: readFileSync(SHEET, 'utf8') };
}

type Measures = QualityReportView['overall'];

const share = (value: number | null): string => (value === null ? '–' : formatPercent(value));
const ms = (value: number | null): string => (value === null ? '–' : value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

const COLUMNS: readonly (readonly [string, (measures: Measures) => string])[] = [
  ['Spans', ({ spans }) => whole(spans)], ['Traces', ({ traces }) => whole(traces)], ['Errors', ({ errorRatio }) => share(errorRatio)], ['p95', ({ p95Ms }) => ms(p95Ms)],
  ['Stored', ({ samplingRate }) => share(samplingRate)], ['Partial', ({ partialRatio }) => share(partialRatio)], ['Orphans', ({ orphanRatio }) => share(orphanRatio)], ['Rootless', ({ rootlessRatio }) => share(rootlessRatio)],
  ['Lag p99', ({ collectorLatencyP99Ms }) => ms(collectorLatencyP99Ms)], ['Error capture', ({ errorCapture }) => share(errorCapture)], ['Logs in traces', ({ logCorrelation }) => share(logCorrelation)],
];

function cellsOf(measures: Measures): { readonly label: string; readonly value: string }[] {
  return COLUMNS.map(([label, format]) => ({ label, value: format(measures) }));
}

function tilesOf({ overall, score, findings, ledgerBalances }: QualityReportView): { readonly label: string; readonly value: string }[] {
  const of = (severity: FindingSeverity): number => findings.filter((finding) => finding.severity === severity).length;
  const cost = overall.costOfMonth === null ? [] : [{ label: 'Cost of a month', value: overall.costOfMonth.toFixed(2) }];
  return [
    { label: 'Instrumentation Score', value: score === null ? '–' : score.toFixed(1) }, { label: 'Findings', value: `${of('high')} high, ${of('medium')} medium, ${of('low')} low` },
    { label: 'Spans a second', value: overall.spansPerSecond.toFixed(2) }, { label: 'Traces p50, p95, p99', value: `${ms(overall.p50Ms)}, ${ms(overall.p95Ms)}, ${ms(overall.p99Ms)}` },
    { label: 'Unknown weight', value: share(overall.unknownWeightShare) }, { label: 'Ledger', value: ledgerBalances ? 'balances' : 'does not balance' }, ...cost,
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

interface ChecklistItem {
  readonly text: string;
  readonly met: boolean;
}

/** Readiness by what is measured. */
function checklistsOf({ services, findings, overall, ledgerBalances }: QualityReportView): { readonly title: string; readonly items: readonly ChecklistItem[] }[] {
  const none = (...kinds: string[]): boolean => findings.every(({ kind }) => !kinds.includes(kind));
  const passes = (rule: string): boolean => services.every(({ score }) => score.rules.every(({ id, passed }) => id !== rule || passed));
  return [
    { title: 'Before production', items: [
      { text: 'Every service has a name, an environment and an instance id', met: ['RES-001', 'RES-005', 'RES-007'].every(passes) }, { text: 'Context arrives at every service', met: none('broken-context', 'client-roots') },
      { text: 'Requests are SERVER or CONSUMER spans, with the right status', met: none('missing-kinds', 'wrong-status') }, { text: 'Names and attributes have few values', met: none('span-name-cardinality', 'attribute-cardinality', 'attribute-keys') },
      { text: 'No sensitive data is sent', met: none('sensitive-data') }, { text: 'Today\'s conventions', met: none('old-names', 'mixed-versions') },
    ] },
    { title: 'In production', items: [
      { text: 'Traces are whole', met: none('partial-traces', 'orphans', 'rootless-traces') }, { text: 'Clocks agree', met: none('clock-skew') }, { text: 'Sampling is known, and the same for all', met: none('unknown-weight', 'sampling-bias', 'mixed-weights', 'sampling-rate') },
      { text: 'Spans are readable within seconds', met: none('collector-latency') }, { text: 'Every service speaks, and every callee has spans', met: none('silent-service', 'blind-spot') },
      { text: 'Nothing is lost', met: ledgerBalances && none('limits-hit', 'error-capture', 'duplicate-ids') }, { text: 'Log records belong to traces', met: overall.logCorrelation !== null && none('logs-without-trace') },
    ] },
  ];
}
