import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HotArrivals, type OlderArrivals } from './hot-arrivals.js';
import type { Statement } from './database.js';
import { ARRIVED } from './arrived-sql.js';

const START = 1_790_000_000_000;
const MINUTE_MS = 60_000;

interface Came {
  readonly id: number;
  readonly ms: number;
}

/** A file with these spans, which counts how often it is read. */
function fileOf(spans: readonly Came[]): OlderArrivals & { readonly asked: { stretches: number } } {
  const asked = { stretches: 0 };
  return {
    asked,
    lastBefore: (beforeMs) => Promise.resolve(spans.map(({ ms }) => ms).filter((ms) => ms < beforeMs).sort((left, right) => right - left)[0]),
    arrived: ({ fromMs, toMs }, each) => {
      asked.stretches += 1;
      const found = spans.filter(({ ms }) => ms >= fromMs && ms < toMs);
      each({ count: found.length, traceLow: Uint32Array.from(found.flatMap(({ id }) => [id, 0])), arrivalMs: Float64Array.from(found, ({ ms }) => ms) });
      return Promise.resolve();
    },
  };
}

/** Whether a statement about this trace reads what came then. */
function reads(arrivals: HotArrivals, { id, ms }: Came): boolean {
  const statement: Statement = { sql: `${ARRIVED} spans`, ofTraces: [{ high: 1n, low: BigInt(id) }] };
  const { sql } = arrivals.narrowed(statement);
  const before = /arrival_ms < (\d+)/.exec(sql)?.[1];
  return (before !== undefined && ms < Number(before)) || [...sql.matchAll(/BETWEEN (\d+) AND (\d+)/g)].some(([, from, to]) => Number(from) <= ms && ms <= Number(to));
}

test('what came before the start is found before and after it is read, and nothing is read for a trace that is not there', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ id: fc.nat(30), ms: fc.integer({ min: START - 100 * MINUTE_MS, max: START - 1 }) }), { maxLength: 40 }), async (spans) => {
    const arrivals = new HotArrivals();
    arrivals.begin(START);
    expect(spans.every((span) => reads(arrivals, span))).toBe(true);
    await arrivals.readOlder(fileOf(spans));
    expect(spans.every((span) => reads(arrivals, span))).toBe(true);
    expect(spans.some((span) => reads(arrivals, { ...span, id: 777_777 }))).toBe(false);
  }));
});

test('it is read in stretches, and where nothing came none is', async () => {
  const arrivals = new HotArrivals();
  arrivals.begin(START);
  const file = fileOf([{ id: 1, ms: START - 1 }, { id: 2, ms: START - 2 * MINUTE_MS }, { id: 3, ms: START - 300 * MINUTE_MS }]);
  await arrivals.readOlder(file);
  expect(file.asked.stretches).toBe(2);
  expect([reads(arrivals, { id: 3, ms: START - 300 * MINUTE_MS }), reads(arrivals, { id: 3, ms: START - 1 })]).toEqual([true, false]);
});

test('where the file cannot be read all of it is looked through, as before', async () => {
  const arrivals = new HotArrivals();
  arrivals.begin(START);
  const file = fileOf([{ id: 1, ms: START - 1 }]);
  await expect(arrivals.readOlder({ ...file, arrived: () => Promise.reject(new Error('no memory')) })).rejects.toThrow('no memory');
  expect(reads(arrivals, { id: 777_777, ms: START - 1 })).toBe(true);
});
