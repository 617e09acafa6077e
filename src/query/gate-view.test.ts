import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import type { BurnedBy } from '../pipeline/burned-by.js';
import { compositeBurn, countsOf } from './gate-view.js';

const row = (version: string, bad: number, total: number): BurnedBy => ({ service: 'shop', version, operation: 'x', bad, total, firstSeenMs: 0, lastSeenMs: 1 });
const part = (name: string, rows: readonly BurnedBy[]) => ({ part: { slo: buildSlo({ name, target: 0.99 }), weight: 1 }, rows });

test('a version of a quiet part burns what the part does, one of a busy part as little as it is of it', () => {
  const quiet = [row('v1', 0, 50), row('v2', 5, 50)];
  const busy = [row('v1', 0, 5_000), row('v3', 5, 5_000)];
  const parts = [part('quiet', quiet), part('busy', busy)];
  const burn = (version: string) => {
    const counts = countsOf([...quiet, ...busy], version);
    if (counts === undefined) throw new Error('no such version');
    return compositeBurn(counts, parts, false);
  };
  expect(burn('v2')).toMatchObject({ version: 'v2', bad: 5, budgetShare: expect.closeTo(5, 9) as number, burnRate: expect.closeTo(10, 9) as number });
  expect(burn('v3')).toMatchObject({ budgetShare: expect.closeTo(0.05, 9) as number, burnRate: expect.closeTo(0.1, 9) as number });
  expect(burn('v1')).toMatchObject({ budgetShare: 0, burnRate: 0 });
});

test('of slices nothing is said', () => {
  const counts = countsOf([row('v1', 1, 2)], 'v1');
  expect(counts === undefined ? undefined : compositeBurn(counts, [], true)).toMatchObject({ bad: 1, budgetShare: undefined, burnRate: undefined });
});
