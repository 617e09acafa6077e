import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RunningLoader, runnableLoaderOrSkip } from '../support/agent-loader.js';

const ASKS = (port: number): string => `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3`;

describe.skipIf(!runnableLoaderOrSkip())('what the loader tells of a process', { timeout: 120_000 }, () => {
  async function listen(): Promise<{ readonly port: number; close(): void }> {
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  /** A shell that runs `script`, which prints a process id, while the loader stands still: when it goes on, that process has ended and the shell still runs. */
  async function factsOfEnded(script: (port: number) => string): Promise<Record<string, unknown>> {
    const server = await listen();
    const loader = await RunningLoader.start();
    loader.child.kill('SIGSTOP');
    const shell = spawn('bash', ['-c', `${script(server.port)}; read -r`, 'the-parent'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    loader.child.kill('SIGCONT');
    await loader.find((frame) => frame.type === 'process' && frame.pid === pid);
    shell.stdin.end('\n');
    await loader.stop();
    server.close();
    return loader.json('process').find((facts) => facts['pid'] === pid)!;
  }

  test('one that ended is known by the program that forked it', async () => {
    const facts = await factsOfEnded((port) => `( ${ASKS(port)} ) & child=$!; wait $child; echo $child`);
    expect(facts).toMatchObject({ gone: false, comm: 'bash' });
    expect((facts['arguments'] as string[]).at(-1)).toBe('the-parent');
  });

  test('one that ended and ran another program is not taken for the one that started it, though both have the same name', async () => {
    const facts = await factsOfEnded((port) => `bash -c "${ASKS(port).replaceAll('\\', '\\\\')}" & child=$!; wait $child; echo $child`);
    expect(facts).toEqual({ pid: facts['pid'], comm: 'bash', gone: true });
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
    const script = `mount -t tmpfs none /etc && ${plant} && ${ASKS(server.port)} && read -r`;
    const shell = spawn('unshare', ['--mount', 'bash', '-c', script], { stdio: ['pipe', 'ignore', 'inherit'] });
    await loader.find((frame) => frame.type === 'process' && frame.pid === shell.pid);
    shell.stdin.end('\n');
    await loader.stop();
    server.close();
    return loader.json('process').find((facts) => facts['pid'] === shell.pid)!;
  }
});
