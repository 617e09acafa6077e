import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SAMPLING, type SamplingPolicy } from '../config/sampling.js';
import { decide, MIN_PROBABILITY, type SamplingRound, type Stratum } from './decide.js';
import { shareFairly } from './share-fairly.js';

const stratum = (changes: Partial<Stratum>): Stratum => ({
  key: JSON.stringify(changes), service: 'cart', operation: 'GET /', class: 'baseline', policies: [], isBurning: false, earlier: undefined, traces: 100, spans: 1_000, bytes: 50_000, ...changes,
});
const policy = (name: string, action: SamplingPolicy['action']): SamplingPolicy => ({ name, conditions: [], action, at: { file: 'rules/sampling.yaml', line: 1, column: 1 } });
const round = (changes: Partial<SamplingRound> & { readonly perSecond?: number; readonly policies?: readonly SamplingPolicy[] } = {}): SamplingRound => ({
  seconds: 1, saved: 0, ...changes, rules: { ...DEFAULT_SAMPLING, policies: changes.policies ?? [], budget: { unit: 'spans', perSecond: changes.perSecond ?? 1_000 }, ...changes.rules },
});
const probabilities = (strata: readonly Stratum[], options: SamplingRound): number[] => decide(strata, options).decisions.map(({ probability }) => probability);

test('everything is kept while the budget allows, and what is left is saved for an hour at most', () => {
  const { decisions, saved } = decide([stratum({ spans: 300 }), stratum({ class: 'error', spans: 200 })], round());
  expect(decisions.map(({ probability, reason }) => [probability, reason])).toEqual([[1, 'baseline'], [1, 'error']]);
  expect(saved).toBe(500);
  expect(decide([], round({ saved: 5_000_000 })).saved).toBe(3_600_000);
  expect(probabilities([stratum({ spans: 3_000 })], round({ saved: 2_000 }))).toEqual([1]);
});

test('errors come first, then what is unusual, and a part is for what is normal', () => {
  expect(probabilities([stratum({ class: 'error', spans: 500 }), stratum({ class: 'slow', spans: 600 }), stratum({ spans: 10_000 })], round())).toEqual([1, 0.5, 0.02]);
  expect(probabilities([stratum({ class: 'error', spans: 8_000 }), stratum({ spans: 10_000 })], round())).toEqual([0.1, 0.02]);
});

test('a loud service leaves a quiet one alone, and a rare operation of a service its traces', () => {
  const strata = [stratum({ service: 'loud', spans: 100_000 }), stratum({ service: 'quiet', spans: 200 }), stratum({ service: 'quiet', operation: 'rare', spans: 20 })];
  expect(probabilities(strata, round())).toEqual([780 / 100_000, 1, 1]);
});

test('an operation whose budget burns gets more: beside other services, and beside other operations of its own', () => {
  expect(probabilities([stratum({ service: 'a', spans: 10_000 }), stratum({ service: 'b', spans: 10_000, isBurning: true })], round())).toEqual([0.02, 0.08]);
  expect(probabilities([stratum({ operation: 'calm', spans: 10_000 }), stratum({ operation: 'burning', spans: 10_000, isBurning: true })], round())).toEqual([0.02, 0.08]);
});

test('pinned traces and those that have left in part are outside of it; a policy keeps, limits or drops', () => {
  const policies = [policy('all of it', { kind: 'keep', probability: 1 }), policy('a tenth', { kind: 'keep', probability: 0.1 }), policy('limited', { kind: 'limit', unit: 'spans', perSecond: 100, probability: 1 }), policy('noise', { kind: 'drop', probability: 1 })];
  const strata = [
    stratum({ class: 'pinned', spans: 1e6 }), stratum({ earlier: { probability: 0.3, reason: 'slow' }, policies: [3] }), stratum({ policies: [0, 1] }), stratum({ policies: [1] }),
    stratum({ policies: [2], spans: 400 }), stratum({ policies: [0, 3] }),
  ];
  expect(decide(strata, round({ policies })).decisions.map(({ probability, reason }) => [probability, reason])).toEqual([
    [1, 'pinned'], [0.3, 'slow'], [1, 'all of it'], [0.1, 'a tenth'], [0.25, 'limited'], [0, 'dropped'],
  ]);
});

test('of several policies with a rate, the first that matches a trace has it: another with room to spare keeps no more of it', () => {
  const policies = [policy('mix/slow', { kind: 'limit', unit: 'spans', perSecond: 150, probability: 1 }), policy('mix/rest', { kind: 'limit', unit: 'spans', perSecond: 50, probability: 1 })];
  const strata = [stratum({ policies: [0, 1], spans: 1_500 }), stratum({ policies: [1], spans: 10 })];
  expect(decide(strata, round({ policies, perSecond: 0.001 })).decisions.map(({ probability, reason }) => [probability, reason])).toEqual([[0.1, 'mix/slow'], [1, 'mix/rest']]);
});

