import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailingStatements, type FailureMode } from '../../test/support/failing-statements.js';
import { CoverageIndex } from '../budget/coverage-index.js';
import { minuteOf } from '../budget/minute-series.js';
import { SliceIndex } from '../budget/slice-index.js';
import { buildSlo, minuteOfEvents } from '../budget/slo-builder.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { DuckdbOutbox } from '../notify/duckdb-outbox.js';
import { routingOf } from '../notify/sample-routing.js';
import { Dispatcher } from '../notify/system-dispatcher.js';
import type { Timer } from '../notify/system-timer.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbEvaluationStore } from './duckdb-evaluation-store.js';
import { Engine } from './engine.js';

const START_MS = Date.UTC(2026, 10, 20, 3, 0, 0);
const ROUTING = routingOf('route: { receiver: team, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: team, slack_configs: [{ channel: a }] }]\n');
const FAILING_MINUTES = 2;
const MOST_MINUTES = 600;

let directory = '';
let database: DuckdbDatabase;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-failing-news-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Short waits are over at once; what waits for longer is woken by the next minute of the story. */
function impatient(clock: FakeClock): Timer {
  return {
    after: (delayMs, run) => {
      if (delayMs > 10 * SECOND_MS) return () => undefined;
      const immediate = setImmediate(() => {
        clock.advance(delayMs);
        run();
      });
      return () => { clearImmediate(immediate); };
    },
  };
}

test.each<FailureMode>(['undone', 'done'])('whatever statement of alerting or of the outbox fails (%s), there is one incident, told when it opens and when it is over, and nothing twice without saying so', async (mode) => {
  const failing = new FailingStatements(database, mode);
  const clock = new FakeClock(START_MS);
  const told: { readonly id: string; readonly kind: string; readonly ambiguous: boolean }[] = [];
  const notifier = {
    notify: ({ delivery }: { readonly delivery: { readonly id: string; readonly transition: { readonly kind: string }; readonly ambiguous?: boolean } }) => {
      told.push({ id: delivery.id, kind: delivery.transition.kind, ambiguous: delivery.ambiguous === true });
      return Promise.resolve({ kind: 'delivered' as const, receipt: { ts: '1' } });
    },
  };
  const dispatcher = new Dispatcher({ outbox: new DuckdbOutbox(failing), notifierFor: () => notifier, publicUrl: 'http://t', clock, random: () => 0.5, timer: impatient(clock) });
  const engine = new Engine({
    store: new DuckdbEvaluationStore(failing), gatherEvidence: () => Promise.resolve(undefined), routing: () => ROUTING, wakeDispatcher: () => { dispatcher.wake(); },
    requestEarlyTick: () => undefined, refusals: () => 0, signatureSignals: () => [], traceHealth: () => undefined,
  }, { slices: new SliceIndex(), coverage: new CoverageIndex() });
  engine.useRules([{ slo: buildSlo({ name: 'pay', displayName: 'Pay' }), sliceKey: 'pay@1' }]);
  while (!await dispatcher.start().then(() => true, () => false));
  const state = async (): Promise<string> => JSON.stringify(await database.query({ sql: 'SELECT status, count(*)::INTEGER AS n FROM incidents GROUP BY ALL' }));
  const over = JSON.stringify([{ status: 'resolved', n: 1 }]);
  let quiet = 0;
  for (let minute = 0; minute < MOST_MINUTES && quiet < 3; minute += 1) {
    const atMs = Math.max(clock.nowMs(), START_MS + minute * MINUTE_MS);
    clock.set(atMs);
    engine.committed({ sloSlices: [{ sliceKey: 'pay@1', arrivalMinute: minuteOf(atMs), ...minuteOfEvents(minuteOf(atMs), minute < FAILING_MINUTES ? { good: 100, bad: 900 } : { good: 100_000, bad: 0 }) }], oldestReceivedAtMs: atMs }, atMs);
    await engine.tick(atMs).catch(() => undefined);
    await dispatcher.idle();
    quiet = await state() === over ? quiet + 1 : 0;
  }
  await dispatcher.stop(0);
  expect(await state()).toBe(over);
  expect(failing.failed.length).toBeGreaterThan(10);
  const waiting = await database.query({ sql: `SELECT * FROM outbox WHERE status NOT IN ('delivered', 'superseded')` });
  expect(waiting).toEqual([]);
  const first = told.filter(({ id }, index) => told.findIndex((other) => other.id === id) === index).map(({ kind }) => kind);
  expect([first[0], first.at(-1), first.filter((kind) => kind === 'opened').length, first.filter((kind) => kind === 'resolved').length]).toEqual(['opened', 'resolved', 1, 1]);
  // A second time only where the attempt before ended without anybody knowing how.
  for (const [index, { id, ambiguous }] of told.entries()) expect(ambiguous || !told.slice(0, index).some((other) => other.id === id)).toBe(true);
}, 120_000);
