import { describe, expect, test } from 'vitest';
import { categoryOf, NOT_EVALUATED, scoreOf, SCORE_RULES, serviceScore } from './instrumentation-score.js';
import { FactTable } from './quality-fact.js';
import { DEFAULT_THRESHOLDS } from '../config/quality-rule.js';

describe('the Instrumentation Score', () => {
  // The worked example of instrumentation-score/spec, specification.md.
  const example = { critical: { passed: 4, evaluated: 8 }, important: { passed: 8, evaluated: 10 }, normal: { passed: 6, evaluated: 8 }, low: { passed: 1, evaluated: 5 } };

  test('is 63.86 in the worked example of its specification', () => {
    expect(scoreOf(example)).toBeCloseTo(63.86, 2);
    expect(scoreOf({ ...example, critical: { passed: 8, evaluated: 8 } })).toBeCloseTo(83.13, 2);
    // The specification says 67.47 for the low rules put right: that is four of the five.
    expect(scoreOf({ ...example, low: { passed: 4, evaluated: 5 } })).toBeCloseTo(67.47, 2);
  });

  test('has the four categories of the specification, at their bounds', () => {
    expect([100, 90, 89.9, 75, 74.9, 50, 49.9, 0].map(categoryOf)).toEqual(['excellent', 'excellent', 'good', 'good', 'needs-improvement', 'needs-improvement', 'poor', 'poor']);
  });

  test('is unknown, not 0 or 100, where nothing could be evaluated', () => {
    expect(serviceScore('nobody', new FactTable(), DEFAULT_THRESHOLDS)).toMatchObject({ score: undefined, category: undefined, rules: [] });
  });

  test('knows each rule once, and says of the others why they are not evaluated', () => {
    const ids = [...SCORE_RULES, ...NOT_EVALUATED].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['RES-001', 'RES-002', 'RES-003', 'RES-004', 'RES-005', 'SPA-001', 'SPA-002', 'SPA-003', 'SPA-004', 'SPA-005', 'LOG-001', 'LOG-002', 'MET-001', 'MET-002', 'MET-003', 'MET-004', 'MET-005', 'MET-006', 'SDK-001']));
  });
});
