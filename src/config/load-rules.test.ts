import { describe, expect, test } from 'vitest';
import { formatProblem, type Problem } from '../lib/problem.js';
import { checkRunbookReferences, loadRules, type LoadedRules } from './load-rules.js';
import type { Slo } from './slo.js';

const POLICY = `
apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: burn-30d }
spec:
  tiers:
    - { severity: ticket, budget: 10%, long: 3d, short: 6h }
    - { severity: page, budget: 2%, long: 1h, short: 5m }
`;

interface SloParts {
  readonly metadata?: string;
  readonly service?: string;
  readonly window?: string;
  readonly method?: string;
  readonly indicator?: string;
  readonly objectives?: string;
  readonly policies?: string;
  readonly more?: string;
}

const RATIO = "indicator: { spec: { ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{ kind = server }' } } }, bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } } } } }";

function slo(parts: SloParts = {}): string {
  return [
    'apiVersion: openslo/v1',
    'kind: SLO',
    `metadata: ${parts.metadata ?? '{ name: checkout }'}`,
    'spec:',
    `  service: ${parts.service ?? 'checkout'}`,
    `  budgetingMethod: ${parts.method ?? 'Occurrences'}`,
    `  timeWindow: [${parts.window ?? '{ duration: 30d, isRolling: true }'}]`,
    `  ${parts.indicator ?? RATIO}`,
    `  objectives: ${parts.objectives ?? '[{ target: 0.999 }]'}`,
    `  alertPolicies: ${parts.policies ?? '[{ alertPolicyRef: burn-30d }]'}`,
    ...(parts.more === undefined ? [] : [parts.more]),
    '',
  ].join('\n');
}

const load = (...texts: string[]): LoadedRules => loadRules([{ path: 'policy.yaml', text: POLICY }, ...texts.map((text, index) => ({ path: `${'abc'[index] ?? 'z'}.yaml`, text }))]);
const brief = (problems: readonly Problem[]): string[] => problems.map(({ at, code, path, level }) => `${level} ${at.file}:${at.line} ${code} ${path}`);
const only = (...texts: string[]): Slo => {
  const { rules, problems } = load(...texts);
  expect(problems.map(formatProblem)).toEqual([]);
  const [first] = rules.slos;
  if (first === undefined) throw new Error('no SLO');
  return first;
};
const firstProblem = (...texts: string[]): Problem => {
  const [problem] = load(...texts).problems;
  if (problem === undefined) throw new Error('no problem');
  return problem;
};

describe('a sound SLO', () => {
  test('is resolved with its policy, fastest tier first', () => {
    const resolved = only(slo({ metadata: '{ name: checkout, displayName: Works, labels: { team: [a, b] }, annotations: { tocsin.dev/runbook: r, tocsin.dev/owner: o } }' }));
    expect(resolved).toMatchObject({ name: 'checkout', displayName: 'Works', service: 'checkout', target: 0.999, windowMs: 30 * 86_400_000, runbook: 'r', owner: 'o', labels: { team: 'a,b' } });
    expect(resolved.policy).toEqual({
      name: 'burn-30d',
      tiers: [{ severity: 'page', longMs: 3_600_000, shortMs: 300_000, factor: 14.4 }, { severity: 'ticket', longMs: 259_200_000, shortMs: 21_600_000, factor: 1 }],
      evidence: { enabled: true, burn: 2, significance: 0.001 },
    });
    expect(resolved.indicator.weight).toBe('auto');
    expect(Object.isFrozen(resolved.policy.tiers)).toBe(true);
  });

  test('may write its target in percent', () => {
    expect(only(slo({ objectives: '[{ targetPercent: 99.9 }]' })).target).toBe(0.999);
  });

  test('may refer to an SLI and a data source elsewhere', () => {
    const sli = `
apiVersion: openslo/v1
kind: SLI
metadata: { name: ok }
spec:
  ratioMetric:
    total:
      metricSource:
        metricSourceRef: otlp
        spec:
          query: |
            { kind = server }
          weight: SampleRate
    good: { metricSource: { metricSourceRef: otlp, spec: { query: '{ status != error }' } } }
---
apiVersion: openslo/v1
kind: DataSource
metadata: { name: otlp }
spec: { type: traces, connectionDetails: {} }
`;
    const resolved = only(slo({ indicator: 'indicatorRef: ok' }), sli);
    expect(resolved.indicator.weight).toEqual({ attribute: 'SampleRate' });
    expect(resolved.indicator.total.at).toEqual({ file: 'b.yaml', line: 12, column: 13 });
    expect(resolved.indicator.good?.text).toBe('{ status != error }');
    expect(resolved.indicator.bad).toBeUndefined();
  });

  test('files and their order make no difference', () => {
    const one = load(slo(), slo({ metadata: '{ name: other }' }));
    const other = loadRules([{ path: 'x.yaml', text: [slo({ metadata: '{ name: other }' }), slo(), POLICY].join('---\n') }]);
    const withoutPlaces = ({ rules }: LoadedRules): unknown => rules.slos.map(({ name, policy, target }) => ({ name, policy, target })).sort((left, right) => left.name.localeCompare(right.name));
    expect(withoutPlaces(other)).toEqual(withoutPlaces(one));
  });
});

