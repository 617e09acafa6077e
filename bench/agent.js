// What the agent costs, and what it misses: nginx, a Node and a Go server, Redis and PostgreSQL under load, with the agent off and on
// in turns. As root, after `npm run build:agent`.
//
// Each server gets a load of a fixed rate (bench/lib/steady.go, pgbench -R), because what a request costs and misses is only comparable at the same rate; then one of the rate `--room`, at
// which processors are free: there latency is that of the way and not that of waiting for a processor; those of `--full` another one as fast as it goes, with an agent of its own, which says
// what is left for the application and what is lost when the agent is starved.
// `--ends both`: client and server of every request are traced, two spans a request. `--ends one`: the load tool is excluded
// (exclude_executables), as if it ran on another host, one span a request. `--by`: what starts the agent, as another scheduling policy does.
// `--warm`: seconds of load before what is measured, in two loads: V8 compiles for some 15 seconds of it, and again when connections end and begin for the first time.
// The agent is started as docker/agent/tocsin-agent.service does it.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { pgbench } from './lib/pgbench.js';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { seconds: text('4'), rounds: text('3'), rate: text('5000'), room: text('1000'), full: text('postgres'), servers: text('nginx,node,go,redis,postgres'), settle: text('1'), ends: text('both'), warm: text('20'), by: text(''), help: { type: 'boolean' } } });
if (values.help === true) {
  process.stdout.write("usage: sudo node bench/agent.js [--seconds 4] [--rounds 3] [--rate 5000] [--room 1000] [--full postgres] [--servers nginx,node,go,redis,postgres] [--settle 1] [--ends both] [--warm 20] [--by 'chrt -b 0']\n");
  process.exit();
}
const SECONDS = Number(values.seconds);
const RATES = { rate: Number(values.rate), room: Number(values.room), full: 0 };
const CONNECTIONS = 16;
const ENDS = values.ends === 'one' ? 1 : 2;
const MICRO = 1e6;
/** As in docker/agent/tocsin-agent.service. */
const NODE = [process.execPath, '--v8-pool-size=1'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };
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
  const [command, ...args] = [...values.by.split(' ').filter(Boolean), ...NODE, join(root, 'bin', 'tocsin.js'), 'agent', '--config', join(place, 'agent.yaml')];
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...ENVIRONMENT } });
  watch.postMessage({ pid: child.pid, child: 'tocsin-agent-l' });
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

/** Requests and their latency, at a rate; 0: as fast as it goes. */
const LOADS = {
  nginx: (options) => steady('http', options), node: (options) => steady('http', options), go: (options) => steady('http', options), redis: (options) => steady('redis', options),
  postgres: ({ port, rate, seconds }) => pgbench({ port, rate, seconds, connections: CONNECTIONS }),
};

