import type { StoredTrace, TraceLog } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';
import { attributeRows } from './attribute-text.js';
import { waterfall, type Waterfall } from './waterfall.js';

export function tracePage(trace: StoredTrace, selected: Span | undefined): Record<string, unknown> {
  const shown = waterfall(trace);
  return {
    trace,
    fall: shown,
    startMs: nsToMs(shown.startNs),
    firstError: shown.rows.find((row) => row.isError && row.errorsInside === 0)?.span.spanId,
    selected: selected === undefined ? undefined : spanPanel(trace, selected, shown),
    logs: trace.logs.map((log) => logRow(log, shown)),
  };
}

/** Everything about one span: the panel beside the waterfall. */
export function spanPanel(trace: StoredTrace, span: Span, shown: Pick<Waterfall, 'startNs'> & Partial<Pick<Waterfall, 'services'>>): Record<string, unknown> {
  return {
    span,
    startMs: nsToMs(span.startNs),
    offsetNs: Number(span.startNs - shown.startNs),
    colour: shown.services?.find((service) => service.name === span.serviceName)?.colour ?? 0,
    attributes: attributeRows(span.attributes),
    resource: attributeRows(span.resource),
    events: span.events.map((event) => ({ name: event.name, afterNs: Number(event.timeNs - span.startNs), attributes: attributeRows(event.attributes), isException: event.name === 'exception' })),
    links: span.links.map((link) => ({ traceId: link.traceId, spanId: link.spanId, attributes: attributeRows(link.attributes) })),
    logs: trace.logs.filter((log) => log.spanId === span.spanId).map((log) => logRow(log, shown)),
    children: trace.spans.filter((other) => other.parentSpanId === span.spanId).length,
  };
}

const ERROR_SEVERITY = 17;
const WARN_SEVERITY = 13;

function logRow(log: TraceLog, shown: Pick<Waterfall, 'startNs'>): Record<string, unknown> {
  return {
    spanId: log.spanId,
    timeMs: nsToMs(log.timeNs),
    afterNs: shown.startNs === 0n ? undefined : Number(log.timeNs - shown.startNs),
    severity: log.severity,
    level: log.severityNumber >= ERROR_SEVERITY ? 'error' : log.severityNumber >= WARN_SEVERITY ? 'warn' : 'info',
    body: log.body,
    service: log.serviceName,
    attributes: attributeRows(log.attributes),
  };
}

function nsToMs(timeNs: bigint): number {
  return Number(timeNs / 1_000_000n);
}
