import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { compile, runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';
import { SpanReceiver } from '../support/span-receiver.js';
import type { ToldSpan } from '../support/told-spans.js';

const run = promisify(execFile);
const canRun = runnableLoaderOrSkip() && requireOrSkip('nginx', 'apt-get install -y nginx-light') && requireOrSkip('redis-server', 'apt-get install -y redis-server')
  && requireOrSkip('psql', 'apt-get install -y postgresql') && requireOrSkip('curl', 'apt-get install -y curl') && requireOrSkip('python3', 'apt-get install -y python3') && requireOrSkip('ip', 'apt-get install -y iproute2');

describe.skipIf(!canRun)('real programs', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  const receiver = new SpanReceiver();

  beforeAll(async () => {
    await ground.start();
    await ground.agent(`otlp: { endpoint: "${await receiver.listen()}" }\n`);
  }, 180_000);

  afterAll(() => {
    ground.remove();
    receiver.close();
  });

  /** Both ends of an exchange, which `ask` makes again until they are there: the first connection of a TLS library that is new may be missed. */
  function bothEnds(ask: () => Promise<unknown>, isMeant: (span: ToldSpan) => boolean): Promise<{ readonly client: ToldSpan; readonly server: ToldSpan }> {
    return eventually(async () => {
      await ask();
      const meant = receiver.spans.filter(isMeant);
      const server = meant.find(({ kind, parentSpanId }) => kind === 'server' && meant.some(({ spanId }) => spanId === parentSpanId));
      const client = meant.find(({ spanId }) => spanId === server?.parentSpanId);
      if (server === undefined || client === undefined) throw new Error(`not both ends of ${meant.length} spans yet`);
      return { client, server };
    }, { withinMs: 60_000 });
  }

  test('nginx and curl over TLS', async () => {
    const url = `https://127.0.0.1:${ground.httpsPort}/orders/7`;
    const { client, server } = await bothEnds(() => run('curl', ['-sk', '--http1.1', url]), ({ told }) => told['server.port'] === ground.httpsPort);
    expect(server).toMatchObject({ service: 'nginx', name: 'GET /orders/{id}', told: { 'url.scheme': 'https', 'url.path': '/orders/7', 'http.response.status_code': 200, 'tocsin.parent.basis': 'connection' } });
    expect(client).toMatchObject({ service: 'curl', traceId: server.traceId, told: { 'url.full': `https://127.0.0.1:${ground.httpsPort}/orders/7` } });
  });

  test('psql and PostgreSQL, which turn to TLS after their first bytes', async () => {
    const url = `postgresql://shop@127.0.0.1:${ground.pgPort}/shop?sslmode=require`;
    const { client, server } = await bothEnds(() => run('psql', [url, '-X', '-c', 'SELECT customer FROM orders WHERE id = 4711']), ({ service, told }) => told['server.port'] === ground.pgPort && ['psql', 'postgres'].includes(service));
    expect(client).toMatchObject({ service: 'psql', name: 'SELECT orders', told: { 'db.query.text': 'SELECT customer FROM orders WHERE id = ?', 'db.user': 'shop', 'db.namespace': 'shop', 'db.response.returned_rows': 0 } });
    expect(server).toMatchObject({ service: 'postgres', name: 'SELECT orders', traceId: client.traceId });
  });

  test('io_uring at both ends', async () => {
    const ring = compile('ring', ['-luring']);
    const ask = async (): Promise<void> => {
      const { stdout } = await run(ring, ['/users/4711']);
      expect(stdout).toBe('ring\n');
    };
    const { client, server } = await bothEnds(ask, ({ service }) => service === 'ring');
    for (const span of [client, server]) expect(span).toMatchObject({ name: 'GET /users/{id}', told: { 'http.response.status_code': 200, 'http.response.body.size': 4 } });
  });

  test('a network namespace, IPv4 on a socket of IPv6, a child that answers through a copy of the descriptor', async () => {
    const namespace = `tocsin${process.pid}`;
    execFileSync('ip', ['netns', 'add', namespace]);
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const program = spawn('ip', ['netns', 'exec', namespace, 'python3', join(ROOT, 'test', 'agent', 'programs', 'forking.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const lines = createInterface({ input: program.stdout });
      const port = Number((await once(lines, 'line') as [string])[0]);
      const answered: string[] = [];
      const ask = async (): Promise<void> => {
        program.stdin.write('/baskets/4711\n');
        answered.push((await once(lines, 'line') as [string])[0]);
      };
      const { client, server } = await bothEnds(ask, ({ name, told }) => name === 'GET /baskets/{id}' && (told['network.peer.port'] === port || told['url.path'] === '/baskets/4711'));
      expect(server).toMatchObject({ service: 'forking', name: 'GET /baskets/{id}', told: { 'network.type': 'ipv4', 'client.address': '127.0.0.1' } });
      expect(server.resource.find(([key, value]) => key === 'process.pid' && answered.includes(`${Number(value)}`))).toBeDefined();
      expect(client).toMatchObject({ service: 'forking', told: { 'network.peer.address': '127.0.0.1' } });
    } finally {
      program.stdin.end();
      execFileSync('ip', ['netns', 'del', namespace]);
    }
  });
});
