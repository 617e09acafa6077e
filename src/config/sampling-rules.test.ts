import { expect, test } from 'vitest';
import { loadRules } from './load-rules.js';
import { DEFAULT_SAMPLING } from './sampling.js';

const load = (spec: string): ReturnType<typeof loadRules> => loadRules([{ path: 'rules/sampling.yaml', text: `apiVersion: tocsin.dev/v1\nkind: Sampling\nmetadata: { name: own }\nspec:\n${spec.replace(/^/gm, '  ')}\n` }]);
const said = (spec: string): string[] => load(spec).problems.map(({ code, message }) => `${code} ${message}`);

test('what is left out has its default', () => {
  const { rules, problems } = load('budget: none\nslow: 2%\nretention: { maxAge: 7d, maxSize: 50GB, rules: [{ service: pay, reason: error, maxAge: 90d }] }');
  expect(problems).toEqual([]);
  expect(rules.sampling).toEqual({ ...DEFAULT_SAMPLING, budget: undefined, slow: 0.02, retention: { ...DEFAULT_SAMPLING.retention, maxAgeMs: 604_800_000, maxBytes: 50e9, rules: [{ service: 'pay', reason: 'error', maxAgeMs: 7_776_000_000 }] } });
  expect(loadRules([]).rules.sampling).toEqual(DEFAULT_SAMPLING);
});

test('a composite policy becomes one limit for each of its parts, in its order', () => {
  const { rules, problems } = load(`policies:
  - name: mix
    type: composite
    composite:
      max_total_spans_per_second: 200
      policy_order: [slow, rest]
      composite_sub_policy: [{ name: rest, type: always_sample }, { name: slow, type: latency, latency: { threshold_ms: 100 } }]
      rate_allocation: [{ policy: slow, percent: 75 }]`);
  expect(problems).toEqual([]);
  expect(rules.sampling.policies.map(({ name, action }) => [name, action])).toEqual([['mix/slow', { kind: 'limit', unit: 'spans', perSecond: 150, probability: 1 }], ['mix/rest', { kind: 'limit', unit: 'spans', perSecond: 50, probability: 1 }]]);
});

test('parts that say how much hold together: shares, rates, and shares that are dropped', () => {
  const part = (type: string, key: string, value: number): string => `{ name: ${type}, type: ${type}, ${type}: { ${key}: ${value} } }`;
  const [some, rate] = [part('probabilistic', 'sampling_percentage', 10), part('rate_limiting', 'spans_per_second', 50)];
  const { rules, problems } = load(`policies:
  - { name: both, type: and, and: { and_sub_policy: [${some}, ${rate}, ${part('rate_limiting', 'spans_per_second', 70)}] } }
  - { name: some, type: composite, composite: { max_total_spans_per_second: 80, policy_order: [probabilistic], composite_sub_policy: [${some}] } }
  - { name: most, type: drop, drop: { drop_sub_policy: [{ name: health, type: string_attribute, string_attribute: { key: path, values: [/healthz] } }, ${part('probabilistic', 'sampling_percentage', 90)}] } }
  - { name: half, type: traceql, traceql: { query: '{ .noise }', share: 50%, drop: true } }`);
  expect(problems).toEqual([]);
  expect(rules.sampling.policies.map(({ action }) => action)).toEqual([
    { kind: 'limit', unit: 'spans', perSecond: 50, probability: 0.1 }, { kind: 'limit', unit: 'spans', perSecond: 80, probability: 0.1 }, { kind: 'drop', probability: 0.9 }, { kind: 'drop', probability: 0.5 },
  ]);
});

test("policies are read as the Collector's documentation writes them", () => {
  const { rules, problems } = load(`budget: none
policies:
  [
    { name: test-policy-1, type: always_sample },
    { name: test-policy-2, type: latency, latency: {threshold_ms: 5000, upper_threshold_ms: 10000} },
    { name: test-policy-3, type: numeric_attribute, numeric_attribute: {key: key1, min_value: 50, max_value: 100} },
    { name: test-policy-4, type: probabilistic, probabilistic: {hash_salt: "custom-salt", sampling_percentage: 10} },
    { name: test-policy-5, type: status_code, status_code: {status_codes: [ERROR, UNSET]} },
    { name: test-policy-6, type: string_attribute, string_attribute: {key: key2, values: [value1, value2]} },
    { name: test-policy-7, type: string_attribute, string_attribute: {key: key2, values: [value1, val*], enabled_regex_matching: true, cache_max_size: 10} },
    { name: test-policy-8, type: rate_limiting, rate_limiting: {spans_per_second: 35} },
    { name: test-policy-9, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1024000, burst_capacity: 2048000} },
    { name: test-policy-10, type: span_count, span_count: {min_spans: 2, max_spans: 20} },
    { name: test-policy-11, type: trace_state, trace_state: { key: key3, values: [value1, value2] } },
    { name: test-policy-12, type: boolean_attribute, boolean_attribute: {key: key4, value: true} },
    { name: test-policy-13, type: trace_flags },
    { name: and-policy-1, type: and, and: { and_sub_policy: [
      { name: test-and-policy-1, type: numeric_attribute, numeric_attribute: { key: key1, min_value: 50, max_value: 100 } },
      { name: test-and-policy-2, type: string_attribute, string_attribute: { key: key2, values: [ value1, value2 ] } }] } },
    { name: not-policy-1, type: not, not: { not_sub_policy: { name: test-not-policy-1, type: latency, latency: {threshold_ms: 1000} } } },
    { name: drop-policy-1, type: drop, drop: { drop_sub_policy: [
      { name: test-drop-policy-1, type: string_attribute, string_attribute: {key: url.path, values: [\\/health, \\/metrics], enabled_regex_matching: true} }] } },
    { name: composite-policy-1, type: composite, composite: { max_total_spans_per_second: 1000,
      policy_order: [test-composite-policy-1, test-composite-policy-2, test-composite-policy-3],
      composite_sub_policy: [
        { name: test-composite-policy-1, type: numeric_attribute, numeric_attribute: {key: key1, min_value: 50} },
        { name: test-composite-policy-2, type: string_attribute, string_attribute: {key: key2, values: [value1, value2]} },
        { name: test-composite-policy-3, type: always_sample }],
      rate_allocation: [{ policy: test-composite-policy-1, percent: 50 }, { policy: test-composite-policy-2, percent: 25 }] } },
  ]`);
  expect(problems).toEqual([]);
  expect(rules.sampling.policies).toHaveLength(19);
  expect(rules.sampling.policies.find(({ name }) => name === 'not-policy-1')?.conditions).toEqual([{ kind: 'latency', minMs: 1_000, maxMs: undefined, negated: true }]);
});

