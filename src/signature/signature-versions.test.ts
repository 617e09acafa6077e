import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SAMPLE_MESSAGES, SAMPLE_STACKS, SAMPLE_STACK_VARIANTS } from './sample-failures.js';
import { nameOf } from './signature-of.js';
import { SIGNATURE_VERSIONS, type Failure } from './signature-versions.js';

const place = { service: 'payment', operation: 'POST /charge', caller: undefined };
const plain: Failure = { type: 'Declined', text: 'no funds', stack: '', place };
const FAILURES: readonly (readonly [name: string, failure: Failure])[] = [
  ...SAMPLE_MESSAGES.map(([text]) => [`message: ${text}`, { ...plain, text }] as const),
  ...SAMPLE_STACKS.map(([language, stack]) => [`stack: ${language}`, { ...plain, stack }] as const),
  ...SAMPLE_STACK_VARIANTS.map(([what, , stack]) => [`stack: ${what}`, { ...plain, stack }] as const),
  ['type: HTTP 503', { ...plain, type: 'HTTP 503' }],
  ['place: a database', { ...plain, place: { service: 'postgresql', operation: 'SELECT orders', caller: 'checkout' } }],
  ['place: an address', { ...plain, place: { service: '10.0.3.17:5432', operation: 'SELECT orders', caller: 'checkout' } }],
];
const GOLDEN = JSON.parse(readFileSync(new URL('golden/signature-ids.json', import.meta.url), 'utf8')) as Readonly<Record<string, Readonly<Record<string, string>>>>;

// What was released keeps its names: whoever finds this red has changed a version in place. Leave it as it was, and add one in front.
test.each(SIGNATURE_VERSIONS.map((version) => [version.name, version] as const))('%s names every failure as it did when it was released', (name, version) => {
  expect(Object.fromEntries(FAILURES.map(([sample, failure]) => [sample, nameOf(failure, version)]))).toEqual(GOLDEN[name]);
});

test('a version that has golden names is never taken away', () => {
  expect(SIGNATURE_VERSIONS.map(({ name }) => name).sort()).toEqual(Object.keys(GOLDEN).sort());
});
