import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile, RunningLoader, runnableLoaderOrSkip, wholeStream } from '../support/agent-loader.js';

const CAPTURE = ['--capture', '8192', '--capture-more', '8192'];
const ROLE = { client: 1, server: 2 };
const GAP = { noBuffer: 2, discarded: 6 };
const RECEIVED_BEFORE_SPLICE = 300;

interface Connection {
  readonly name: string;
  readonly family: 4 | 6;
  readonly client: string;
  readonly server: string;
  readonly opening: string;
  readonly message: string;
  readonly answer: string;
}

interface Observed {
  readonly loader: RunningLoader;
  readonly connections: readonly Connection[];
}

/** Runs the program that makes every call, under the loader, and gives both sides of the story. */
async function observe(args: readonly string[] = []): Promise<Observed> {
  const calls = compile('calls', ['-luring']);
  const loader = await RunningLoader.start(CAPTURE);
  const output = execFileSync(calls, args, { encoding: 'utf8' });
  await loader.stop();
  return { loader, connections: output.trim().split('\n').map((line) => JSON.parse(line) as Connection) };
}

const sent = ({ opening, message }: Connection): string => opening + message;
const hex = (bytes: Buffer): string => bytes.toString('hex');
const isWhole = ({ name }: Connection): boolean => !/sendfile|splice|MSG_TRUNC/.test(name);

describe.skipIf(!runnableLoaderOrSkip())('every call that moves bytes over TCP', { timeout: 120_000 }, () => {
  let observed: Observed;
  beforeAll(async () => {
    observed = await observe();
  });

  test('the bytes seen are the bytes moved, on both ends, over IPv4 and IPv6', () => {
    const { loader, connections } = observed;
    expect(connections).toHaveLength(34);
    const whole = connections.filter(isWhole);
    const seen = whole.map(({ name, family, client, server }) => ({
      name, family,
      clientSent: hex(wholeStream(loader.data(client, 'sent'))), clientReceived: hex(wholeStream(loader.data(client, 'received'))),
      serverSent: hex(wholeStream(loader.data(server, 'sent'))), serverReceived: hex(wholeStream(loader.data(server, 'received'))),
    }));
    expect(seen).toEqual(whole.map((connection) => ({
      name: connection.name, family: connection.family, clientSent: sent(connection), clientReceived: connection.answer,
      serverSent: connection.answer, serverReceived: sent(connection),
    })));
  });

  test('a connection is announced before its data, with its ends, its family and its role', () => {
    const { loader, connections } = observed;
    for (const { client, server, family } of connections) {
      const [opened] = loader.opens(({ cookie }) => cookie === client);
      const [accepted] = loader.opens(({ cookie }) => cookie === server);
      expect(opened).toMatchObject({ family, role: ROLE.client, origin: 0, protocol: 1 });
      expect(accepted).toMatchObject({ family, role: ROLE.server, origin: 0, localPort: opened!.remotePort, remotePort: opened!.localPort });
      const first = loader.frames.findIndex(({ cookie }) => cookie === client);
      expect(loader.frames[first]!.type).toBe('open');
      expect(loader.data(client, 'sent')[0]).toMatchObject({ isFirst: true, role: ROLE.client });
    }
  });

  test('sendfile and splice to a socket are told by their size, never with invented bytes', () => {
    const { loader, connections } = observed;
    const blind = connections.filter(({ name }) => /^(sendfile|splice)/.test(name));
    expect(blind).toHaveLength(4);
    for (const connection of blind) {
      const [opening, ...rest] = loader.data(connection.client, 'sent');
      expect(hex(opening!.head)).toBe(connection.opening);
      expect(rest.map(({ head }) => head.length)).toEqual(rest.map(() => 0));
      expect(rest.map(({ gap }) => gap)).toEqual(rest.map(() => GAP.noBuffer));
      expect(rest.reduce((sum, { total }) => sum + total, 0)).toBe(connection.message.length / 2);
      expect(hex(wholeStream(loader.data(connection.server, 'received')))).toBe(sent(connection));
    }
  });

  test('bytes taken by splice from a socket, which no hook tells, show as a hole before the next read', () => {
    const { loader, connections } = observed;
    const spliced = connections.filter(({ name }) => name === 'write, splice then read');
    expect(spliced).toHaveLength(2);
    for (const connection of spliced) {
      const [opening, afterHole] = loader.data(connection.server, 'received');
      expect(afterHole).toMatchObject({ hasHoleBefore: true, position: opening!.total + RECEIVED_BEFORE_SPLICE });
      expect(hex(afterHole!.head)).toBe(connection.message.slice(RECEIVED_BEFORE_SPLICE * 2));
    }
    const losses = loader.json('loss').at(-1)!['cpus'] as { unseenBytes: number }[];
    expect(losses.reduce((sum, { unseenBytes }) => sum + unseenBytes, 0)).toBeGreaterThanOrEqual(2 * RECEIVED_BEFORE_SPLICE);
  });

  test('bytes that MSG_TRUNC throws away are counted, not read from memory that does not hold them', () => {
    const { loader, connections } = observed;
    for (const { server, message } of connections.filter(({ name }) => name.includes('MSG_TRUNC'))) {
      const last = loader.data(server, 'received').at(-1)!;
      expect(last).toMatchObject({ gap: GAP.discarded, total: message.length / 2 });
      expect(last.head).toHaveLength(0);
    }
  });

  test('each end tells when its stream ended and when the connection closed', () => {
    const { loader, connections } = observed;
    for (const { client, server, opening, message } of connections) {
      const ends = loader.frames.filter(({ type, cookie }) => type === 'end' && cookie === client);
      expect(ends.map(({ bytes }) => [bytes.readUInt8(48), Number(bytes.readBigUInt64LE(40))])).toContainEqual([1, (opening.length + message.length) / 2]);
      expect(loader.frames.filter(({ type, cookie }) => type === 'close' && (cookie === client || cookie === server))).toHaveLength(2);
      // The client has said all it had to say first.
      const isByPeer = (end: typeof client): number | undefined => loader.frames.find(({ type, cookie }) => type === 'close' && cookie === end)?.bytes.readUInt32LE(68);
      expect([isByPeer(client), isByPeer(server)]).toEqual([0, 1]);
    }
  });

  test('a process is described before its first event, and its end is told', () => {
    const { loader, connections } = observed;
    const { pid } = loader.opens(({ cookie }) => cookie === connections[0]!.client)[0]!;
    const facts = loader.json('process').find((process) => process['pid'] === pid)!;
    expect(facts).toMatchObject({ gone: false, comm: 'calls', uid: process.getuid?.(), parent: process.pid });
    expect(facts['executable']).toMatch(/\/calls$/);
    const first = loader.frames.findIndex((frame) => frame.pid === pid);
    expect(loader.frames[first]!.type).toBe('process');
    expect(loader.frames.some((frame) => frame.type === 'exit' && frame.pid === pid)).toBe(true);
  });
});

test.skipIf(!runnableLoaderOrSkip())('another network namespace is seen just the same, and named', async () => {
  const { loader, connections } = await observe(['--namespace']);
  const own = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))![0]);
  for (const connection of connections.filter(isWhole)) {
    expect(hex(wholeStream(loader.data(connection.client, 'sent')))).toBe(sent(connection));
    const [open] = loader.opens(({ cookie }) => cookie === connection.client);
    expect(open!.network).toBeGreaterThan(0);
    expect(open!.network).not.toBe(own);
  }
});
