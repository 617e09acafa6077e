import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRecurrence } from '../config/recurrence.js';
import type { EventExclusion, Exclusion } from '../config/exclusion.js';
import { buildSlo } from '../budget/slo-builder.js';
import { HOUR_MS } from '../lib/duration.js';
import { logExclusions } from './duckdb-exclusion-log.js';
import { openDatabase, type DuckdbDatabase } from './duckdb-database.js';

const NOW = Date.UTC(2026, 10, 26, 12);
const WINDOW: Exclusion = { name: 'upgrade', by: 'ann', reason: 'database', window: { kind: 'once', fromMs: NOW, toMs: NOW + HOUR_MS } };
const PROBES: EventExclusion = { name: 'probes', by: 'bob', reason: 'no user', match: { text: '{ name = "probe" }', at: { file: 'a.yaml', line: 1, column: 1 } }, fromMs: NOW, toMs: undefined };

let database: DuckdbDatabase;
beforeEach(async () => {
  database = await openDatabase(':memory:');
});
afterEach(() => database.close());

let changes = 0;
async function log(exclusions: readonly Exclusion[], excludedEvents: readonly EventExclusion[], budgets = { before: 0.5, after: 0.75 as number | undefined }): Promise<unknown[]> {
  changes += 1;
  await logExclusions(database, [buildSlo({ name: 'search', exclusions, excludedEvents })], { nowMs: NOW + changes, budgetsOf: () => budgets });
  const rows = await database.query({ sql: 'SELECT exclusion, change, created_by, reason, what, budget_before, budget_after FROM exclusion_log WHERE at_ms = $at ORDER BY exclusion', params: { at: NOW + changes } });
  return rows.map((row) => Object.values(row));
}

test('what comes, changes and goes is written down once, with the budget before and after', async () => {
  expect(await log([WINDOW], [PROBES])).toEqual([
    ['probes', 'added', 'bob', 'no user', '{ name = "probe" } from 2026-11-26T12:00:00.000Z', 0.5, 0.75],
    ['upgrade', 'added', 'ann', 'database', 'from 2026-11-26T12:00:00.000Z to 2026-11-26T13:00:00.000Z', 0.5, 0.75],
  ]);
  expect(await log([WINDOW], [{ ...PROBES, match: { ...PROBES.match, at: { file: 'b.yaml', line: 9, column: 1 } } }])).toEqual([]);
  expect(await log([WINDOW], [{ ...PROBES, reason: 'nobody waits' }])).toEqual([['probes', 'changed', 'bob', 'nobody waits', '{ name = "probe" } from 2026-11-26T12:00:00.000Z', 0.5, 0.75]]);
  expect(await log([], [{ ...PROBES, reason: 'nobody waits' }], { before: 0.75, after: undefined })).toEqual([['upgrade', 'removed', 'ann', 'database', 'from 2026-11-26T12:00:00.000Z to 2026-11-26T13:00:00.000Z', 0.75, null]]);
  expect(await log([WINDOW], [{ ...PROBES, reason: 'nobody waits' }])).toMatchObject([['upgrade', 'added', 'ann', 'database', expect.anything(), 0.5, 0.75]]);
});

test('a window that recurs is told by its rhythm', async () => {
  const startWallMs = Date.UTC(2026, 10, 29, 3);
  const recurrence = parseRecurrence('FREQ=WEEKLY;BYDAY=SU', startWallMs);
  if (!recurrence.ok) throw new Error(recurrence.error);
  const weekly: Exclusion = { ...WINDOW, window: { kind: 'recurring', recurrence: recurrence.value, startWallMs, durationMs: HOUR_MS / 2, timeZone: 'Europe/Berlin' } };
  expect(await log([weekly], [])).toMatchObject([['upgrade', 'added', 'ann', 'database', 'weekly, 30m from 03:00 (Europe/Berlin)', 0.5, 0.75]]);
});
