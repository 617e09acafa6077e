import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MINUTE_MS, SECOND_MS } from '../../lib/duration.js';
import { endlessRound, scriptFor, SHORTEST_RUN_MS } from './script.js';

test('a run of three minutes begins healthy for half a minute and gives both faults time to be paged', () => {
  const acts = scriptFor(3 * MINUTE_MS);
  expect(acts[0]).toMatchObject({ startMs: 0, endMs: 30 * SECOND_MS, pages: false });
  const faults = acts.filter((act) => act.pages);
  expect(faults.map((act) => act.title)).toEqual(['fault: payment fails for region eu-2', "fault: the catalogue's cache is slow"]);
  for (const act of faults) expect(act.endMs - act.startMs).toBeGreaterThan(45 * SECOND_MS);
});

test('acts follow each other without a gap and fill the run, whatever its length', () => {
  fc.assert(
    fc.property(fc.integer({ min: SHORTEST_RUN_MS, max: 60 * MINUTE_MS }), (lengthMs) => {
      const acts = scriptFor(lengthMs);
      expect(acts[0]?.startMs).toBe(0);
      for (const [index, act] of acts.entries()) expect(act.startMs).toBe(index === 0 ? 0 : acts[index - 1]?.endMs);
      expect(Math.abs((acts.at(-1)?.endMs ?? 0) - lengthMs)).toBeLessThan(10);
    }),
  );
});

test('an endless run is healthy only once, and then long enough between faults for a five-minute window to empty', () => {
  expect(endlessRound(true)[0]?.title).toMatch(/^healthy/);
  const round = endlessRound(false);
  expect(round[0]?.pages).toBe(true);
  for (const act of round.filter((each) => !each.pages)) expect(act.endMs - act.startMs).toBeGreaterThan(6 * MINUTE_MS);
});
