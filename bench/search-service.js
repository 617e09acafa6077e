// How long the service takes to answer searches, by the clock of who asks, alone and while it ingests at half of what it can:
// node bench/search-service.js --data DIR [--rounds 20] [--ingest]. DIR is a population that bench/search.js made; it is copied (files of the archive are linked).
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { cpuSeconds, memoryMib } from './lib/process-cost.js';
import { ALL, METRICS, percentile, SEARCHES, SURVEYS } from './lib/searches.js';
import { readyLine, spawnService, startSender, stop } from './lib/service.js';
import { asYaml } from './lib/slos.js';
import { loopDelayP99Ms } from './lib/visitor.js';

/** What the population holds is to be there whatever its age, and nothing is to be left out. */
const SAMPLING = 'apiVersion: tocsin.dev/v1\nkind: Sampling\nmetadata: { name: default }\nspec: { budget: none, retention: { maxAge: 365d, maxSize: 10TB } }\n';
const BATCH = 512;
const IN_FLIGHT = 64;
const FASTEST_S = 8;
const WEEK_S = 604_800;
const CALM_S = 5;
const CALM_CORES = 0.15;
const HOUR_MS = 3_600_000;

const { values: args } = parseArgs({ options: { data: { type: 'string' }, rounds: { type: 'string', default: '20' }, ingest: { type: 'boolean', default: false } } });
const rounds = Number(args.rounds);
const directory = mkdtempSync(join(dirname(args.data), 'tocsin-bench-served-'));
spawnSync('cp', ['-rl', join(args.data, 'archive'), directory]);
copyFileSync(join(args.data, 'tocsin.duckdb'), join(directory, 'tocsin.duckdb'));
const population = await readPopulation();
const service = spawnService(directory, { rules: `${asYaml()}---\n${SAMPLING}` });
const ready = await readyLine(service);
await calm();
try {
  if (args.ingest) await whileIngesting();
  else await ask();
} finally {
  await stop(service);
  rmSync(directory, { recursive: true });
}

/** A service that starts with 50 new SLOs counts them from the spans that are stored first, and catches up with the hour: that is no part of what is measured. */
async function calm() {
  for (let calmS = 0, last = cpuSeconds(service.pid); calmS < CALM_S;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = cpuSeconds(service.pid);
    calmS = now - last < CALM_CORES ? calmS + 1 : 0;
    last = now;
  }
}

