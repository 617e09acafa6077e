import { describe, expect, test } from 'vitest';
import type { Problem } from '../lib/problem.js';
import { loadRules } from './load-rules.js';
import type { Slo } from './slo.js';

const PRESET = `apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: month }
spec: { presetFor: 30d, tiers: [{ severity: page, budget: 2%, long: 1h, short: 5m }] }
---
apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: any }
spec: { tiers: [{ severity: page, factor: 5, long: 6h, short: 30m }] }
`;

const RATIO = "{ ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{ kind = server }' } } }, bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } } } }";
const threshold = (more: string): string => `{ thresholdMetric: { metricSource: { type: traces, spec: { query: '{ kind = server }', ${more} } } } }`;

interface Parts {
  readonly sli?: string;
  readonly window?: string;
  readonly method?: string;
  readonly objectives?: string;
  readonly policy?: string;
}

function load({ sli = RATIO, window = '{ duration: 30d, isRolling: true }', method = 'Occurrences', objectives = '[{ target: 0.99 }]', policy = 'any' }: Parts): { slos: readonly Slo[]; problems: readonly Problem[] } {
  const slo = `apiVersion: openslo/v1
kind: SLO
metadata: { name: checkout, displayName: Checkout }
spec:
  service: checkout
  budgetingMethod: ${method}
  timeWindow: [${window}]
  indicator: { spec: ${sli} }
  objectives: ${objectives}
  ${policy === '' ? '' : `alertPolicies: [{ alertPolicyRef: ${policy} }]`}
`;
  const { rules, problems } = loadRules([{ path: 'policies.yaml', text: PRESET }, { path: 'slo.yaml', text: slo }]);
  return { slos: rules.slos, problems };
}

const brief = ({ slos, problems }: ReturnType<typeof load>): string[] => {
  expect(slos).toEqual([]);
  return problems.map(({ code, path, level }) => `${level} ${code} ${path}`);
};
const sound = (parts: Parts): readonly Slo[] => {
  const { slos, problems } = load(parts);
  expect(problems).toEqual([]);
  return slos;
};

describe('calendar windows', () => {
  const calendar = (duration: string, timeZone = 'Europe/Berlin', startTime = '2026-01-01 00:00:00'): string => `{ duration: ${duration}, calendar: { startTime: "${startTime}", timeZone: ${timeZone} }, isRolling: false }`;

  test.each([
    ['1d', { unit: 'day', count: 1 }, 1], ['1w', { unit: 'week', count: 1 }, 7], ['2w', { unit: 'week', count: 2 }, 14],
    ['1M', { unit: 'month', count: 1 }, 30], ['1Q', { unit: 'quarter', count: 1 }, 90], ['1Y', { unit: 'year', count: 1 }, 365],
  ])('of %s', (duration, expected, days) => {
    const [slo] = sound({ window: calendar(duration) });
    expect(slo).toMatchObject({ windowMs: days * 86_400_000, calendar: { ...expected, timeZone: 'Europe/Berlin', startWallMs: Date.UTC(2026, 0, 1) } });
  });

  test('have the preset of their usual length', () => {
    expect(sound({ window: calendar('1M'), policy: '' })[0]?.policy.name).toBe('month');
  });

  test('need no isRolling where a calendar is given, as OpenSLO has it', () => {
    expect(sound({ window: '{ duration: 1M, calendar: { startTime: 2020-01-21 12:30:00, timeZone: America/New_York } }' })[0]?.calendar?.startWallMs).toBe(Date.UTC(2020, 0, 21, 12, 30));
  });

  test.each([
    ['m for M', calendar('1m'), 'error rules/suspicious-duration spec.timeWindow[0].duration'],
    ['hours', calendar('12h'), 'error rules/suspicious-duration spec.timeWindow[0].duration'],
    ['two years', calendar('2Y'), 'error rules/suspicious-duration spec.timeWindow[0].duration'],
    ['an unknown zone', calendar('1M', 'Europe/Atlantis'), 'error rules/invalid-value spec.timeWindow[0].calendar.timeZone'],
    ['a day that does not exist', calendar('1M', 'UTC', '2026-02-30 00:00:00'), 'error rules/invalid-value spec.timeWindow[0].calendar.startTime'],
    ['a start with a zone', calendar('1M', 'UTC', '2026-02-01T00:00:00Z'), 'error rules/invalid-value spec.timeWindow[0].calendar.startTime'],
    ['a calendar that rolls', calendar('1M').replace('false', 'true'), 'error rules/invalid-value spec.timeWindow[0].isRolling'],
    ['neither', '{ duration: 30d }', undefined],
    ['not rolling without a calendar', '{ duration: 30d, isRolling: false }', 'error rules/missing-key spec.timeWindow[0]'],
  ])('with %s', (_, window, problem) => {
    const loaded = load({ window });
    if (problem === undefined) expect(loaded.problems).toEqual([]);
    else expect(brief(loaded)).toEqual([problem]);
  });
});

