// Attaches and detaches the agent again and again under load, and ends it in every way, kill -9 too: the traced programs must never
// notice. A Node and a Python TLS server answer requests all the time; each answer is compared with what it must be.
//
//   sudo npm run torture:agent -- [--cycles 1000] [--seed N]
//
// Fails on the first wrong answer, on a broken connection, on a traced process that ended, and when something stays in the kernel.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from './lib/random.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LOADER = join(root, 'dist', 'agent', 'tocsin-agent-loader');
const PROGRAMS = join(root, 'test', 'agent', 'programs');
const CLIENTS_PER_SERVER = 2;
const HOLD_MS_MOST = 40;
/** Leaves the processor to the loader: what is proven is that nobody notices, not how fast they are. */
const THINK_MS = 1;
const SETTLE_TRIES = 100;

const { values } = parseArgs({ options: { cycles: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } } });
const cycles = Number(values.cycles);
process.stdout.write(`cycles ${cycles}, seed ${values.seed}\n`);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The pair that the tests use too, read from their file so that no second one is kept. */
function testPair() {
  const text = readFileSync(join(root, 'test', 'support', 'otlp-tls.ts'), 'utf8');
  const [cert, key] = ['CERTIFICATE', 'PRIVATE KEY'].map((name) => new RegExp(`-----BEGIN ${name}-----[^]*?-----END ${name}-----\n`).exec(text)[0]);
  return { cert, key };
}

async function serve(name, command, pair) {
  const child = spawn(command[0], [...command.slice(1), 'serve'], { env: { ...process.env, TEST_CERT: pair.cert, TEST_KEY: pair.key }, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  child.once('exit', (code, signal) => {
    if (!load.stopped) fail(`the ${name} server ended with ${code ?? signal}`);
  });
  return { name, child, port: Number(line.toString()) };
}

const load = { stopped: false, answers: 0 };

function fail(message) {
  process.stderr.write(`FAILED after ${load.answers} answers: ${message}\n`);
  process.exit(1);
}

async function ask(server, agent, path, ca) {
  const [response] = await once(get({ agent, ca, host: '127.0.0.1', port: server.port, path, checkServerIdentity: () => undefined }), 'response');
  let body = '';
  for await (const part of response) body += part;
  return body;
}

/** One connection, kept alive, asked again and again. */
async function client(server, number, ca) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; !load.stopped; i++) {
    const path = `/${number}/${i}`;
    const body = await ask(server, agent, path, ca);
    if (body !== `${server.name} says ${path}`) fail(`${server.name} answered ${path} with ${JSON.stringify(body.slice(0, 100))}`);
    load.answers++;
    await pause(THINK_MS);
  }
  agent.destroy();
}

const ENDINGS = [
  (loader) => loader.kill('SIGKILL'),
  (loader) => loader.stdin.write('quit\n'),
  (loader) => loader.stdin.end(),
  (loader) => loader.kill('SIGTERM'),
  (loader) => loader.stdout.destroy(),
];

async function cycle(number, random) {
  const loader = spawn(LOADER, ['run'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(loader, 'exit');
  loader.stdin.on('error', () => undefined);
  let bytes = 0;
  loader.stdout.on('data', (part) => {
    bytes += part.length;
  });
  await once(loader.stdout, 'data');
  await pause(random.below(HOLD_MS_MOST));
  noteHeld(loader.pid);
  ENDINGS[number % ENDINGS.length](loader);
  await ended;
  return bytes;
}

/** Programs and links of the loaders of this run, by id: other loaders on this machine do not count. */
const held = new Set();

function noteHeld(pid) {
  for (const descriptor of readdirSync(`/proc/${pid}/fdinfo`)) {
    for (const [, kind, id] of readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').matchAll(/^(prog|link)_id:\s*(\d+)$/gm)) held.add(`${kind} ${id}`);
  }
}

function stillHeld() {
  const list = (kind) => JSON.parse(execFileSync('/usr/sbin/bpftool', ['-j', kind, 'show'])).map(({ id }) => `${kind} ${id}`);
  return [...list('prog'), ...list('link')].filter((one) => held.has(one));
}

const pair = testPair();
const servers = [await serve('node', [process.execPath, join(PROGRAMS, 'https.js')], pair), await serve('python', ['python3', join(PROGRAMS, 'https.py')], pair)];
const clients = servers.flatMap((server) => Array.from({ length: CLIENTS_PER_SERVER }, (_, number) => client(server, number, pair.cert)));
for (const running of clients) running.catch((error) => fail(String(error)));
const random = createRandom(Number(values.seed));
let seen = 0;
for (let number = 0; number < cycles; number++) {
  seen += await cycle(number, random);
  if ((number + 1) % 50 === 0) process.stdout.write(`${number + 1} cycles, ${load.answers} right answers, ${Math.round(seen / 1024)} KiB of frames\n`);
}
const during = load.answers;
load.stopped = true;
await Promise.all(clients);
for (let tries = 0; stillHeld().length > 0; tries++) {
  if (tries === SETTLE_TRIES) fail(`these stayed in the kernel: ${stillHeld().join(', ')}`);
  await pause(50);
}
for (const { child } of servers) child.stdin.end();
if (seen === 0 || during === 0 || held.size === 0) fail('nothing was traced or nothing was asked: this proves nothing');
process.stdout.write(`OK: ${cycles} cycles, ${held.size} programs and probes, ${load.answers} right answers, ${Math.round(seen / 1024)} KiB of frames, none of ${servers.length} servers noticed\n`);
