import { formatLatency } from '../../lib/format.js';
import { operationName, textOf } from '../../signature/operation.js';
import type { Span } from '../../trace/span.js';
import type { PatternDetector, Sighting } from './pattern.js';
import type { TraceView } from './trace-view.js';

/** Paths and methods by which telemetry is sent: OTLP, Zipkin, Jaeger. */
const EXPORT_PATH = /(?:^|\/)(?:v1\/(?:traces|metrics|logs)|api\/v2\/spans|api\/traces)(?:[?#]|$)/;
const EXPORT_METHOD = /opentelemetry\.proto\.collector\.\w+\.v1\.\w+Service\/Export/;

/** Telemetry is sent inside of the request, which waits for it. */
export const synchronousExporter: PatternDetector = {
  kind: 'synchronous-exporter', judged: 'itself',
  sightings: ({ bad, healthy }) => [...bad, ...healthy].flatMap(sightingsIn),
  inWords: ({ sample, costNs }) => `${sample.service} sends its telemetry inside of requests and waits ${formatLatency(costNs)} for it`,
};

function sightingsIn(view: TraceView): readonly Sighting[] {
  const costs = new Map<string, { readonly span: Span; ns: number }>();
  for (const span of view.spans) {
    if (span.kind !== 'client' || !isExport(span) || view.parentOf(span) === undefined) continue;
    const own = costs.get(span.serviceName) ?? { span, ns: 0 };
    own.ns += view.waitedNs(span);
    costs.set(span.serviceName, own);
  }
  return [...costs.values()].filter(({ ns }) => ns > 0).map(({ span, ns }) => ({ view, span, service: span.serviceName, operation: operationName(view.entryOf(span)), costNs: ns }));
}

function isExport(span: Span): boolean {
  const method = `${textOf(span.attributes, ['rpc.service']) ?? ''}/${textOf(span.attributes, ['rpc.method']) ?? ''}`;
  const path = textOf(span.attributes, ['url.full', 'url.path', 'http.url', 'http.target']) ?? '';
  return EXPORT_PATH.test(path) || [method, span.name, textOf(span.attributes, ['rpc.method']) ?? ''].some((text) => EXPORT_METHOD.test(text));
}