describe('budgeting methods', () => {
  test('Timeslices and RatioTimeslices', () => {
    expect(sound({ method: 'Timeslices', objectives: '[{ target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5m }]' })[0]?.method).toEqual({ kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 });
    expect(sound({ method: 'Timeslices', objectives: '[{ target: 0.99, timeSliceTarget: 1, timeSliceWindow: 10 }]' })[0]?.method).toEqual({ kind: 'timeslices', sliceMinutes: 10, sliceTarget: 1 });
    expect(sound({ method: 'RatioTimeslices', objectives: '[{ target: 0.99, timeSliceWindow: 1m }]' })[0]?.method).toEqual({ kind: 'ratio-timeslices', sliceMinutes: 1 });
    expect(sound({})[0]?.method).toBeUndefined();
  });

  test.each([
    ['no slice target', 'Timeslices', '{ target: 0.99, timeSliceWindow: 5m }', 'rules/missing-key spec.objectives[0]'],
    ['no slice window', 'Timeslices', '{ target: 0.99, timeSliceTarget: 0.9 }', 'rules/missing-key spec.objectives[0]'],
    ['a slice that does not divide a day', 'Timeslices', '{ target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 7m }', 'rules/invalid-value spec.objectives[0].timeSliceWindow'],
    ['a slice target above 1', 'Timeslices', '{ target: 0.99, timeSliceTarget: 95, timeSliceWindow: 5m }', 'rules/invalid-value spec.objectives[0].timeSliceTarget'],
    ['a slice target for ratios', 'RatioTimeslices', '{ target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m }', 'rules/invalid-value spec.objectives[0].timeSliceTarget'],
    ['slices for occurrences', 'Occurrences', '{ target: 0.99, timeSliceWindow: 5m }', 'rules/invalid-value spec.objectives[0].timeSliceWindow'],
    ['slices longer than the short window', 'RatioTimeslices', '{ target: 0.99, timeSliceWindow: 1h }', 'rules/invalid-value SLO checkout'],
  ])('with %s', (_, method, objective, problem) => {
    expect(brief(load({ method, objectives: `[${objective}]` }))).toEqual([`error ${problem}`]);
  });
});

describe('thresholds on the duration of spans', () => {
  test('compare each span, in milliseconds or seconds', () => {
    const [slo] = sound({ sli: threshold('durationUnit: ms'), objectives: '[{ target: 0.99, op: lte, value: 300 }]' });
    expect([slo?.indicator.total.text, slo?.indicator.good?.text, slo?.method]).toEqual(['{ kind = server }', '{ duration <= 300ms }', undefined]);
    expect(sound({ sli: threshold('durationUnit: s'), objectives: '[{ target: 0.99, op: lt, value: 0.3 }]' })[0]?.indicator.good?.text).toBe('{ duration < 0.3s }');
    expect(sound({ sli: threshold('durationUnit: ms'), objectives: '[{ target: 0.99, op: gt, value: 1 }]' })[0]?.indicator.good?.text).toBe('{ duration > 1ms }');
  });

  test('judge slices by a percentile: "p95 at most 300 ms" is "at least 95 % take at most 300 ms"', () => {
    const [slo] = sound({ sli: threshold('durationUnit: ms, aggregate: p95'), method: 'Timeslices', objectives: '[{ target: 0.99, op: lte, value: 300, timeSliceWindow: 5m }]' });
    expect([slo?.indicator.good?.text, slo?.method]).toEqual(['{ duration <= 300ms }', { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 }]);
  });

  test('judge slices by their mean', () => {
    const [slo] = sound({ sli: threshold('durationUnit: s, aggregate: mean'), method: 'Timeslices', objectives: '[{ target: 0.99, op: lte, value: 0.3, timeSliceWindow: 1m }]' });
    expect([slo?.indicator.measure, slo?.method]).toEqual([{ kind: 'mean', limitNs: 300_000_000 }, { kind: 'mean-timeslices', sliceMinutes: 1 }]);
  });

  test.each([
    ['without op', threshold('durationUnit: ms'), 'Occurrences', '{ target: 0.99, value: 300 }', 'rules/missing-key spec.objectives[0]'],
    ['without a unit', threshold('weight: auto'), 'Occurrences', '{ target: 0.99, op: lte, value: 300 }', 'rules/missing-key spec.indicator.spec.thresholdMetric.metricSource.spec'],
    ['of nothing', threshold('durationUnit: ms'), 'Occurrences', '{ target: 0.99, op: lte, value: 0 }', 'rules/invalid-value spec.objectives[0].value'],
    ['by a percentile of each span', threshold('durationUnit: ms, aggregate: p95'), 'Occurrences', '{ target: 0.99, op: lte, value: 300 }', 'rules/invalid-value spec.budgetingMethod'],
    ['by no percentile', threshold('durationUnit: ms, aggregate: p100'), 'Occurrences', '{ target: 0.99, op: lte, value: 300 }', 'rules/invalid-value spec.indicator.spec.thresholdMetric.metricSource.spec.aggregate'],
    ['by a high percentile', threshold('durationUnit: ms, aggregate: p95'), 'Timeslices', '{ target: 0.99, op: gte, value: 300, timeSliceWindow: 5m }', 'rules/invalid-value spec.objectives[0].op'],
    ['twice', threshold('durationUnit: ms'), 'Occurrences', '{ target: 0.99, op: lte, value: 300 }, { target: 0.9, op: lte, value: 100 }', 'rules/invalid-value spec.objectives[1]'],
    ['for a ratio', RATIO, 'Occurrences', '{ target: 0.99, op: lte, value: 300 }', 'rules/invalid-value spec.objectives[0].op'],
  ])('%s', (_, sli, method, objectives, problem) => {
    expect(brief(load({ sli, method, objectives: `[${objectives}]` }))).toContain(`error ${problem}`);
  });

  test('in an SLI of its own are checked there, once', () => {
    const sli = `apiVersion: openslo/v1\nkind: SLI\nmetadata: { name: quick }\nspec: ${threshold('aggregate: median')}\n`;
    const { problems } = loadRules([{ path: 'sli.yaml', text: sli }]);
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['rules/missing-key spec.thresholdMetric.metricSource.spec', 'rules/invalid-value spec.thresholdMetric.metricSource.spec.aggregate']);
  });
});

