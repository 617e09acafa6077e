import { formatPercent, formatSpan } from '../lib/format.js';
import type { QualityReportView } from '../report/quality-report-view.js';

/** A table of a report: cells of each row in the order of the columns; the first is a name. */
export interface ReportSection {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: string; readonly note?: string; readonly href?: string; readonly cells: readonly string[] }[];
  readonly note?: string;
  /** Cells with lists of names, which may be long: they wrap. */
  readonly words?: readonly number[];
  /** Said where there are no rows. */
  readonly nothing: string;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const share = (value: number | null, digits = 1): string => (value === null ? '–' : formatPercent(value, digits));
const span = (ms: number | null): string => (ms === null ? '–' : formatSpan(ms));
const latency = (value: number | null): string => (value === null ? '–' : value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`);

/** What stands beside the quality of the traces: alerts, SLOs, errors, slow operations, readers, cost. Of files alone the first three are left out. */
export function sectionsOf(report: QualityReportView, base: string): ReportSection[] {
  const known = report.alerts === null ? [] : [alerts(report.alerts), objectives(report, base), signatures(report, base), troubles(report, base)];
  return [...known, slowest(report, base), ...(report.agents.length === 0 ? [] : [agents(report)]), ...(report.access === null ? [] : [readers(report.access), answers(report.access)]), spenders(report), versions(report)];
}

function alerts({ rules, pages, tickets, actedOn, unheededPages, flapping, silenced, acknowledgedAfterMs }: NonNullable<QualityReportView['alerts']>): ReportSection {
  const cells = (each: Omit<NonNullable<QualityReportView['alerts']>, 'rules'>): string[] => [whole(each.pages), whole(each.tickets), whole(each.actedOn), whole(each.unheededPages), whole(each.flapping), whole(each.silenced), span(each.acknowledgedAfterMs)];
  const total = { name: 'All', cells: cells({ pages, tickets, actedOn, unheededPages, flapping, silenced, acknowledgedAfterMs }) };
  return {
    id: 'alerts', title: 'Alerts', columns: ['Rule', 'Pages', 'Tickets', 'Acted on', 'Pages nobody acted on', 'Flapping', 'Silenced', 'Acknowledged after'],
    rows: rules.length === 0 ? [] : [...rules.map((rule) => ({ name: rule.rule, note: rule.service, cells: cells(rule) })), total], nothing: 'Nothing alerted.',
    note: 'Of the incidents that opened in this time. Acted on: acknowledged, resolved, silenced, merged or written about by a person.',
  };
}

function objectives({ objectives: rows }: QualityReportView, base: string): ReportSection {
  return {
    id: 'objectives', title: 'SLOs', columns: ['SLO', 'Target', 'Attained', 'Budget spent', 'Of'], nothing: 'There is no SLO.',
    rows: rows.map((row) => ({ name: row.group === null ? row.displayName : `${row.displayName}, ${row.group}`, note: row.partOf === null ? row.service : `part of ${row.partOf}`, href: `${base}/slos/${encodeURIComponent(row.slo)}`, cells: [share(row.target, 3), share(row.attained, 3), `${share(row.budgetSpent)}${row.isProjected ? ' (projected)' : ''}`, `${whole(row.events)} ${row.counts === 'slices' ? 'slices' : 'events'}`] })),
    note: 'Attained in this time; budget spent in it, of the budget of the SLO\'s own window; projected: a young service, the budget is that of the window if traffic goes on as it has.',
  };
}

function signatures({ newSignatures }: QualityReportView, base: string): ReportSection {
  return {
    id: 'new-errors', title: 'New errors', columns: ['Error', 'Where', 'First seen', 'Failed requests'], nothing: 'No error was seen for the first time.',
    ...(newSignatures.some(({ isMaybeOlder }) => isMaybeOlder) ? { note: 'Maybe older: seen in the first hour of this Tocsin, while it learned what is there.' } : {}),
    rows: newSignatures.map(({ id, type, message, service, operation, firstSeen, isMaybeOlder, failures }) => ({ name: type, note: message, href: `${base}/signatures/${encodeURIComponent(id)}`, cells: [`${service} ${operation}`, `${isMaybeOlder ? 'maybe older, ' : ''}${firstSeen.slice(0, 16).replace('T', ' ')} UTC`, whole(failures)] })),
  };
}

function troubles({ troubles: rows }: QualityReportView, base: string): ReportSection {
  return {
    id: 'troubles', title: 'Known patterns of trouble', columns: ['Pattern', 'Where', 'Incidents', 'Explained by it'], nothing: 'No incident showed one.',
    rows: rows.map(({ title, words, service, operation, incidents, explained, advice, incidentId, traces: [trace] }) => ({
      name: title, note: `${words}. ${advice}`, href: trace === undefined ? `${base}/incidents/${encodeURIComponent(incidentId)}` : `${base}/traces/${trace.traceId}?span=${trace.spanId}`, cells: [`${service} ${operation}`, whole(incidents), whole(explained)],
    })),
    note: 'In the traces behind the incidents that opened in this time; the link opens a trace that shows it, and the page of the incident has its runbook.',
  };
}

function slowest({ slowest: rows }: QualityReportView, base: string): ReportSection {
  return {
    id: 'slowest', title: 'Where the slowest traces spend their time', columns: ['Operation', 'Share of the time', 'Traces'], nothing: 'No trace was stored whole.', note: 'Of the slowest 1 % of the traces, some minutes or an hour at a time; the time in which none of its own children ran.',
    rows: rows.map(({ service, operation, share: part, traces, examples: [example] }) => ({ name: operation, note: service, ...(example === undefined ? {} : { href: `${base}/traces/${example.traceId}?span=${example.spanId}` }), cells: [share(part), whole(traces)] })),
  };
}

function agents({ agents: rows }: QualityReportView): ReportSection {
  return {
    id: 'agents', title: 'What eBPF agents lost', words: [4], columns: ['Host', 'Spans', 'Lost', 'Events', 'Lost of them', 'Why'], nothing: '',
    rows: rows.map(({ host, deliveredSpans, lostSpans, readEvents, lostEvents, reasons }) => ({ name: host || 'no name', cells: [whole(deliveredSpans + lostSpans), whole(lostSpans), whole(readEvents + lostEvents), whole(lostEvents), reasons.map(({ reason, n }) => `${reason.replace(/^\w+ /, '')} ${whole(n)}`).join(', ') || '–'] })),
  };
}

function readers({ readers: rows }: NonNullable<QualityReportView['access']>): ReportSection {
  return {
    id: 'readers', title: 'Who read traces', columns: ['Reader', 'Reads', 'Refused', 'Usual in a week'], nothing: 'Nobody read traces.',
    rows: rows.map(({ reader, reads, refused, usual }) => ({ name: reader, cells: [whole(reads), whole(refused), whole(usual)] })),
  };
}

function answers({ latency: rows }: NonNullable<QualityReportView['access']>): ReportSection {
  return {
    id: 'answers', title: 'How long answers took', columns: ['Question', 'Answers', 'p50', 'p95', 'p99'], nothing: 'Nobody asked.',
    rows: rows.map(({ what, answers: n, p50Ms, p95Ms, p99Ms }) => ({ name: what === 'trace' ? 'A trace' : 'A search', cells: [whole(n), latency(p50Ms), latency(p95Ms), latency(p99Ms)] })),
  };
}

function spenders({ spenders: rows }: QualityReportView): ReportSection {
  return {
    id: 'spenders', title: 'Who sends most', columns: ['Service', 'Share of the spans', 'Cost of a month'], nothing: 'Nobody sent spans.',
    rows: rows.map(({ service, share: part, costOfMonth }) => ({ name: service, cells: [share(part), costOfMonth === null ? '–' : costOfMonth.toFixed(2)] })),
  };
}

/** Newest first, as far as versions can be compared; each with how many spans came of it where there are several. */
function versions({ services, sdkVersions, serviceVersions }: QualityReportView): ReportSection {
  const of = (all: QualityReportView['sdkVersions'], service: string): string => {
    const own = all.filter((each) => each.service === service).sort((left, right) => right.version.localeCompare(left.version, 'en', { numeric: true }));
    const shown = own.slice(0, VERSIONS_SHOWN).map(({ version, count }) => (own.length === 1 ? version : `${version} (${whole(count)})`));
    return [...shown, ...(own.length > VERSIONS_SHOWN ? [`${own.length - VERSIONS_SHOWN} more`] : [])].join(', ') || '–';
  };
  return {
    id: 'versions', title: 'Versions', words: [0, 1], columns: ['Service', 'Version', 'SDK'], nothing: 'No service says its version, or that of its SDK.', note: 'As service.version and telemetry.sdk say; where there are several, with the spans of each.',
    rows: services.map(({ service }) => ({ name: service, cells: [of(serviceVersions, service), of(sdkVersions, service)] })).filter(({ cells }) => cells.some((cell) => cell !== '–')),
  };
}

const VERSIONS_SHOWN = 4;
const BAR = { width: 44, gap: 14, height: 90 };

/** Score and findings of the weeks so far as bars, this one last; an SVG, so that mail and print have it. */
export function weekBars({ history, week, score, findings }: QualityReportView): { readonly width: number; readonly height: number; readonly bars: readonly { readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly style: string; readonly label: string; readonly value: string; readonly findings: number }[] } {
  const points = [...history, { week: week ?? 'now', score, findings: findings.length }];
  return {
    width: points.length * (BAR.width + BAR.gap), height: BAR.height + 44,
    bars: points.map((point, index) => {
      const height = Math.round(((point.score ?? 0) / 100) * BAR.height);
      return { x: index * (BAR.width + BAR.gap), y: 14 + BAR.height - height, width: BAR.width, height, style: (point.score ?? 0) >= 75 ? 'good' : 'bad', label: point.week.replace(/^\d{4}-/, ''), value: point.score === null ? '–' : point.score.toFixed(0), findings: point.findings };
    }),
  };
}
