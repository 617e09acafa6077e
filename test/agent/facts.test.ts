import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { RunningLoader, runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';

const ASK = "printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3";
const asks = (port: number): string => `exec 3<>/dev/tcp/127.0.0.1/${port}; ${ASK}`;

/** False also for one that only waits for its parent, or has no memory any more. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`).length > 0;
  } catch {
    return false;
  }
}

describe.skipIf(!runnableLoaderOrSkip())('what the loader tells of a process', { timeout: 120_000 }, () => {
  async function listen(): Promise<{ readonly port: number; close(): void }> {
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  interface Ended {
    readonly facts: Record<string, unknown>;
    /** Types of the frames about it. */
    readonly story: readonly string[];
    readonly parent: number;
  }

  /**
   * What is told of a process whose id `command` prints, and which has ended before the loader looks: that one stands still meanwhile. `isKnown`: from when
   * on the loader knows the one that forks it, and lets it go on with a line.
   */
  async function ended(command: (port: number) => readonly string[], { isKnown = false }: { readonly isKnown?: boolean } = {}): Promise<Ended> {
    const server = await listen();
    const loader = await RunningLoader.start();
    if (!isKnown) loader.child.kill('SIGSTOP');
    const [program = '', ...args] = command(server.port);
    const parent = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = once(parent, 'close');
    const line = once(createInterface({ input: parent.stdout }), 'line') as Promise<[string]>;
    if (isKnown) {
      await loader.find(({ type, pid }) => type === 'data' && pid === parent.pid);
      loader.child.kill('SIGSTOP');
      parent.stdin.write('go on\n');
    }
    const child = Number((await line)[0]);
    await eventually(() => expect(isRunning(child)).toBe(false));
    loader.child.kill('SIGCONT');
    await loader.find(({ type, pid }) => type === 'process' && pid === child);
    parent.stdin.end('\n');
    await closed;
    await loader.stop();
    server.close();
    const types = loader.frames.filter(({ type, pid }) => pid === child && type !== 'end').map(({ type }) => type);
    // The shell writes a line at a time.
    const story = types.filter((type, index) => type !== types[index - 1]);
    return { facts: loader.json('process').find(({ pid }) => pid === child)!, story, parent: parent.pid! };
  }

  const shell = (script: string): readonly string[] => ['bash', '-c', script, 'the-parent'];

  test('one that ended is known by the program that forked it, and its end is told', async () => {
    const { facts, story, parent } = await ended((port) => shell(`( ${asks(port)} ) & child=$!; wait $child; echo $child; read -r`));
    expect(facts).toMatchObject({ gone: false, comm: 'bash', parent });
    expect((facts['arguments'] as string[]).at(-1)).toBe('the-parent');
    expect(story).toEqual(['process', 'open', 'data', 'exit']);
  });

  test.skipIf(!requireOrSkip('python3', 'apt-get install -y python3'))('one that is on its way out, without its memory, is known by the program that forked it', async () => {
    const { facts, parent } = await ended((port) => ['python3', join(ROOT, 'test', 'agent', 'programs', 'ending.py'), String(port), 'the-parent']);
    expect(facts).toMatchObject({ gone: false, comm: 'python3', parent });
    expect((facts['arguments'] as string[]).at(-1)).toBe('the-parent');
  });

  test('one that ended and spoke only over a connection of the program that forked it is known by that one', async () => {
    const { facts, story, parent } = await ended((port) => shell(`${asks(port)}; read -r; ( ${ASK} ) & child=$!; wait $child; echo $child; read -r`), { isKnown: true });
    expect(facts).toMatchObject({ gone: false, comm: 'bash', parent });
    expect((facts['arguments'] as string[]).at(-1)).toBe('the-parent');
    expect(story).toEqual(['fork', 'process', 'data']);
  });

  test('of one that ended after the program that forked it, and was another\'s child by then, it is told who that was', async () => {
    const { facts, story, parent } = await ended((port) => shell(`${asks(port)}; read -r; ( while kill -0 $$ 2>&-; do sleep 0.01; done; ${asks(port)} ) & echo $!`), { isKnown: true });
    expect(facts).toEqual({ pid: facts['pid'], parent, comm: 'bash', gone: true });
    expect(story).toEqual(['fork', 'process', 'open', 'data', 'exit']);
  });

  test('one that ended and ran another program is not taken for the one that started it, though both have the same name', async () => {
    const script = (port: number): string => `bash -c "${asks(port).replaceAll('\\', '\\\\')}" & child=$!; wait $child; echo $child; read -r`;
    for (const { facts } of [await ended((port) => shell(script(port))), await ended((port) => shell(`${asks(port)}; read -r; ${script(port)}`), { isKnown: true })]) {
      expect(facts).toEqual({ pid: facts['pid'], comm: 'bash', gone: true });
    }
  });

  test('nor where it spoke only over a connection of that one', async () => {
    const { facts } = await ended((port) => shell(`${asks(port)}; read -r; bash -c "${ASK.replaceAll('\\', '\\\\')}" & child=$!; wait $child; echo $child; read -r`), { isKnown: true });
    expect(facts).toEqual({ pid: facts['pid'], comm: null, gone: true });
  });

  test.each([
    ['a link to a file of the host', (secret: string) => `ln -s ${secret} /etc/hostname`],
    ['a link inside its own root', (secret: string) => `cp ${secret} /etc/secret && ln -s secret /etc/hostname`],
    ['a mount of a file that not everybody may read', (secret: string) => `touch /etc/hostname && mount --bind ${secret} /etc/hostname`],
    ['a pipe', () => 'mkfifo -m 644 /etc/hostname'],
  ])('its host name is not read where a container makes that %s', async (_what, plant) => {
    const secret = join(mkdtempSync(join(tmpdir(), 'tocsin-agent-')), 'secret');
    writeFileSync(secret, 'geheim\n', { mode: 0o640 });
    const facts = await factsOfContained(plant(secret));
    expect(facts['hostname']).toBeNull();
    expect(JSON.stringify(facts)).not.toContain('geheim');
  });

  test('its host name is that of its container', async () => {
    expect(await factsOfContained('echo shop-7d9f8b6c5-x2x4z > /etc/hostname')).toMatchObject({ hostname: 'shop-7d9f8b6c5-x2x4z' });
  });

  /** Of a shell that has an /etc of its own, which `plant` fills. */
  async function factsOfContained(plant: string): Promise<Record<string, unknown>> {
    const server = await listen();
    const loader = await RunningLoader.start();
    const script = `mount -t tmpfs none /etc && ${plant} && ${asks(server.port)} && read -r`;
    const shell = spawn('unshare', ['--mount', 'bash', '-c', script], { stdio: ['pipe', 'ignore', 'inherit'] });
    await loader.find((frame) => frame.type === 'process' && frame.pid === shell.pid);
    shell.stdin.end('\n');
    await loader.stop();
    server.close();
    return loader.json('process').find((facts) => facts['pid'] === shell.pid)!;
  }
});
