import { createHash } from 'node:crypto';
import { spanBatch, type SpanDescription } from '../../src/trace/batch-builder.js';
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatch } from '../../src/trace/span-batch.js';

/** What one sender exports at once: requests to one service that ended within [fromMs, toMs). */
export interface Shipment {
  readonly service: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly good: number;
  readonly bad: number;
  /** Who is called; `SERVICE-bank` unless said. */
  readonly backend?: string;
  readonly protocol?: 'http' | 'import';
}

const DURATION_MS = 20;

/**
 * The requests of a shipment as traces: the service's server span above that of its backend, failed ones with the exception there.
 * Ids follow from the shipment, so sending it again sends the same bytes.
 */
export function spansOf(shipment: Shipment): SpanDescription[] {
  const { service, fromMs, toMs, good, bad, backend = `${shipment.service}-bank` } = shipment;
  const count = good + bad;
  return Array.from({ length: count }, (_, index) => {
    const failed = Math.floor(((index + 1) * bad) / count) > Math.floor((index * bad) / count);
    const startMs = Math.floor(fromMs + ((index + 0.5) * (toMs - fromMs)) / count) - DURATION_MS;
    const id = createHash('sha1').update(JSON.stringify([service, fromMs, good, bad, index])).digest('hex');
    const trace = { traceId: id.slice(0, 32), status: failed ? 'error' : 'unset', startMs } as const;
    return [
      { ...trace, service, name: `POST /${service}`, spanId: id.slice(0, 16), durationMs: DURATION_MS, attributes: { 'http.route': `/${service}`, 'order.region': index % 2 === 0 ? 'eu' : 'us' } },
      {
        ...trace, service: backend, name: 'POST /charge', spanId: id.slice(20, 36), parentSpanId: id.slice(0, 16), startMs: startMs + 2, durationMs: 10,
        ...(failed ? { events: [{ name: 'exception', attributes: { 'exception.type': 'BankTimeout', 'exception.message': `the bank did not answer for order ${1_000 + index}` } }] } : {}),
      },
    ] satisfies SpanDescription[];
  }).flat();
}

/** OTLP/JSON, as an exporter puts it on the wire. */
export function otlpJson(shipment: Shipment): Uint8Array {
  const byService = new Map<string, SpanDescription[]>();
  for (const span of spansOf(shipment)) byService.set(span.service ?? '', [...(byService.get(span.service ?? '') ?? []), span]);
  const resourceSpans = [...byService].map(([service, spans]) => ({
    resource: { attributes: attributes({ 'service.name': service }) },
    scopeSpans: [{ scope: { name: 'story' }, spans: spans.map(jsonSpan) }],
  }));
  return Buffer.from(JSON.stringify({ resourceSpans }));
}

function jsonSpan(span: SpanDescription): object {
  const startMs = span.startMs ?? 0;
  return {
    traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? '', name: span.name, kind: SPAN_KINDS.indexOf('server'),
    startTimeUnixNano: nanoseconds(startMs), endTimeUnixNano: nanoseconds(startMs + (span.durationMs ?? 0)),
    status: { code: SPAN_STATUSES.indexOf(span.status ?? 'unset') }, attributes: attributes(span.attributes ?? {}),
    events: (span.events ?? []).map((event) => ({ name: event.name, timeUnixNano: nanoseconds(startMs), attributes: attributes(event.attributes ?? {}) })),
  };
}

function nanoseconds(timeMs: number): string {
  return `${Math.floor(timeMs)}000000`;
}

function attributes(record: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(record).map(([key, value]) => ({ key, value: { stringValue: String(value) } }));
}

const templates = new Map<string, SpanBatch>();

/** The shipment's server spans as a decoded batch. A month has millions of them, so equal shipments share all columns but the times. */
export function batchOf({ service, toMs, good, bad }: Shipment): SpanBatch {
  const key = JSON.stringify([service, good, bad]);
  let template = templates.get(key);
  if (template === undefined) {
    const span = (status: 'unset' | 'error') => (): SpanDescription => ({ service, name: `POST /${service}`, status });
    template = spanBatch([...Array.from({ length: good }, span('unset')), ...Array.from({ length: bad }, span('error'))]);
    templates.set(key, template);
  }
  return { ...template, endMs: new Float64Array(template.count).fill(toMs - 1) };
}
