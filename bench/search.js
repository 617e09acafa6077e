// How long searches take in a store of many spans over several days: node bench/search.js [--spans 10000000] [--hours 96] [--data DIR] [--rounds 10] [--service] [--ingest] [--make SECONDS]
// With --data the population is made there once and used again. More than ten million are made of ten million by repeating the archived hours (lib/repeat.js).
// With --make nothing is measured: it is made for about so long, and the next run goes on. CPU is that of the process, all threads, and says something on a busy machine too. --service asks the service instead, by the clock, and --ingest the same
// while it takes in half of what it can (search-service.js).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckdbMetricsReader } from '../dist/query/duckdb-metrics-reader.js';
import { DuckdbSurveyReader } from '../dist/query/duckdb-survey-reader.js';
import { DuckdbTagReader } from '../dist/query/duckdb-tag-reader.js';
import { DuckdbTraceReader } from '../dist/query/duckdb-trace-reader.js';
import { parseTraceMetrics, parseTraceSearch } from '../dist/query/trace-query.js';
import { DuckdbArchive } from '../dist/store/archive/duckdb-archive.js';
import { ArchivedSpans } from '../dist/store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../dist/store/archive/fs-archive-storage.js';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { FACETS, FACET_VALUES } from '../dist/ui/trace-survey.js';
import { isPopulated, populate } from './lib/populate.js';
import { repeatArchive } from './lib/repeat.js';
import { ALL, METRICS, percentile, SEARCHES, SURVEYS, TAGS } from './lib/searches.js';

const HOUR_MS = 3_600_000;
const MADE_SPAN_BY_SPAN = 10_000_000;

const { values: args } = parseArgs({ options: { spans: { type: 'string', default: '10000000' }, hours: { type: 'string', default: '96' }, data: { type: 'string' }, rounds: { type: 'string', default: '10' }, service: { type: 'boolean', default: false }, ingest: { type: 'boolean', default: false }, make: { type: 'string' } } });
const directory = args.data ?? mkdtempSync(join(os.tmpdir(), 'tocsin-bench-search-'));
const copies = Math.max(1, Math.round(Number(args.spans) / MADE_SPAN_BY_SPAN));
const untilMs = args.make === undefined ? Infinity : performance.now() + Number(args.make) * 1_000;
if (!(await isPopulated(directory))) {
  const made = await populate(directory, { spans: Number(args.spans) / copies, hours: Number(args.hours), endHour: Math.floor(Date.now() / HOUR_MS), untilMs });
  if (made === undefined) stopMaking();
  console.log(JSON.stringify(made));
}

const database = await openDatabase(join(directory, 'tocsin.duckdb'));
// As maintenance does, a day at a time.
while (await new DuckdbArchive(database).sortTraces(Math.floor(Date.now() / HOUR_MS))) { /* until every day is sorted */ }
const isWhole = copies === 1 || await repeatArchive(directory, { database, copies, untilMs });
if (args.make !== undefined) {
  await database.close();
  stopMaking(isWhole);
}
if (args.service || args.ingest) {
  await database.close();
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL('search-service.js', import.meta.url)), '--data', directory, '--rounds', args.rounds, ...(args.ingest ? ['--ingest'] : [])], { stdio: 'inherit' });
  if (args.data === undefined) rmSync(directory, { recursive: true });
  process.exit(status ?? 1);
}
const both = new ArchivedSpans(database, { storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } });
const [traces, metrics, tags, surveys] = [new DuckdbTraceReader(both), new DuckdbMetricsReader(both), new DuckdbTagReader(both), new DuckdbSurveyReader(both)];
const [extent] = await database.query({ sql: 'SELECT (SELECT max(end_ms) + 1 FROM spans) AS until, (SELECT min(min_end_ms) FROM archive_files) AS since, (SELECT count(*) FROM spans) AS hot, (SELECT sum(spans)::BIGINT FROM archive_files) AS archived, (SELECT sum(bytes)::BIGINT FROM archive_files) AS bytes' });
const toMs = Number(extent.until);
const since = (hours) => Math.max(Number(extent.since), toMs - hours * HOUR_MS);
const [{ low: ofArchive }] = await database.query({ sql: `SELECT string_agg(id, ',') AS low FROM (SELECT printf('%016x%016x', trace_id_high, trace_id_low) AS id FROM archived_traces ORDER BY hash(trace_id_low) LIMIT 40)` });
const [{ low: ofHot }] = await database.query({ sql: `SELECT string_agg(id, ',') AS low FROM (SELECT DISTINCT printf('%016x%016x', trace_id_high, trace_id_low) AS id FROM spans ORDER BY hash(id) LIMIT 40)` });

console.log(`${extent.hot} hot and ${extent.archived} archived spans, ${(Number(extent.bytes) / Number(extent.archived)).toFixed(1)} bytes an archived span; ${os.cpus().length} × ${os.cpus()[0]?.model}, load ${os.loadavg()[0].toFixed(1)}`);
console.log('| | hours | found | CPU p50 / p95 | wall p50 / p95 | load |\n|---|---|---|---|---|---|');
await measure('one archived trace', '', ofArchive.split(',').map((id) => async () => (await traces.traceById(id))?.spans.length));
await measure('one hot trace', '', ofHot.split(',').map((id) => async () => (await traces.traceById(id))?.spans.length));
for (const [query, hours] of SEARCHES) await measure(`\`${query}\``, hours, rounds(async () => (await traces.findTraces({ search: parseTraceSearch(query), fromMs: since(hours), toMs, limit: 20 })).length));
for (const [query, hours] of SURVEYS) {
  const survey = { search: parseTraceSearch(query), fromMs: since(hours), toMs };
  await measure(`heatmap of \`${query}\``, hours, rounds(async () => (await surveys.heatmap(survey)).cells.length));
  await measure(`facets of \`${query}\``, hours, rounds(async () => (await surveys.breakdown({ ...survey, fields: FACETS, top: FACET_VALUES })).found));
}
for (const [query, hours] of METRICS) {
  const stepNs = BigInt(Math.max(60_000, (hours * HOUR_MS) / 60)) * 1_000_000n;
  await measure(`\`${query}\``, hours, rounds(async () => (await metrics.metrics({ query: parseTraceMetrics(query), startNs: BigInt(since(hours)) * 1_000_000n, endNs: BigInt(toMs) * 1_000_000n, stepNs, exemplars: 0 })).series.length));
}
for (const [query, key, hours] of TAGS) await measure(`values of ${key} in \`${query}\``, hours, rounds(async () => (await tags.tagValues({ type: 'attribute', scope: 'span', key }, { search: parseTraceSearch(query), fromMs: since(hours), toMs, limit: 100 })).length));
await database.close();
if (args.data === undefined) rmSync(directory, { recursive: true });

function stopMaking(isWhole = false) {
  console.log(isWhole ? 'the population is complete' : 'not complete yet: run it again');
  process.exit(0);
}

function rounds(run) {
  return Array.from({ length: Number(args.rounds) }, () => run);
}

async function measure(name, hours, runs) {
  await runs[0]();
  const [cpu, wall] = [[], []];
  let found;
  for (const run of runs) {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    found = await run();
    wall.push(performance.now() - startedMs);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1_000);
  }
  const share = (times, part) => percentile(times, part).toFixed(0);
  console.log(`| ${name.replaceAll('|', '\\|')} | ${hours === ALL ? 'all' : hours} | ${found} | ${share(cpu, 0.5)} / ${share(cpu, 0.95)} ms | ${share(wall, 0.5)} / ${share(wall, 0.95)} ms | ${os.loadavg()[0].toFixed(0)} |`);
}
