import { expect, test } from 'vitest';
import { readProcessFacts } from './process-facts.js';

const FACTS = { pid: 1, comm: 'node', executable: '/usr/bin/node', arguments: ['node', 'a.js'], environment: { OTEL_SERVICE_NAME: 'shop' }, containerId: null, gone: false, libraries: ['openssl'] };

test('facts are taken as they are told, unknown members included', () => {
  expect(readProcessFacts(FACTS)).toEqual(FACTS);
  expect(readProcessFacts({ pid: 7, comm: 'x' })).toEqual({ pid: 7, comm: 'x' });
});

test.each([
  ['nothing', null], ['a text', 'x'], ['no number', { ...FACTS, pid: '1' }], ['no name', { pid: 1 }], ['a half', { ...FACTS, uid: 0.5 }], ['a list of other things', { ...FACTS, arguments: [1] }],
  ['a table of other things', { ...FACTS, environment: { A: 1 } }], ['a list for a table', { ...FACTS, environment: ['A'] }], ['a word for a flag', { ...FACTS, gone: 'no' }],
])('%s is refused', (_, json) => {
  expect(readProcessFacts(json)).toBeUndefined();
});
