import { expect, test } from 'vitest';
import { http1 } from './http1.js';
import { MAX_PENDING } from './limits.js';

test('a connection with too many requests waiting is given up within the piece that shows it', () => {
  const [begun, abandoned]: [number[], string[]] = [[], []];
  const sink = { begin: () => { begun.push(1); }, end: () => undefined, abandon: (_exchange: unknown, reason: string) => { abandoned.push(reason); } };
  const parser = http1({ bodyBytes: 0, headers: new Set(), b3: false }).open(sink, { isFromStart: true });
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2 * MAX_PENDING));
  parser.feed('request', { bytes, atNs: 1, missing: 0 });
  expect([parser.isDone, parser.heldBytes, begun.length]).toEqual([true, 0, MAX_PENDING]);
  expect(abandoned).toEqual(Array.from({ length: MAX_PENDING }, () => 'limit'));
});
