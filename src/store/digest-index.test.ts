import { expect, test } from 'vitest';
import { DIGEST_RETENTION_MS, DigestIndex, digestOf, MAX_DIGESTS } from './digest-index.js';

const NOW_MS = 1_795_132_800_000;
const answered = (arrivalMs: number) => ({ arrivalMs, accepted: 1, rejected: 0, message: '' });

test('a digest is of the bytes, the signal and the encoding, and of nothing else', () => {
  const request = { signal: 'traces', encoding: 'protobuf', protocol: 'grpc', body: Buffer.from('a'), receivedAtMs: 1 } as const;
  const same = digestOf({ ...request, protocol: 'http', receivedAtMs: 2 });
  expect(digestOf(request)).toBe(same);
  expect(same).toMatch(/^[0-9a-f]{32}$/);
  const others = [{ ...request, body: Buffer.from('b') }, { ...request, signal: 'logs' }, { ...request, encoding: 'json' }] as const;
  expect(new Set([same, ...others.map(digestOf)]).size).toBe(4);
});

test('digests are forgotten after their time', () => {
  const index = new DigestIndex();
  index.add('old', answered(NOW_MS));
  expect(index.find('old', NOW_MS + DIGEST_RETENTION_MS - 1)).toEqual(answered(NOW_MS));
  expect(index.find('old', NOW_MS + DIGEST_RETENTION_MS)).toBeUndefined();
  index.add('new', answered(NOW_MS + DIGEST_RETENTION_MS));
  expect(index.size).toBe(1);
});

test('digests are forgotten when there are too many, oldest first', () => {
  const index = new DigestIndex();
  for (let number = 0; number <= MAX_DIGESTS; number += 1) index.add(String(number), answered(NOW_MS));
  expect(index.size).toBe(MAX_DIGESTS);
  expect(index.find('0', NOW_MS)).toBeUndefined();
  expect(index.find('1', NOW_MS)).toBeDefined();
  expect(index.find(String(MAX_DIGESTS), NOW_MS)).toBeDefined();
});
