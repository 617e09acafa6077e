import { createServer, type AddressInfo, type Socket } from 'node:net';
import { NO_FAULTS, onFaults, tellHost } from './messages.js';
import { readCommands, writeReply, type Reply } from './resp.js';

const MAX_KEYS = 20_000;
const SLOW_PREFIX = 'catalogue:';
/** The share of answers that the fault delays: a cache is rarely slow for everyone. */
const SLOW_SHARE = 0.7;

const values = new Map<string, { readonly value: string; readonly expiresAtMs: number }>();

let faults = NO_FAULTS;
onFaults((next) => {
  faults = next;
});

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Reply>> = {
  ping: () => ({ status: 'PONG' }),
  get: ([key = '']) => read(key),
  mget: (keys) => keys.map(read),
  set: ([key = '', value = '', ...flags]) => {
    const options = flags.map((flag) => flag.toUpperCase());
    if (options.includes('NX') && read(key) !== null) return null;
    const seconds = options.includes('EX') ? Number(options[options.indexOf('EX') + 1]) : Infinity;
    write(key, value, Date.now() + seconds * 1_000);
    return { status: 'OK' };
  },
};

// The few commands of Redis that the shop uses, so that the demo needs nothing installed and can make the cache slow.
const server = createServer((socket) => serveConnection(socket));
server.listen(0, '127.0.0.1', () => tellHost({ kind: 'listening', port: (server.address() as AddressInfo).port }));
process.once('SIGTERM', () => process.exit(0));

function serveConnection(socket: Socket): void {
  // Answers keep their order on a connection, and still wait side by side: slow, not stuck.
  const waiting: { readonly reply: string; readonly dueMs: number }[] = [];
  let rest: Buffer = Buffer.alloc(0);
  const flush = (): void => {
    while (waiting[0] !== undefined && waiting[0].dueMs <= Date.now()) socket.write(waiting.shift()?.reply ?? '');
    if (waiting[0] !== undefined) setTimeout(flush, waiting[0].dueMs - Date.now());
  };
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const { commands, remaining } = readCommands(Buffer.concat([rest, chunk]));
    rest = remaining;
    const idle = waiting.length === 0;
    for (const command of commands) waiting.push({ reply: writeReply(execute(command)), dueMs: Math.max(waiting.at(-1)?.dueMs ?? 0, Date.now() + delayOf(command)) });
    if (idle) flush();
  });
}

function execute([name = '', ...args]: readonly string[]): Reply {
  const run = COMMANDS[name.toLowerCase()];
  return run === undefined ? { error: `ERR unknown command '${name}'` } : run(args);
}

function delayOf([, key = '']: readonly string[]): number {
  if (faults.cacheDelayMs === 0 || !key.startsWith(SLOW_PREFIX) || Math.random() > SLOW_SHARE) return 0;
  return faults.cacheDelayMs * (0.75 + 0.5 * Math.random());
}

function read(key: string): string | null {
  const found = values.get(key);
  return found === undefined || found.expiresAtMs < Date.now() ? null : found.value;
}

function write(key: string, value: string, expiresAtMs: number): void {
  const oldest = values.size >= MAX_KEYS ? values.keys().next().value : undefined;
  if (oldest !== undefined) values.delete(oldest);
  values.set(key, { value, expiresAtMs });
}