describe('raw ratios', () => {
  const raw = (more: string, spec = "query: '{ name = \"nightly import\" }', value: batch.ok_ratio"): string => `{ ratioMetric: { raw: { metricSource: { type: traces, spec: { ${spec} } } }${more} } }`;

  test('are attributes of spans, of successes or of failures', () => {
    expect(sound({ sli: raw(', rawType: success') })[0]?.indicator).toMatchObject({ measure: { kind: 'share', attribute: 'batch.ok_ratio', of: 'good' }, bad: { text: '{ span."batch.ok_ratio" < 1 }' } });
    expect(sound({ sli: raw(', rawType: failure') })[0]?.indicator).toMatchObject({ measure: { of: 'bad' }, bad: { text: '{ span."batch.ok_ratio" > 0 }' } });
    expect(sound({ sli: raw(', rawType: failure, counter: false') })).toHaveLength(1);
  });

  test.each([
    ['without rawType', raw(''), 'rules/missing-key spec.indicator.spec.ratioMetric'],
    ['without value', raw(', rawType: success', "query: '{}'"), 'rules/missing-key spec.indicator.spec.ratioMetric.raw.metricSource.spec.value'],
    ['beside a total', raw(", rawType: success, total: { metricSource: { type: traces, spec: { query: '{}' } } }"), 'rules/invalid-value spec.indicator.spec.ratioMetric.total'],
    ['rawType alone', '{ ratioMetric: { rawType: success } }', 'rules/missing-key spec.indicator.spec.ratioMetric'],
    ['nothing', '{ ratioMetric: { counter: false } }', 'rules/missing-key spec.indicator.spec.ratioMetric'],
  ])('%s', (_, sli, problem) => {
    expect(brief(load({ sli }))).toEqual([`error ${problem}`]);
  });
});

describe('several objectives', () => {
  test('are SLOs of their own, named by their displayName or their place', () => {
    const slos = sound({ objectives: '[{ target: 0.99, displayName: "Most of it" }, { targetPercent: 99.9 }]' });
    expect(slos.map(({ name, displayName, target }) => [name, displayName, target])).toEqual([['checkout-most-of-it', 'Checkout: Most of it', 0.99], ['checkout-2', 'Checkout: 99.9 %', 0.999]]);
  });

  test('must not have one name', () => {
    const { problems } = load({ objectives: '[{ target: 0.99, displayName: A }, { target: 0.9, displayName: a }]' });
    expect(problems.map(({ code }) => code)).toEqual(['rules/duplicate-name']);
  });

  test('tell a mistake of their SLI once', () => {
    const { problems } = load({ sli: RATIO.replace('total:', 'counter: true, total:'), objectives: '[{ target: 0.99 }, { target: 0.9 }]' });
    expect(problems).toHaveLength(1);
  });
});

