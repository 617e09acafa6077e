import { expect, test } from 'vitest';
import { MINUTE_MS } from '../lib/duration.js';
import { loadRules } from './load-rules.js';

const load = (spec: string): ReturnType<typeof loadRules> => loadRules([{ path: 'thresholds.yaml', text: `apiVersion: tocsin.dev/v1\nkind: IncidentThreshold\nmetadata: { name: flaky }\nspec: ${spec}\n` }]);

test.each([
  ['', 10 * MINUTE_MS], [', orFiringFor: 30m', 30 * MINUTE_MS], [', orFiringFor: never', undefined],
])('a threshold is read (%s)', (more, firingForMs) => {
  const { rules, problems } = load(`{ matchers: ['alertname="DiskSlow"', 'zone=~"a|b"'], occurrences: 3, within: 10m${more} }`);
  expect(problems).toEqual([]);
  expect(rules.thresholds).toMatchObject([{ name: 'flaky', matchers: [{ name: 'alertname', value: 'DiskSlow' }, { name: 'zone', operator: '=~' }], occurrences: 3, withinMs: 10 * MINUTE_MS, firingForMs }]);
});

test.each([
  ['one occurrence, which is none to wait for', '{ matchers: [a=b], occurrences: 1, within: 10m }', 'spec.occurrences'],
  ['no matcher at all', '{ matchers: [], occurrences: 3, within: 10m }', 'spec.matchers'],
  ['a matcher that is none', '{ matchers: ["DiskSlow"], occurrences: 3, within: 10m }', 'spec.matchers[0]'],
  ['no unit', '{ matchers: [a=b], occurrences: 3, within: "10" }', 'spec.within'],
  ['a window of a month', '{ matchers: [a=b], occurrences: 3, within: 30d }', 'spec.within'],
  ['a time that is none', '{ matchers: [a=b], occurrences: 3, within: 10m, orFiringFor: always }', 'spec.orFiringFor'],
])('%s is refused', (_name, spec, path) => {
  expect(load(spec).problems).toMatchObject([{ path }]);
});