describe('what this version cannot honour is an error, never ignored', () => {
  test.each([
    ['another metric source', slo({ indicator: RATIO.replace('type: traces', 'type: prometheus') }), 'spec.indicator.spec.ratioMetric.total.metricSource.type'],
    ['a kind of a later version', 'apiVersion: tocsin.dev/v1\nkind: RunbookAction\nmetadata: { name: x }\n', 'kind'],
  ])('%s', (_, text, path) => {
    const { problems, rules } = load(text);
    expect(problems.map((problem) => `${problem.code} ${problem.path}`)).toContain(`rules/not-supported-yet ${path}`);
    expect(problems.every(({ at }) => at.file === 'a.yaml' && at.line >= 1)).toBe(true);
    expect(rules.slos).toEqual([]);
  });
});

describe('whole traces', () => {
  const total = (indicator: string): string => indicator.replace("'{ kind = server }'", "'{ kind = server }', unit: trace");

  test('are counted where total says so', () => {
    expect(only(slo({ indicator: total(RATIO) })).indicator.unit).toBe('trace');
    expect(only(slo({ indicator: total(RATIO).replace("'{ status = error }'", "'{ status = error }', unit: trace") })).indicator.unit).toBe('trace');
    expect(only(slo()).indicator.unit).toBeUndefined();
  });

  test.each([
    ['for one half of a ratio', slo({ indicator: RATIO.replace("'{ status = error }'", "'{ status = error }', unit: trace") }), 'spec.indicator.spec.ratioMetric.bad.metricSource.spec.unit'],
    ['for durations', slo({ indicator: "indicator: { spec: { thresholdMetric: { metricSource: { type: traces, spec: { query: '{ }', durationUnit: ms, unit: trace } } } } }", objectives: '[{ target: 0.9, op: lte, value: 3 }]' }), 'spec.indicator.spec.thresholdMetric.metricSource.spec.unit'],
    ['for shares', slo({ indicator: "indicator: { spec: { ratioMetric: { rawType: success, raw: { metricSource: { type: traces, spec: { query: '{ }', value: share, unit: trace } } } } } }" }), 'spec.indicator.spec.ratioMetric.raw.metricSource.spec.unit'],
  ])('%s are refused', (_, text, path) => {
    expect(load(text).problems.map(({ code, path: at }) => `${code} ${at}`)).toContain(`rules/invalid-value ${path}`);
  });
});

describe('groups', () => {
  test('are made by attributes at "total"', () => {
    const grouped = only(slo({ indicator: RATIO.replace("'{ kind = server }'", "'{ kind = server }', groupBy: [http.route, resource.cloud.region]") }));
    expect(grouped.indicator.groupBy?.map(({ text, at }) => [text, at.line])).toEqual([['http.route', 8], ['resource.cloud.region', 8]]);
  });

  test.each([
    ['at "bad"', RATIO.replace("'{ status = error }'", "'{ status = error }', groupBy: [http.route]"), 'rules/invalid-value spec.indicator.spec.ratioMetric.bad.metricSource.spec.groupBy'],
    ['by nothing', RATIO.replace("'{ kind = server }'", "'{ kind = server }', groupBy: []"), 'rules/invalid-value spec.indicator.spec.ratioMetric.total.metricSource.spec.groupBy'],
    ['by what is no name', RATIO.replace("'{ kind = server }'", "'{ kind = server }', groupBy: ['a b']"), 'rules/invalid-value spec.indicator.spec.ratioMetric.total.metricSource.spec.groupBy[0]'],
  ])('%s are refused', (_, indicator, problem) => {
    expect(load(slo({ indicator })).problems.map(({ code, path }) => `${code} ${path}`)).toContain(problem);
  });
});

