import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { GrpcSender, TRACE_EXPORT } from '../support/otlp-grpc-client.js';
import { send } from '../support/otlp-http-client.js';
import { requests, traceIdOf, tracesJson } from '../support/otlp-json.js';
import { TEST_TLS } from '../support/otlp-tls.js';
import { disposeServices, newGround, startServiceProcess, type Addresses, type Ground, type ServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

const ROLES = ['viewer', 'responder', 'admin', 'ingest'] as const;
type Holder = (typeof ROLES)[number] | 'nobody' | 'a stranger';

function tokensFile(): string {
  const entries = ROLES.map((role) => `  - { name: ${role}, role: ${role}, hash: 'sha256:${createHash('sha256').update(`token-of-${role}`).digest('hex')}' }`);
  return `tokens:\n${entries.join('\n')}\n`;
}

function headersOf(holder: Holder): Record<string, string> {
  return holder === 'nobody' ? {} : { authorization: `Bearer token-of-${holder}` };
}

describe('an address that other machines reach', () => {
  test('is refused without tokens and TLS, with the reason and what to set', async () => {
    const { code, stdout, stderr } = await startServiceProcess({ ground: newGround(), env: { TOCSIN_HTTP_HOST: '0.0.0.0', TOCSIN_OTLP_HOST: '0.0.0.0' } }).exited;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const words of ['settings/open-to-the-network TOCSIN_HTTP_HOST', 'settings/open-to-the-network TOCSIN_OTLP_HOST', 'TOCSIN_TOKENS_FILE', 'TOCSIN_TLS_CERT_FILE', '127.0.0.1']) expect(stderr).toContain(words);
  });

  test('is refused with a key that does not fit its certificate', async () => {
    const ground = secured();
    ground.write('key.pem', TEST_TLS.cert);
    const { code, stderr } = await startServiceProcess({ ground, env: securedEnvironment(ground) }).exited;
    expect(code).toBe(2);
    expect(stderr).toContain('cert.pem:1:1: error settings/invalid-value access.tls');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

function secured(): Ground {
  return newGround({ 'cert.pem': TEST_TLS.cert, 'key.pem': TEST_TLS.key, 'tokens.yaml': tokensFile() });
}

function securedEnvironment(ground: Ground): NodeJS.ProcessEnv {
  return {
    TOCSIN_HTTP_HOST: '0.0.0.0', TOCSIN_OTLP_HOST: '0.0.0.0', TOCSIN_PUBLIC_URL: 'https://tocsin.example.com',
    TOCSIN_TLS_CERT_FILE: ground.path('cert.pem'), TOCSIN_TLS_KEY_FILE: ground.path('key.pem'), TOCSIN_TOKENS_FILE: ground.path('tokens.yaml'),
  };
}

describe('with TLS and tokens', () => {
  let addresses: Addresses;
  let service: ServiceProcess;

  beforeAll(async () => {
    const ground = secured();
    service = startServiceProcess({ ground, env: securedEnvironment(ground) });
    addresses = await service.ready;
  });

  const portOf = (url: string): number => Number(new URL(url).port);
  const ask = async (path: string, holder: Holder, method = 'GET'): Promise<number> => (await send(portOf(addresses.http), path, { method, ca: TEST_TLS.cert, headers: headersOf(holder) })).status;
  let nextId = 1;

  test('the addresses are https, and plain HTTP gets nothing', async () => {
    for (const address of Object.values(addresses)) expect(address).toMatch(/^https:/);
    await expect(send(portOf(addresses.http), '/healthz', { method: 'GET' })).rejects.toThrow();
    expect(await ask('/healthz', 'nobody')).toBe(200);
    expect(await ask('/readyz', 'nobody')).toBe(200);
  });

  test.each([
    ['nobody', 401], ['a stranger', 401], ['ingest', 403], ['viewer', 200], ['responder', 200], ['admin', 200],
  ] as const)('pages, API and metrics answer %s with %i', async (holder, status) => {
    for (const path of ['/', '/incidents', '/traces', '/api/v1/slos', '/api/v1/incidents', '/metrics']) expect(await ask(path, holder), path).toBe(status);
  });

  test.each([
    ['nobody', 401], ['ingest', 403], ['viewer', 403], ['responder', 404], ['admin', 404],
  ] as const)('acknowledging an incident that does not exist: %s gets %i', async (holder, status) => {
    expect(await ask('/api/v1/incidents/none/acknowledge', holder, 'POST')).toBe(status);
  });

  test.each([
    ['nobody', 401], ['viewer', 403], ['responder', 403], ['admin', 400],
  ] as const)('erasing, without saying what, however the path is spelled: %s gets %i', async (holder, status) => {
    for (const path of ['/api/v1/erasures', '/api/v1/%65rasures', '/%61pi/v1/erasures', `${addresses.http}/api/v1/erasures`]) expect(await ask(path, holder, 'POST'), path).toBe(status);
  });

  test('a browser without a token is led to the login', async () => {
    const answer = await send(portOf(addresses.http), '/incidents', { method: 'GET', ca: TEST_TLS.cert, headers: { accept: 'text/html' } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/login?next=%2Fincidents']);
  });

  test.each([
    ['nobody', 401, 16], ['a stranger', 401, 16], ['viewer', 403, 7], ['responder', 403, 7], ['ingest', 200, 0], ['admin', 200, 0],
  ] as const)('OTLP answers %s with HTTP %i and gRPC %i', async (holder, status, grpcStatus) => {
    const id = nextId;
    nextId += 1;
    const answer = await send(portOf(addresses.otlpHttp), '/v1/traces', { ca: TEST_TLS.cert, headers: { 'content-type': 'application/json', ...headersOf(holder) }, body: tracesJson(requests(id, 1)) });
    expect(answer.status).toBe(status);
    expect(await ask(`/api/v1/traces/${traceIdOf(id)}`, 'viewer')).toBe(status === 200 ? 200 : 404);
    const sender = new GrpcSender(portOf(addresses.otlpGrpc), { ca: TEST_TLS.cert });
    expect((await sender.send(TRACE_EXPORT, new Uint8Array(0), headersOf(holder))).code).toBe(grpcStatus);
    sender.close();
  });

  test('no token stands in the log', () => {
    expect(service.stderr()).not.toContain('token-of-');
  });
});
