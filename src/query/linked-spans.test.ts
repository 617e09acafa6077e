import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import { printSearch } from '../trace/traceql/print.js';
import { followLinks, linksTo } from './linked-spans.js';
import type { FoundTrace, TraceReader } from './trace-reader.js';

const [HERE, THERE] = ['a'.repeat(32) as TraceId, 'b'.repeat(32) as TraceId];
const spanOf = (changes: Partial<Span>): Span => ({
  traceId: HERE, spanId: '00000000000000aa' as SpanId, parentSpanId: '', name: 'process order', kind: 'consumer', status: 'unset', statusMessage: '', startNs: 5_000_000_000n, durationNs: 1_000, serviceName: 'mail', resource: {}, scopeName: '',
  attributes: {}, events: [], links: [], traceState: '', weight: 1, ...changes,
});
const readerOf = (stored: readonly Span[], found: readonly FoundTrace[] = [], asked: string[] = []): TraceReader => ({
  traceById: async (traceId) => (stored.some((span) => span.traceId === traceId) ? { traceId, spans: stored.filter((span) => span.traceId === traceId), truncated: false, logs: [] } : undefined),
  findTraces: async () => [],
  everyTrace: async function* () { yield* []; },
  findSpansets: async ({ search }) => { asked.push(printSearch(search)); return found; },
  explainSearch: async () => ({ sql: '', params: {}, plan: '' }),
});

test('a link leads to the span that it names, with how long its message lay', async () => {
  const published = spanOf({ traceId: THERE, spanId: '00000000000000bb' as SpanId, name: 'publish order', serviceName: 'checkout', startNs: 1_000_000_000n, durationNs: 500_000_000 });
  const links = [{ traceId: THERE, spanId: published.spanId, attributes: {} }, { traceId: 'c'.repeat(32), spanId: published.spanId, attributes: {} }, { traceId: 'not an id', spanId: '', attributes: {} }];
  const followed = await followLinks(readerOf([published]), spanOf({ links }));
  expect([...followed]).toEqual([[`${THERE}/${published.spanId}`, { traceId: THERE, spanId: published.spanId, service: 'checkout', name: 'publish order', lagNs: 3_500_000_000 }]]);
});

test('a link to what still went on has no lag', async () => {
  const busy = spanOf({ traceId: THERE, spanId: '00000000000000bb' as SpanId, startNs: 4_000_000_000n, durationNs: 9e9 });
  const followed = await followLinks(readerOf([busy]), spanOf({ links: [{ traceId: THERE, spanId: busy.spanId, attributes: {} }] }));
  expect([...followed.values()][0]?.lagNs).toBeUndefined();
});

test('spans that link here are looked for by the id of the span', async () => {
  const asked: string[] = [];
  const batch: FoundTrace = {
    traceId: THERE, rootService: 'batch', rootName: 'nightly', rootMissing: false, startMs: 9_000, startNs: 9_000_000_000n, durationNs: 1, spanCount: 1, errorCount: 0, matchedCount: 1, services: ['batch'], serviceStats: {},
    spansets: [{ groups: [], matched: 1, spans: [{ spanId: '00000000000000cc', name: 'take in', startNs: 9_000_000_000n, durationNs: 7n, attributes: [{ key: 'resource.service.name', value: 'worker' }] }] }],
  };
  expect(await linksTo(readerOf([], [batch], asked), spanOf({}))).toEqual([{ traceId: THERE, spanId: '00000000000000cc', service: 'worker', name: 'take in', lagNs: 3_999_999_000 }]);
  expect(asked).toEqual(['{ link:spanID = "00000000000000aa" } | select(resource.service.name)']);
});
