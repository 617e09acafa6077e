// What the agent's kernel side and its loader cost a server: nginx under wrk, the loader on and off in turns, so that what else the
// machine does falls on both. The parser is not part of it.
//
//   sudo node bench/agent-loader.js [--seconds 5] [--rounds 3] [--connections 1]
//
// Prints, for HTTP and HTTPS: requests a second, latency, CPU of the nginx worker per request (programs and probes run in it), CPU of the
// loader per request, its memory, and what was lost. wrk's own end of each connection is traced too.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LOADER = join(root, 'dist', 'agent', 'tocsin-agent-loader');
const LOSS = 67;
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' }, connections: { type: 'string', default: '1' } } });
const directory = mkdtempSync(join(tmpdir(), 'tocsin-agent-bench-'));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function writePair() {
  const text = readFileSync(join(root, 'test', 'support', 'otlp-tls.ts'), 'utf8');
  for (const [name, file] of [['CERTIFICATE', 'cert.pem'], ['PRIVATE KEY', 'key.pem']]) {
    writeFileSync(join(directory, file), new RegExp(`-----BEGIN ${name}-----[^]*?-----END ${name}-----\n`).exec(text)[0]);
  }
}

async function startNginx() {
  const [plain, tls] = [await freePort(), await freePort()];
  writePair();
  writeFileSync(join(directory, 'nginx.conf'), `
    daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr crit;
    events {}
    http { access_log off; keepalive_requests 1000000;
      server { listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl; ssl_certificate ${directory}/cert.pem; ssl_certificate_key ${directory}/key.pem;
        location / { return 200 "hello from nginx, with a body of an ordinary size for a small answer\n"; } } }`);
  const child = spawn('nginx', ['-c', join(directory, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (;;) {
    const [worker] = execFileSync('sh', ['-c', `pgrep -P ${child.pid} || true`], { encoding: 'utf8' }).split('\n');
    if (worker) return { child, worker: Number(worker), urls: { http: `http://127.0.0.1:${plain}/`, https: `https://127.0.0.1:${tls}/` } };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function startLoader() {
  const child = spawn(LOADER, ['run'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const frames = [];
  child.stdout.on('data', (bytes) => frames.push(bytes));
  await once(child.stdout, 'data');
  return { child, frames };
}

/** The last LOSS frame of the stream: every counter that is not zero. */
function lossesOf(stream) {
  let last;
  for (let at = 0; at + 40 <= stream.length; at += stream.readUInt32LE(at + 16)) if (stream.readUInt16LE(at + 32) === LOSS) last = at;
  const { cpus, loader } = JSON.parse(stream.subarray(last + 40, last + stream.readUInt32LE(last + 16)));
  return [...cpus, loader].flatMap(Object.entries).filter(([name, value]) => name !== 'cpu' && value > 0).map(([name, value]) => `${name} ${value}`);
}

async function wrk(url) {
  const { stdout: output } = await promisify(execFile)('wrk', ['-t1', `-c${values.connections}`, `-d${values.seconds}s`, '--latency', url]);
  const micros = (text) => parseFloat(text) * (text.endsWith('ms') ? 1000 : text.endsWith('us') ? 1 : 1e6);
  const percentile = (of) => micros(new RegExp(`^\\s+${of}%\\s+(\\S+)`, 'm').exec(output)[1]);
  return { requests: Number(/(\d+) requests in/.exec(output)[1]), perSecond: parseFloat(/Requests\/sec:\s+(\S+)/.exec(output)[1]), p50: percentile(50), p99: percentile(99), errors: /Socket errors|Non-2xx/.test(output) };
}

async function measure(nginx, url, isTraced) {
  const loader = isTraced ? await startLoader() : undefined;
  const before = { nginx: cpuSeconds(nginx.worker), loader: loader ? cpuSeconds(loader.child.pid) : 0 };
  const result = await wrk(url);
  const cost = (after, from) => ((after - from) * 1e6) / result.requests;
  const measured = {
    ...result, nginxMicros: cost(cpuSeconds(nginx.worker), before.nginx),
    loaderMicros: loader ? cost(cpuSeconds(loader.child.pid), before.loader) : 0, loaderMib: loader ? memoryMib(loader.child.pid).highest : 0, losses: [],
  };
  if (!loader) return measured;
  loader.child.stdin.write('quit\n');
  await once(loader.child, 'close');
  return { ...measured, losses: lossesOf(Buffer.concat(loader.frames)) };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function row(name, runs) {
  const of = (key) => median(runs.map((run) => run[key]));
  const losses = [...new Set(runs.flatMap((run) => run.losses))].join(', ') || 'none';
  const errors = runs.some((run) => run.errors) ? 'YES' : 'none';
  return `| ${name} | ${Math.round(of('perSecond'))} | ${Math.round(of('p50'))} | ${Math.round(of('p99'))} | ${of('nginxMicros').toFixed(1)} | ${of('loaderMicros').toFixed(1)} | ${of('loaderMib').toFixed(0)} | ${losses} | ${errors} |`;
}

const nginx = await startNginx();
try {
  process.stdout.write(`${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections; medians\n`);
  process.stdout.write('| | requests/s | p50 µs | p99 µs | nginx CPU µs/request | loader CPU µs/request | loader MiB | losses | failed requests |\n|---|---|---|---|---|---|---|---|---|\n');
  for (const [protocol, url] of Object.entries(nginx.urls)) {
    const runs = { off: [], on: [] };
    for (let round = 0; round < Number(values.rounds); round++) for (const state of ['off', 'on']) runs[state].push(await measure(nginx, url, state === 'on'));
    process.stdout.write(`${row(`${protocol}, off`, runs.off)}\n${row(`${protocol}, on`, runs.on)}\n`);
  }
} finally {
  nginx.child.kill('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
}
