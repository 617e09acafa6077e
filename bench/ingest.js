// Durable ingest: spans per CPU-second of the service process (user + system, all threads), answered after a commit with fsync, 50 SLOs.
// `npm run bench:ingest -- [--seconds 15] [--batch 100,512,2048,8192] [--protocol grpc,http] [--rate SPANS_PER_S] [--host] [--note TEXT] [--record]`
// Beside the sender a visitor looks at pages and queries all the time. A CPU-second is worth less when both threads of a core are busy: `fixed work` is
// what the same work cost before and during the run.
// `--host` starts the receiving half only (bench/lib/host.js), and says what a statement that does nothing takes meanwhile; without it the real service is started. `--record` appends to bench/RESULTS.md.
import { fork } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fixedWorkMs } from './lib/cpu-speed.js';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';
import { readyLine, serviceEnv, spawnService, startSender, stop } from './lib/service.js';
import { percentile } from './lib/searches.js';
import { asYaml } from './lib/slos.js';
import { loopDelayP99Ms, Visitor } from './lib/visitor.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const WARM_UP_S = 3;
/** Enough to keep a service busy that waits for its commits, few enough that batches of 8,192 fit its queue. */
const IN_FLIGHT_SPANS = 40_000;

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' }, batch: { type: 'string', default: '100,512,2048,8192' }, protocol: { type: 'string', default: 'grpc,http' },
    rate: { type: 'string', default: '0' }, host: { type: 'boolean', default: false }, note: { type: 'string', default: '' }, record: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
  },
});

const idleWorkMs = Math.min(await fixedWorkMs(), await fixedWorkMs());
const rows = [];
for (const protocol of args.protocol.split(',')) for (const batch of args.batch.split(',').map(Number)) rows.push(await measure(protocol, batch));
report(rows);

async function measure(protocol, batch) {
  const dataDir = mkdtempSync(join(os.tmpdir(), 'tocsin-bench-'));
  const service = startService(dataDir);
  try {
    const ready = await readyLine(service);
    const address = (protocol === 'grpc' ? ready.otlpGrpc : ready.otlpHttp).replace(/^\w+:\/\//, '');
    await sendFor(protocol, address, batch, WARM_UP_S);
    if (args.host) service.send('reset');
    const base = args.host ? undefined : ready.http;
    const visitor = base === undefined ? undefined : new Visitor(base);
    if (base !== undefined) await loopDelayP99Ms(base);
    const before = { cpu: cpuSeconds(service.pid), stats: await statsOf(service) };
    const sending = sendFor(protocol, address, batch, Number(args.seconds));
    const busyWorkMs = await workWhileSending(Number(args.seconds));
    const sent = await sending;
    const cpuS = cpuSeconds(service.pid) - before.cpu;
    const after = base === undefined ? await statsOf(service) : { delayP99Ms: await loopDelayP99Ms(base) };
    await visitor?.stop();
    const memory = memoryMib(service.pid);
    const row = {
      protocol, batch, perCpuS: sent.spans / cpuS, perS: sent.spans / sent.tookS, cores: cpuS / sent.tookS, p50: sent.p50, p99: sent.p99, max: sent.max, busy: sent.busy,
      rss: memory.highest, bytesPerSpan: sent.bytes / sent.spans, delayP99Ms: after?.delayP99Ms, busyWorkMs, visitor, waitedMs: after?.waitedMs, steps: stepsOf(before.stats, after, sent.spans),
    };
    console.log(line(row));
    return row;
  } finally {
    await stop(service);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The fixed work a few times over the run: what it costs while the service is busy. */
async function workWhileSending(seconds) {
  const samples = [];
  for (let at = 1; at < seconds; at += Math.max(2, seconds / 5)) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(2, seconds / 5) * 900));
    samples.push(await fixedWorkMs());
  }
  return samples.length === 0 ? undefined : samples.reduce((sum, ms) => sum + ms, 0) / samples.length;
}

