import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip, RunningLoader } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { pythonEnvironment } from '../support/python-environment.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';
import { SpanReceiver } from '../support/span-receiver.js';

/** A wheel that brings libpq and OpenSSL 1.1.1, whatever Python it was made for: only its libraries are used. */
const WHEEL = {
  name: 'tocsin-openssl-1.1', packages: ['psycopg2-binary==2.9.9'], what: 'a client with OpenSSL 1.1 (the wheel of psycopg2-binary)',
  options: ['--target', 'wheel', '--no-deps', '--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--platform', `manylinux2014_${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`],
};
const canRun = runnableLoaderOrSkip() && requireOrSkip('psql', 'apt-get install -y postgresql') && requireOrSkip('nginx', 'apt-get install -y nginx-light') && requireOrSkip('redis-server', 'apt-get install -y redis-server');
const environment = canRun ? pythonEnvironment(WHEEL) : undefined;

describe.skipIf(environment === undefined)('a program with an OpenSSL 1.1 of its own', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  const receiver = new SpanReceiver();
  const { python, directory } = environment ?? { python: '', directory: '' };
  const libraries = join(directory, 'wheel', 'psycopg2_binary.libs');

  beforeAll(async () => {
    await ground.start();
  }, 180_000);

  afterAll(() => {
    ground.remove();
    receiver.close();
  });

  interface Client {
    readonly child: ChildProcess;
    /** Runs a statement and gives its status. */
    readonly run: (statement: string) => Promise<string>;
  }

  async function connected(): Promise<Client> {
    const libpq = join(libraries, readdirSync(libraries).find((name) => name.startsWith('libpq'))!);
    const child = spawn(python, [join(ROOT, 'test', 'agent', 'programs', 'pgclient.py'), libpq, `host=127.0.0.1 port=${ground.pgPort} user=shop dbname=shop sslmode=require`], { stdio: ['pipe', 'pipe', 'inherit'], env: { LD_LIBRARY_PATH: libraries } });
    const lines = createInterface({ input: child.stdout });
    const ended = once(lines, 'close').then(() => 'the client has ended');
    const next = (): Promise<string> => Promise.race([ended, once(lines, 'line').then(([line]) => line as string)]);
    expect(await next()).toBe('tls');
    return { child, run: (statement) => { child.stdin.write(`${statement}\n`); return next(); } };
  }

  test('its library is found under a hashed name, with every function, and its plaintext is that of its connection', async () => {
    const loader = await RunningLoader.start();
    const client = await connected();
    const file = readdirSync(libraries).find((name) => name.startsWith('libssl'))!;
    expect(file).toMatch(/^libssl-[0-9a-f]+\.so\.1\.1$/);
    const isOfClient = (frame: { readonly bytes: Buffer }): boolean => frame.bytes.includes(file);
    await loader.find((frame) => frame.type === 'library' && isOfClient(frame));
    expect(await client.run('SELECT customer FROM orders WHERE id = 11')).toBe('2');
    client.child.stdin!.end();
    await once(client.child, 'close');
    await loader.stop();
    const library = loader.json('library').find(({ path }) => String(path).endsWith(file))!;
    expect(library).toMatchObject({ kind: 'openssl', version: '1.1', attached: true, refused: null });
    expect(library['functions']).toEqual(['SSL_read', 'SSL_write', 'SSL_read_ex', 'SSL_write_ex', 'SSL_do_handshake']);
    const open = loader.opens(({ remotePort }) => remotePort === ground.pgPort).find(({ pid }) => pid === client.child.pid)!;
    const sent = loader.data(open.cookie, 'sent').filter(({ isTls }) => isTls).map(({ head }) => head.toString('latin1'));
    expect(sent.join('')).toContain('SELECT customer FROM orders WHERE id = 11');
  });

  test('its statements are spans, under those of nobody and above those of the server, and so are its errors', async () => {
    await ground.agent(`otlp: { endpoint: "${await receiver.listen()}" }\n`);
    // The first connection of a program that loads its library late may have begun before its library is probed: of later ones both ends are whole.
    let client = await connected();
    const { client: ours, server } = await eventually(async () => {
      client.child.stdin!.end();
      client = await connected();
      expect(await client.run('SELECT customer FROM orders WHERE id = 4711')).toBe('2');
      const meant = receiver.about(ground.pgPort).filter(({ name }) => name === 'SELECT orders');
      const found = meant.find(({ kind, parentSpanId }) => kind === 'server' && meant.some(({ spanId, service }) => spanId === parentSpanId && service === 'pgclient'));
      if (found === undefined) throw new Error(`not both ends of ${meant.length} spans yet`);
      return { server: found, client: meant.find(({ spanId }) => spanId === found.parentSpanId)! };
    }, { withinMs: 60_000 });
    expect(ours).toMatchObject({ kind: 'client', name: 'SELECT orders', isError: false, told: { 'db.query.text': 'SELECT customer FROM orders WHERE id = ?', 'db.user': 'shop', 'db.namespace': 'shop', 'db.response.returned_rows': 0 } });
    expect(server).toMatchObject({ service: 'postgres', traceId: ours.traceId, told: { 'tocsin.parent.basis': 'connection' } });
    expect(await client.run('SELECT nothing FROM nowhere')).toBe('7');
    await eventually(() => {
      const failed = receiver.about(ground.pgPort).filter(({ name, service }) => name === 'SELECT nowhere' && service === 'pgclient');
      expect(failed).toMatchObject([{ isError: true, told: { 'db.response.status_code': '42P01' } }]);
    });
    client.child.stdin!.end();
  });
});