describe('composite objectives', () => {
  const PARTS = `
    - { displayName: search, target: 0.99, indicator: { spec: { ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{ kind = server }' } } }, bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } } } } } }
    - { target: 0.999, compositeWeight: 2, indicatorRef: pay }`;
  const PAY = `apiVersion: openslo/v1
kind: SLI
metadata: { name: pay }
spec: { ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{ kind = consumer }' } } }, good: { metricSource: { type: traces, spec: { query: '{ status != error }' } } } } }
`;

  test('are one SLO that alerts and its parts, which do not; the burn rates of the parts add up by their weights', () => {
    const { rules, problems } = load(slo({ indicator: '', objectives: PARTS }), PAY);
    expect(problems).toEqual([]);
    const [whole, ...parts] = rules.slos;
    expect(rules.slos.map(({ name, partOf, policy }) => [name, partOf, policy.tiers.length])).toEqual([['checkout', undefined, 2], ['checkout-search', 'checkout', 2], ['checkout-2', 'checkout', 2]]);
    expect(whole?.composite?.map(({ slo: { name }, weight }) => [name, weight])).toEqual([['checkout-search', 1], ['checkout-2', 2]]);
    // 1/(1-T) = 1/0.01 + 2/0.001
    expect(whole?.target).toBeCloseTo(1 - 1 / 2_100, 12);
    expect(parts.map(({ target }) => target)).toEqual([0.99, 0.999]);
  });

  test.each([
    ['a shared indicator beside them', slo({ objectives: PARTS }), 'rules/invalid-value spec.indicator', 'remove it, or remove those of the objectives'],
    ['a part without an indicator', slo({ indicator: '', objectives: `${PARTS}\n    - { target: 0.9 }` }), 'rules/missing-key spec.objectives[2]', 'add "indicator" or "indicatorRef"'],
    ['a single part', slo({ indicator: '', objectives: '[{ target: 0.999, indicatorRef: pay }]' }), 'rules/invalid-value spec.objectives', 'write the indicator at "spec", beside "objectives"'],
    ['a weight without parts', slo({ objectives: '[{ target: 0.999, compositeWeight: 2 }]' }), 'rules/invalid-value spec.objectives[0].compositeWeight', 'remove it, or give each objective an "indicator" or "indicatorRef"'],
    ['weights that leave nothing to spend', slo({ indicator: '', objectives: '[{ target: 0.5, compositeWeight: 0.1, indicatorRef: pay }, { target: 0.5, compositeWeight: 0.1, indicatorRef: pay, displayName: b }]' }), 'rules/invalid-value spec.objectives[0].compositeWeight', 'weights are usually around 1, or add up to 1'],
    ['slices of different lengths', slo({ indicator: '', method: 'Timeslices', objectives: '[{ target: 0.9, timeSliceTarget: 0.9, timeSliceWindow: 1m, indicatorRef: pay }, { displayName: b, target: 0.9, timeSliceTarget: 0.9, timeSliceWindow: 5m, indicatorRef: pay }]' }), 'rules/invalid-value spec.objectives[1].timeSliceWindow', 'give all of them the same timeSliceWindow'],
    ['an SLI that is nowhere', slo({ indicator: '', objectives: PARTS.replace('ref: pay', '').replace('indicatorRef: pay', 'indicatorRef: pays') }), 'rules/unknown-reference spec.objectives[1].indicatorRef', 'did you mean "pay"?'],
  ])('%s', (_, text, problem, hint) => {
    const { problems, rules } = load(text, PAY);
    const found = problems.find(({ code, path }) => `${code} ${path}` === problem);
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toContain(problem);
    expect(found?.hint).toBe(hint);
    expect(rules.slos).toEqual([]);
  });
});

