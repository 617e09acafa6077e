import { endNs } from '../../signature/root-error.js';
import type { Span } from '../../trace/span.js';
import type { Traffic } from '../culprit/traffic.js';
import type { EventTrace } from '../finding.js';

/** The traces of a period, each with the span that is its request: the one without a parent that ends last. A span that came twice is one. */
export function requestsOf({ spans }: Pick<Traffic, 'spans'>): readonly EventTrace[] {
  const traces = new Map<string, Map<string, Span>>();
  for (const span of spans) {
    const own = traces.get(span.traceId) ?? new Map<string, Span>();
    traces.set(span.traceId, own);
    if (!own.has(span.spanId)) own.set(span.spanId, span);
  }
  return [...traces.values()].flatMap((own) => {
    const roots = [...own.values()].filter(({ parentSpanId }) => parentSpanId === '' || !own.has(parentSpanId));
    const root = roots.reduce<Span | undefined>((last, each) => (last === undefined || endNs(each) > endNs(last) ? each : last), undefined);
    return root === undefined ? [] : [{ spans: [...own.values()], badSpanId: root.spanId }];
  });
}
