import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ServiceApi } from './service-api.js';

test.each([
  ['There is no incident "x".', 'the service says: There is no incident "x". Look again.'],
  ['the name is missing (column 3)', 'the service says: the name is missing (column 3). Look again.'],
])('a refusal is one sentence with one full stop, however the service ends its own: %s', async (detail, expected) => {
  const server = createServer((_, response) => void response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code: 'a/b', detail, hint: 'Look again.' })));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api = new ServiceApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await expect(api.get('/api/v1/incidents/x')).rejects.toThrow(expected);
});
