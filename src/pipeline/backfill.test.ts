import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requests, tracesJson } from '../../test/support/otlp-json.js';
import { compiled } from '../../test/support/timeline-rules.js';
import { buildSlo } from '../budget/slo-builder.js';
import type { ExportOutcome } from '../ingest/absorber.js';
import { NO_REDACTION } from '../ingest/redact-compile.js';
import { FakeClock } from '../lib/clock.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import type { SloSlice } from '../sli/slice.js';
import { sloMinutes } from '../store/slo-slice-columns.js';
import { keepSloRevisions } from '../store/duckdb-slo-revisions.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.UTC(2026, 10, 26, 12);
const at = { file: 'rules/a.yaml', line: 1, column: 1 };
const slo = (name: string): CompiledSlo => compiled([buildSlo({ name, indicator: { total: { text: '{ resource.service.name = "checkout" }', at }, bad: { text: '{ status = error }', at }, weight: 'auto' } })])[0]!;
const OLD = slo('old');
const NEW = slo('new');

let directory = '';
let store: SystemStore;
let news: SloSlice[] = [];
const clock = new FakeClock(NOW);

async function open(slos: readonly CompiledSlo[]): Promise<void> {
  store = await openStore({ dataDir: directory, clock, slos, events: { onCommit: ({ sloSlices }) => void news.push(...sloSlices) }, group: { maxWaitMs: 1, maxRows: 10_000 } });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-backfill-'));
  news = [];
  await open([OLD]);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** Ten requests, two of which failed. */
function send(round: number, minutesAgo = 0): Promise<ExportOutcome> {
  const receivedAtMs = NOW - minutesAgo * 60_000;
  return store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', body: Buffer.from(tracesJson(requests(round * 10 + 1, 10, { failEvery: 5, endMs: receivedAtMs - 1_000 }))), receivedAtMs });
}

const sums = (slices: Iterable<{ readonly good: number; readonly bad: number; readonly sliceKey: string }>, key: string): { good: number; bad: number } => [...slices].filter(({ sliceKey }) => sliceKey === key)
  .reduce((sum, { good, bad }) => ({ good: sum.good + good, bad: sum.bad + bad }), { good: 0, bad: 0 });

async function stored(key: string): Promise<{ good: number; bad: number }> {
  return sums(sloMinutes(await store.loadSloSlices(0)), key.length === 0 ? '' : key);
}

describe('an SLO that is new', () => {
  test('is counted from the spans that are stored, minute by minute, once', async () => {
    for (let round = 0; round < 6; round += 1) await send(round, 60 * round);
    const slices = await store.useRules({ slos: [OLD, NEW], redaction: NO_REDACTION });
    expect(sums(slices, NEW.sliceKey)).toEqual({ good: 48, bad: 12 });
    expect(new Set(slices.map(({ eventMinute }) => eventMinute)).size).toBe(6);
    expect(await stored(NEW.sliceKey)).toEqual({ good: 48, bad: 12 });
    expect(await stored(OLD.sliceKey)).toEqual({ good: 48, bad: 12 });
    expect(await store.useRules({ slos: [OLD, NEW], redaction: NO_REDACTION })).toEqual([]);
    await send(6);
    expect(await stored(NEW.sliceKey)).toEqual({ good: 56, bad: 14 });
  });

  test('misses nothing and counts nothing twice while exports go on', async () => {
    const sending: Promise<ExportOutcome>[] = [];
    let slices: readonly { readonly good: number; readonly bad: number; readonly sliceKey: string }[] = [];
    for (let round = 0; round < 200; round += 1) {
      sending.push(send(round, round % 3));
      if (round % 40 === 39) await Promise.race(sending.slice(-5));
      if (round === 100) sending.push(store.useRules({ slos: [OLD, NEW], redaction: NO_REDACTION }).then((found) => {
        slices = found;
        return { kind: 'busy', retryAfterMs: 0, message: '' };
      }));
    }
    const outcomes = await Promise.all(sending);
    expect(outcomes.filter(({ kind }) => kind === 'stored').length).toBe(200);
    expect(await stored(OLD.sliceKey)).toEqual({ good: 1_600, bad: 400 });
    expect(await stored(NEW.sliceKey)).toEqual({ good: 1_600, bad: 400 });
    // What is told to those who keep slices in memory is the same: what was counted at once, and what commits brought since.
    expect(sums(slices, NEW.sliceKey).good).toBeGreaterThan(0);
    expect(sums([...slices, ...news], NEW.sliceKey)).toEqual({ good: 1_600, bad: 400 });
  });

  test('that came while Tocsin was not running is counted at the next start', async () => {
    await send(0);
    await store.close();
    await open([OLD, NEW]);
    expect(await stored(NEW.sliceKey)).toEqual({ good: 8, bad: 2 });
    expect(await stored(OLD.sliceKey)).toEqual({ good: 8, bad: 2 });
  });

  test('whose definition was in force before stays as it was counted, also where nothing was', async () => {
    await keepSloRevisions(store, [NEW], NOW);
    await send(0);
    expect(await store.useRules({ slos: [OLD, NEW], redaction: NO_REDACTION })).toEqual([]);
  });

  test('counts from now on where its past cannot be counted', async () => {
    await send(0);
    const broken: CompiledSlo = { ...NEW, sliceKey: 'new@broken' };
    await store.query({ sql: 'ALTER TABLE slo_slices RENAME TO slo_slices_away' });
    await expect(store.useRules({ slos: [broken], redaction: NO_REDACTION })).rejects.toThrow();
    await store.query({ sql: 'ALTER TABLE slo_slices_away RENAME TO slo_slices' });
    await send(1);
    expect(await stored('new@broken')).toEqual({ good: 8, bad: 2 });
  });
});
