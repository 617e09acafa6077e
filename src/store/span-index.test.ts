import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spanBatch } from '../trace/batch-builder.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { FingerprintTable } from './fingerprint-table.js';
import { fingerprintsOf, fingerprintsOfStored, type StoredIds } from '../trace/span-fingerprints.js';
import { GENERATION_MS, SpanIndex, type Admission, type Claim } from './span-index.js';
import { spanKey, traceKey } from './trace-key.js';

const SEED = { high: 0x1234, low: 0x9876_5432 };
const KINDS = ['client', 'server'] as const;

const batchOf = (ids: readonly number[]): SpanBatch =>
  spanBatch(ids.map((id) => ({ traceId: (id + 1).toString(16), spanId: (id * 3 + 1).toString(16), kind: KINDS[id % 2]! })));

function admitted(index: SpanIndex, ids: readonly number[], nowMs = 0): Admission {
  const admission = index.admitNow(batchOf(ids), nowMs);
  if (admission === undefined) throw new Error('would have to wait');
  return admission;
}

function storedIds(ids: readonly number[]): StoredIds {
  const words = (keys: readonly bigint[]): Uint32Array => new Uint32Array(BigUint64Array.from(keys).buffer);
  const traces = ids.map((id) => traceKey((id + 1).toString(16).padStart(32, '0') as Parameters<typeof traceKey>[0]));
  const spans = ids.map((id) => spanKey((id * 3 + 1).toString(16).padStart(16, '0') as Parameters<typeof spanKey>[0]));
  return { count: ids.length, traceHigh: words(traces.map(({ high }) => high)), traceLow: words(traces.map(({ low }) => low)), spanId: words(spans), kinds: Uint8Array.from(ids, (id) => (id % 2 === 0 ? 3 : 2)) };
}

async function* stored(...chunks: readonly (readonly number[])[]): AsyncGenerator<StoredIds> {
  for (const chunk of chunks) yield await Promise.resolve(storedIds(chunk));
}

test('a span has one fingerprint, from the wire and from the store', () => {
  const ids = Array.from({ length: 500 }, (_, id) => id);
  expect(fingerprintsOfStored(storedIds(ids), SEED)).toEqual(fingerprintsOf(batchOf(ids), SEED));
});

test('ids that differ in one bit have fingerprints that differ in about half of theirs', () => {
  const ids = Array.from({ length: 64 }, (_, bit) => spanBatch([{ traceId: '0a', spanId: (1n << BigInt(bit)).toString(16) }]));
  const base = fingerprintsOf(spanBatch([{ traceId: '0a', spanId: '0' }]), SEED);
  const flipped = ids.map((batch) => {
    const print = fingerprintsOf(batch, SEED);
    return bitsOf(print[0]! ^ base[0]!) + bitsOf(print[1]! ^ base[1]!);
  });
  expect(Math.min(...flipped)).toBeGreaterThan(12);
  expect(flipped.reduce((sum, bits) => sum + bits, 0) / 64).toBeGreaterThan(28);
});

const bitsOf = (word: number): number => (word >>> 0).toString(2).replaceAll('0', '').length;

test('a table holds what was added and not removed, at any size', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(400), fc.boolean()), { maxLength: 600 }), (steps) => {
    const table = new FingerprintTable(1 << 12, 8);
    const model = new Set<number>();
    const prints = fingerprintsOf(batchOf(Array.from({ length: 401 }, (_, id) => id)), SEED);
    for (const [id, isAdded] of steps) {
      if (isAdded && !model.has(id)) {
        table.add(prints, id);
        model.add(id);
      } else if (!isAdded) expect(table.remove(prints, id)).toBe(model.delete(id));
    }
    for (let id = 0; id <= 400; id += 1) expect(table.has(prints, id)).toBe(model.has(id));
  }));
});

