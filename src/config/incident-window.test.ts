import { expect, test } from 'vitest';
import { HOUR_MS } from '../lib/duration.js';
import { loadRules } from './load-rules.js';

const load = (spec: string): ReturnType<typeof loadRules> => loadRules([{ path: 'windows.yaml', text: `apiVersion: tocsin.dev/v1\nkind: IncidentWindow\nmetadata: { name: jobs }\nspec: ${spec}\n` }]);

test.each([['', 'rolling'], [', type: rolling', 'rolling'], [', type: fixed', 'fixed']])('a window is read (%s)', (more, type) => {
  const { rules, problems } = load(`{ matchers: ['alertname="JobFailed"'], length: 4h${more} }`);
  expect(problems).toEqual([]);
  expect(rules.windows).toMatchObject([{ name: 'jobs', matchers: [{ name: 'alertname', value: 'JobFailed' }], lengthMs: 4 * HOUR_MS, type }]);
});

test.each([
  ['no matcher at all', '{ matchers: [], length: 1h }', 'spec.matchers'],
  ['a matcher that is none', '{ matchers: ["JobFailed"], length: 1h }', 'spec.matchers[0]'],
  ['no length', '{ matchers: [a=b] }', 'spec.length'],
  ['two days', '{ matchers: [a=b], length: 2d }', 'spec.length'],
  ['another type', '{ matchers: [a=b], length: 1h, type: sliding }', 'spec.type'],
])('%s is refused', (_name, spec, path) => {
  expect(load(spec).problems).toMatchObject([{ path }]);
});
