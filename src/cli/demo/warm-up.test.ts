import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { warmUp } from './warm-up.js';

let server: Server;
let url: string;
let seen: string[];
/** Answers 503 so many times first, as a service that is not ready does. */
let notReady: number;

beforeEach(async () => {
  seen = [];
  notReady = 0;
  server = createServer((request, response) => {
    seen.push(String(request.headers['traceparent']));
    response.statusCode = seen.length <= notReady ? 503 : 200;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => server.close());

test('a shop is warm when everybody was served quickly, several times over, and no visit is traced', async () => {
  notReady = 15;
  await warmUp(url, { signal: new AbortController().signal });
  expect(seen.length).toBeGreaterThan(notReady + 3 * 12 - 12);
  expect(seen.every((traceparent) => /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/.test(traceparent))).toBe(true);
});

test('a shop that stays slow is opened all the same', async () => {
  notReady = Infinity;
  await warmUp(url, { signal: new AbortController().signal, limitMs: 50 });
  expect(seen.length).toBeGreaterThan(0);
});
