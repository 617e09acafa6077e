// What ingest notices of quality reports: spans come in at half of what the service can take, in turns without and with reports beside, made over and over.
//   npm run bench:report-beside -- [--spans 500000] [--turns 7] [--seconds 16]
// Each report reads the spans of five days that have no stored facts, as after an upgrade; what came in since this hour began is more than is read for one report, which ends with the last hour.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckdbQualityArchive } from '../dist/report/duckdb-quality-archive.js';
import { DuckdbQualityReader } from '../dist/report/duckdb-quality-reader.js';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';
import { fillWeek, WEEK_MS } from './lib/quality-week.js';
import { readyLine, spawnService, startSender, stop } from './lib/service.js';
import { asYaml } from './lib/slos.js';
import { loopDelayP99Ms } from './lib/visitor.js';

const SAMPLING = 'apiVersion: tocsin.dev/v1\nkind: Sampling\nmetadata: { name: default }\nspec: { budget: none }\n';
const HOUR_MS = 3_600_000;
/** The service catches these up if they are missing; it is not to do so in a turn. */
const STORED_HOURS = 48;
const FASTEST_S = 8;
const WARM_UP_S = 4;
const SETTLE_MS = 1_500;

const { values: args } = parseArgs({ options: { spans: { type: 'string', default: '500000' }, turns: { type: 'string', default: '7' }, seconds: { type: 'string', default: '16' } } });
const directory = mkdtempSync(join(os.tmpdir(), 'tocsin-bench-'));
// The week is to lie in the database, not in the archive.
process.env.TOCSIN_HOT_RETENTION = '9d';
await fillDatabase();
const service = spawnService(directory, { rules: `${asYaml()}---\n${SAMPLING}` });
try {
  const ready = await readyLine(service);
  const sender = { address: ready.otlpGrpc.replace(/^\w+:\/\//, ''), batch: 512, inFlight: 64 };
  const fastest = await startSender({ ...sender, seconds: FASTEST_S }).done;
  const rate = Math.round(fastest.spans / fastest.tookS / 2);
  console.log(`at most ${Math.round(fastest.spans / fastest.tookS)} spans/s came in; ${rate} a second are sent now; ${os.cpus().length} × ${os.cpus()[0]?.model}, load ${os.loadavg()[0].toFixed(1)}`);
  await startSender({ ...sender, rate, seconds: WARM_UP_S }).done;
  console.log('| reports beside | spans/s | answer p50 | p99 | slowest | told to come back | service | reports made | each took |\n|---|---|---|---|---|---|---|---|---|');
  const turns = [];
  for (let turn = 0; turn < Number(args.turns); turn += 1) turns.push(await measured({ ready, sender: { ...sender, rate }, isReporting: turn % 2 === 1 }));
  for (const share of ['p50', 'p99']) console.log(compared(turns, share));
  console.log(`RSS at most ${memoryMib(service.pid).highest.toFixed(0)} MiB, loop delay p99 ${(await loopDelayP99Ms(ready.http)).toFixed(0)} ms, load ${os.loadavg()[0].toFixed(1)} at the end`);
} finally {
  await stop(service);
  rmSync(directory, { recursive: true, force: true });
}

async function fillDatabase() {
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const [live, archive] = [new DuckdbQualityReader(database), new DuckdbQualityArchive(database)];
  const thisHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  await fillWeek(database, { spans: Number(args.spans), fromMs: thisHour - WEEK_MS });
  for (let hour = thisHour - STORED_HOURS * HOUR_MS; hour < thisHour; hour += HOUR_MS) await archive.storeHour(hour, await live.facts({ fromMs: hour, toMs: hour + HOUR_MS }));
  await database.close();
}

async function measured({ ready, sender, isReporting }) {
  const before = cpuSeconds(service.pid);
  const sending = startSender({ ...sender, seconds: Number(args.seconds) }).done;
  const state = { isOver: false };
  const reporting = isReporting ? reportsUntil(state, ready.http) : [];
  const sent = await sending;
  const cores = (cpuSeconds(service.pid) - before) / sent.tookS;
  state.isOver = true;
  const took = await reporting;
  console.log(`| ${isReporting ? 'yes' : 'no'} | ${Math.round(sent.spans / sent.tookS)} | ${sent.p50.toFixed(0)} ms | ${sent.p99.toFixed(0)} ms | ${sent.max.toFixed(0)} ms | ${sent.busy} | ${cores.toFixed(2)} cores | ${took.length} | ${took.map((ms) => (ms / 1_000).toFixed(1)).join(', ')}${took.length > 0 ? ' s' : ''} |`);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { isReporting, p50: sent.p50, p99: sent.p99 };
}

/** One after the other. The audit of a quarter is a report that is not kept for a minute. */
async function reportsUntil(state, base) {
  const now = new Date();
  const path = `/api/v1/quality/quarter?period=${now.getUTCFullYear()}-Q${Math.floor(now.getUTCMonth() / 3) + 1}`;
  const took = [];
  while (!state.isOver) {
    const startedMs = performance.now();
    const response = await fetch(base + path);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${response.status} for ${path}`);
    took.push(performance.now() - startedMs);
  }
  return took;
}

function compared(turns, share) {
  const of = (isReporting) => turns.filter((turn) => turn.isReporting === isReporting).map((turn) => turn[share]).sort((left, right) => left - right);
  const [without, beside] = [of(false), of(true)];
  const median = (sorted) => sorted[Math.floor((sorted.length - 1) / 2)];
  return `${share}: ${median(beside).toFixed(0)} ms beside reports, ${median(without).toFixed(0)} ms without (medians of the turns): ${(median(beside) - median(without)).toFixed(0)} ms more, where the turns without differ by ${(without.at(-1) - without[0]).toFixed(0)} ms among themselves`;
}