async function whileIngesting() {
  const sender = { address: ready.otlpGrpc.replace(/^\w+:\/\//, ''), batch: BATCH, inFlight: IN_FLIGHT };
  const fastest = await startSender({ ...sender, seconds: FASTEST_S }).done;
  const rate = Math.round(fastest.spans / fastest.tookS / 2);
  console.log(`at most ${Math.round(fastest.spans / fastest.tookS)} spans/s came in; while it answers, ${rate} a second are sent`);
  const sending = startSender({ ...sender, rate, seconds: WEEK_S });
  try {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await ask();
  } finally {
    sending.stop();
  }
  const sent = await sending.done;
  console.log(`meanwhile ${sent.spans} spans came in, ${Math.round(sent.spans / sent.tookS)} a second, answered in p50 ${sent.p50.toFixed(0)} ms, p99 ${sent.p99.toFixed(0)} ms, ${sent.busy} times told to come back`);
}

async function ask() {
  const pages = [['', 1], ...SURVEYS.slice(1)].map(([q, hours]) => ({ name: q === '' ? 'the search page, 1 h' : `the page of \`${q}\`, ${hoursText(hours)}`, path: `/traces?${new URLSearchParams({ ...(q === '' ? {} : { q }), ...windowOf(hours) })}` }));
  const questions = [
    ['by id', 'one archived trace by its id', (round) => `/api/v1/traces/${population.archived[round % population.archived.length]}`], ['by id', 'one hot trace by its id', (round) => `/api/v1/traces/${population.hot[round % population.hot.length]}`],
    ...SEARCHES.map(([q, hours, kind]) => [kind, `\`${q}\`, ${hoursText(hours)}`, () => `/api/v1/traces?${new URLSearchParams({ q, ...windowOf(hours), limit: '20' })}`]),
    // The page finds its traces first, then draws: what it takes more than without is theirs.
    ...pages.map(({ name, path }) => ['heatmap and facets', `what heatmap and facets add to ${name}`, () => `${path}&survey=1`, () => path]),
    ...METRICS.map(([q, hours]) => ['metrics', `\`${q}\`, ${hoursText(hours)}`, () => `/tempo/api/metrics/query_range?${new URLSearchParams({ q, start: String(Math.floor(population.untilMs / 1000) - hours * 3600), end: String(Math.floor(Date.now() / 1000)), step: `${Math.max(60, hours * 60)}s` })}`]),
  ].map(([kind, name, path, less]) => ({ kind, name, path, less, times: [], refused: 0 }));
  for (const question of questions) await timed(question.path(rounds));
  await loopDelayP99Ms(ready.http);
  const before = { cpu: cpuSeconds(service.pid), atMs: performance.now() };
  // One after the other, round by round: what disturbs for a while disturbs all of them alike.
  for (let round = 0; round < rounds; round += 1) for (const question of questions) {
    const without = question.less === undefined ? 0 : await timed(question.less(round));
    const took = await timed(question.path(round));
    if (without === undefined || took === undefined) question.refused += 1;
    else question.times.push(took - without);
  }
  const seconds = (performance.now() - before.atMs) / 1_000;
  console.log(`| ${args.ingest ? 'while ingesting' : 'alone'} | p50 | p95 | slowest |\n|---|---|---|---|`);
  for (const { name, times, refused } of questions) console.log(row(name.replaceAll('|', '\\|'), times, refused));
  for (const kind of new Set(questions.map((question) => question.kind))) {
    const ofKind = questions.filter((question) => question.kind === kind);
    console.log(row(`**${kind}**, all together`, ofKind.flatMap(({ times }) => times), ofKind.reduce((sum, { refused }) => sum + refused, 0)));
  }
  console.log(`${rounds} rounds in ${seconds.toFixed(0)} s; the service took ${((cpuSeconds(service.pid) - before.cpu) / seconds).toFixed(2)} cores, ${memoryMib(service.pid).highest.toFixed(0)} MiB at most, loop delay p99 ${(await loopDelayP99Ms(ready.http)).toFixed(0)} ms; ${os.cpus().length} × ${os.cpus()[0]?.model}, load ${os.loadavg()[0].toFixed(1)}`);
}

/** Milliseconds of those that were answered, and how many were not. */
function row(name, times, refused) {
  const answered = times.length === 0 ? '– | – | –' : `${percentile(times, 0.5).toFixed(0)} | ${percentile(times, 0.95).toFixed(0)} | ${Math.max(...times).toFixed(0)} ms`;
  return `| ${name}${refused === 0 ? '' : `: **refused ${refused} of ${refused + times.length}**`} | ${answered} |`;
}

/** Milliseconds; undefined where the question was refused because it takes more memory than there is. */
async function timed(path) {
  const startedMs = performance.now();
  const response = await fetch(ready.http + path);
  await response.arrayBuffer();
  if (response.status === 422) return undefined;
  if (!response.ok) throw new Error(`${response.status} for ${path}`);
  return performance.now() - startedMs;
}

/** When it ends, and ids of some of its traces. */
async function readPopulation() {
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const read = async (table) => (await database.query({ sql: `SELECT printf('%016x%016x', high, low) AS id FROM (SELECT DISTINCT trace_id_high AS high, trace_id_low AS low FROM ${table}) ORDER BY hash(id) LIMIT ${rounds + 1}` })).map(({ id }) => id);
  const [{ until }] = await database.query({ sql: 'SELECT max(end_ms) AS until FROM spans' });
  const found = { untilMs: Number(until), archived: await read('(SELECT * FROM archived_traces USING SAMPLE 20000 ROWS)'), hot: await read('(SELECT * FROM spans ORDER BY arrival_ms DESC LIMIT 20000)') };
  await database.close();
  return found;
}

/** Until now, from so many hours before the end of what was there. */
function windowOf(hours) {
  return hours === ALL ? { range: 'all' } : { from: new Date(population.untilMs - hours * HOUR_MS).toISOString() };
}

function hoursText(hours) {
  return hours === ALL ? 'all of time' : `${hours} h`;
}