describe('mistakes', () => {
  test.each([
    ['unknown keys', slo({ more: '  alertPolices: []' }), 'rules/unknown-key spec.alertPolices', 'did you mean "alertPolicies"?'],
    ['missing keys', slo().replace('  service: checkout\n', ''), 'rules/missing-key spec.service', 'add it: text'],
    ['names', slo({ metadata: '{ name: Check_Out }' }), 'rules/invalid-value metadata.name', ''],
    ['a list where a mapping belongs', slo({ metadata: '[a]' }), 'rules/wrong-type metadata', ''],
    ['a version as a number', slo({ metadata: '{ name: a, labels: { version: 2 } }' }), 'rules/wrong-type metadata.labels.version', ''],
    ['a length of time without its unit', slo().replace('duration: 30d', 'duration: 30'), 'rules/wrong-type spec.timeWindow[0].duration', 'put quotes around it, "30"; a length of time or a share needs its unit, like 5m or 2%'],
    ['an unknown policy', slo({ policies: '[{ alertPolicyRef: burn-30 }]' }), 'rules/unknown-reference spec.alertPolicies[0].alertPolicyRef', 'did you mean "burn-30d"?'],
    ['a reference with a misspelt key', slo({ policies: '[{ alertPolicyReff: burn-30d }]' }), 'rules/unknown-key spec.alertPolicies[0].alertPolicyReff', 'did you mean "alertPolicyRef"?'],
    ['an unknown SLI', slo({ indicator: 'indicatorRef: nope' }), 'rules/unknown-reference spec.indicatorRef', ''],
    ['two indicators', slo({ more: '  indicatorRef: x' }), 'rules/invalid-value spec', 'write exactly one of them'],
    ['neither good nor bad', slo({ indicator: "indicator: { spec: { ratioMetric: { total: { metricSource: { type: traces, spec: { query: '{}' } } } } } }" }), 'rules/invalid-value spec.indicator.spec.ratioMetric', 'write exactly one of them; it is matched within "total"'],
    ['a counter', slo({ indicator: RATIO.replace('total:', 'counter: true, total:') }), 'rules/invalid-value spec.indicator.spec.ratioMetric.counter', 'write counter: false'],
    ['two windows', slo({ window: '{ duration: 30d }, { duration: 7d }' }), 'rules/invalid-value spec.timeWindow', ''],
    ['a window in months', slo({ window: '{ duration: 1M }' }), 'rules/suspicious-duration spec.timeWindow[0].duration', ''],
    ['a window without a unit', slo({ window: '{ duration: "30" }' }), 'rules/suspicious-duration spec.timeWindow[0].duration', ''],
    ['a target of 1', slo({ objectives: '[{ target: 1 }]' }), 'rules/invalid-value spec.objectives[0].target', 'promise a little less, like 0.999'],
    ['a target of 0', slo({ objectives: '[{ target: 0 }]' }), 'rules/invalid-value spec.objectives[0].target', 'it is the share of good events that is promised, like 0.999'],
    ['percent as ratio', slo({ objectives: '[{ target: 99.9 }]' }), 'rules/suspicious-target spec.objectives[0].target', 'write target: 0.999 or targetPercent: 99.9'],
    ['two targets', slo({ objectives: '[{ target: 0.9, targetPercent: 90 }]' }), 'rules/invalid-value spec.objectives[0]', 'write one of them: target: 0.999, or targetPercent: 99.9'],
    ['a label that Tocsin sets', slo({ metadata: '{ name: a, labels: { severity: low } }' }), 'rules/reserved-name metadata.labels.severity', 'take another name, like own_severity'],
    ['a misspelt annotation', slo({ metadata: '{ name: a, annotations: { tocsin.dev/runbok: x } }' }), 'rules/reserved-name metadata.annotations.tocsin.dev/runbok', 'Tocsin reads tocsin.dev/runbook and tocsin.dev/owner'],
    ['an unknown kind', slo().replace('kind: SLO', 'kind: SLOO'), 'rules/unknown-kind kind', 'did you mean "SLO"?'],
    ['an unknown version', slo().replace('openslo/v1', 'openslo/v2alpha'), 'rules/unknown-kind apiVersion', 'SLOs have openslo/v1; BurnRatePolicy and Receiver have tocsin.dev/v1'],
    ['routing in another file', 'route: { receiver: a }\n', 'rules/unknown-kind apiVersion', 'this looks like routing: its file is rules/routing.yaml'],
    ['a list', '- a\n', 'yaml/not-a-mapping ', 'remove this document, or separate documents with ---'],
  ])('%s', (_, text, expected, hint) => {
    const problem = firstProblem(text);
    expect(`${problem.code} ${problem.path}`).toBe(expected);
    expect(problem.level).toBe('error');
    expect(problem.at.file).toBe('a.yaml');
    if (hint !== '') expect(problem.hint).toBe(hint);
    expect(load(text).rules.slos).toEqual([]);
  });

  test('all of them come at once, sorted by place', () => {
    const { problems } = load(slo({ service: 'Check Out', objectives: '[{ target: 2, tarjet: 1 }]', metadata: '{ name: X }' }), slo({ policies: '[{ alertPolicyRef: nope }]', window: '{ duration: 5y }', objectives: '[{}]' }));
    expect(brief(problems)).toEqual([
      'error a.yaml:3 rules/invalid-value metadata.name',
      'error a.yaml:5 rules/invalid-value spec.service',
      'error a.yaml:9 rules/unknown-key spec.objectives[0].tarjet',
      'error b.yaml:7 rules/suspicious-duration spec.timeWindow[0].duration',
      'error b.yaml:9 rules/missing-key spec.objectives[0]',
      'error b.yaml:10 rules/unknown-reference spec.alertPolicies[0].alertPolicyRef',
    ]);
  });

  test('the same name twice names the other place', () => {
    const { problems } = load(slo(), slo());
    expect(brief(problems)).toEqual(['error b.yaml:3 rules/duplicate-name metadata.name']);
    expect(problems[0]?.message).toContain('a.yaml:3');
  });

  test('an SLI that two SLOs share is reported once', () => {
    const sli = "apiVersion: openslo/v1\nkind: SLI\nmetadata: { name: ok }\nspec: { ratioMetric: { counter: true, total: { metricSource: { type: traces, spec: { query: '{}' } } }, bad: { metricSource: { type: traces, spec: { query: '{}' } } } } }\n";
    const { problems, rules } = load(slo({ indicator: 'indicatorRef: ok' }), slo({ metadata: '{ name: two }', indicator: 'indicatorRef: ok' }), sli);
    expect(brief(problems)).toEqual(['error c.yaml:4 rules/invalid-value spec.ratioMetric.counter']);
    expect(rules.slos).toEqual([]);
  });

  test('a service needs no document, and is a warning where it is named nearly like one that has', () => {
    const service = 'apiVersion: openslo/v1\nkind: Service\nmetadata: { name: checkouts }\n';
    const { problems, rules } = load(slo(), service);
    expect(brief(problems)).toEqual(['warning a.yaml:5 rules/unknown-service spec.service']);
    expect(problems[0]?.hint).toBe('did you mean "checkouts"?');
    expect(rules.slos).toHaveLength(1);
    expect(load(slo(), service.replace('checkouts', 'basket')).problems).toEqual([]);
  });

  test('a policy that does not exist has a hint even where no name is near', () => {
    const hintsOf = (...files: string[]): string[] => loadRules(files.map((text, index) => ({ path: `${index}.yaml`, text }))).problems.map(({ hint }) => hint);
    const rule = slo({ policies: '[{ alertPolicyRef: something-else }]' });
    expect(hintsOf(rule)).toEqual(['add a document of this name (there is none at all)']);
    expect(hintsOf(rule, POLICY)).toEqual([expect.stringMatching(/^add a document of this name \(those there are: \S+\)$/)]);
  });

  test('an empty file is a warning: rules may have been lost from it; one of comments is meant', () => {
    expect(brief(load(slo(), ' \n', '# later\n').problems)).toEqual(['warning b.yaml:1 rules/empty-file ']);
  });

  test('a window of minutes is a warning: M was probably meant', () => {
    const policy = "apiVersion: tocsin.dev/v1\nkind: BurnRatePolicy\nmetadata: { name: quick }\nspec: { tiers: [{ severity: page, factor: 2, long: 10m, short: 1m }] }\n";
    expect(brief(load(slo({ window: '{ duration: 30m }', policies: '[{ alertPolicyRef: quick }]' }), policy).problems)).toEqual(['warning a.yaml:7 rules/suspicious-duration spec.timeWindow[0].duration']);
  });

  test('a runbook that does not exist is found, with the place of the annotation', () => {
    const { rules } = load(slo({ metadata: '{ name: checkout, annotations: { tocsin.dev/runbook: checkout-erors } }' }));
    const [problem] = checkRunbookReferences(rules, ['checkout-errors']);
    expect(problem).toMatchObject({ code: 'rules/unknown-runbook', hint: 'did you mean "checkout-errors"?', at: { file: 'a.yaml', line: 3 } });
    expect(checkRunbookReferences(rules, ['checkout-erors'])).toEqual([]);
  });
});

