import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, heldInKernel, RunningLoader, runnableLoaderOrSkip, stillInKernel, wholeStream } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { TEST_TLS } from '../support/otlp-tls.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';

const ROLE = { client: 1, server: 2 };
const PROTOCOL = { http1: 1, tls: 5 };
const SOURCE_TLS_LIBRARY = 1;
const PROGRAMS = join(ROOT, 'test', 'agent', 'programs');
const environment = { ...process.env, TEST_CERT: TEST_TLS.cert, TEST_KEY: TEST_TLS.key };
const LANGUAGES = { node: [process.execPath, join(PROGRAMS, 'https.js')], python: ['python3', join(PROGRAMS, 'https.py')] } as const;
type Language = keyof typeof LANGUAGES;

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

async function serve(language: Language, { wrapper = [], behind = [] }: { readonly wrapper?: readonly string[]; readonly behind?: readonly string[] } = {}): Promise<Server> {
  const [command = '', ...args] = [...wrapper, ...LANGUAGES[language], 'serve', ...behind];
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(first.toString()) };
}

function ask(language: Language, port: number, paths: readonly string[]): string[] {
  const [command, script] = LANGUAGES[language];
  return execFileSync(command, [script, 'ask', String(port), ...paths], { env: environment, encoding: 'utf8' }).trim().split('\n');
}

const mappedFiles = (pid: number): string[] => [...readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/ r-xp .* (\/.*)$/gm)].map(([, path]) => path!);

const canRun = runnableLoaderOrSkip() && requireOrSkip('python3', 'apt-get install -y python3');

