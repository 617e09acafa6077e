import { buildSpan, spanId, type SpanStory } from '../../signature/span-builder.js';
import type { Span } from '../../trace/span.js';
import type { EventTrace } from '../finding.js';

/** What a test changes in one request of the shop. */
export interface Planted {
  /** Added to the spans of the request. */
  readonly more?: (own: { readonly trace: string; readonly atMs: number }) => readonly SpanStory[];
  /** Changed on spans by their id. */
  readonly change?: Readonly<Record<string, Partial<SpanStory>>>;
  readonly without?: readonly string[];
}

const DATABASE = { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT * FROM items WHERE id = $1', 'server.address': 'db', 'server.port': 5432 };

/** Requests of shop → store → postgresql, one a second; durations differ a little from one to the next, the same in every run. */
export function shopTraces(count: number, { first = 0, plant = () => ({}) }: { readonly first?: number; readonly plant?: (index: number) => Planted } = {}): readonly EventTrace[] {
  return Array.from({ length: count }, (_, index) => {
    const { more, change = {}, without = [] } = plant(index);
    const [trace, atMs, slack] = [`t${first + index}`, 1_000 * (first + index), (index * 7) % 5];
    const usual: readonly SpanStory[] = [
      { id: 'front', service: 'shop', kind: 'server', name: 'GET /basket', durationMs: 100 + slack, resource: { 'host.name': 'one' } },
      { id: 'call', parent: 'front', service: 'shop', kind: 'client', name: 'GET', startMs: 10, durationMs: 60 + slack, resource: { 'host.name': 'one' }, attributes: { 'server.address': 'store', 'http.request.method': 'GET', 'url.path': `/items/${first + index}` } },
      { id: 'store', parent: 'call', service: 'store', kind: 'server', name: 'GET /items', startMs: 12, durationMs: 55 + slack, resource: { 'host.name': 'two', 'k8s.pod.name': 'store-1' }, attributes: { 'http.request.method': 'GET', 'url.path': `/items/${first + index}` } },
      { id: 'query', parent: 'store', service: 'store', kind: 'client', name: 'SELECT items', startMs: 20, durationMs: 20 + slack, resource: { 'host.name': 'two', 'k8s.pod.name': 'store-1' }, attributes: DATABASE },
    ];
    const stories = [...usual.filter(({ id }) => !without.includes(id)).map((story) => ({ ...story, ...change[story.id] })), ...(more?.({ trace, atMs }) ?? [])];
    return { spans: stories.map((story): Span => buildSpan({ trace, ...story, startMs: atMs + (story.startMs ?? 0) })), badSpanId: spanId('front') };
  });
}
