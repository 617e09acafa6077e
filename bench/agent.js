// What the agent costs, and what it misses: wrk against nginx, a Node and a Go server, redis-benchmark against Redis, pgbench against
// PostgreSQL, with the agent on and off in turns. As root, after `npm run build:agent`. argv: seconds for each run (default 5), and
// which servers (default: all, as `nginx,node,go,redis,postgres`).
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';

const SECONDS = Number(process.argv[2] ?? 5);
const ONLY = process.argv[3]?.split(',');
const ROUNDS = 2;
const root = new URL('..', import.meta.url).pathname;
const place = mkdtempSync(join(tmpdir(), 'tocsin-bench-agent-'));
chmodSync(place, 0o755);
const children = [];
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', cwd: place, ...options });
  children.push(child);
  return child;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reachable(port) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const ok = await new Promise((resolve) => net.connect(port, '127.0.0.1', function connected() { this.destroy(); resolve(true); }).on('error', () => resolve(false)));
    if (ok) return;
    await later(100);
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Takes spans and throws them away: what they cost the receiver is measured elsewhere. */
async function receiver() {
  const server = http.createServer((request, response) => request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server.address().port;
}

async function startAgent(port) {
  writeFileSync(join(place, 'agent.yaml'), `otlp: { endpoint: "http://127.0.0.1:${port}" }\n`);
  const child = start(process.execPath, [join(root, 'bin', 'tocsin.js'), 'agent', '--config', join(place, 'agent.yaml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => { stderr += text; });
  const hello = await new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => resolve(JSON.parse(text).ready.agent));
    child.once('exit', () => reject(new Error(stderr)));
  });
  return { child, loaderPid: hello.pid, report: () => JSON.parse(stderr.trim().split('\n').findLast((line) => line.includes('"so far"'))) };
}

async function stopAgent({ child }) {
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
}

const MS = { us: 0.001, ms: 1, s: 1000 };
/** Requests and the median of their latency, by each tool's own words. `ends`: how many of the two ends of a request are spans. */
const LOADS = {
  nginx: (port) => wrk(port, 2), node: (port) => wrk(port, 2), go: (port) => wrk(port, 2),
  redis: (port) => {
    const text = run('redis-benchmark', ['-p', port, '-t', 'get', '-n', String(SECONDS * 12_000), '-c', '16', '--precision', '3']);
    const [, rate] = /([\d.]+) requests per second, p50=/.exec(text.replaceAll('\r', '\n')) ?? /throughput summary: ([\d.]+)/.exec(text) ?? [];
    const p50 = /p50=([\d.]+)/.exec(text)?.[1] ?? /p50[^\n]*\n\s*[\d.]+\s+[\d.]+\s+([\d.]+)/.exec(text)?.[1];
    return { requests: SECONDS * 12_000, rate: Number(rate), p50Ms: Number(p50), ends: 2 };
  },
  postgres: (port) => {
    const text = run('pgbench', ['-h', '127.0.0.1', '-p', port, '-U', 'bench', '-n', '-S', '-c', '8', '-T', String(SECONDS), 'postgres']);
    return { requests: Number(/processed: (\d+)/.exec(text)[1]), rate: Number(/tps = ([\d.]+)/.exec(text)[1]), p50Ms: Number(/latency average = ([\d.]+)/.exec(text)[1]), ends: 2 };
  },
};

function wrk(port, ends) {
  const text = run('wrk', ['-t', '1', '-c', '16', '-d', `${SECONDS}s`, '--latency', `http://127.0.0.1:${port}/`]);
  const [, p50, unit] = /50%\s+([\d.]+)(us|ms|s)/.exec(text);
  return { requests: Number(/(\d+) requests in/.exec(text)[1]), rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), p50Ms: Number(p50) * MS[unit], ends };
}