test.each([
  ['policies: [{ name: a, type: latency, latency: { threshold_ms: 500, upper_threshold_ms: 100 } }]', '"a" matches no trace: none takes more than 500 ms and at most 100 ms'],
  ['policies: [{ name: a, type: and, and: { and_sub_policy: [{ name: x, type: span_count, span_count: { min_spans: 9 } }, { name: y, type: span_count, span_count: { min_spans: 1, max_spans: 5 } }] } }]', '"a" matches no trace: none has at least 9 spans and at most 5'],
  ['policies: [{ name: a, type: numeric_attribute, numeric_attribute: { key: size, min_value: 5, max_value: 2 } }]', '"a" matches no trace: no number is at least 5 and at most 2'],
  ['policies: [{ name: a, type: always_sample }, { name: a, type: span_count, span_count: { min_spans: 2 } }]\nbudget: none', 'there are two policies named "a"'],
  ['policies: [{ name: a, type: always_sample }]', '"a" keeps every trace, so that the budget has no effect'],
  ['policies: [{ name: a, type: drop, drop: { drop_sub_policy: [{ name: x, type: always_sample }] } }]', '"a" drops every trace'],
  ['policies: [{ name: a, type: boolean_attribute, boolean_attribute: { key: x, value: true } }, { name: b, type: drop, drop: { drop_sub_policy: [{ name: c, type: boolean_attribute, boolean_attribute: { key: x, value: true } }] } }]', '"b" drops what "a" keeps: dropping wins, so that keeping has no effect'],
  ['policies: [{ name: a, type: drop, drop: { drop_sub_policy: [{ name: x, type: status_code, status_code: { status_codes: [ERROR] } }] } }]', '"a" drops every trace with an error, and errors are kept'],
  ['policies: [{ name: a, type: rate_limiting, rate_limiting: { spans_per_second: 500 } }]\nbudget: { spansPerSecond: 100 }', '"a" may keep 500 spans a second, and the budget is 100 for all'],
  ['policies: [{ name: a, type: drop, drop: { drop_sub_policy: [{ name: x, type: probabilistic, probabilistic: { sampling_percentage: 0 } }] } }]', '"a" drops 0 % of what it matches'],
  ['policies: [{ name: a, type: probabilistic, probabilistic: { sampling_percentage: 0 } }]', '"a" keeps 0 % of what it matches, which is the same as no policy'],
])('contradictions are told: %s', (spec, message) => {
  expect(said(spec)).toEqual([`rules/sampling-contradicts ${message}`]);
});

test.each([
  ['budget: { spansPerSecond: 1, bytesPerSecond: 2 }', 'the budget has to be in spans or in bytes'],
  ['slow: one in a hundred', '"one in a hundred" is no share'],
  ['retention: { maxSize: 50 gigs }', '"50 gigs" is no size'],
  ['retention: { rules: [{ reason: whim, maxAge: 1d }] }', 'nothing is kept for "whim"'],
  ['policies: [{ name: d, type: drop, drop: { drop_sub_policy: [{ name: f, type: trace_flags }, { name: r, type: rate_limiting, rate_limiting: { spans_per_second: 5 } }] } }]', 'a rate says how much is kept, and this policy drops'],
  ['policies: [{ name: a, type: and, and: { and_sub_policy: [{ name: r, type: rate_limiting, rate_limiting: { spans_per_second: 5 } }, { name: b, type: bytes_limiting, bytes_limiting: { bytes_per_second: 5 } }] } }]', 'these limits are in spans and in bytes'],
  ['policies: [{ name: m, type: composite, composite: { max_total_spans_per_second: 1, policy_order: [b], composite_sub_policy: [{ name: a, type: always_sample }], rate_allocation: [{ policy: c, percent: 20 }] } }]', '"b" is no part of this policy'],
])('what cannot be read is told: %s', (spec, message) => {
  expect(load(spec).problems[0]?.message).toContain(message);
});

test('a policy of a type that there is none of is told with the types, and the one that was meant', () => {
  const [problem] = load('policies: [{ name: a, type: span_counts, span_count: { min_spans: 2 } }]').problems;
  expect(problem).toMatchObject({ code: 'rules/invalid-value', path: 'spec.policies[0].type', hint: 'did you mean "span_count"?' });
  expect(problem?.message).toMatch(/^"span_counts" is not one of always_sample, latency, .*traceql$/);
});

test('a place within a list is written the same way by every check', () => {
  expect(load('retention: { rules: [{ reason: error, maxAge: 1d }, { reason: whim, maxAge: 1d }] }').problems[0]?.path).toBe('spec.retention.rules[1].reason');
});
