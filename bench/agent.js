// What the agent costs, and what it misses: nginx, a Node and a Go server, Redis and PostgreSQL under load, with the agent off and on
// in turns. As root, after `npm run build:agent`.
//
//   sudo node bench/agent.js [--seconds 8] [--rounds 3] [--rate 5000] [--servers nginx,node,go,redis,postgres] [--settle 3] [--ends both] [--warm 8]
//
// `--ends both`: client and server of every request are traced, two spans a request. `--ends one`: the load tool is excluded
// (exclude_executables), as if it ran on another host, one span a request. `--warm`: seconds of load before what is measured.
// The load has a fixed rate (bench/lib/steady.go, pgbench -R), because what a request costs and misses is only comparable at the same rate.
// `--rate 0` asks as fast as it can (wrk, redis-benchmark, pgbench): how the agent fares when it is starved.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '8' }, rounds: { type: 'string', default: '3' }, rate: { type: 'string', default: '5000' }, servers: { type: 'string' }, settle: { type: 'string', default: '3' }, ends: { type: 'string', default: 'both' }, warm: { type: 'string', default: '8' } } });
const SECONDS = Number(values.seconds);
const RATE = Number(values.rate);
const CONNECTIONS = 16;
const ENDS = values.ends === 'one' ? 1 : 2;
const MICRO = 1e6;
const OURS = /^(?:on|backfill)_/;
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

const sink = new Worker(new URL('./lib/otlp-sink.js', import.meta.url));
const fromSink = () => new Promise((resolve) => sink.once('message', resolve));

/** As the kernel names them: what is run by its name may be a link, or a script that runs another. */
function loadTools() {
  const tools = ['wrk', 'redis-benchmark', 'pgbench'].flatMap((name) => run('sh', ['-c', `command -v ${name} || true`]).trim() || []);
  return [...new Set([...tools.map((tool) => realpathSync(tool)), ...run('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin/pgbench || true']).split('\n').filter(Boolean), join(place, 'steady')])];
}

