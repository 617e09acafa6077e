import type { SpanId, TraceId } from '../../src/lib/ids.js';
import type { StoredTrace, TraceLog } from '../../src/query/trace-reader.js';
import type { Attributes, Span } from '../../src/trace/span.js';

interface SpanSketch {
  readonly id: number;
  readonly parent: number;
  readonly service: string;
  readonly name: string;
  readonly kind: Span['kind'];
  readonly at: number;
  readonly ms: number;
  readonly error?: string;
  readonly attributes?: Attributes;
  readonly events?: readonly { readonly at: number; readonly name: string; readonly attributes: Attributes }[];
}

const STACK = `PaymentDeclined: card 4f1c-… declined by bank-gateway
    at charge (/app/payment/charge.js:41:11)
    at async handle (/app/payment/server.js:18:5)`;

const SHOP: readonly SpanSketch[] = [
  { id: 1, parent: 0, service: 'front', name: 'POST /checkout', kind: 'server', at: 0, ms: 812, error: 'checkout failed', attributes: { 'http.request.method': 'POST', 'http.route': '/checkout', 'http.response.status_code': 502, 'url.path': '/checkout', 'client.address': '10.4.0.17', 'shop.region': 'eu-2', 'shop.tenant': 'acme' } },
  { id: 2, parent: 1, service: 'front', name: 'render basket', kind: 'internal', at: 4, ms: 12 },
  { id: 3, parent: 1, service: 'front', name: 'GET', kind: 'client', at: 18, ms: 62, attributes: { 'server.address': 'catalogue', 'http.response.status_code': 200 } },
  { id: 4, parent: 3, service: 'catalogue', name: 'GET /items/:id', kind: 'server', at: 24, ms: 51, attributes: { 'http.route': '/items/:id', 'http.response.status_code': 200 } },
  { id: 5, parent: 4, service: 'catalogue', name: 'GET item:*', kind: 'client', at: 27, ms: 3, attributes: { 'db.system.name': 'redis', 'db.query.text': 'GET item:8812' } },
  { id: 6, parent: 4, service: 'catalogue', name: 'SELECT items', kind: 'client', at: 33, ms: 38, attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT id, title, price\nFROM items\nWHERE id = $1', 'db.response.returned_rows': 1 } },
  { id: 7, parent: 1, service: 'front', name: 'POST', kind: 'client', at: 88, ms: 718, error: '', attributes: { 'server.address': 'checkout', 'http.response.status_code': 502 } },
  { id: 8, parent: 7, service: 'checkout', name: 'POST /orders', kind: 'server', at: 92, ms: 709, error: 'payment failed', attributes: { 'http.route': '/orders', 'http.response.status_code': 502 } },
  { id: 9, parent: 8, service: 'checkout', name: 'reserve stock', kind: 'internal', at: 95, ms: 30 },
  { id: 10, parent: 9, service: 'checkout', name: 'UPDATE stock', kind: 'client', at: 97, ms: 24, attributes: { 'db.system.name': 'postgresql' } },
  { id: 11, parent: 8, service: 'checkout', name: 'POST', kind: 'client', at: 128, ms: 204, error: '', attributes: { 'server.address': 'payment', 'http.request.resend_count': 0 } },
  { id: 12, parent: 11, service: 'payment', name: 'POST /charge', kind: 'server', at: 131, ms: 198, error: 'card declined', attributes: { 'http.route': '/charge', 'payment.provider': 'bank-gateway', 'payment.amount': 4_999, 'payment.card.present': false, 'shop.order.id': 9_223_372_036_854_775_807n }, events: [{ at: 320, name: 'exception', attributes: { 'exception.type': 'PaymentDeclined', 'exception.message': 'card 4f1c-… declined by bank-gateway', 'exception.stacktrace': STACK } }] },
  { id: 13, parent: 12, service: 'payment', name: 'POST', kind: 'client', at: 140, ms: 176, attributes: { 'server.address': 'bank-gateway.example' } },
  { id: 14, parent: 8, service: 'checkout', name: 'POST', kind: 'client', at: 380, ms: 412, error: '', attributes: { 'server.address': 'payment', 'http.request.resend_count': 1 } },
  { id: 15, parent: 14, service: 'payment', name: 'POST /charge', kind: 'server', at: 384, ms: 404, error: 'card declined', attributes: { 'http.route': '/charge', 'payment.provider': 'bank-gateway', 'payment.amount': 4_999 }, events: [{ at: 386, name: 'retry', attributes: { attempt: 2 } }, { at: 780, name: 'exception', attributes: { 'exception.type': 'PaymentDeclined', 'exception.message': 'card 4f1c-… declined by bank-gateway', 'exception.stacktrace': STACK } }] },
  { id: 16, parent: 15, service: 'payment', name: 'POST', kind: 'client', at: 390, ms: 381, attributes: { 'server.address': 'bank-gateway.example' } },
  { id: 17, parent: 8, service: 'checkout', name: 'release stock', kind: 'internal', at: 794, ms: 6 },
];

export const FAILED_TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId;
export const HOSTILE_TRACE_ID = '0af7651916cd43dd8448eb211c80319c' as TraceId;
export const LARGE_TRACE_ID = '1f0c1e7a1f0c1e7a1f0c1e7a1f0c1e7a' as TraceId;
export const LARGE_TRACE_SPANS = 10_000;
/** A charge that failed, deep inside the failed trace. */
export const FAILED_SPAN_ID = spanId(12);

export function failedTrace(startMs: number): StoredTrace {
  const log = (at: number, severityNumber: number, severity: string, span: number, service: string, body: string): TraceLog => ({
    spanId: span === 0 ? '' : spanId(span), timeNs: nanoseconds(startMs + at), severityNumber, severity, body, serviceName: service, attributes: { 'code.function.name': 'charge' },
  });
  return {
    traceId: FAILED_TRACE_ID,
    spans: SHOP.map((sketch) => spanOf(FAILED_TRACE_ID, sketch, startMs)),
    truncated: false,
    logs: [
      log(131, 9, 'INFO', 12, 'payment', 'charging 49.99 EUR'), log(322, 17, 'ERROR', 12, 'payment', 'PaymentDeclined: card 4f1c-… declined by bank-gateway'),
      log(378, 13, 'WARN', 8, 'checkout', 'payment failed, trying again (1 of 1)'), log(782, 17, 'ERROR', 15, 'payment', 'PaymentDeclined: card 4f1c-… declined by bank-gateway'),
    ],
  };
}

export const HOSTILE_TEXT = `"><script>window.hacked=true</script><img src=x onerror="window.hacked=true">'{{7*7}}{% raw %}`;

/** Everything a sender can name, named to break a page; and a tree that is none. */
export function hostileTrace(startMs: number): StoredTrace {
  const hostile: Attributes = { [HOSTILE_TEXT]: HOSTILE_TEXT, 'long.word': 'x'.repeat(3_000), nested: { [HOSTILE_TEXT]: [HOSTILE_TEXT, null, 1n] } };
  const sketch = (id: number, parent: number): SpanSketch => ({
    id, parent, service: HOSTILE_TEXT, name: `${HOSTILE_TEXT}${'long name '.repeat(500)}`, kind: 'server', at: id, ms: 10, error: HOSTILE_TEXT, attributes: hostile, events: [{ at: id, name: HOSTILE_TEXT, attributes: hostile }],
  });
  const many = Array.from({ length: 200 }, (_, index): SpanSketch => ({ id: index + 10, parent: 1, service: `one-of-many-services-${index}`, name: 'GET /', kind: 'server', at: index % 9, ms: 1 }));
  const spans = [sketch(1, 99), sketch(2, 3), sketch(3, 2), sketch(4, 4), ...many].map((each) => spanOf(HOSTILE_TRACE_ID, each, startMs));
  return {
    traceId: HOSTILE_TRACE_ID, truncated: false, spans,
    logs: [{ spanId: spanId(1), timeNs: nanoseconds(startMs), severityNumber: 17, severity: HOSTILE_TEXT, body: HOSTILE_TEXT, serviceName: HOSTILE_TEXT, attributes: hostile }],
  };
}

/** A batch job of `LARGE_TRACE_SPANS` spans, 60 deep at its deepest. */
export function largeTrace(startMs: number): StoredTrace {
  const sketches = Array.from({ length: LARGE_TRACE_SPANS }, (_, index): SpanSketch => ({
    id: index + 1, parent: index === 0 ? 0 : index <= 60 ? index : 1 + (index % 60), service: ['batch', 'catalogue', 'stock', 'price'][index % 4] ?? 'batch',
    name: index === 0 ? 'nightly import' : `import item ${index}`, kind: 'internal', at: index * 2, ms: index === 0 ? LARGE_TRACE_SPANS * 2 : 1 + (index % 40), ...(index % 500 === 7 ? { error: 'item broken' } : {}),
  }));
  return { traceId: LARGE_TRACE_ID, truncated: false, logs: [], spans: sketches.map((sketch) => spanOf(LARGE_TRACE_ID, sketch, startMs)) };
}

function spanOf(traceId: TraceId, sketch: SpanSketch, startMs: number): Span {
  const region = 'eu-2';
  return {
    traceId, spanId: spanId(sketch.id), parentSpanId: sketch.parent === 0 ? '' : spanId(sketch.parent), name: sketch.name, kind: sketch.kind,
    status: sketch.error === undefined ? 'unset' : 'error', statusMessage: sketch.error ?? '', startNs: nanoseconds(startMs + sketch.at), durationNs: sketch.ms * 1_000_000,
    serviceName: sketch.service, scopeName: '@opentelemetry/instrumentation-http', attributes: sketch.attributes ?? {},
    resource: { 'service.name': sketch.service, 'service.version': '2.14.1', 'cloud.region': region, 'k8s.pod.name': `${sketch.service.slice(0, 20)}-7c9f` },
    events: (sketch.events ?? []).map((event) => ({ timeNs: nanoseconds(startMs + event.at), name: event.name, attributes: event.attributes })),
    links: [], traceState: '', weight: 1,
  };
}

function spanId(id: number): SpanId {
  return id.toString(16).padStart(16, '0') as SpanId;
}

function nanoseconds(timeMs: number): bigint {
  return BigInt(Math.round(timeMs * 1_000)) * 1_000n;
}
