import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressed } from './compressed.js';

const LONG = 'a waterfall '.repeat(1_000);

function answer(type: string): { headers: Record<string, string>; getHeader: (name: string) => string | undefined; header: (name: string, value: string) => void } {
  const headers: Record<string, string> = { 'content-type': type };
  return { headers, getHeader: (name) => headers[name], header: (name, value) => void (headers[name] = value) };
}

test('a long text is sent smaller to those who read gzip', async () => {
  const reply = answer('text/html; charset=utf-8');
  const body = await compressed(LONG, 'br, gzip;q=0.8', reply);
  expect(gunzipSync(body as Buffer).toString()).toBe(LONG);
  expect(reply.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding', 'content-length': String((body as Buffer).length) });
});

test.each([
  ['who does not read it', LONG, undefined, 'text/html'],
  ['who refuses it', LONG, 'gzip;q=0, identity', 'application/json'],
  ['a short answer', 'short', 'gzip', 'text/html'],
  ['what is not text', Buffer.from(LONG), 'gzip', 'application/protobuf'],
])('is left as it is: %s', async (_, payload, accepted, type) => {
  const reply = answer(type);
  expect(await compressed(payload, accepted, reply)).toBe(payload);
  expect(reply.headers['content-encoding']).toBeUndefined();
});