describe('receivers', () => {
  test('have a secret file, by the name of the receiver in routing.yaml', () => {
    const { rules, problems } = load("apiVersion: tocsin.dev/v1\nkind: Receiver\nmetadata: { name: 'Team Hooks' }\nspec: { webhook: { secretFile: /run/secrets/hook } }\n");
    expect(problems).toEqual([]);
    expect(rules.receivers).toEqual([{ name: 'Team Hooks', webhookSecretFile: '/run/secrets/hook', at: { file: 'a.yaml', line: 3, column: 19 } }]);
  });
});

describe('exclusions', () => {
  const exclusion = (spec: string, name = 'upgrade'): string => `---\napiVersion: tocsin.dev/v1\nkind: Exclusion\nmetadata: { name: ${name} }\nspec: { by: ann, reason: database, ${spec} }\n`;
  const ONCE = 'from: 2026-11-29T02:00:30+01:00, to: 2026-11-29T04:00:00+01:00';
  const SUNDAYS = "recurring: { rrule: 'FREQ=WEEKLY;BYDAY=SU', start: 2026-11-29T02:00, duration: 2h, timeZone: Europe/Berlin }";

  test('belong to the SLOs they name, to those of a service, or to all', () => {
    const { rules, problems } = load(slo({}), [slo({ metadata: '{ name: other }' }), exclusion(`slos: [other], ${ONCE}`, 'once'), exclusion(`services: [checkout], ${SUNDAYS}`, 'sundays'), exclusion(ONCE, 'all')].join('---\n'));
    expect(problems).toEqual([]);
    expect(rules.slos.map(({ name, exclusions = [] }) => [name, exclusions.map((each) => each.name)])).toEqual([['checkout', ['sundays', 'all']], ['other', ['once', 'sundays', 'all']]]);
    expect(rules.slos[1]?.exclusions).toMatchObject([
      { by: 'ann', reason: 'database', window: { kind: 'once', fromMs: Date.UTC(2026, 10, 29, 1), toMs: Date.UTC(2026, 10, 29, 3) } },
      { window: { kind: 'recurring', startWallMs: Date.UTC(2026, 10, 29, 2), durationMs: 7_200_000, timeZone: 'Europe/Berlin', recurrence: { frequency: 'weekly' } } },
      { name: 'all' },
    ]);
  });

  test.each([
    ['without a time', 'slos: [checkout]', 'spec', 'the exclusion does not say when'],
    ['with half of one', 'from: 2026-11-29T02:00:00Z', 'spec', 'the exclusion does not say when'],
    ['with two', `${ONCE}, ${SUNDAYS}`, 'spec', 'the exclusion does not say when'],
    ['without a zone', 'from: 2026-11-29T02:00:00, to: 2026-11-29T04:00:00Z', 'spec.from', '"2026-11-29T02:00:00" is not a moment'],
    ['that ends first', 'from: 2026-11-29T02:00:00Z, to: 2026-11-29T01:00:00Z', 'spec.to', 'the exclusion ends before it begins'],
    ['of an SLO that is not there', `slos: [chekout], ${ONCE}`, 'spec.slos[0]', 'there is no SLO "chekout"'],
    ['of a service that is not there', `services: [x], ${ONCE}`, 'spec.services[0]', 'there is no SLO of a service "x"'],
    ['with a rule that is none', SUNDAYS.replace('WEEKLY', 'YEARLY'), 'spec.recurring.rrule', 'FREQ must be DAILY, WEEKLY or MONTHLY'],
    ['in no zone', SUNDAYS.replace('Europe/Berlin', 'Mars/Base'), 'spec.recurring.timeZone', 'there is no time zone "Mars/Base"'],
    ['of seconds', SUNDAYS.replace('2h', '90s'), 'spec.recurring.duration', '"90s" is not a length of a recurring window'],
    ['that starts at no time', SUNDAYS.replace('2026-11-29T02:00', 'sunday'), 'spec.recurring.start', '"sunday" is not a time on the wall'],
  ])('%s is refused', (_, spec, path, message) => {
    const { problems } = load(slo({}), exclusion(spec));
    expect(problems.filter(({ level }) => level === 'error')).toMatchObject([{ path, message }]);
  });

  test('may be of events, always or for a while', () => {
    const { rules, problems } = load(slo({}), [exclusion("match: '{ name = \"probe\" }'", 'probes'), exclusion(`match: '{ name = "k6" }', from: 2026-11-29T02:00:00Z`, 'test')].join('---\n'));
    expect(problems).toEqual([]);
    expect(rules.slos[0]?.exclusions).toBeUndefined();
    expect(rules.slos[0]?.excludedEvents?.map(({ name, match, fromMs, toMs }) => [name, match.text, fromMs, toMs])).toEqual([
      ['probes', '{ name = "probe" }', undefined, undefined], ['test', '{ name = "k6" }', Date.UTC(2026, 10, 29, 2), undefined],
    ]);
    expect(rules.otherQueries.map(({ role, source: { at } }) => [role, at.file, at.line])).toEqual([['match', 'b.yaml', 5], ['match', 'b.yaml', 11]]);
  });

  test.each([
    ['that recur', `match: '{ }', ${SUNDAYS}`, 'spec.recurring', 'events are excluded always, or from one moment to another'],
    ['from no moment', "match: '{ }', from: today", 'spec.from', '"today" is not a moment'],
    ['that end first', "match: '{ }', from: 2026-11-29T02:00:00Z, to: 2026-11-29T01:00:00Z", 'spec.to', 'the exclusion ends before it begins'],
  ])('events %s are refused', (_, spec, path, message) => {
    expect(load(slo({}), exclusion(spec)).problems.filter(({ level }) => level === 'error')).toMatchObject([{ path, message }]);
  });

  test('must say who and why', () => {
    const { problems } = load(slo({}), exclusion(ONCE).replace('by: ann, reason: database, ', ''));
    expect(problems.map(({ path }) => path).sort()).toEqual(['spec.by', 'spec.reason']);
  });
});

