import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbTraceReads, MAX_COUNTS } from './duckdb-trace-reads.js';
import { traceAccess } from './trace-access.js';
import { questionOf, type TraceRead } from './trace-reads.js';

const NOW = Date.parse('2026-11-20T12:30:00Z');
const WEEK = { fromMs: NOW - 7 * DAY_MS, toMs: NOW + HOUR_MS };

let database: DuckdbDatabase;
let clock: FakeClock;
let reads: DuckdbTraceReads;
beforeEach(async () => {
  database = await openDatabase(':memory:');
  clock = new FakeClock(NOW);
  reads = new DuckdbTraceReads(database, clock);
});
afterEach(() => database.close());

const read = (changes: Partial<TraceRead> = {}): TraceRead => ({ path: `/api/v1/traces/${'a'.repeat(32)}`, status: 200, actor: 'grafana', from: '10.0.0.1', elapsedMs: 20, ...changes });

test.each([
  ['/traces/abc', 'trace'], ['/traces/abc/spans/12', 'trace'], ['/api/v1/traces/abc', 'trace'], ['/tempo/api/traces/abc', 'trace'], ['/tempo/api/v2/traces/abc', 'trace'], ['/jaeger/api/traces/abc', 'trace'],
  ['/traces', 'search'], ['/api/v1/export', 'export'], ['/api/v1/traces', 'search'], ['/tempo/api/search', 'search'], ['/jaeger/api/traces', 'search'], ['/tempo/api/search/tags', undefined], ['/', undefined], ['/quality', undefined], ['/jaeger/api/services', undefined],
])('%s asks for: %s', (path, what) => {
  expect(questionOf(path)).toBe(what);
});

describe('who read traces', () => {
  test('is counted by reader, with those who were refused, and how long it took; also by a process that starts later', async () => {
    for (let times = 0; times < 30; times += 1) reads.record(read());
    reads.record(read({ path: '/traces', elapsedMs: 4_000 }));
    reads.record(read({ actor: undefined, status: 401, from: '10.9.9.9' }));
    reads.record(read({ actor: undefined, status: 403 }));
    reads.record(read({ actor: undefined, status: 303, path: '/traces' }));
    reads.record(read({ path: '/quality' }));
    await reads.flush();
    const { readers, latency } = traceAccess(await new DuckdbTraceReads(database, clock).read(WEEK), []);
    expect(readers).toEqual([
      { reader: 'grafana', reads: 31, refused: 0, usual: 0 }, { reader: 'a token of too low a role, from 10.0.0.1', reads: 0, refused: 1, usual: 0 }, { reader: 'no known token, from 10.9.9.9', reads: 0, refused: 1, usual: 0 },
    ]);
    expect(latency.map(({ what, answers, p95Ms }) => [what, answers, Math.round(p95Ms! / 100)])).toEqual([['trace', 30, 0], ['search', 1, 40]]);
  });

  test('is compared with a week of the four before', async () => {
    clock.set(NOW - 10 * DAY_MS);
    for (let times = 0; times < 8; times += 1) reads.record(read());
    await reads.flush();
    clock.set(NOW);
    reads.record(read());
    const before = await reads.read({ fromMs: WEEK.fromMs - 28 * DAY_MS, toMs: WEEK.fromMs });
    expect(traceAccess(await reads.read(WEEK), before).readers).toEqual([{ reader: 'grafana', reads: 1, refused: 0, usual: 2 }]);
  });

  test('is not lost when it cannot be written, and takes no more memory than it may', async () => {
    const written: string[] = [];
    const kept = new DuckdbTraceReads({ query: () => Promise.resolve([]), transaction: ([statement]) => { written.push(String(statement?.params?.['rows'])); return written.length === 1 ? Promise.reject(new Error('full')) : Promise.resolve(); } }, clock);
    for (let index = 0; index < MAX_COUNTS + 50; index += 1) kept.record(read({ actor: `script-${index}` }));
    await expect(kept.flush()).rejects.toThrow('full');
    await kept.flush();
    const rows = JSON.parse(written[1] ?? '[]') as [number, string, string, boolean, number, number][];
    expect(rows).toHaveLength(MAX_COUNTS + 1);
    expect(rows.find(([, reader]) => reader === 'others')?.[5]).toBe(50);
  });
});