function startService(dataDir) {
  const flags = args.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${args.profile}`];
  if (args.host) return fork(here('./lib/host.js'), [], { env: serviceEnv(dataDir), execArgv: flags, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  return spawnService(dataDir, { rules: asYaml(), flags });
}

function sendFor(protocol, address, batch, seconds) {
  const inFlight = Math.max(2, Math.min(200, Math.round(IN_FLIGHT_SPANS / batch)));
  const options = { protocol, address, batch, services: batch >= 2048 ? 8 : 1, seconds, inFlight, rate: Number(args.rate), salt: Math.floor(Math.random() * 2 ** 31) };
  return startSender(options).done;
}

function statsOf(service) {
  if (!args.host) return undefined;
  return new Promise((resolve) => {
    service.once('message', resolve);
    service.send('stats');
  });
}

/** Microseconds a span by step, from the store thread's own clock. */
function stepsOf(before, after, spans) {
  if (after?.stats === undefined) return undefined;
  return Object.fromEntries(Object.entries(after.stats.stepsMs).map(([step, ms]) => [step, ((ms - (before.stats.stepsMs[step] ?? 0)) * 1000) / spans]));
}

function line(row) {
  const steps = row.steps === undefined ? '' : `  ${Object.entries(row.steps).map(([step, us]) => `${step} ${us.toFixed(2)}`).join(', ')} µs/span`;
  const waited = row.waitedMs === undefined ? '' : `, a statement p50 ${percentile(row.waitedMs, 0.5).toFixed(1)} ms, p95 ${percentile(row.waitedMs, 0.95).toFixed(1)} ms`;
  return `${row.protocol} ${row.batch}: ${Math.round(row.perCpuS)} spans/CPU-s, ${Math.round(row.perS)} spans/s (${row.cores.toFixed(2)} cores), p50 ${row.p50.toFixed(0)} ms, p99 ${row.p99.toFixed(0)} ms, max ${row.max.toFixed(0)} ms, RSS ${row.rss.toFixed(0)} MiB, ${row.bytesPerSpan.toFixed(0)} B/span${row.delayP99Ms === undefined ? '' : `, loop p99 ${row.delayP99Ms.toFixed(0)} ms`}, busy ${row.busy}${row.busyWorkMs === undefined ? '' : `, fixed work ${idleWorkMs.toFixed(0)} → ${row.busyWorkMs.toFixed(0)} ms`}${row.visitor === undefined ? '' : `, ${row.visitor.visits} pages (${row.visitor.failures} failed, slowest ${row.visitor.slowestMs.toFixed(0)} ms)`}${waited}${steps}`;
}

function report(measured) {
  if (!args.record) return;
  const command = `node bench/ingest.js ${process.argv.slice(2).filter((word) => word !== '--record').join(' ')}`.trim();
  const table = measured.map((row) => `| ${row.protocol} | ${row.batch} | ${Math.round(row.perCpuS).toLocaleString('en')} | ${Math.round(row.perS).toLocaleString('en')} | ${row.cores.toFixed(2)} | ${row.p50.toFixed(0)} / ${row.p99.toFixed(0)} ms | ${row.rss.toFixed(0)} MiB | ${row.delayP99Ms === undefined ? '' : `${row.delayP99Ms.toFixed(0)} ms`} | ${row.busyWorkMs === undefined ? '' : `× ${(row.busyWorkMs / idleWorkMs).toFixed(2)}`} |`);
  appendFileSync(here('./RESULTS.md'), `
### Ingest, ${new Date().toISOString().slice(0, 10)}${args.note === '' ? '' : `: ${args.note}`}

\`${command}\` on ${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.version}; ${args.host ? 'receivers and store only' : 'the whole service'}; spans of ${Math.round(measured[0]?.bytesPerSpan ?? 0)} bytes, 50 SLOs.

| protocol | spans a batch | spans per CPU-second | spans/s | cores | answer p50 / p99 | RSS (highest) | loop delay p99 | fixed work |
|---|---|---|---|---|---|---|---|---|
${table.join('\n')}
`);
}
