import { expect, test } from 'vitest';
import { cohortsOf, compareText } from './compare-command.js';

test('versions become queries, queries stay what they are', () => {
  const none = { version: undefined, cohort: undefined, against: undefined, service: undefined };
  expect(cohortsOf({ ...none, version: '2.3', against: '2.2', service: 'payment' })).toEqual({ cohort: '{ resource.service.version = "2.3" && resource.service.name = "payment" }', against: '{ resource.service.version = "2.2" && resource.service.name = "payment" }' });
  expect(cohortsOf({ ...none, cohort: '{ .flag = "on" }', against: '{ .flag = "off" }' })).toEqual({ cohort: '{ .flag = "on" }', against: '{ .flag = "off" }' });
  for (const wrong of [none, { ...none, version: '1' }, { ...none, version: '1', cohort: '{ }', against: '2' }, { ...none, cohort: '{ }', against: '{ }', service: 'x' }]) expect(() => cohortsOf(wrong)).toThrow(/--version/);
});

test('a cohort is not compared with itself, which would never be worse', () => {
  const none = { version: undefined, cohort: undefined, against: undefined, service: undefined };
  for (const same of [{ ...none, version: '2.3', against: '2.3' }, { ...none, cohort: '{ .flag = "on" }', against: '{ .flag = "on" }' }]) expect(() => cohortsOf(same)).toThrow(/both sides are the same/);
});

test('the report says what is worse and what was left out', () => {
  const operation = { operation: 'shop GET /', requests: [100, 400], failed: [20, 4], medianNs: [20e6, 19e6], p95Ns: [50e6, 48e6], slower: false, failsMore: true } as const;
  expect(compareText({ verdict: 'worse', sentence: 'shop GET / fails more often.', operations: [operation], leftOut: ['shop POST /'] })).toBe(
    'shop GET / fails more often.\n  worse  shop GET /: 100 against 400 requests, failed 20 % against 1 %, median 20 ms against 19 ms, p95 50 ms against 48 ms\n  too few requests on one side: shop POST /');
});