describe('the index of spans', () => {
  test('behaves as a set of what was committed, over any order of admissions, commits and failures', () => {
    fc.assert(fc.property(fc.array(fc.record({ ids: fc.array(fc.nat(40), { minLength: 1, maxLength: 12 }), settles: fc.nat(3), committed: fc.boolean() }), { maxLength: 40 }), (steps) => {
      const index = new SpanIndex({ seed: SEED });
      const committed = new Set<number>();
      const open: { readonly claim: Claim; readonly ids: Set<number> }[] = [];
      for (const step of steps) {
        const admission = index.admitNow(batchOf(step.ids), 0);
        const fresh = new Set(step.ids.filter((id) => !committed.has(id)));
        const isClaimed = open.some(({ ids }) => [...fresh].some((id) => ids.has(id)));
        expect(admission === undefined).toBe(isClaimed);
        if (admission !== undefined) {
          expect(admission.batch.count).toBe(fresh.size);
          expect(admission.deduplicated).toBe(step.ids.length - fresh.size);
          open.push({ claim: admission.claim, ids: fresh });
        }
        for (const { claim, ids } of open.splice(0, step.settles)) {
          index.settle(claim, step.committed);
          if (step.committed) for (const id of ids) committed.add(id);
        }
      }
    }));
  });

  test('keeps the order and the content of the rows that are new', () => {
    const index = new SpanIndex({ seed: SEED });
    index.settle(admitted(index, [1, 3]).claim, true);
    const batch = spanBatch([5, 3, 4, 1].map((id) => ({
      traceId: (id + 1).toString(16), spanId: (id * 3 + 1).toString(16), kind: KINDS[id % 2]!, name: `s${id}`, service: `svc-${id}`, attributes: { id, even: id % 2 === 0 }, events: [{ name: `e${id}` }],
    })));
    const { batch: fresh } = index.admitNow(batch, 0)!;
    expect(fresh).toEqual({ ...spanBatch([5, 4].map((id) => ({
      traceId: (id + 1).toString(16), spanId: (id * 3 + 1).toString(16), kind: KINDS[id % 2]!, name: `s${id}`, service: `svc-${id}`, attributes: { id, even: id % 2 === 0 }, events: [{ name: `e${id}` }],
    }))), resources: batch.resources, resourceIndex: Uint32Array.of(0, 2) });
  });

  test('waits for what is on its way, and takes what did not arrive', async () => {
    const index = new SpanIndex({ seed: SEED });
    const { claim } = admitted(index, [1, 2]);
    const waiting = index.admit(batchOf([2, 3]), 0);
    index.settle(claim, false);
    expect(await waiting).toMatchObject({ deduplicated: 0, batch: { count: 2 } });
    expect(admitted(index, [1]).batch.count).toBe(1);
  });

  test('forgets the oldest when it is full, and never the latest', () => {
    const maxSlots = 64;
    const index = new SpanIndex({ seed: SEED, maxSlots });
    const kept = (maxSlots * 6) / 8;
    for (let id = 0; id < 500; id += 1) {
      index.settle(admitted(index, [id]).claim, true);
      const back = Math.max(0, id - kept + 1);
      expect(admitted(index, [back]).deduplicated).toBe(1);
    }
    expect(admitted(index, [0]).deduplicated).toBe(0);
    expect(index.bytes).toBe(2 * maxSlots * 8);
  });

  test('forgets after one to two hours', () => {
    const index = new SpanIndex({ seed: SEED });
    index.settle(admitted(index, [1], 0).claim, true);
    expect(admitted(index, [1], GENERATION_MS).deduplicated).toBe(1);
    expect(admitted(index, [1], 2 * GENERATION_MS).deduplicated).toBe(0);
  });

  test('starts anew from what is stored; what is on its way can still fail', async () => {
    const index = new SpanIndex({ seed: SEED });
    const { claim } = admitted(index, [7, 8]);
    await index.reload(stored([1, 2, 3], [8]), 0);
    expect(admitted(index, [1, 2, 3]).deduplicated).toBe(3);
    index.settle(claim, false);
    expect(admitted(index, [8]).deduplicated).toBe(1);
    expect(admitted(index, [7]).deduplicated).toBe(0);
  });
});
