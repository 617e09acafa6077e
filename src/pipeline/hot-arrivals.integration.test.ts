import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tracesJson } from '../../test/support/otlp-json.js';
import { eventually } from '../../test/support/eventually.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { TraceKey } from '../store/trace-key.js';
import { openStore, type SystemStore } from './system-store.js';

const START = Date.UTC(2026, 10, 27, 12);
/** More rows than one filter takes are in the second export. */
const SPANS = [10, 140_000, 10];

let dataDir: string;
let clock: FakeClock;
let store: SystemStore;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tocsin-arrived-'));
  clock = new FakeClock(START);
  store = await open();
});

afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const open = (): Promise<SystemStore> => openStore({ dataDir, clock, group: { maxWaitMs: 1, maxRows: 20_000 } });
const atMinute = (index: number): number => START + index * 10 * MINUTE_MS;

async function fill(): Promise<void> {
  for (const [index, count] of SPANS.entries()) {
    clock.set(atMinute(index));
    for (let from = 0; from < count; from += 20_000) {
      const spans = Array.from({ length: Math.min(20_000, count - from) }, (_, at) => ({ id: index * 1_000_000 + from + at, endMs: atMinute(index) - 1_000 }));
      const outcome = await store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: atMinute(index), body: Buffer.from(tracesJson(spans)) });
      expect(outcome.kind).toBe('stored');
    }
  }
}

/** When spans came that a statement about these traces reads. */
async function read(ofTraces: readonly TraceKey[]): Promise<readonly number[]> {
  const rows = await store.query({ sql: 'SELECT DISTINCT arrival_ms FROM /* arrived */ spans ORDER BY arrival_ms', ofTraces });
  return rows.map((row) => Number(row['arrival_ms']));
}

async function oneTraceOf(index: number): Promise<TraceKey> {
  const [row] = await store.query({ sql: `SELECT trace_id_high AS high, trace_id_low AS low FROM spans WHERE arrival_ms = ${atMinute(index)} ORDER BY hash(trace_id_low) LIMIT 1` });
  return { high: row?.['high'] as bigint, low: row?.['low'] as bigint };
}

test('a statement about a trace reads what came when it came, also after a restart', async () => {
  await fill();
  const [first, last] = [await oneTraceOf(0), await oneTraceOf(2)];
  for (const _ of ['running', 'restarted']) {
    await eventually(async () => { expect(await read([last])).not.toContain(atMinute(0)); });
    expect(await read([last])).toContain(atMinute(2));
    expect(await read([first])).toContain(atMinute(0));
    expect(await read([first])).not.toContain(atMinute(2));
    expect(await read([first, last])).toEqual(expect.arrayContaining([atMinute(0), atMinute(2)]));
    expect(await read([{ high: 7n, low: 7n << 40n }])).toEqual([]);
    await store.close();
    store = await open();
    // Whether there are older ones is asked with the next commit.
    clock.advance(2 * MINUTE_MS);
    await store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: clock.nowMs(), body: Buffer.from(tracesJson([{ id: 9_000_000, endMs: clock.nowMs() }])) });
  }
});

test('after a restart hours later it gets to know when they came, and when they have left, no time is spent on them', async () => {
  await fill();
  await store.close();
  clock.set(atMinute(2) + 120 * MINUTE_MS);
  store = await open();
  const [first, last] = [await oneTraceOf(0), await oneTraceOf(2)];
  expect(await read([first])).toContain(atMinute(0));
  await eventually(async () => { expect(await read([first])).not.toContain(atMinute(2)); });
  expect(await read([first])).toContain(atMinute(0));
  expect(await read([last])).toContain(atMinute(2));
  await eventually(async () => { expect(await read([{ high: 7n, low: 7n << 40n }])).toEqual([]); });
  await store.transaction([{ sql: 'DELETE FROM spans_fresh' }, { sql: 'DELETE FROM spans_bulk' }]);
  await store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: clock.nowMs(), body: Buffer.from(tracesJson([{ id: 9_000_000, endMs: clock.nowMs() }])) });
  await eventually(async () => { expect(await read([first])).toEqual([]); });
});

test('spans that come with a clock that was set back are found', async () => {
  await fill();
  clock.set(START - 60 * MINUTE_MS);
  await store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: clock.nowMs(), body: Buffer.from(tracesJson([{ id: 9_000_000, endMs: clock.nowMs() }])) });
  const [row] = await store.query({ sql: `SELECT trace_id_high AS high, trace_id_low AS low FROM spans WHERE arrival_ms = ${clock.nowMs()}` });
  expect(await read([{ high: row?.['high'] as bigint, low: row?.['low'] as bigint }])).toContain(clock.nowMs());
});
