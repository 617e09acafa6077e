import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../lib/problem.js';
import { loadRules } from './load-rules.js';
import type { BurnRatePolicy } from './slo.js';

interface Case {
  readonly spec: string;
  readonly target?: number;
  readonly window?: string;
  readonly policies?: string;
  readonly more?: string;
}

function resolve({ spec, target = 0.999, window = '30d', policies = '[{ alertPolicyRef: p }]', more = '' }: Case): { policy: BurnRatePolicy | undefined; problems: readonly Problem[] } {
  const policy = `apiVersion: tocsin.dev/v1\nkind: BurnRatePolicy\nmetadata: { name: p }\nspec: ${spec}\n`;
  const slo = `apiVersion: openslo/v1
kind: SLO
metadata: { name: s }
spec:
  service: s
  budgetingMethod: Occurrences
  timeWindow: [{ duration: ${window}, isRolling: true }]
  indicator: { spec: { ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{}' } } }, bad: { metricSource: { type: traces, spec: { query: '{}' } } } } } }
  objectives: [{ target: ${target} }]
  alertPolicies: ${policies}
`;
  const { rules, problems } = loadRules([{ path: 'p.yaml', text: policy }, { path: 's.yaml', text: `${slo}${more}` }]);
  return { policy: rules.slos[0]?.policy, problems };
}

const tiers = (...list: string[]): string => `{ tiers: [${list.join(', ')}] }`;
const WORKBOOK = [
  '{ severity: page, budget: 2%, long: 1h, short: 5m }', '{ severity: page, budget: 5%, long: 6h, short: 30m }',
  '{ severity: ticket, budget: 10%, long: 1d, short: 2h }', '{ severity: ticket, budget: 10%, long: 3d, short: 6h }',
];
const factors = (policy: BurnRatePolicy | undefined): number[] | undefined => policy?.tiers.map(({ factor }) => factor);
const codes = (problems: readonly Problem[]): string[] => problems.map(({ level, code }) => `${level} ${code}`);

describe('factors are share × window / long', () => {
  // SRE workbook, table 5-8, and slok/sloth google-30d.yaml and google-28d.yaml.
  test.each([
    ['30d', [14.4, 6, 3, 1]],
    ['90d', [43.2, 18, 9, 3]],
  ])('the workbook shares over %s', (window, expected) => {
    const { policy, problems } = resolve({ spec: tiers(...WORKBOOK), window });
    expect(problems).toEqual([]);
    expect(factors(policy)).toEqual(expected);
  });

  test('over 28 days the last tier would be 0.93: a preset is clamped to 1, a policy of one\'s own is refused', () => {
    const preset = resolve({ spec: `{ presetFor: 28d, tiers: [${WORKBOOK.join(', ')}] }`, window: '28d', policies: '[]' });
    expect(preset.problems).toEqual([]);
    expect(factors(preset.policy)).toEqual([13.44, 5.6, 2.8, 1]);
    const own = resolve({ spec: tiers(...WORKBOOK), window: '28d' });
    expect(own.policy).toBeUndefined();
    expect(codes(own.problems)).toEqual(['error rules/factor-below-one']);
    expect(own.problems[0]).toMatchObject({ at: { file: 'p.yaml', line: 4 }, hint: 'raise the budget share to 10.71% or more, or use a shorter long window' });
  });

  test('a factor may be given as it is', () => {
    expect(factors(resolve({ spec: tiers('{ severity: page, factor: 10, long: 1h, short: 5m }') }).policy)).toEqual([10]);
  });

  test('share, window and long scale as the formula says, and never below 1', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 2, max: 72 }), fc.constantFrom(7, 28, 30, 90), (percent, hours, days) => {
      const { policy } = resolve({ spec: `{ presetFor: ${days}d, tiers: [{ severity: page, budget: ${percent}%, long: ${hours}h, short: 5m }] }`, window: `${days}d`, policies: '[]', target: 0.99999 });
      expect(policy?.tiers[0]?.factor).toBeCloseTo(Math.max(1, (percent / 100) * days * 24 / hours), 6);
    }), { numRuns: 100 });
  });
});