/** Documents in the shapes that OpenSLO's specification shows for each kind, in the words of a shop. */
const ENVELOPES = `apiVersion: openslo/v1
kind: DataSource
metadata: { name: otlp, displayName: What the collectors send }
spec: { description: Spans, type: traces, connectionDetails: {} }
---
apiVersion: openslo/v1
kind: Service
metadata: { name: basket, labels: { team: [web, core], tier: "1" }, annotations: { shop.example/board: "https://board.example" } }
spec: { description: Holds what is about to be bought }
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: { name: on-call }
spec: { description: Whoever has the pager, target: slack }
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: fast-burn }
spec: { description: Two percent in an hour, severity: page, condition: { kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 0m } }
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: fast }
spec: { description: Wakes somebody, alertWhenBreaching: true, conditions: [{ conditionRef: fast-burn }] }
---
apiVersion: openslo/v1
kind: SLI
metadata: { name: basket-ok }
spec:
  description: What the basket answers
  ratioMetric:
    counter: false
    good: { metricSource: { metricSourceRef: otlp, type: traces, spec: { query: '{ status != error }' } } }
    total: { metricSource: { metricSourceRef: otlp, type: traces, spec: { query: '{ resource.service.name = "basket" && kind = server }' } } }
`;
const OBJECTIVES = `apiVersion: openslo/v1
kind: SLO
metadata: { name: basket, displayName: Basket }
spec:
  description: The basket answers
  service: basket
  indicatorRef: basket-ok
  timeWindow: [{ duration: 4w, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ displayName: usually, target: 0.98 }, { displayName: nearly always, targetPercent: 99.95 }]
  alertPolicies: [{ alertPolicyRef: fast }]
`;

describe('the kinds of OpenSLO v1', () => {
  test('are read without a word, with everything by reference', () => {
    const { rules, problems } = loadRules([{ path: 'all.yaml', text: `${ENVELOPES}---\n${OBJECTIVES}` }]);
    expect(problems).toEqual([]);
    expect(rules.slos.map(({ name, target, windowMs, policy }) => [name, target, windowMs, policy.tiers[0]?.factor])).toEqual([
      ['basket-usually', 0.98, 28 * 86_400_000, 14.4], ['basket-nearly-always', 0.9995, 28 * 86_400_000, 14.4],
    ]);
  });

  test('may stand inline in the SLO', () => {
    const inline = OBJECTIVES.replace('alertPolicyRef: fast', 'kind: AlertPolicy, metadata: { name: inline }, spec: { conditions: [{ kind: AlertCondition, metadata: { name: c }, spec: { severity: page, condition: { kind: burnrate, op: gt, threshold: 10, lookbackWindow: 1h } } }] }')
      .replace('indicatorRef: basket-ok', `indicator: { metadata: { name: inline }, spec: ${RATIO} }`);
    const { rules, problems } = loadRules([{ path: 'all.yaml', text: inline }]);
    expect(problems).toEqual([]);
    expect(rules.slos[0]?.policy.tiers).toMatchObject([{ severity: 'page', factor: 10 }]);
  });

  test('on metrics of other systems are told once for each source, whatever their specs hold', () => {
    const foreign = OBJECTIVES.replace('indicatorRef: basket-ok', `indicator:
    metadata: { name: from-prometheus }
    spec:
      ratioMetric:
        counter: true
        good: { metricSource: { type: Prometheus, spec: { promql: "sum(ok)", step: 60, nested: { a: [1] } } } }
        total: { metricSource: { type: Prometheus, metricSourceRef: elsewhere, spec: { promql: "sum(all)" } } }`).replace('alertPolicyRef: fast', 'alertPolicyRef: any');
    const { problems } = loadRules([{ path: 'policies.yaml', text: PRESET }, { path: 'slo.yaml', text: foreign }]);
    expect(problems.map(({ code, path }) => `${code} ${path.replace('spec.indicator.spec.ratioMetric.', '')}`)).toEqual([
      'rules/invalid-value counter', 'rules/not-supported-yet good.metricSource.type', 'rules/unknown-reference total.metricSource.metricSourceRef',
    ]);
  });

  test('that a threshold on a gauge of another system holds is told once', () => {
    const sli = "apiVersion: openslo/v1\nkind: SLI\nmetadata: { name: queue }\nspec: { thresholdMetric: { metricSource: { type: Datadog, spec: { q: 'avg:queue.length{*}' } } } }\n";
    expect(loadRules([{ path: 'sli.yaml', text: sli }]).problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['rules/not-supported-yet spec.thresholdMetric.metricSource.type']);
  });
});
