import { expect, test } from 'vitest';
import type { Slo } from '../config/slo.js';
import { buildSpan, spanId } from '../signature/span-builder.js';
import type { TraceId } from '../lib/ids.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { EventSample, EvidenceReader } from './evidence-reader.js';
import { MemoryCharges } from './memory-charges.js';

const AT = { file: 'rules/a.yaml', line: 1, column: 1 };
const SLO = { name: 'front-works', indicator: { total: { text: '{ kind = server }', at: AT }, bad: { text: '{ status = error }', at: AT }, weight: 'auto' }, target: 0.99, windowMs: 30 * 86_400_000 } as unknown as Slo;

const spans = (trace: string): ReturnType<typeof buildSpan>[] => [
  buildSpan({ id: 'root', trace, service: 'front', kind: 'server', status: 'error' }), buildSpan({ id: 'call', trace, parent: 'root', service: trace === 't3' ? 'stock' : 'payment', kind: 'server', name: 'charge', status: 'error', resource: { 'service.version': '2.3' } }),
];
const traces = new Map(['t1', 't2', 't3'].map((trace) => [spans(trace)[0]!.traceId, spans(trace)]));
let asked = 0;
const sample: EventSample = { count: 3, rows: [...traces.keys()].map((traceId) => ({ traceId, spanId: spanId('root'), startNs: 0n, durationNs: 1 })) };
const reader: EvidenceReader = {
  badEvents: async () => { asked += 1; return sample; }, goodEvents: async () => ({ count: 0, rows: [] }),
  tracesOf: async (ids: readonly TraceId[]) => new Map(ids.map((id) => [id, traces.get(id)!])), logsOf: async () => new Map(),
};

test('bad events of a range are charged to where they began, and the answer is kept for a minute while the range moves on', async () => {
  const clock = new FakeClock(100 * MINUTE_MS);
  const charges = new MemoryCharges(reader, clock);
  const read = (): ReturnType<MemoryCharges['charges']> => charges.charges(SLO, { fromMs: clock.nowMs() - 60 * MINUTE_MS, toMs: clock.nowMs() });
  const first = await read();
  expect(first).toMatchObject({ badEvents: 3, examined: 3, rows: [{ service: 'payment', version: '2.3', share: 2 / 3 }, { service: 'stock', share: 1 / 3 }] });
  clock.advance(MINUTE_MS / 2);
  expect(await read()).toBe(first);
  clock.advance(MINUTE_MS);
  expect(await read()).toEqual(first);
  expect(asked).toBe(2);
});