describe('what can never fire', () => {
  test('is lowered in presets: at 90 % a total outage burns at 10x, so the first tier asks for 9x', () => {
    const preset = (target: number): ReturnType<typeof resolve> => resolve({ spec: `{ presetFor: 30d, tiers: [${WORKBOOK.join(', ')}] }`, policies: '[]', target });
    expect([codes(preset(0.9).problems), factors(preset(0.9).policy)]).toEqual([[], [9, 6, 3, 1]]);
    expect(factors(preset(0.5).policy)).toEqual([1.8, 1.8, 1.8, 1]);
    expect([codes(preset(0.05).problems), factors(preset(0.05).policy)]).toEqual([[], [1, 1, 1, 1]]);
  });

  test('a preset is always within 1 ≤ factor < 1 / (1 - target), whatever the shares', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 72 }), fc.double({ min: 0.001, max: 0.999999, noNaN: true }), (percent, hours, target) => {
      const { policy, problems } = resolve({ spec: `{ presetFor: 30d, tiers: [{ severity: page, budget: ${percent}%, long: ${hours}h, short: 5m }] }`, policies: '[]', target });
      expect(problems).toEqual([]);
      expect(policy?.tiers[0]?.factor).toBeGreaterThanOrEqual(1);
      expect(policy?.tiers[0]?.factor).toBeLessThan(1 / (1 - target));
    }), { numRuns: 50 });
  });

  test('is a warning while another tier can (a total outage at 90 % burns at 10)', () => {
    const { policy, problems } = resolve({ spec: tiers(...WORKBOOK), target: 0.9 });
    expect(codes(problems)).toEqual(['warning rules/tier-never-fires']);
    expect(problems[0]?.at).toMatchObject({ file: 's.yaml', line: 9 });
    expect(problems[0]?.message).toContain('14.4x');
    expect(factors(policy)).toEqual([14.4, 6, 3, 1]);
  });

  test('is an error when no tier can', () => {
    const { policy, problems } = resolve({ spec: tiers(WORKBOOK[0] ?? ''), target: 0.9 });
    expect([policy, codes(problems)]).toEqual([undefined, ['error rules/tier-never-fires']]);
  });

  test('includes a factor that a total outage equals but does not exceed', () => {
    expect(codes(resolve({ spec: tiers('{ severity: page, factor: 10, long: 1h, short: 5m }', WORKBOOK[1] ?? ''), target: 0.9 }).problems)).toEqual(['warning rules/tier-never-fires']);
    expect(codes(resolve({ spec: tiers('{ severity: page, factor: 9.9, long: 1h, short: 5m }'), target: 0.9 }).problems)).toEqual([]);
  });
});

describe('mistakes in tiers', () => {
  test.each([
    ['long not longer than short', tiers('{ severity: page, budget: 2%, long: 5m, short: 5m }'), 'spec.tiers[0].short'],
    ['both budget and factor', tiers('{ severity: page, budget: 2%, factor: 3, long: 1h, short: 5m }'), 'spec.tiers[0].budget'],
    ['neither', tiers('{ severity: page, long: 1h, short: 5m }'), 'spec.tiers[0].budget'],
    ['a share without %', tiers('{ severity: page, budget: "2", long: 1h, short: 5m }'), 'spec.tiers[0].budget'],
    ['a share of 0', tiers('{ severity: page, budget: 0%, long: 1h, short: 5m }'), 'spec.tiers[0].budget'],
    ['a window in months', tiers('{ severity: page, budget: 2%, long: 1M, short: 5m }'), 'spec.tiers[0].long'],
    ['a window of seconds', tiers('{ severity: page, budget: 2%, long: 1h, short: 30s }'), 'spec.tiers[0].short'],
    ['a severity', tiers('{ severity: pager, budget: 2%, long: 1h, short: 5m }'), 'spec.tiers[0].severity'],
    ['no tiers', '{ tiers: [] }', 'spec.tiers'],
    ['a window longer than the SLO\'s', tiers('{ severity: page, factor: 2, long: 60d, short: 5m }'), 'SLO s'],
    ['a significance of 1', '{ tiers: [{ severity: page, budget: 2%, long: 1h, short: 5m }], evidence: { significance: 1 } }', 'spec.evidence.significance'],
  ])('%s', (_, spec, path) => {
    const { policy, problems } = resolve({ spec });
    expect(policy).toBeUndefined();
    expect(problems.map((problem) => problem.path)).toEqual([path]);
  });

  test('a wrong policy is reported once, not at every SLO that names it', () => {
    const { problems } = resolve({ spec: tiers('{ severity: page, budget: 2%, long: 5m, short: 1h }') });
    expect(problems).toHaveLength(1);
  });
});

describe('evidence', () => {
  test.each([
    ['off', { enabled: false, burn: 2, significance: 0.001 }],
    ['{ significance: 0.01 }', { enabled: true, burn: 2, significance: 0.01 }],
    ['{ burn: 3, significance: 0.0001 }', { enabled: true, burn: 3, significance: 0.0001 }],
  ])('%s', (evidence, expected) => {
    expect(resolve({ spec: `{ tiers: [${WORKBOOK[0] ?? ''}], evidence: ${evidence} }` }).policy?.evidence).toEqual(expected);
  });
});