test('a rate and a share hold together, and a policy that drops a share leaves the rest to the budget and the other policies', () => {
  const policies = [policy('a tenth, up to', { kind: 'limit', unit: 'spans', perSecond: 1e6, probability: 0.1 }), policy('most health checks', { kind: 'drop', probability: 0.75 }), policy('all', { kind: 'keep', probability: 1 })];
  expect(probabilities([stratum({ policies: [0] }), stratum({ policies: [1], spans: 1e6 })], round({ policies, perSecond: 0.001 }))).toEqual([0.1, MIN_PROBABILITY]);
  // 1,000 of which 250 are left, beside 250 others: the budget has room for half.
  expect(probabilities([stratum({ policies: [1] }), stratum({ service: 'other', spans: 250 })], round({ policies, perSecond: 250 }))).toEqual([0.125, 0.5]);
  expect(probabilities([stratum({ policies: [1, 2] }), stratum({ class: 'pinned', policies: [1] })], round({ policies }))).toEqual([0.25, 1]);
});

test('spans that come late weigh right on average, however much more or less is kept by then', () => {
  fc.assert(fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.integer({ min: 1, max: 200_000 }), (earlier, spans) => {
    const [of = 0, kept = 0] = probabilities([stratum({ operation: 'late', spans }), stratum({ operation: 'late', spans, earlier: { probability: earlier, reason: 'baseline' } })], round());
    // One coin decides both times: below `earlier` the trace was kept and its late spans weigh 1 / kept, from there up to `of` they are kept on their own.
    expect(earlier / kept + Math.max(0, of - earlier) / of).toBeCloseTo(1, 9);
  }));
});

test('a limit in bytes keeps as much as fits into it, whatever the number of spans', () => {
  const policies = [policy('volume', { kind: 'limit', unit: 'bytes', perSecond: 100, probability: 1 })];
  const [decision] = decide([stratum({ policies: [0], spans: 1e6, bytes: 400 })], round({ policies, perSecond: 0.001 })).decisions;
  expect(decision).toMatchObject({ probability: 0.25, reason: 'volume' });
});

test('nothing but a policy keeps a trace from being kept at all', () => {
  expect(probabilities([stratum({ class: 'pinned', spans: 1e9 }), stratum({ spans: 1e9 })], round())[1]).toBe(MIN_PROBABILITY);
});

const strataArbitrary = fc.array(fc.record({
  service: fc.constantFrom('a', 'b', 'c'), operation: fc.constantFrom('x', 'y'), class: fc.constantFrom('error', 'slow', 'new', 'baseline'), spans: fc.integer({ min: 1, max: 100_000 }),
}), { minLength: 1, maxLength: 20 }).map((list) => list.map((changes, index) => stratum({ ...changes, class: changes.class, key: String(index) })));

test('what is kept fits into the budget, and a larger budget never keeps less of anything', () => {
  fc.assert(fc.property(strataArbitrary, fc.integer({ min: 1, max: 100_000 }), (strata, perSecond) => {
    const [less, more] = [perSecond, perSecond * 2].map((rate) => probabilities(strata, round({ perSecond: rate })));
    const kept = strata.reduce((sum, { spans }, index) => sum + spans * (less?.[index] ?? 0), 0);
    const floor = strata.reduce((sum, { spans }) => sum + spans * MIN_PROBABILITY, 0);
    expect(kept).toBeLessThanOrEqual(perSecond + floor + 1e-6);
    for (const [index, probability] of (less ?? []).entries()) expect(more?.[index]).toBeGreaterThanOrEqual(probability - 1e-12);
  }));
});

describe('shares', () => {
  test('are fair: nobody gets more than it asks for, and nobody who got less could have more without a smaller one losing', () => {
    fc.assert(fc.property(fc.array(fc.record({ demand: fc.integer({ min: 0, max: 1_000 }), weight: fc.integer({ min: 1, max: 5 }) }), { maxLength: 10 }), fc.integer({ min: 0, max: 3_000 }), (claims, amount) => {
      const shares = shareFairly(claims, amount);
      const demand = claims.reduce((sum, claim) => sum + claim.demand, 0);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(Math.min(amount, demand), 6);
      const level = Math.min(...shares.flatMap((share, index) => (share < (claims[index]?.demand ?? 0) - 1e-9 ? [share / (claims[index]?.weight ?? 1)] : [])));
      for (const [index, share] of shares.entries()) expect(share / (claims[index]?.weight ?? 1)).toBeLessThanOrEqual(Math.max(level, 0) + 1e-9 + (level === Infinity ? 1_000 : 0));
    }));
  });
});
