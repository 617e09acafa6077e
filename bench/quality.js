// A week of 10 million spans in the database, reported as the service does: how long, and how much memory.
//   node bench/quality.js [--spans 10000000]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchivedQualityReader } from '../dist/report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../dist/report/duckdb-quality-archive.js';
import { DuckdbQualityReader } from '../dist/report/duckdb-quality-reader.js';
import { QualityReports } from '../dist/report/quality-reports.js';
import { DEFAULT_QUALITY } from '../dist/config/quality-rule.js';
import { openDatabase } from '../dist/store/duckdb-database.js';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const spans = Number(option('spans', 10_000_000));
const TO_MS = Date.parse('2026-11-23T00:00:00Z');
const FROM_MS = TO_MS - 7 * 86_400_000;
const BATCH_TRACES = 50_000;
const SPANS_OF_TRACE = 10;

// Each part in a process of its own, so that its memory is its own.
const phase = option('phase', undefined);
if (phase === undefined) {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  try {
    for (const each of ['fill', 'spans', 'hours', 'facts']) execFileSync(process.execPath, [import.meta.filename, '--spans', String(spans), '--phase', each, '--directory', directory], { stdio: 'inherit' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
} else {
  // What the service opens, but that the database is in this process; the report from spans alone has what `tocsin report quality` opens.
  const database = await openDatabase(join(option('directory'), 'tocsin.duckdb'), phase === 'spans' ? { threads: availableParallelism(), memoryLimit: '160MB' } : {});
  const [live, archive] = [new DuckdbQualityReader(database), new DuckdbQualityArchive(database)];
  try {
    if (phase === 'fill') await fill(database);
    if (phase === 'spans') await report('a week from its spans', live);
    if (phase === 'hours') await measured("every hour's facts, as the job stores them", async () => {
      for (let hour = FROM_MS; hour < TO_MS; hour += 3_600_000) await archive.storeHour(hour, await live.facts({ fromMs: hour, toMs: hour + 3_600_000 }));
      return '168 hours';
    });
    if (phase === 'facts') await report('a week from the facts of its hours', new ArchivedQualityReader(live, archive));
  } finally {
    await database.close();
  }
}

/** Traces of ten spans in five services, spread evenly over the week; attributes as an HTTP instrumentation writes them. */
async function fill(database) {
  const traces = spans / SPANS_OF_TRACE;
  await database.transaction([{ sql: `INSERT INTO resources SELECT s, 'service-' || s, '{"service.name":"service-' || s || '","service.instance.id":"' || s || '","deployment.environment.name":"bench","host.name":"node-' || s || '"}' FROM range(5) r(s)` }]);
  for (let first = 0; first < traces; first += BATCH_TRACES) {
    await database.transaction([{
      sql: `INSERT INTO spans_bulk
        SELECT hash(t), hash(t + 1e9::BIGINT), hash(t * 10 + i) + 1, CASE WHEN i = 0 THEN 0 ELSE hash(t * 10 + i - 1) + 1 END, 'GET /route-' || (t % 20) || '/' || i, CASE WHEN i % 2 = 0 THEN 2 ELSE 3 END, CASE WHEN t % 100 = 0 THEN 2 ELSE 0 END, '',
          (${FROM_MS}::BIGINT + t * ${Math.floor((TO_MS - FROM_MS) / traces)}) * 1000000 + i * 1000000, ${FROM_MS}::BIGINT + t * ${Math.floor((TO_MS - FROM_MS) / traces)} + 60 - i, (60 - 2 * i) * 1000000, 'service-' || ((i + 1) // 2 % 5), (i + 1) // 2 % 5, 'bench', '1', 
          '{"http.request.method":"GET","http.response.status_code":200,"url.path":"/route-' || (t % 20) || '/' || t || '","url.full":"http://service/route-' || (t % 20) || '/' || t || '","http.route":"/route-' || (t % 20) || '","server.address":"service","server.port":8080,"user_agent.original":"bench/1.0","network.protocol.version":"1.1"}',
          NULL, NULL, '', 0, 1, FALSE, 0, ${FROM_MS}::BIGINT + t * ${Math.floor((TO_MS - FROM_MS) / traces)} + 500, FALSE
        FROM range(${first}, ${Math.min(traces, first + BATCH_TRACES)}) a(t), range(${SPANS_OF_TRACE}) b(i)`,
    }]);
    if (first % 200_000 === 0) console.error(`${first * SPANS_OF_TRACE} spans written`);
  }
}

async function report(words, reader) {
  const reports = new QualityReports({ reader, clock: { nowMs: () => TO_MS }, hygiene: async () => [], owners: () => new Map(), rules: () => DEFAULT_QUALITY, earlier: async () => undefined });
  await measured(words, async () => {
    const made = await reports.report({ fromMs: FROM_MS, toMs: TO_MS });
    return `${made.overall.spans} spans, ${made.findings.length} findings`;
  });
}

async function measured(words, work) {
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss); }, 100);
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  peak = Math.max(peak, process.memoryUsage().rss);
  console.log(`${words}: ${result}, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s (CPU ${((user + system) / 1e6).toFixed(1)} s), RSS at most ${(peak / 2 ** 20).toFixed(0)} MiB, load ${loadavg()[0].toFixed(1)}`);
}