describe('presets', () => {
  test('belong to one window; another window without alertPolicies is an error that lists them', () => {
    const { problems } = resolve({ spec: `{ presetFor: 28d, tiers: [${WORKBOOK.join(', ')}] }`, window: '14d', policies: '[]' });
    expect(codes(problems)).toEqual(['error rules/no-preset']);
    expect(problems[0]?.hint).toContain('28d');
  });
});

describe("OpenSLO's own AlertPolicy", () => {
  const policy = (condition: string, more = ''): string => `---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: a }
spec:
  ${more}
  conditions: [{ conditionRef: c }]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: c }
spec: { severity: page, condition: ${condition} }
`;
  const use = (condition: string, more = ''): ReturnType<typeof resolve> => resolve({ spec: tiers(WORKBOOK[0] ?? ''), policies: '[{ alertPolicyRef: a }]', more: policy(condition, more) });

  test('becomes one tier with one window', () => {
    const { policy: resolved, problems } = use('{ kind: burnrate, op: gte, threshold: 2, lookbackWindow: 1h, alertAfter: 0m }', 'alertWhenBreaching: true');
    expect(problems).toEqual([]);
    expect(resolved).toMatchObject({ name: 'a', tiers: [{ severity: 'page', longMs: 3_600_000, shortMs: 3_600_000, factor: 2 }] });
  });

  test('with alertAfter waits', () => {
    const { policy: resolved, problems } = use('{ kind: burnrate, op: gte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m }', 'alertWhenBreaching: true');
    expect(problems).toEqual([]);
    expect(resolved).toMatchObject({ tiers: [{ factor: 2, afterMs: 300_000 }] });
  });

  test('with op: lte, as the README has it, is honoured as "above" with a warning', () => {
    const { policy: resolved, problems } = use('{ kind: burnrate, op: lte, threshold: 2, lookbackWindow: 1h }');
    expect(codes(problems)).toEqual(['warning rules/suspicious-operator']);
    expect(factors(resolved)).toEqual([2]);
  });

  test.each([
    ['alertAfter in months', '{ op: gt, threshold: 2, lookbackWindow: 1h, alertAfter: 5M }', '', 'rules/invalid-value'],
    ['alertAfter of days', '{ op: gt, threshold: 2, lookbackWindow: 1h, alertAfter: 2d }', '', 'rules/invalid-value'],
    ['a threshold below 1', '{ op: gt, threshold: 0.5, lookbackWindow: 1h }', '', 'rules/invalid-value'],
    ['a window in months', '{ op: gt, threshold: 2, lookbackWindow: 1M }', '', 'rules/invalid-value'],
    ['alertWhenBreaching: false', '{ op: gt, threshold: 2, lookbackWindow: 1h }', 'alertWhenBreaching: false', 'rules/not-supported-yet'],
  ])('with %s is refused', (_, condition, more, code) => {
    const { policy: resolved, problems } = use(condition, more);
    expect([resolved, codes(problems)]).toEqual([undefined, [`error ${code}`]]);
  });

  test('with alertWhenNoData alerts when the traces have stopped, at the severity of its condition', () => {
    expect(use('{ op: gt, threshold: 2, lookbackWindow: 1h }', 'alertWhenNoData: true').policy?.whenStopped).toBe('page');
    expect(use('{ op: gt, threshold: 2, lookbackWindow: 1h }', 'alertWhenNoData: false').policy).not.toHaveProperty('whenStopped');
    expect(resolve({ spec: `{ tiers: [${WORKBOOK[0] ?? ''}], tracesStopped: ticket }` }).policy?.whenStopped).toBe('ticket');
    expect(resolve({ spec: `{ tiers: [${WORKBOOK[0] ?? ''}] }` }).policy).not.toHaveProperty('whenStopped');
  });

  test('its notification targets have no effect, and that is said', () => {
    expect(codes(use('{ op: gt, threshold: 2, lookbackWindow: 1h }', 'notificationTargets: [{ targetRef: somebody }]').problems)).toEqual(['warning rules/decided-elsewhere']);
  });

  test('may stand inline, several together make one policy', () => {
    const inline = (threshold: number): string => `{ kind: AlertPolicy, spec: { conditions: [{ kind: AlertCondition, spec: { severity: ticket, condition: { op: gt, threshold: ${threshold}, lookbackWindow: 6h } } }] } }`;
    const { policy: resolved, problems } = resolve({ spec: tiers(WORKBOOK[0] ?? ''), policies: `[${inline(2)}, ${inline(5)}]` });
    expect(problems).toEqual([]);
    expect([resolved?.name, factors(resolved)]).toEqual(['s-1+s-2', [5, 2]]);
  });
});
