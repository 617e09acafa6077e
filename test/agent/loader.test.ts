import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildLoaderOrSkip, compile, heldInKernel, LOADER, loaderForAnyone, RunningLoader, runnableLoaderOrSkip, stillInKernel, wholeStream } from '../support/agent-loader.js';
import { Talk } from '../support/agent-talk.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/repository.js';

const ROLE = { client: 1, server: 2 };
const ORIGIN = { seen: 0, backfilled: 1 };
const GAP = { none: 0, limit: 1 };

describe.skipIf(!buildLoaderOrSkip())('the loader without a kernel', { timeout: 120_000 }, () => {
  test.each([
    ['units', 10, ['queue', 'ring', 'text', 'losses', 'options', 'proc'], []],
    ['probes', 6, ['text', 'proc', 'symbols', 'returns', 'instructions', 'libraries', 'uprobes'], ['-lelf', '-lcapstone']],
    ['processes', 10, ['processes', 'forks', 'text', 'options', 'proc'], []],
  ])('its parts do what they say: %s', (program, tests, names, libraries) => {
    const parts = names.map((name) => join(ROOT, 'agent', 'loader', `${name}.c`));
    const { stdout, status } = spawnSync(compile(program, [...parts, ...libraries]), { encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line.startsWith('not ok'))).toEqual([]);
    expect(stdout.split('\n').filter((line) => line.startsWith('ok'))).toHaveLength(tests);
    expect(status).toBe(0);
  });

  test.each([
    [['run', '--capture', 'much'], '--capture: a number is missing'],
    [['run', '--exclude-ports', '70000'], 'a port is a number from 1 to 65535'],
    [['fly'], 'run|doctor|layout|version'],
  ])('says what is wrong with the arguments %j', (args, message) => {
    const { status, stderr } = spawnSync(LOADER, args, { encoding: 'utf8' });
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test('tells what each missing right hides, also when it has none at all', () => {
    // User 65534 (nobody) with no capabilities: everything is refused, and said.
    const { stdout, status } = spawnSync(loaderForAnyone(), ['doctor'], { encoding: 'utf8', ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }) });
    const report = JSON.parse(stdout) as { ok: boolean; checks: { name: string; ok: boolean; needs: string; invisible: string; detail: string }[] };
    expect(report.checks.map(({ name }) => name)).toEqual(['sockets', 'connections', 'processes', 'open-connections', 'io_uring', 'tls', 'facts', 'replaced-libraries']);
    if (process.getuid?.() !== 0) return;
    expect(report.ok).toBe(false);
    expect(status).toBe(1);
    expect(report.checks.every(({ ok, needs, invisible, detail }) => !ok && needs.includes('CAP_') && invisible !== '' && detail !== '')).toBe(true);
  });
});

