import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { replaceFile } from '../support/replace-file.js';
import { requireOrSkip } from '../support/require.js';
import { SpanReceiver } from '../support/span-receiver.js';
import type { ToldSpan } from '../support/told-spans.js';

const canRun = runnableLoaderOrSkip() && requireOrSkip('nginx', 'apt-get install -y nginx-light') && requireOrSkip('redis-server', 'apt-get install -y redis-server') && requireOrSkip('psql', 'apt-get install -y postgresql');
const TRACE = '463ac35c9f6413ad48485a3953bb6124';
const RULE = (attribute: string): string => `apiVersion: tocsin.dev/v1
kind: Redaction
metadata: { name: own }
spec:
  rules:
    - name: ours
      attributes: { names: [${attribute}] }
      mode: mask
`;

describe.skipIf(!canRun)('each setting, on connections that are open, taken over while the agent runs', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  const receiver = new SpanReceiver();
  let agent: Awaited<ReturnType<AgentGround['agent']>>;
  let endpoint: string;
  /** What began before is not looked at. */
  let heardFromNs = 0n;
  const file = (name: string): string => join(ground.directory, name);

  beforeAll(async () => {
    await ground.start();
    endpoint = await receiver.listen();
    agent = await ground.agent(`otlp: { endpoint: "${endpoint}" }\n`);
  }, 180_000);

  afterAll(() => {
    ground.remove();
    receiver.close();
  });

  async function reloaded(write: () => void): Promise<void> {
    const word = '"configuration reloaded"';
    const before = agent.stderr().split(word).length;
    write();
    await eventually(() => expect(agent.stderr().split(word).length, agent.stderr().slice(-500)).toBeGreaterThan(before), { withinMs: 60_000 });
    // What began before may still be told; an error is kept whatever the settings are.
    const sinceNs = BigInt(Date.now()) * 1_000_000n;
    await told(({ startNs }) => startNs > sinceNs, { path: '/broken/1' });
    heardFromNs = BigInt(Date.now() + 1) * 1_000_000n;
  }

  const heard = (): ToldSpan[] => receiver.spans.filter(({ startNs }) => startNs > heardFromNs);

  const use = (agentYaml: string, otlpYaml = ''): Promise<void> => reloaded(() => replaceFile(file('agent.yaml'), `otlp: { endpoint: "${endpoint}" ${otlpYaml} }\nagent: { ${agentYaml} }\n`));

  /** Asks until there is such a span. */
  function told(isMeant: (span: ToldSpan) => boolean, { path = '/orders/7', headers = {} }: { readonly path?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<ToldSpan> {
    return eventually(async () => {
      await (await fetch(`http://127.0.0.1:${ground.nginxPort}${path}`, { headers })).text();
      const span = heard().find(isMeant);
      if (span === undefined) throw new Error(`not among ${heard().length} spans yet`);
      return span;
    }, { withinMs: 60_000 });
  }

  /** Other programs of this machine are traced too, among them perhaps another shop. */
  const isOfShop = ({ resource }: ToldSpan): boolean => resource.some(([key, value]) => key === 'process.pid' && Number(value) === ground.shop.pid);
  const isOfDatabase = ({ told: { 'db.system.name': system } }: ToldSpan): boolean => system !== undefined;
  const isShopServer = (span: ToldSpan): boolean => isOfShop(span) && span.kind === 'server';
  const isQuery = (span: ToldSpan): boolean => isOfShop(span) && span.name === 'SELECT orders';
  const isCount = (span: ToldSpan): boolean => isOfShop(span) && span.name === 'INCR';
  const isOfNginx = ({ told: { 'server.port': port } }: ToldSpan): boolean => Number(port) === ground.nginxPort;

  test('http and database', async () => {
    await use('database: { enabled: false }');
    await told(isShopServer);
    expect(heard().filter(isOfDatabase)).toEqual([]);
    await use('ebpf: { network: { http: false } }');
    await told(isQuery);
    expect(heard().filter((span) => !isOfDatabase(span))).toEqual([]);
  });

  test('exclude_executables', async () => {
    await use('ebpf: { network: { exclude_executables: [/usr/sbin/*] } }');
    await told(isShopServer);
    expect(heard().filter(({ service, kind }) => service === 'nginx' && kind === 'server')).toEqual([]);
    await use('');
    expect(await told((span) => isOfNginx(span) && span.kind === 'server' && span.name === 'GET /orders/{id}')).toMatchObject({ service: 'nginx', isError: false });
    expect(heard().filter((span) => span.told['error.type'] === 'connection_closed' && (isOfShop(span) || isOfNginx(span)))).toEqual([]);
  });

  test('capture_headers, capture_body_bytes and b3', async () => {
    await use('ebpf: { network: { capture_headers: [X-Tenant, Content-Type], capture_body_bytes: 3, b3: true } }');
    const asked = { headers: { 'x-tenant': 'blue', 'b3': `${TRACE}-a2fb4a1d1a96d312-1` } };
    expect(await told(isShopServer, asked)).toMatchObject({
      traceId: TRACE, told: { 'http.request.header.x-tenant': ['blue'], 'http.response.header.content-type': ['text/plain'], 'http.response.body.content': 'fin' },
    });
    await use('');
    const { traceId, told: attributes } = await told(isShopServer, asked);
    expect(traceId).not.toBe(TRACE);
    expect(Object.keys(attributes).filter((name) => /\.(?:header|content)/.test(name))).toEqual([]);
  });

  test('capture_queries, sanitize_queries and max_query_length', async () => {
    await use('database: { capture_queries: false }');
    expect((await told(isQuery)).told).not.toHaveProperty(['db.query.text']);
    await use('database: { sanitize_queries: false }');
    expect((await told(isQuery)).told['db.query.text']).toBe("SELECT customer FROM orders WHERE id = 7 AND customer <> 'geheim'");
    expect((await told(isCount)).told['db.query.text']).toBe('INCR visits:7');
    await use('database: { max_query_length: 16 }');
    expect((await told(isQuery)).told['db.query.text']).toBe('SELECT customer …');
    expect((await told(isCount)).told['db.query.text']).toBe('INCR ?');
  });

  test('capture_parameters', async () => {
    const asked = { path: '/bound/7' };
    const isBound = (span: ToldSpan): boolean => isQuery(span) && String(span.told['db.query.text']).includes('CAST(');
    await use('database: { capture_parameters: true }');
    expect((await told(isBound, asked)).told).toMatchObject({ 'db.query.text': 'SELECT customer FROM orders WHERE id = CAST($1 AS int)', 'db.query.parameter.0': '7' });
    await use('');
    expect((await told(isBound, asked)).told).not.toHaveProperty(['db.query.parameter.0']);
  });

  test('trace_instrumented', async () => {
    const source = "const s = require('node:http').createServer((q, r) => r.end('fine')).listen(0, '127.0.0.1', () => console.log(s.address().port))";
    const server = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, JAVA_TOOL_OPTIONS: '-javaagent:/opt/opentelemetry-javaagent.jar' } });
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    const ofServer = (): ToldSpan[] => heard().filter(({ kind, told: { 'server.port': at } }) => kind === 'server' && Number(at) === port);
    const askServer = async (): Promise<void> => { await (await fetch(`http://127.0.0.1:${port}/own`)).text(); };
    await use('trace_instrumented: false');
    await askServer();
    await told(isShopServer);
    expect(ofServer()).toEqual([]);
    await use('trace_instrumented: true');
    await eventually(async () => {
      await askServer();
      expect(ofServer()).not.toEqual([]);
    }, { withinMs: 60_000 });
    server.kill();
  });

  test('semantic_conventions', async () => {
    await use('semantic_conventions: both');
    expect((await told(isQuery)).told).toMatchObject({ 'db.system.name': 'postgresql', 'db.system': 'postgresql', 'db.statement': expect.stringContaining('SELECT') as string });
    expect((await told(isShopServer)).told).toMatchObject({ 'http.request.method': 'GET', 'http.method': 'GET', 'http.status_code': 200 });
  });

  test('sample_rate and keep_errors', async () => {
    await use('', ', traces: { sample_rate: 0 }');
    const kept = await told(isShopServer, { path: '/broken/7' });
    expect(kept).toMatchObject({ isError: true, told: { 'tocsin.kept.reason': 'error' } });
    expect(heard().filter((span) => isOfShop(span) && !span.isError)).toEqual([]);
  });

  test('keep_slower_than', async () => {
    await use('', ', traces: { sample_rate: 0, keep_slower_than: 250ms }');
    const isSlow = ({ durationNs }: ToldSpan): boolean => durationNs >= 250_000_000;
    expect((await told((span) => isShopServer(span) && isSlow(span), { path: '/slow/7' })).told['tocsin.kept.reason']).toBe('slow');
    expect(heard().filter((span) => isOfShop(span) && !span.isError && !isSlow(span))).toEqual([]);
  });

  test('redaction_file and headers_file, also when only they change', async () => {
    replaceFile(file('own.yaml'), RULE('url.path'));
    replaceFile(file('headers'), 'authorization: Bearer first\n');
    await use(`redaction_file: ${file('own.yaml')}`, `, headers_file: ${file('headers')}`);
    const path = async (): Promise<unknown> => (await told(isShopServer)).told['url.path'];
    expect(await path()).not.toContain('7');
    expect(receiver.headers.authorization).toBe('Bearer first');
    await reloaded(() => replaceFile(file('own.yaml'), RULE('url.query')));
    expect(await path()).toBe('/orders/7');
    await reloaded(() => replaceFile(file('headers'), 'authorization: Bearer second\n'));
    await path();
    expect(receiver.headers.authorization).toBe('Bearer second');
    // A note in the wrong form ended the agent once.
    replaceFile(file('headers'), 'authorization: Bearer third\nnote to self: renew\n');
    await eventually(() => expect(agent.stderr()).toContain(`${file('headers')}:2:1: error agent/invalid-value`), { withinMs: 60_000 });
    await path();
    expect(receiver.headers.authorization).toBe('Bearer second');
  });

  test('log_level', async () => {
    const { length } = agent.stderr();
    replaceFile(file('agent.yaml'), `otlp: { endpoint: "${endpoint}" }\nagent: { log_level: error }\n`);
    await eventually(async () => {
      await told(isShopServer);
      heardFromNs = BigInt(Date.now() + 1) * 1_000_000n;
      expect(receiver.headers.authorization).toBeUndefined();
    }, { withinMs: 60_000 });
    expect(agent.stderr().slice(length)).not.toContain('configuration reloaded');
  });
});