function run(command, args) {
  return execFileSync(command, args.map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
}

const SERVERS = {
  nginx: async (port) => {
    writeFileSync(join(place, 'nginx.conf'), `daemon off; worker_processes 1; pid ${place}/nginx.pid; error_log stderr; events { worker_connections 256; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path ${place}/body; server { listen 127.0.0.1:${port}; location / { return 200 "hello"; } } }`);
    start('nginx', ['-c', join(place, 'nginx.conf'), '-p', place]);
  },
  node: async (port) => start(process.execPath, ['-e', `require('http').createServer((q,s)=>s.end('hello')).listen(${port},'127.0.0.1')`]),
  go: async (port) => {
    writeFileSync(join(place, 'main.go'), `package main\nimport ("net/http"; "os")\nfunc main() { http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) })) }\n`);
    execFileSync('go', ['build', '-o', join(place, 'goserver'), join(place, 'main.go')], { env: { ...process.env, GO111MODULE: 'off', GOCACHE: join(place, 'gocache'), HOME: place } });
    start(join(place, 'goserver'), [String(port)]);
  },
  redis: async (port) => start('redis-server', ['--port', String(port), '--save', '', '--dir', place]),
  postgres: async (port) => {
    const bin = run('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1']).trim();
    const data = join(place, 'pg');
    const nobody = { uid: 65_534, gid: 65_534, cwd: place };
    mkdirSync(data);
    chownSync(data, 65_534, 65_534);
    execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'bench'], { ...nobody, stdio: 'ignore' });
    start(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1'], nobody);
    await reachable(port);
    await later(1_000);
    run('pgbench', ['-h', '127.0.0.1', '-p', port, '-U', 'bench', '-i', '-q', 'postgres']);
  },
};

const median = (numbers) => [...numbers].sort((left, right) => left - right)[Math.floor((numbers.length - 1) / 2)];

async function measure(name, receiverPort) {
  const port = await freePort();
  await SERVERS[name](port);
  await reachable(port);
  LOADS[name](port);
  const [on, off] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    off.push(LOADS[name](port));
    const agent = await startAgent(receiverPort);
    await later(500);
    const before = cpuSeconds(agent.child.pid) + cpuSeconds(agent.loaderPid);
    const load = LOADS[name](port);
    await later(1_500);
    const cpuS = cpuSeconds(agent.child.pid) + cpuSeconds(agent.loaderPid) - before;
    const rssMib = memoryMib(agent.child.pid).highest + memoryMib(agent.loaderPid).highest;
    await stopAgent(agent);
    const { exchanges, sentSpans } = agent.report();
    on.push({ ...load, cpuS, rssMib, complete: exchanges / (load.requests * load.ends), sent: sentSpans / (load.requests * load.ends) });
  }
  const pick = (runs, key) => median(runs.map((run) => run[key]));
  return {
    name, ratePerS: Math.round(pick(off, 'rate')), rateWithAgent: Math.round(pick(on, 'rate')), p50OffMs: pick(off, 'p50Ms'), p50OnMs: pick(on, 'p50Ms'),
    addedUs: Math.round((pick(on, 'p50Ms') - pick(off, 'p50Ms')) * 1000), cpuPercentPer1000: Number((median(on.map((run) => (run.cpuS / run.requests) * 1000 * 100))).toFixed(2)),
    rssMib: Math.round(pick(on, 'rssMib')), completePercent: Number((pick(on, 'complete') * 100).toFixed(3)), sentPercent: Number((pick(on, 'sent') * 100).toFixed(3)),
  };
}

try {
  const port = await receiver();
  for (const name of ONLY ?? Object.keys(SERVERS)) {
    try {
      process.stdout.write(`${JSON.stringify(await measure(name, port))}\n`);
    } catch (error) {
      process.stdout.write(`${name}: ${error.message}\n`);
    }
  }
} finally {
  for (const child of children) child.kill('SIGTERM');
  await later(500);
  rmSync(place, { recursive: true, force: true });
  process.exit();
}
