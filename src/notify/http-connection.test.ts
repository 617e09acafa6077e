import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TEST_TLS } from '../../test/support/otlp-tls.js';
import { parseRouting } from './routing.js';
import { sampleNotification } from './sample-delivery.js';
import { notifiersOf } from './system-notifiers.js';
import type { DeliveryResult } from './delivery.js';

let directory: string;
let servers: Server[];
/** Of every request: who the client's certificate says it is, and how it logged in. */
let asked: { readonly subject: string | undefined; readonly authorization: string | undefined; readonly body: string; readonly contentType: string | undefined }[];
let tunnels: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-tls-'));
  [servers, asked, tunnels] = [[], [], []];
  for (const [name, text] of Object.entries({ ca: TEST_TLS.cert, cert: TEST_TLS.cert, key: TEST_TLS.key, password: 's3cret\n' })) writeFileSync(join(directory, name), text);
});
afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => {
    server.close(() => { resolve(); });
    server.closeAllConnections();
  })));
  rmSync(directory, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return (server.address() as AddressInfo).port;
}

function secureHook(): Promise<number> {
  return listen(createHttpsServer({ cert: TEST_TLS.cert, key: TEST_TLS.key, ca: TEST_TLS.cert, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate() as { readonly subject?: { readonly CN?: string } };
      asked.push({ subject: subject?.CN, authorization: request.headers.authorization, body: Buffer.concat(chunks).toString('utf8'), contentType: request.headers['content-type'] });
      response.end('ok');
    });
  }));
}

function proxy(): Promise<number> {
  return listen(createHttpServer().on('connect', (request, socket: Socket) => {
    tunnels.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const side of [socket, upstream]) side.on('error', () => { socket.destroy(); upstream.destroy(); });
  }));
}

async function send(port: number, http: string, body?: string): Promise<DeliveryResult | undefined> {
  const routing = parseRouting({ path: 'routing.yaml', text: `route: { receiver: hook }\nreceivers: [{ name: hook, webhook_configs: [{ url: 'https://127.0.0.1:${String(port)}/', http_config: ${http} }] }]\n` });
  if (!routing.ok) throw new Error(JSON.stringify(routing.error));
  const receivers = body === undefined ? [] : [{ name: 'hook', webhookSecretFile: undefined, webhookBody: { text: body, contentType: 'application/vnd.chat+json' }, at: { file: '', line: 1, column: 1 } }];
  return notifiersOf({ routing: routing.value, receivers, slack: { token: undefined, apiUrl: undefined, channel: undefined } })('hook', 'webhook[0]')?.notify(sampleNotification('opened'));
}
const file = (name: string): string => join(directory, name);

test('a certificate of one\'s own authority is trusted, and ours is shown', async () => {
  const port = await secureHook();
  expect(await send(port, '{}')).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('certificate') });
  expect(await send(port, `{ tls_config: { ca_file: '${file('ca')}', cert_file: '${file('cert')}', key_file: '${file('key')}' }, basic_auth: { username: tocsin, password_file: '${file('password')}' } }`)).toMatchObject({ kind: 'delivered' });
  expect(await send(port, '{ tls_config: { insecure_skip_verify: true } }')).toMatchObject({ kind: 'delivered' });
  expect(asked).toMatchObject([{ subject: 'localhost', authorization: `Basic ${Buffer.from('tocsin:s3cret').toString('base64')}` }, { subject: undefined }]);
});

test('a file that is missing delays the message, and says which', async () => {
  expect(await send(1, `{ tls_config: { ca_file: '${file('gone')}' } }`)).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('gone') });
});

test('a proxy is asked for the way, and sees nothing of what goes through', async () => {
  const [port, by] = [await secureHook(), await proxy()];
  expect(await send(port, `{ proxy_url: 'http://127.0.0.1:${String(by)}', tls_config: { ca_file: '${file('ca')}' } }`)).toMatchObject({ kind: 'delivered' });
  expect([tunnels, asked.length]).toEqual([[`127.0.0.1:${String(port)}`], 1]);
});

test('a body of one\'s own goes out under its own type; one that fails waits for its template to be mended', async () => {
  const port = await secureHook();
  const trusted = `{ tls_config: { ca_file: '${file('ca')}' } }`;
  expect(await send(port, trusted, '{"text": {{ tocsin.incident.title | dump }}}')).toMatchObject({ kind: 'delivered' });
  expect(asked).toMatchObject([{ body: '{"text": "Checkout works"}', contentType: 'application/vnd.chat+json' }]);
  expect(await send(port, trusted, '{{ nothing }}')).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('the template of the body failed: ') });
});
