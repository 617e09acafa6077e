import { expect, test } from 'vitest';
import { tagField } from '../query/tempo-input.js';
import { facetViews } from './trace-survey.js';

test('the share of a value is of all spans found by weight, not of the values that are shown', () => {
  const [facet] = facetViews({
    found: 500, looked: 250, weighted: 1_000,
    fields: [{ field: tagField('resource.k8s.pod.name')!, distinct: 9, values: [{ value: 'pod-1', spans: 250, errors: 25, p99Ns: 9e6 }, { value: 'pod-2', spans: 50, errors: 0, p99Ns: 1e6 }] }],
  }, '');
  expect(facet).toMatchObject({ name: 'pod', others: 7, values: [{ text: 'pod-1', share: 25, errorRatio: 0.1, isSlow: true }, { text: 'pod-2', share: 5, errorRatio: 0, isSlow: false }] });
});