describe.skipIf(!runnableLoaderOrSkip())('the loader', { timeout: 120_000 }, () => {
  let talk: Talk;
  beforeEach(async () => {
    talk = await Talk.start();
  });
  afterEach(async () => {
    await talk.stop();
  });

  const isOfTalk = (open: { localPort: number; remotePort: number }): boolean =>
    [open.localPort, open.remotePort].sort().join() === [talk.ports.client, talk.ports.server].sort().join();

  test('a connection that was open before is followed from where it is, with its role by the listening port', async () => {
    await talk.exchange(300);
    const loader = await RunningLoader.start();
    await talk.exchange(200);
    await loader.stop();
    const opens = loader.opens(isOfTalk);
    expect(opens.map(({ role, origin, localPort }) => ({ role, origin, localPort })).sort((a, b) => a.role - b.role)).toEqual([
      { role: ROLE.client, origin: ORIGIN.backfilled, localPort: talk.ports.client },
      { role: ROLE.server, origin: ORIGIN.backfilled, localPort: talk.ports.server },
    ]);
    for (const { cookie } of opens) {
      expect(loader.data(cookie, 'sent')).toMatchObject([{ position: 0, total: 200, gap: GAP.none }]);
      expect(loader.data(cookie, 'received')).toMatchObject([{ position: 0, total: 200, gap: GAP.none }]);
    }
  });

  test('both ends know their connection by the same number, whether it was open before or not', async () => {
    const loader = await RunningLoader.start();
    const younger = await Talk.start();
    await younger.exchange(200);
    await talk.exchange(200);
    await younger.stop();
    await loader.stop();
    const numbers = [talk, younger].map(({ ports }) => loader.opens(({ localPort, remotePort }) => [localPort, remotePort].includes(ports.client) && [localPort, remotePort].includes(ports.server)).map(({ firstSequence }) => firstSequence));
    for (const [one, other, ...more] of numbers) {
      expect(one).toBeGreaterThan(0);
      expect(other).toBe(one);
      expect(more).toEqual([]);
    }
    expect(numbers[0]?.[0]).not.toBe(numbers[1]?.[0]);
  });

  test('captures the head and the tail of what is long, and counts the rest', async () => {
    const loader = await RunningLoader.start(['--capture', '512', '--capture-more', '64', '--tail', '16']);
    await talk.exchange(5000);
    await talk.exchange(100);
    await loader.command('capture 32 16 0');
    await talk.exchange(400);
    await loader.stop();
    const { cookie } = loader.opens(isOfTalk).find(({ role }) => role === ROLE.client)!;
    const sent = loader.data(cookie, 'sent');
    expect(sent.map(({ position, total, head, tail, gap }) => [position, total, head.length, tail.length, gap])).toEqual([
      [0, 5000, 512, 16, GAP.limit], [5000, 100, 100, 0, GAP.none], [5100, 400, 32, 0, GAP.limit],
    ]);
    const request = 'POST /talk HTTP/1.1\r\n\r\n'.padEnd(5000, 'abcdefghijklmnopqrstuvwxyz');
    expect(sent[0]!.head.toString()).toBe(request.slice(0, 512));
    expect(sent[0]!.tail.toString()).toBe(request.slice(-16));
    const received = loader.data(cookie, 'received');
    expect(received.reduce((sum, { total }) => sum + total, 0)).toBe(5500);
  });

  test('policies hold: off is silent, count has no bytes, full goes on at the right place', async () => {
    const loader = await RunningLoader.start();
    await talk.exchange(100);
    const open = await loader.find(({ type, bytes }) => type === 'open' && bytes.readUInt16LE(112) === talk.ports.client);
    await loader.command(`policy ${open.cookie} count`);
    await talk.exchange(150);
    await loader.command(`policy ${open.cookie} full`);
    await talk.exchange(160);
    await loader.command(`policy ${open.cookie} off`);
    await talk.exchange(170);
    await loader.stop();
    expect(loader.data(open.cookie, 'sent').map(({ position, total, head }) => [position, total, head.length])).toEqual([
      [0, 100, 100], [100, 150, 0], [250, 160, 160],
    ]);
  });

  test('a connection whose announcement was lost is announced again, once, and goes on at its place', async () => {
    const loader = await RunningLoader.start();
    await talk.exchange(100);
    const open = await loader.find(({ type, bytes }) => type === 'open' && bytes.readUInt16LE(112) === talk.ports.client);
    await loader.command(`policy ${open.cookie} announce`);
    await talk.exchange(150);
    // Whatever else is told, the word holds once.
    await loader.command('exclude-ports none');
    await talk.exchange(160);
    await loader.stop();
    const told = loader.frames.filter(({ cookie, type, bytes }) => cookie === open.cookie && (type === 'open' || (type === 'data' && bytes.readUInt8(64) === 1)));
    expect(told.map(({ type }) => type)).toEqual(['open', 'data', 'open', 'data', 'data']);
    expect(loader.data(open.cookie, 'sent').map(({ position, total, head }) => [position, total, head.length])).toEqual([[0, 100, 100], [100, 150, 150], [250, 160, 160]]);
  });

  test('excluded ports and processes are not told, and are again when they are let in', async () => {
    const loader = await RunningLoader.start(['--exclude-pid', String(talk.pid)]);
    await talk.exchange(100);
    await loader.command(`include-pid ${talk.pid}`, `exclude-ports 22,${talk.ports.server}`);
    await talk.exchange(110);
    await loader.command('exclude-ports none');
    await talk.exchange(120);
    await loader.command(`exclude-pid ${talk.pid}`);
    await talk.exchange(130);
    await loader.stop();
    const opens = loader.opens(isOfTalk);
    expect(opens).toHaveLength(2);
    for (const { cookie } of opens) expect(loader.data(cookie, 'sent').map(({ total }) => total)).toEqual([120]);
  });

  test('a wrong command is answered and changes nothing', async () => {
    const loader = await RunningLoader.start();
    await loader.command('policy 1', 'policy x off', 'policy 1 loud', 'exclude-ports 1,x', 'capture 1 2 3', 'exclude-pid', `x${'y'.repeat(5000)}`);
    await talk.exchange(100);
    await loader.stop();
    expect(loader.said).toContain('command "policy": policy COOKIE off|count|full|announce');
    expect(loader.said).toContain('command "exclude-ports": --exclude-ports: a port is a number');
    expect(loader.said).toContain('command "capture": capture: 16 to 15872 bytes');
    expect(loader.said).toContain('command "exclude-pid": a process id is missing');
    expect(loader.said).toContain('a command line is longer than 4095 bytes');
    expect(loader.opens(isOfTalk)).toHaveLength(2);
  });

  test('a reader that does not keep up costs data, counted and shown as holes, never order or memory', async () => {
    const loader = await RunningLoader.start(['--ring-bytes', '4194304', '--queue-bytes', '262144'], { reading: false });
    await eventually(() => {
      expect(heldInKernel(loader.child.pid!).filter(({ kind }) => kind === 'link').length).toBeGreaterThanOrEqual(8);
    });
    await talk.exchange(1000, 3000);
    loader.read();
    await loader.find(({ type }) => type === 'clock');
    await talk.exchange(1000);
    await loader.stop();
    const { loader: losses, cpus } = loader.json('loss').at(-1)! as unknown as { loader: { queueFull: number; sequenceHoles: number }; cpus: { ringFull: number }[] };
    expect(losses.queueFull).toBeGreaterThan(0);
    // The kernel counts what its ring had no room for, where the loader did not get its turn; nothing else is missing.
    expect(losses.sequenceHoles).toBeLessThanOrEqual(cpus.reduce((sum, { ringFull }) => sum + ringFull, 0));
    const { cookie } = loader.opens(isOfTalk)[0]!;
    const sent = loader.data(cookie, 'sent');
    const positions = sent.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(sent.every(({ head, total }) => head.length === total)).toBe(true);
    expect(sent.reduce((sum, { total }) => sum + total, 0)).toBeLessThan(3001 * 1000);
    const residentKib = Math.max(...loader.json('cost').map((cost) => (cost['loader'] as { residentKiB: number }).residentKiB), 0);
    expect(residentKib).toBeLessThan(64 * 1024);
  });

  test('what its tables have no room for is counted', async () => {
    const loader = await RunningLoader.start();
    // Beside itself and its parent.
    await loader.command(...Array.from({ length: 4_100 }, (_, index) => `exclude-pid ${4_000_000 + index}`));
    loader.child.kill('SIGSTOP');
    const place = mkdtempSync(join(tmpdir(), 'tocsin-agent-'));
    const sleepers = Array.from({ length: 70 }, (_, index) => {
      copyFileSync('/bin/sleep', join(place, `sleep-${index}`));
      return spawn(join(place, `sleep-${index}`), ['60'], { stdio: 'ignore' });
    });
    await Promise.all(sleepers.map(async ({ pid }) => eventually(() => expect(readlinkSync(`/proc/${pid}/exe`)).toContain('sleep-'))));
    loader.child.kill('SIGCONT');
    await loader.stop();
    for (const sleeper of sleepers) sleeper.kill('SIGKILL');
    rmSync(place, { recursive: true });
    const told = loader.json('loss').at(-1)!['loader'] as Record<string, number>;
    expect(told).toMatchObject({ excludedFull: 6, processesFull: 0, librariesFull: 0 });
    expect(told['programsFull']).toBeGreaterThanOrEqual(6);
  });

  test('nothing is left in the kernel, however it ends, and the traced program goes on', async () => {
    const endings: ((loader: RunningLoader) => void)[] = [
      ({ child }) => child.stdin.end(),
      ({ child }) => child.kill('SIGKILL'),
      ({ child }) => child.kill('SIGTERM'),
      ({ child }) => child.stdout.destroy(),
    ];
    for (const end of endings) {
      const loader = await RunningLoader.start();
      await talk.exchange(100);
      const held = heldInKernel(loader.child.pid!);
      expect(new Set(held.map(({ kind }) => kind))).toEqual(new Set(['prog', 'map', 'link']));
      expect(stillInKernel(held)).toEqual(held);
      end(loader);
      const exchanging = talk.exchange(100, 50);
      await once(loader.child, 'exit');
      await exchanging;
      await eventually(() => {
        expect(stillInKernel(held)).toEqual([]);
      });
    }
  });

  test('forks, another program and the end of a process are told', async () => {
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const loader = await RunningLoader.start();
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3; read -r; (:); exec /bin/cat`;
    const bash = spawn('bash', ['-c', script], { stdio: ['pipe', 'ignore', 'inherit'] });
    const { pid } = bash as { pid: number };
    await loader.find((frame) => frame.type === 'data' && frame.pid === pid);
    bash.stdin.end('go on\n');
    await once(bash, 'close');
    await loader.stop();
    server.close();
    const story = loader.frames.filter((frame) => frame.pid === pid && frame.type !== 'end' && frame.type !== 'close').map(({ type }) => type);
    expect(story.slice(0, 3)).toEqual(['process', 'open', 'data']);
    expect(story.at(-1)).toBe('exec');
    expect(loader.frames.filter(({ type, bytes }) => type === 'fork' && bytes.readUInt32LE(48) === pid)).toHaveLength(1);
  });

  test('the environment asked for is told, and nothing else of it', async () => {
    const loader = await RunningLoader.start(['--environment', 'TOCSIN_TALK_*']);
    const script = join(ROOT, 'test', 'agent', 'programs', 'talk.js');
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'], env: { TOCSIN_TALK_NAME: 'shop "1"', OTEL_SERVICE_NAME: 'no', SECRET: 'no' } });
    child.stdin.write('100\n');
    await loader.find(({ type, pid }) => type === 'process' && pid === child.pid);
    child.stdin.end();
    await once(child, 'close');
    await loader.stop();
    const facts = loader.json('process').find(({ pid }) => pid === child.pid)!;
    expect(facts['environment']).toEqual({ TOCSIN_TALK_NAME: 'shop "1"' });
    expect(facts['arguments']).toEqual([process.execPath, script]);
    expect(facts['workingDirectory']).toBe(process.cwd());
  });

  test('five capabilities are enough: no root, no CAP_SYS_ADMIN', async () => {
    const rights = '+bpf,+perfmon,+sys_ptrace,+dac_read_search,+checkpoint_restore';
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps', rights, '--ambient-caps', rights, '--bounding-set', `-all,${rights}`];
    const loader = await RunningLoader.start([], { command: [...nobody, loaderForAnyone()] });
    expect(readFileSync(`/proc/${loader.child.pid}/status`, 'utf8')).toMatch(/^Uid:\t65534[^]*CapEff:\t000001c000080004$/m);
    await talk.exchange(100);
    await loader.stop();
    expect(loader.json('hello')[0]).toMatchObject({ missing: [] });
    const facts = loader.json('process').find(({ pid }) => pid === talk.pid)!;
    expect(facts).toMatchObject({ executable: process.execPath, gone: false });
    expect(loader.opens(isOfTalk)).toHaveLength(2);
  });

  test('bytes of many exchanges arrive whole and in order', async () => {
    const loader = await RunningLoader.start();
    await talk.exchange(700, 500);
    await loader.stop();
    for (const { cookie } of loader.opens(isOfTalk)) {
      expect(wholeStream(loader.data(cookie, 'sent'))).toHaveLength(350_000);
      expect(wholeStream(loader.data(cookie, 'received'))).toHaveLength(350_000);
    }
    expect(loader.json('loss').at(-1)!['loader']).toMatchObject({ queueFull: 0, sequenceHoles: 0, missedRuns: 0 });
  });
});
