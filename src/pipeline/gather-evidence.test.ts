import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import { buildSpan } from '../signature/span-builder.js';
import type { EvidenceReader, SampledEvent } from './evidence-reader.js';
import { readTraces, SPANS_LOOKED_AT } from './gather-evidence.js';

const event = (index: number, standsFor?: number): Pick<SampledEvent, 'traceId' | 'spanId' | 'standsFor'> => ({ traceId: String(index).padStart(32, '0') as TraceId, spanId: '1' as SpanId, ...(standsFor === undefined ? {} : { standsFor }) });

function readerOf(spansPerTrace: number): EvidenceReader {
  const spans = Array.from({ length: spansPerTrace }, (_, index) => ({ ...buildSpan({ id: 'a' }), spanId: String(index + 1) as SpanId }));
  return { tracesOf: (ids) => Promise.resolve(new Map(ids.map((id) => [id, spans]))), logsOf: () => Promise.resolve(new Map()) } as Partial<EvidenceReader> as EvidenceReader;
}

const weightOf = (traces: Awaited<ReturnType<typeof readTraces>>): number => traces.reduce((sum, { spans, badSpanId }) => sum + spans.find(({ spanId }) => spanId === badSpanId)!.weight, 0);

test('events of traces that are too long together are chosen evenly, and stand for those that are left out', async () => {
  const events = Array.from({ length: 120 }, (_, index) => event(index, 2));
  const traces = await readTraces(readerOf(1_000), events);
  expect(traces).toHaveLength(SPANS_LOOKED_AT / 1_000);
  expect(weightOf(traces)).toBeCloseTo(240, 9);
  expect(await readTraces(readerOf(1_000), events)).toEqual(traces);
});

test('of the longest traces there are still enough events to prove anything, and of short ones nothing is left out', async () => {
  expect(await readTraces(readerOf(5_000), Array.from({ length: 60 }, (_, index) => event(index)))).toHaveLength(12);
  const all = await readTraces(readerOf(100), Array.from({ length: 120 }, (_, index) => event(index)));
  expect([all.length, weightOf(all)]).toEqual([120, 120]);
});
