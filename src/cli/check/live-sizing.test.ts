import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { CouldNotRun } from '../command.js';
import { readLiveWarnings } from './live-sizing.js';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** A service that answers every question with this. */
async function serving(status: number, body: string): Promise<string> {
  server = createServer((_request, response) => response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body));
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what the traffic of a running service says', () => {
  test('is told for each SLO', async () => {
    const pages = await serving(200, JSON.stringify({ slos: [
      { name: 'a', sizing: ['too tight', 'never fires'], samplingWarning: 'biased', more: 1 }, { name: 'b', sizing: [], samplingWarning: null },
    ] }));
    expect(await readLiveWarnings(pages, {})).toEqual([{ slo: 'a', message: 'too tight' }, { slo: 'a', message: 'never fires' }, { slo: 'a', message: 'biased' }]);
  });

  test.each([
    ['a token is missing', 401, '{}', /asks for a token: set TOCSIN_TOKEN/],
    ['something else answers', 200, '<html>', /is not a Tocsin of this version/],
    ['it fails', 500, '{}', /is not a Tocsin of this version/],
  ])('cannot be told when %s', async (_, status, body, message) => {
    const asked = readLiveWarnings(await serving(status, body), {});
    await expect(asked).rejects.toThrow(CouldNotRun);
    await expect(asked).rejects.toThrow(message);
  });

  test('cannot be told when nobody is there', async () => {
    await expect(readLiveWarnings('http://127.0.0.1:1', {})).rejects.toThrow(/does not answer/);
  });
});
