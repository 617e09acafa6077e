import { expect, test } from 'vitest';
import type { TraceId } from '../lib/ids.js';
import type { TrackedSignature } from './tracked-signature.js';
import { withoutPerson } from './without-person.js';

const signature = {
  id: 'v3:1', type: 'NoCredit', message: 'no credit for u4711 (u47110)', frames: ['pay(u4711)'], tenants: { u4711: 3, acme: 4 }, total: 7,
  example: { traceId: 'a1' as TraceId, text: 'no credit for u4711, ann@example.org', stack: 'at pay' },
} as unknown as TrackedSignature;

test('a person is gone from message, frames, tenants and example, and longer words that begin alike stay', () => {
  expect(withoutPerson(signature, { value: 'u4711', isExampleErased: false })).toMatchObject({
    id: 'v3:1', message: 'no credit for <erased> (u47110)', frames: ['pay(<erased>)'], tenants: { '<erased>': 3, acme: 4 }, total: 7, example: { traceId: 'a1', text: 'no credit for <erased>, ann@example.org', stack: 'at pay' },
  });
});

test('an example from an erased trace goes whole: the rest of it is about the same person', () => {
  expect(withoutPerson(signature, { value: 'u1', isExampleErased: true }).example).toEqual({ traceId: 'a1', text: '<erased>', stack: '' });
});

test('a value is taken as it is written, not as a pattern', () => {
  const text = { ...signature, message: 'no a.b$& for axb' };
  expect(withoutPerson(text, { value: 'a.b$&', isExampleErased: false }).message).toBe('no <erased> for axb');
});
