import { ascending } from '../lib/compare.js';
import type { StoredTrace, TraceLog } from '../query/trace-reader.js';
import { plain, spanJson } from '../query/trace-view.js';
import type { Span } from '../trace/span.js';
import { attributeRows } from './attribute-text.js';
import { requestAsCurl } from './copy-as.js';
import type { Waterfall, WaterfallRow } from './waterfall.js';

/** Rows that are in the page as it comes; the script draws those that are looked at, of all. */
const SERVER_ROWS = 100;

export interface DrawnTrace {
  readonly trace: StoredTrace;
  readonly shown: Waterfall;
  /** Without putting clocks right. */
  readonly asSent: boolean;
}

export function tracePage({ trace, shown, asSent }: DrawnTrace, selected: Span | undefined): Record<string, unknown> {
  const selectedRow = shown.rows.findIndex((row) => row.repeats.length === 0 && row.span.spanId === selected?.spanId);
  const first = selectedRow < SERVER_ROWS ? 0 : selectedRow - SERVER_ROWS / 2;
  return {
    trace, asSent,
    fall: { ...shown, rows: shown.rows.slice(first, first + SERVER_ROWS) },
    blank: BLANK_ROW,
    rowsJson: rowsJson(shown),
    hasFolds: shown.rows.some(({ hiddenCount }) => hiddenCount > 0),
    startMs: nsToMs(shown.startNs),
    shifts: shown.shifts.map(({ service, shiftNs }) => ({ service, ns: Math.abs(Number(shiftNs)), behind: shiftNs > 0n })),
    firstError: (shown.rows.find(({ began }) => began) ?? shown.rows.find((row) => row.isError && row.errorsInside === 0))?.span.spanId,
    selected: selected === undefined ? undefined : spanPanel(trace, selected, shown),
    logs: trace.logs.map((log) => logRow(log, shown)),
  };
}

/** Everything about one span: the panel beside the waterfall. */
export function spanPanel(trace: StoredTrace, span: Span, shown: Pick<Waterfall, 'startNs' | 'services' | 'rows'>): Record<string, unknown> {
  const row = shown.rows.find((candidate) => candidate.repeats.length === 0 && candidate.span.spanId === span.spanId);
  return {
    span,
    startMs: nsToMs(span.startNs),
    offsetNs: Number((row?.span ?? span).startNs - shown.startNs),
    colour: row?.colour ?? 0,
    note: row?.note,
    began: row?.began,
    criticalShare: row?.criticalShare ?? 0,
    attributes: attributeRows(span.attributes),
    resource: attributeRows(span.resource),
    happenings: happenings(trace, span),
    links: span.links.map((link) => ({ traceId: link.traceId, spanId: link.spanId, attributes: attributeRows(link.attributes) })),
    children: trace.spans.filter((other) => other.parentSpanId === span.spanId).length,
    json: JSON.stringify(plain(spanJson(span)), undefined, 2),
    curl: requestAsCurl(span),
  };
}

/** Events and logs of a span in the order in which they happened. */
function happenings(trace: StoredTrace, span: Span): Record<string, unknown>[] {
  const events = span.events.map((event) => ({ timeNs: event.timeNs, title: event.name, text: '', level: event.name === 'exception' ? 'error' : 'event', attributes: attributeRows(event.attributes) }));
  const logs = trace.logs.filter((log) => log.spanId === span.spanId).map((log) => ({ timeNs: log.timeNs, title: log.severity || 'log', text: log.body, level: levelOf(log), attributes: attributeRows(log.attributes) }));
  const all = [...events, ...logs].sort((left, right) => ascending(left.timeNs, right.timeNs));
  return all.map((each) => ({ ...each, afterNs: Number(each.timeNs - span.startNs), isEvent: each.level === 'event' || (each.level === 'error' && each.text === ''), isOpen: each.level === 'error' || all.length < 4 }));
}

const FLAG = { error: 1, parentMissing: 2, began: 4, repeats: 8, errorInside: 16 } as const;

/** What the script draws rows from: services and names once, then one short list a row, in the order that trace.js reads. */
function rowsJson({ rows, services }: Waterfall): string {
  const names = new Map<string, number>();
  const indexOf = (name: string): number => {
    const known = names.get(name) ?? names.size;
    names.set(name, known);
    return known;
  };
  const places = new Map(services.map(({ name }, index) => [name, index]));
  const lists = rows.map((row) => [
    row.span.spanId, row.depth, row.hiddenCount, flagsOf(row), places.get(row.span.serviceName) ?? 0, indexOf(row.span.name), row.left, row.width, row.duration,
    row.path.flat(), row.marks.map(({ x, text, style }) => [x, text, style]), row.note, row.isError ? row.span.statusMessage : '', row.repeats.length,
  ]);
  return JSON.stringify({ services: services.map(({ name, colour }) => [name, colour]), names: [...names.keys()], rows: lists });
}

function flagsOf(row: WaterfallRow): number {
  return (row.isError ? FLAG.error : 0) + (row.parentMissing ? FLAG.parentMissing : 0) + (row.began ? FLAG.began : 0) + (row.repeats.length > 0 ? FLAG.repeats : 0) + (row.errorsInside > 0 ? FLAG.errorInside : 0);
}

/** The row that the script makes all others from. */
const BLANK_ROW = {
  span: { spanId: '', serviceName: '', name: '', statusMessage: '' }, depth: 0, indent: 0, hiddenCount: 0, errorsInside: 0, parentMissing: false, repeats: [], isError: false, began: false,
  colour: 0, left: 0, width: 0, duration: '', label: { x: 0, anchor: 'start', nudge: 5, place: 'outside' }, path: [], marks: [], note: '',
};

const ERROR_SEVERITY = 17;
const WARN_SEVERITY = 13;

function levelOf(log: TraceLog): 'error' | 'warn' | 'info' {
  return log.severityNumber >= ERROR_SEVERITY ? 'error' : log.severityNumber >= WARN_SEVERITY ? 'warn' : 'info';
}

function logRow(log: TraceLog, shown: Pick<Waterfall, 'startNs'>): Record<string, unknown> {
  return {
    spanId: log.spanId,
    timeMs: nsToMs(log.timeNs),
    afterNs: shown.startNs === 0n ? undefined : Number(log.timeNs - shown.startNs),
    severity: log.severity,
    level: levelOf(log),
    body: log.body,
    service: log.serviceName,
    attributes: attributeRows(log.attributes),
  };
}

function nsToMs(timeNs: bigint): number {
  return Number(timeNs / 1_000_000n);
}
