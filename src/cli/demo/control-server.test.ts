import { afterEach, beforeEach, expect, test } from 'vitest';
import { startControlServer, type ControlServer } from './control-server.js';
import { NO_FAULTS, type Faults } from './shop/messages.js';

let faults: Faults;
let control: ControlServer;

beforeEach(async () => {
  faults = NO_FAULTS;
  control = await startControlServer({ faults: () => faults, setFaults: (next) => (faults = next) }, 0);
});

afterEach(() => control.close());

const put = (body: string): Promise<Response> => fetch(control.url, { method: 'PUT', body });

test('a person can break one thing, look, and heal it again without touching the other', async () => {
  expect(await (await put('{"cacheDelayMs": 900}')).json()).toEqual({ paymentFailsIn: [], cacheDelayMs: 900 });
  await put('{"paymentFailsIn": ["us-1"]}');
  expect(await (await fetch(control.url)).json()).toEqual({ paymentFailsIn: ['us-1'], cacheDelayMs: 900 });
  await put('{"cacheDelayMs": 0}');
  expect(faults).toEqual({ paymentFailsIn: ['us-1'], cacheDelayMs: 0 });
});

test.each([
  ['not json', 'not JSON'],
  ['{"cacheDelayMs": "slow"}', 'cacheDelayMs'],
  ['{"cacheDelayMs": 1e9}', 'cacheDelayMs'],
  ['{"paymentFails": []}', 'paymentFails'],
  [`{"paymentFailsIn": ["${'x'.repeat(9_000)}"]}`, 'bytes'],
])('a wrong body (%.30s) is answered with what is wrong, and changes nothing', async (body, words) => {
  const response = await put(body);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { detail: string }).detail).toContain(words);
  expect(faults).toBe(NO_FAULTS);
});

test('other methods and paths are refused', async () => {
  expect((await fetch(control.url, { method: 'DELETE' })).status).toBe(405);
  expect((await fetch(control.url.replace('faults', 'else'))).status).toBe(404);
});
