import { describe, expect, test } from 'vitest';
import { calleeProbability, type Callers, type Exposure } from './common-callee.js';

/** Twenty requests of one caller, all of which call the callee and show the sign; ten more of another place of its service, as always. */
const CALLERS: Callers = {
  caller: 'cart', usual: 0.02, others: [],
  own: [{ place: 'cart', requests: 20, exposed: 20, showing: 20, beside: 0 }, { place: 'cart list', requests: 10, exposed: 0, showing: 0, beside: 0 }],
};
const other = (showing: number): Exposure => ({ exposed: 10, showing, baselineOf: 20, baseline: 0 });

describe('requests that end too early', () => {
  test('say as little for the caller as for what it calls where nobody else calls it', () => {
    expect(calleeProbability(CALLERS)).toBeCloseTo(0.5, 1);
  });

  test('are owed to what is called where its other callers show the same', () => {
    expect(calleeProbability({ ...CALLERS, others: [other(10)] })).toBeGreaterThan(0.99);
    expect(calleeProbability({ ...CALLERS, others: [other(10), other(9)] })).toBeGreaterThan(0.99);
  });

  test('are the caller’s own where others go on', () => {
    expect(calleeProbability({ ...CALLERS, others: [other(0)] })).toBeLessThan(0.01);
  });

  test('are the caller’s own where it also ends those that do not call it', () => {
    const [cart, list] = CALLERS.own as [Callers['own'][number], Callers['own'][number]];
    expect(calleeProbability({ ...CALLERS, own: [{ ...cart, requests: 30, beside: 10 }, list] })).toBeLessThan(0.01);
    expect(calleeProbability({ ...CALLERS, own: [cart, { ...list, beside: 10 }] })).toBeLessThan(0.01);
  });
});