function steady(kind, { port, rate, seconds }) {
  const { requests, wrong, p50Us, p99Us, meanUs } = JSON.parse(run(join(place, 'steady'), [kind, port, rate, CONNECTIONS, seconds]));
  return { requests, wrong, rate: requests / seconds, p50Ms: p50Us / 1000, p99Ms: p99Us / 1000, meanMs: meanUs / 1000 };
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

/** What the kernel's programs of that loader took, by its own clock. Other agents may run on the machine. */
function probeSeconds(loaderPid) {
  const held = `/proc/${loaderPid}/fdinfo`;
  const ours = new Set(readdirSync(held).flatMap((descriptor) => /^prog_id:\s+(\d+)$/m.exec(readFileSync(join(held, descriptor), 'utf8'))?.[1] ?? []));
  const programs = JSON.parse(execFileSync('bpftool', ['prog', 'show', '-j'], { encoding: 'utf8', maxBuffer: 1 << 26 }));
  return programs.reduce((sum, { id, run_time_ns: ns = 0 }) => sum + (ours.has(String(id)) ? ns : 0), 0) / 1e9;
}

const watch = new Worker(new URL('./lib/memory-watch.js', import.meta.url));

async function highestOfBoth() {
  const answer = new Promise((resolve) => watch.once('message', resolve));
  watch.postMessage('end');
  return (await answer).bothMib;
}

/** One run with the agent: what both processes and the probes took while the load ran and until its spans were sent. The load before it warms the parser up. */
async function measureOn(name, { port, receiverPort, kinds }) {
  const agent = await startAgent(receiverPort);
  await later(Number(values.settle) * 1000);
  const [kind, ...others] = kinds;
  const warmed = [1, 2].map(() => LOADS[name]({ port, rate: RATES[kind], seconds: Number(values.warm) / 2 }));
  await later(1_500);
  const cpu = () => ({ parser: cpuSeconds(agent.child.pid), loader: cpuSeconds(agent.loaderPid), probes: probeSeconds(agent.loaderPid) });
  const before = cpu();
  const load = LOADS[name]({ port, rate: RATES[kind], seconds: SECONDS });
  await later(1_500);
  const after = cpu();
  const more = others.map((other) => LOADS[name]({ port, rate: RATES[other], seconds: SECONDS }));
  const memory = [agent.child.pid, agent.loaderPid].map(memoryMib);
  const bothMib = await highestOfBoth();
  await stopAgent(agent);
  const counted = fromSink();
  sink.postMessage(port);
  const perRequest = (which) => ((after[which] - before[which]) * MICRO) / load.requests;
  return {
    loads: [load, ...more], parserUs: perRequest('parser'), loaderUs: perRequest('loader'), probesUs: perRequest('probes'),
    parserMib: memory[0].now, loaderMib: memory[1].now, highestMib: memory[0].highest + memory[1].highest, bothMib,
    complete: (await counted) / ([...warmed, load, ...more].reduce((sum, { requests }) => sum + requests, 0) * ENDS), report: agent.report(),
  };
}

const lossesOf = ({ losses, ...counters }) => [losses.loader, ...losses.cpus, counters].flatMap(Object.entries)
  .filter(([key, value]) => /ringFull|dropped$|Limit|abandoned|unknownConnection|overflown|refused|rejected/.test(key) && value > 0).map(([key, value]) => `${key} ${value}`);

/** Off and on, as often as there are rounds, with loads of those kinds one after the other. */
async function measure(name, { port, receiverPort, kinds }) {
  const [off, on] = [[], []];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    off.push(kinds.map((kind) => LOADS[name]({ port, rate: RATES[kind], seconds: SECONDS })));
    on.push(await measureOn(name, { port, receiverPort, kinds }));
  }
  const pick = (key, digits = 1) => Number(median(on.map((run) => run[key])).toFixed(digits));
  return {
    name, ends: values.ends, ...Object.fromEntries(kinds.map((kind, index) => [kind, latencies(off.map((loads) => loads[index]), on.map(({ loads }) => loads[index]))])),
    parserUs: pick('parserUs'), loaderUs: pick('loaderUs'), probesUs: pick('probesUs'), percentPer1000: Number((median(on.map((run) => run.parserUs + run.loaderUs + run.probesUs)) / 10).toFixed(2)),
    parserMib: pick('parserMib'), loaderMib: pick('loaderMib'), highestMib: pick('highestMib'), bothMib: Number(Math.max(...on.map((run) => run.bothMib)).toFixed(1)), completePercent: Number((Math.min(...on.map((run) => run.complete)) * 100).toFixed(3)),
    wrong: [...on.flatMap(({ loads }) => loads), ...off.flat()].reduce((sum, load) => sum + load.wrong, 0), lost: on.flatMap((run) => lossesOf(run.report)), load: loadavg().map((one) => one.toFixed(1)).join(' '),
  };
}

/** Of two loads that are alike, without and with the agent, in pairs. */
function latencies(off, on) {
  const us = (loads, key) => Math.round(median(loads.map((load) => load[key])) * 1000);
  const added = (key) => on.map((load, round) => Math.round((load[key] - off[round][key]) * 1000));
  const perS = (loads) => Math.round(median(loads.map(({ rate }) => rate)));
  return { perS: [perS(off), perS(on)], p50Us: [us(off, 'p50Ms'), us(on, 'p50Ms')], addedP50Us: added('p50Ms'), addedMeanUs: added('meanMs'), p99Us: [us(off, 'p99Ms'), us(on, 'p99Ms')] };
}

async function measureAll(name, receiverPort) {
  const port = await freePort();
  await SERVERS[name](port);
  await reachable(port);
  LOADS[name]({ port, rate: RATES.rate, seconds: SECONDS });
  process.stdout.write(`${JSON.stringify(await measure(name, { port, receiverPort, kinds: ['rate', ...(RATES.room > 0 ? ['room'] : [])] }))}\n`);
  if (values.full.split(',').includes(name)) process.stdout.write(`${JSON.stringify(await measure(name, { port, receiverPort, kinds: ['full'] }))}\n`);
}

const STATISTICS = '/proc/sys/kernel/bpf_stats_enabled';
const statisticsBefore = readFileSync(STATISTICS, 'utf8');

try {
  writeFileSync(STATISTICS, '1');
  const port = await fromSink();
  buildGo('steady', join(root, 'bench', 'lib', 'steady.go'));
  for (const name of values.servers.split(',')) {
    try {
      await measureAll(name, port);
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