describe('rules about what is unusual', () => {
  const rule = (spec: string): string => `apiVersion: tocsin.dev/v1\nkind: AnomalyRule\nmetadata: { name: unusual }\nspec: ${spec}\n`;

  test('watch everything unless they say what', () => {
    expect(load(rule('{}')).rules.anomalyRules).toMatchObject([{ name: 'unusual', services: [], signals: ['errors', 'latency'], falseDiscoveryRate: 0.001 }]);
    expect(load(rule('{ services: [pay], signals: [errors], falseDiscoveryRate: 0.01, runbook: x }')).rules.anomalyRules).toMatchObject([{ services: ['pay'], signals: ['errors'], falseDiscoveryRate: 0.01, runbook: 'x' }]);
    expect(load(rule('{ severity: page }')).problems.map(({ code }) => code)).toEqual(['rules/unknown-key']);
  });
});

describe('signature rules', () => {
  const rule = (spec: string): string => `apiVersion: tocsin.dev/v1\nkind: SignatureRule\nmetadata: { name: errors }\nspec: { severity: page, ${spec} }\n`;

  test.each([
    ['when: { new: {} }', { kind: 'new', atLeast: 1, overMs: 300_000 }], ['when: { rate: { above: 9, over: 10m } }', { kind: 'rate', above: 9, overMs: 600_000 }],
    ['when: { share: { above: 20% } }', { kind: 'share', above: 0.2, atLeast: 1, overMs: 300_000 }], ['when: { jump: { times: 3 } }', { kind: 'jump', times: 3, significance: 0.001, overMs: 300_000 }],
  ])('%s', (spec, when) => {
    const { rules, problems } = load(rule(spec));
    expect(problems).toEqual([]);
    expect(rules.signatureRules).toMatchObject([{ name: 'errors', severity: 'page', services: [], when }]);
  });

  test.each(['when: {}', 'when: { new: {}, rate: { above: 1 } }', 'when: { share: { above: 0.2x } }', 'when: { rate: { above: 1, over: 90s } }'])('%s is refused', (spec) => {
    const { rules, problems } = load(rule(spec));
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['rules/invalid-value spec.when']);
    expect(rules.signatureRules).toEqual([]);
  });

  test('a runbook that is not there is named', () => {
    const { rules } = load(rule('runbook: errors, when: { new: {} }'));
    expect(checkRunbookReferences(rules, ['error']).map(({ message, path }) => `${path} ${message}`)).toEqual(['spec.runbook SignatureRule "errors" names the runbook "errors", which does not exist']);
  });
});
