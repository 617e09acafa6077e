import { expect, test } from 'vitest';
import { ValueCache } from './value-cache.js';

test('remembers values by key and type, and nothing that is long or a list', () => {
  const cache = new ValueCache<string>();
  cache.remember('http.response.status_code', 200, 'number');
  cache.remember('http.response.status_code', '200', 'text');
  cache.remember('url.path', 'x'.repeat(257), 'long');
  cache.remember('list', ['a'], 'list');
  expect(cache.get('http.response.status_code', 200)).toBe('number');
  expect(cache.get('http.response.status_code', '200')).toBe('text');
  expect(cache.get('http.request.method', 200)).toBeUndefined();
  expect(cache.get('url.path', 'x'.repeat(257))).toBeUndefined();
  expect(cache.get('list', ['a'])).toBeUndefined();
});

test('is bounded, and a key whose values do not come again is remembered sparsely', () => {
  const cache = new ValueCache<true>();
  for (let index = 0; index < 100_000; index += 1) cache.remember('client.port', index, true);
  const kept = (from: number, to: number): number => Array.from({ length: to - from }, (_, index) => cache.get('client.port', from + index)).filter((found) => found === true).length;
  expect(kept(0, 100_000)).toBeLessThanOrEqual(256);
  expect(kept(99_000, 100_000)).toBeLessThanOrEqual(1_000 / 32 + 1);
  expect(kept(90_000, 100_000)).toBeGreaterThan(0);
  for (let index = 0; index < 600; index += 1) cache.remember(`key-${index}`, 1, true);
  expect(cache.get('key-599', 1)).toBe(true);
  expect(cache.get('key-0', 1)).toBeUndefined();
});