async function startAgent(port) {
  writeFileSync(join(place, 'agent.yaml'), `otlp: { endpoint: "http://127.0.0.1:${port}" }\nagent: { ebpf: { network: { exclude_executables: ${JSON.stringify(ENDS === 1 ? loadTools() : [])} } } }\n`);
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
/** Requests and the median of their latency, by each tool's own words. */
const STEADY = {
  nginx: (port, seconds) => steady('http', port, seconds), node: (port, seconds) => steady('http', port, seconds), go: (port, seconds) => steady('http', port, seconds), redis: (port, seconds) => steady('redis', port, seconds),
  postgres: (port, seconds) => {
    const text = run('pgbench', ['-h', '127.0.0.1', '-p', port, '-U', 'bench', '-n', '-S', '-R', RATE, '-c', CONNECTIONS, '-T', seconds, 'postgres']);
    const ms = (what) => Number(new RegExp(`${what}[^\\n]*?([\\d.]+)`).exec(text)[1]);
    const latencyMs = ms('latency average = ') - ms('schedule lag: avg ');
    return { requests: Number(/processed: (\d+)/.exec(text)[1]), rate: Number(/tps = ([\d.]+)/.exec(text)[1]), p50Ms: latencyMs, p99Ms: NaN, wrong: Number(/failed transactions: (\d+)/.exec(text)?.[1] ?? 0) };
  },
};

function steady(kind, port, seconds) {
  const { requests, wrong, p50Us, p99Us } = JSON.parse(run(join(place, 'steady'), [kind, port, RATE, CONNECTIONS, seconds]));
  return { requests, wrong, rate: requests / seconds, p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
}

const FAST = {
  nginx: wrk, node: wrk, go: wrk,
  redis: (port, seconds) => {
    const text = run('redis-benchmark', ['-p', port, '-t', 'get', '-n', String(seconds * 12_000), '-c', '16', '--precision', '3']);
    const [, rate] = /([\d.]+) requests per second, p50=/.exec(text.replaceAll('\r', '\n')) ?? /throughput summary: ([\d.]+)/.exec(text) ?? [];
    const p50 = /p50=([\d.]+)/.exec(text)?.[1] ?? /p50[^\n]*\n\s*[\d.]+\s+[\d.]+\s+([\d.]+)/.exec(text)?.[1];
    return { requests: seconds * 12_000, rate: Number(rate), p50Ms: Number(p50) };
  },
  postgres: (port, seconds) => {
    const text = run('pgbench', ['-h', '127.0.0.1', '-p', port, '-U', 'bench', '-n', '-S', '-c', '8', '-T', seconds, 'postgres']);
    return { requests: Number(/processed: (\d+)/.exec(text)[1]), rate: Number(/tps = ([\d.]+)/.exec(text)[1]), p50Ms: Number(/latency average = ([\d.]+)/.exec(text)[1]) };
  },
};

const LOADS = RATE > 0 ? STEADY : FAST;

function wrk(port, seconds) {
  const text = run('wrk', ['-t', '1', '-c', '16', '-d', `${seconds}s`, '--latency', `http://127.0.0.1:${port}/`]);
  const [, p50, unit] = /50%\s+([\d.]+)(us|ms|s)/.exec(text);
  return { requests: Number(/(\d+) requests in/.exec(text)[1]), rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), p50Ms: Number(p50) * MS[unit] };
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
    buildGo('goserver', join(place, 'main.go'));
    start(join(place, 'goserver'), [String(port)]);
  },
  redis: async (port) => {
    start('redis-server', ['--port', String(port), '--save', '', '--dir', place]);
    await reachable(port);
    run('redis-cli', ['-p', port, 'SET', 'bench', 'hello']);
  },
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

function buildGo(name, source) {
  execFileSync('go', ['build', '-o', join(place, name), source], { env: { ...process.env, GO111MODULE: 'off', GOCACHE: join(tmpdir(), 'tocsin-bench-gocache'), HOME: place } });
}

const median = (numbers) => [...numbers].sort((left, right) => left - right)[Math.floor((numbers.length - 1) / 2)];

/** What the kernel's programs took, by its own clock. */
function probeSeconds() {
  const programs = JSON.parse(execFileSync('bpftool', ['prog', 'show', '-j'], { encoding: 'utf8', maxBuffer: 1 << 26 }));
  return programs.reduce((sum, program) => sum + (OURS.test(program.name) ? program.run_time_ns ?? 0 : 0), 0) / 1e9;
}

/** One run with the agent: what both processes and the probes took while the load ran and until its spans were sent. The load before it warms the parser up. */
async function measureOn(name, { port, receiverPort }) {
  const agent = await startAgent(receiverPort);
  await later(Number(values.settle) * 1000);
  const warmed = LOADS[name](port, Number(values.warm));
  await later(1_500);
  const cpu = () => ({ parser: cpuSeconds(agent.child.pid), loader: cpuSeconds(agent.loaderPid), probes: probeSeconds() });
  const before = cpu();
  const load = LOADS[name](port, SECONDS);
  await later(1_500);
  const after = cpu();
  const memory = [agent.child.pid, agent.loaderPid].map(memoryMib);
  await stopAgent(agent);
  const report = agent.report();
  const counted = fromSink();
  sink.postMessage(port);
  const perRequest = (which) => ((after[which] - before[which]) * MICRO) / load.requests;
  const rss = { parserMib: memory[0].now, loaderMib: memory[1].now, mostMib: memory[0].highest + memory[1].highest };
  return { ...load, parserUs: perRequest('parser'), loaderUs: perRequest('loader'), probesUs: perRequest('probes'), ...rss, complete: (await counted) / ((warmed.requests + load.requests) * ENDS), report };
}

const lossesOf = ({ losses, ...counters }) => [losses.loader, ...losses.cpus, counters].flatMap(Object.entries)
  .filter(([key, value]) => /ringFull|dropped$|Limit|abandoned|unknownConnection|overflown|refused|rejected/.test(key) && value > 0).map(([key, value]) => `${key} ${value}`);

async function measure(name, receiverPort) {
  const port = await freePort();
  await SERVERS[name](port);
  await reachable(port);
  LOADS[name](port, SECONDS);
  const [on, off] = [[], []];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    off.push(LOADS[name](port, SECONDS));
    on.push(await measureOn(name, { port, receiverPort }));
  }
  const pick = (runs, key, digits = 1) => Number(median(runs.map((run) => run[key])).toFixed(digits));
  const added = on.map((run, round) => (run.p50Ms - off[round].p50Ms) * 1000);
  return {
    name, ends: values.ends, rateOff: pick(off, 'rate', 0), rateOn: pick(on, 'rate', 0), p50OffUs: Math.round(pick(off, 'p50Ms', 4) * 1000), p50OnUs: Math.round(pick(on, 'p50Ms', 4) * 1000), addedUs: added.map(Math.round),
    parserUs: pick(on, 'parserUs'), loaderUs: pick(on, 'loaderUs'), probesUs: pick(on, 'probesUs'), percentPer1000: Number((median(on.map((run) => run.parserUs + run.loaderUs + run.probesUs)) / 10).toFixed(2)),
    parserMib: pick(on, 'parserMib'), loaderMib: pick(on, 'loaderMib'), mostMib: pick(on, 'mostMib'), completePercent: Number((Math.min(...on.map((run) => run.complete)) * 100).toFixed(3)),
    wrong: [...on, ...off].reduce((sum, run) => sum + (run.wrong ?? 0), 0), lost: on.flatMap((run) => lossesOf(run.report)), load: loadavg().map((one) => one.toFixed(1)).join(' '),
  };
}

const STATISTICS = '/proc/sys/kernel/bpf_stats_enabled';
const statisticsBefore = readFileSync(STATISTICS, 'utf8');

try {
  writeFileSync(STATISTICS, '1');
  const port = await fromSink();
  if (RATE > 0) buildGo('steady', join(root, 'bench', 'lib', 'steady.go'));
  for (const name of values.servers?.split(',') ?? Object.keys(SERVERS)) {
    try {
      process.stdout.write(`${JSON.stringify(await measure(name, port))}\n`);
    } catch (error) {
      process.stdout.write(`${name}: ${error.message}\n`);
    }
  }
} finally {
  writeFileSync(STATISTICS, statisticsBefore);
  for (const child of children) child.kill('SIGTERM');
  await later(500);
  rmSync(place, { recursive: true, force: true });
  process.exit();
}