describe.skipIf(!canRun)('plaintext of TLS connections', { timeout: 120_000 }, () => {
  let servers: Record<Language, Server>;
  beforeAll(async () => {
    servers = { node: await serve('node'), python: await serve('python') };
  });
  afterAll(() => {
    for (const { child } of Object.values(servers)) child.stdin!.end();
  });

  test.each([
    ['node', 'node'], ['node', 'python'], ['python', 'node'], ['python', 'python'],
  ] as const)('a %s client and a %s server: both ends, joined to their connection', async (client, server) => {
    const { port } = servers[server];
    const loader = await RunningLoader.start();
    const paths = ['/first', '/second?with=query', '/third'];
    expect(ask(client, port, paths)).toEqual(paths.map((path) => `${server} says ${path}`));
    await loader.stop();
    // The client's end first; which one is heard of first is the scheduler's choice.
    const opens = [...loader.opens(({ localPort, remotePort }) => localPort === port || remotePort === port)].sort((left, right) => left.role - right.role);
    expect(opens.map(({ role, protocol }) => ({ role, protocol }))).toEqual([
      { role: ROLE.client, protocol: PROTOCOL.tls }, { role: ROLE.server, protocol: PROTOCOL.tls },
    ]);
    const [clientEnd, serverEnd] = opens;
    const requests = wholeStream(loader.data(clientEnd!.cookie, 'sent')).toString();
    const answers = wholeStream(loader.data(serverEnd!.cookie, 'sent')).toString();
    expect([...requests.matchAll(/^GET (\S+) HTTP\/1\.1\r$/gm)].map(([, path]) => path)).toEqual(paths);
    expect([...answers.matchAll(/says (\/[a-z?=]+)/g)].map(([, path]) => path)).toEqual(paths);
    expect(wholeStream(loader.data(serverEnd!.cookie, 'received')).toString()).toBe(requests);
    expect(wholeStream(loader.data(clientEnd!.cookie, 'received')).toString()).toBe(answers);
    // Nobody hears a request before it is sent, however late the call that sends it returns.
    for (const { position, timeNs } of loader.data(clientEnd!.cookie, 'sent')) {
      const heard = loader.data(serverEnd!.cookie, 'received').find((frame) => frame.position <= position && position < frame.position + frame.total);
      expect(heard!.timeNs).toBeGreaterThanOrEqual(timeNs);
    }
    const all = opens.flatMap(({ cookie }) => [...loader.data(cookie, 'sent'), ...loader.data(cookie, 'received')]);
    expect(all.every(({ isTls, source, protocol }) => isTls && source === SOURCE_TLS_LIBRARY && protocol === PROTOCOL.http1)).toBe(true);
  });

  test('each library is named, with its functions', async () => {
    const loader = await RunningLoader.start();
    await loader.stop();
    const libraries = loader.json('library') as { kind: string; attached: boolean; functions: string[]; refused: string | null }[];
    const node = libraries.find(({ kind }) => kind === 'node');
    const openssl = libraries.find(({ kind }) => kind === 'openssl');
    for (const library of [node, openssl]) {
      expect(library).toMatchObject({ attached: true, refused: null });
      expect(library!.functions).toEqual(expect.arrayContaining(['SSL_read', 'SSL_write', 'SSL_read_ex', 'SSL_write_ex']));
    }
  });

  test('a library inside a container is found through its process, though the same path on the host is another file', async () => {
    const onHost = mappedFiles(servers.python.child.pid!).find((path) => path.includes('libssl'))!;
    const copy = join(mkdtempSync(join(tmpdir(), 'tocsin-agent-')), 'libssl.so');
    copyFileSync(onHost, copy);
    const script = `mount --bind ${copy} ${onHost} && exec "$@"`;
    const loader = await RunningLoader.start();
    const contained = await serve('python', { wrapper: ['unshare', '--mount', 'sh', '-c', script, 'sh'] });
    // Its first connection may come before its probes: this is the one that brings them.
    ask('node', contained.port, ['/first']);
    await loader.find((frame) => frame.type === 'library' && frame.bytes.includes(`"inode":"${statSync(copy).ino}"`));
    ask('node', contained.port, ['/inside']);
    contained.child.stdin!.end();
    await loader.stop();
    const libraries = loader.json('library') as { path: string; inode: string; attached: boolean }[];
    expect(libraries.find(({ inode }) => inode === String(statSync(copy).ino))).toMatchObject({ path: `/proc/${contained.child.pid}/root${onHost}`, attached: true });
    const received = loader.frames.filter((frame) => frame.type === 'data' && frame.pid === contained.child.pid).map(({ bytes }) => bytes.toString('latin1'));
    expect(received.some((bytes) => bytes.includes('GET /inside HTTP'))).toBe(true);
  });

  test('a program whose TLS cannot be read is not searched for a library at each of its connections', async () => {
    const loader = await RunningLoader.start();
    const readBytes = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${loader.child.pid}/io`, 'utf8'))![1]);
    const before = readBytes();
    const child = spawn(compile('hellos'), { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    await eventually(() => expect(loader.frames.filter(({ type, pid }) => type === 'open' && pid === child.pid).length).toBe(2 * Number(line.toString())));
    // Of its 200 ends each would read what is mapped, about a megabyte.
    const mappedBytes = readFileSync(`/proc/${child.pid}/maps`).length;
    expect(mappedBytes).toBeGreaterThan(500_000);
    expect(readBytes() - before).toBeLessThan(100 * mappedBytes);
    child.stdin.end();
    await loader.stop();
  });

  test('an excluded process keeps its plaintext', async () => {
    const { child, port } = servers.python;
    const loader = await RunningLoader.start(['--exclude-pid', String(child.pid)]);
    ask('node', port, ['/secret']);
    await loader.stop();
    expect(loader.frames.filter((frame) => frame.pid === child.pid && frame.type !== 'process')).toEqual([]);
  });

  test('an excluded port keeps its plaintext, also what the library has in its buffer', async () => {
    const { child, port } = servers.python;
    const loader = await RunningLoader.start(['--exclude-ports', String(port)]);
    // Of these the second piece that the server reads looks like a beginning as well: HTTP/1.1.
    ask('node', port, ['/secret-one', '/secret-two']);
    await loader.stop();
    expect(loader.frames.filter(({ type, pid }) => pid === child.pid && (type === 'open' || type === 'data'))).toEqual([]);
    expect(loader.frames.filter(({ type, bytes }) => type === 'data' && bytes.includes('/secret'))).toEqual([]);
  });

  test('a thread that is a server here and a client there is not taken for the one on the connection of the other', async () => {
    const proxy = await serve('python', { behind: [String(servers.python.port)] });
    const loader = await RunningLoader.start();
    expect(ask('node', proxy.port, ['/front', '/front'])).toEqual(['python says /front', 'python says /front']);
    proxy.child.stdin!.end();
    await loader.stop();
    const [front] = loader.opens(({ role, localPort }) => role === ROLE.server && localPort === proxy.port);
    const pieces = loader.data(front!.cookie, 'received');
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.every(({ role }) => role === ROLE.server)).toBe(true);
  });

  test('kill -9 takes every probe with it, and the traced programs go on', async () => {
    const loader = await RunningLoader.start();
    await loader.find((frame) => frame.type === 'library' && frame.bytes.includes('"kind":"node"'));
    await loader.find((frame) => frame.type === 'library' && frame.bytes.includes('"kind":"openssl"'));
    const held = heldInKernel(loader.child.pid!);
    const withoutTls = 8;
    expect(held.filter(({ kind }) => kind === 'link').length).toBeGreaterThanOrEqual(withoutTls + 6);
    expect(stillInKernel(held)).toEqual(held);
    loader.child.kill('SIGKILL');
    await once(loader.child, 'exit');
    await eventually(() => {
      expect(stillInKernel(held)).toEqual([]);
    });
    expect(ask('python', servers.node.port, ['/after'])).toEqual(['node says /after']);
    expect(ask('node', servers.python.port, ['/after'])).toEqual(['python says /after']);
  });
});
