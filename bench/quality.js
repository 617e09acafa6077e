// A week of 10 million spans in the database, reported as the service does: how long, and how much memory.
//   node bench/quality.js [--spans 10000000]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchivedQualityReader } from '../dist/report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../dist/report/duckdb-quality-archive.js';
import { DuckdbQualityReader } from '../dist/report/duckdb-quality-reader.js';
import { QualityReports } from '../dist/report/quality-reports.js';
import { DEFAULT_QUALITY } from '../dist/config/quality-rule.js';
import { openDatabase } from '../dist/store/duckdb-database.js';

const at = process.argv.indexOf('--spans');
const spans = at < 0 ? 10_000_000 : Number(process.argv[at + 1]);
const TO_MS = Date.parse('2026-11-23T00:00:00Z');
const FROM_MS = TO_MS - 7 * 86_400_000;
const BATCH_TRACES = 50_000;
const SPANS_OF_TRACE = 10;

const directory = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
// What the service opens, but that the database is in this process.
const database = await openDatabase(join(directory, 'tocsin.duckdb'));
try {
  await fill();
  await report('a week from its spans', new DuckdbQualityReader(database));
  const archive = new DuckdbQualityArchive(database);
  const live = new DuckdbQualityReader(database);
  const startedMs = performance.now();
  for (let hour = FROM_MS; hour < TO_MS; hour += 3_600_000) await archive.storeHour(hour, await live.facts({ fromMs: hour, toMs: hour + 3_600_000 }));
  console.log(`an hour's facts, as the job stores them: ${((performance.now() - startedMs) / 168).toFixed(0)} ms each`);
  await report('a week from the facts of its hours', new ArchivedQualityReader(live, archive));
} finally {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}

/** Traces of ten spans in five services, spread evenly over the week; attributes as an HTTP instrumentation writes them. */
async function fill() {
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
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss); }, 100);
  const reports = new QualityReports({ reader, clock: { nowMs: () => TO_MS }, hygiene: async () => [], owners: () => new Map(), rules: () => DEFAULT_QUALITY, earlier: async () => undefined });
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  const made = await reports.report({ fromMs: FROM_MS, toMs: TO_MS });
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  console.log(`${words}: ${made.overall.spans} spans, ${made.findings.length} findings, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s (CPU ${((user + system) / 1e6).toFixed(1)} s), RSS at most ${(peak / 2 ** 20).toFixed(0)} MiB`);
}
