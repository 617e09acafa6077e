// How much writing the archive costs, how large a span is in it, and how long one trace takes to find: node bench/archive.js [SPANS | FILE…]
// Without files the spans are made here; with files (OTLP, as `tocsin import` reads them) those are archived.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_SAMPLING } from '../dist/config/sampling.js';
import { keepBySampling } from '../dist/pipeline/duckdb-sampling.js';
import { Archiver } from '../dist/pipeline/system-archiver.js';
import { DuckdbTraceReader } from '../dist/query/duckdb-trace-reader.js';
import { DuckdbArchive } from '../dist/store/archive/duckdb-archive.js';
import { ArchivedSpans } from '../dist/store/archive/duckdb-archived-spans.js';
import { DuckdbLogArchive } from '../dist/store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../dist/store/archive/fs-archive-storage.js';
import { openDatabase } from '../dist/store/duckdb-database.js';

const HOUR_MS = 3_600_000;
const PART = 100_000;
const imported = process.argv.slice(2).filter((word) => existsSync(word));
const startMs = Math.floor(1_795_132_800_000 / HOUR_MS) * HOUR_MS;
const directory = mkdtempSync(join(tmpdir(), 'tocsin-bench-archive-'));
if (imported.length > 0) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL('../bin/tocsin.js', import.meta.url)), 'import', ...imported], { env: { ...process.env, TOCSIN_DATA_DIR: directory }, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`the import ended with ${status}`);
}
const database = await openDatabase(join(directory, 'tocsin.duckdb'));
if (imported.length === 0) await makeSpans(Number(process.argv[2] ?? 300_000));

const parts = { archive: new DuckdbArchive(database), logs: new DuckdbLogArchive(database), storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } };
const keep = keepBySampling({ database, rules: () => ({ ...DEFAULT_SAMPLING, budget: undefined }), burning: () => [] });
const archiver = new Archiver({ ...parts, hotRetentionMs: HOUR_MS, keep, limits: () => ({ ...DEFAULT_SAMPLING.retention, minFreeBytes: 0 }) });
const before = process.cpuUsage();
await archiver.run(imported.length > 0 ? Date.now() + 8 * HOUR_MS : startMs + 8 * HOUR_MS);
const { user, system } = process.cpuUsage(before);
const files = await parts.archive.catalogue.files();
const [spans, bytes] = ['rows', 'bytes'].map((what) => files.reduce((sum, file) => sum + file[what], 0));

const reader = new DuckdbTraceReader(new ArchivedSpans(database, parts));
const ids = (await database.query({ sql: 'SELECT printf(\'%016x%016x\', trace_id_high, trace_id_low) AS id FROM archived_traces ORDER BY hash(trace_id_low) LIMIT 50' })).map((row) => row.id);
const took = [];
for (const id of ids) {
  const startedMs = performance.now();
  await reader.traceById(id);
  took.push(performance.now() - startedMs);
}
took.sort((left, right) => left - right);
process.stdout.write(`${JSON.stringify({ spans, files: files.length, bytesPerSpan: bytes / spans, cpuMicrosecondsPerSpan: (user + system) / spans, traceByIdMs: { p50: took[25], p95: took[47] }, load: loadavg()[0] })}\n`);
await database.close();
rmSync(directory, { recursive: true });

async function makeSpans(spans) {
  await database.transaction([{ sql: `INSERT INTO resources SELECT i, 'service-' || i, '{"service.name":"service-' || i || '","service.version":"1.2.3","k8s.pod.name":"pod-' || i || '"}' FROM range(8) t(i)` }]);
  // Traces of eight spans over one hour, six attributes each, of which one is a path with an id and one a user.
  for (let from = 0; from < spans; from += PART) {
    await database.transaction([{ sql: `INSERT INTO spans_bulk SELECT hash(i // 8), hash(i // 8 + 77777777), hash(i + 5), CASE WHEN i % 8 = 0 THEN 0 ELSE hash(i + 4) END, 'GET /api/v1/thing/' || (i % 8),
      CASE WHEN i % 2 = 0 THEN 2 ELSE 3 END, CASE WHEN i % 400 = 0 THEN 2 ELSE 0 END, '', ${startMs}000000 + i * ${HOUR_MS}000000 // ${spans}, ${startMs} + i * ${HOUR_MS} // ${spans} + 30,
      (exp(random() * 3) * 1e6 * (1 + random()))::BIGINT, 'service-' || (i % 8), i % 8, 'http', '1.0',
      '{"http.request.method":"GET","http.route":"/api/v1/thing/{id}","http.response.status_code":' || (CASE WHEN i % 50 = 0 THEN 500 ELSE 200 END) || ',"server.address":"service-' || (i % 8) || '","url.path":"/api/v1/thing/' || (random() * 10000)::INT || '","user.id":"' || (random() * 3000)::INT || '"}',
      NULL, NULL, '', 257, 1, FALSE, 0, ${startMs} + i * ${HOUR_MS} // ${spans} + 1000, FALSE, CASE WHEN i % 50 = 0 THEN 500 ELSE 200 END FROM range(${from}, ${Math.min(spans, from + PART)}) t(i)` }]);
  }
  await database.transaction([{ sql: 'INSERT INTO ledger SELECT (arrival_ms // 60000)::INTEGER, \'traces\', \'grpc\', count(*), count(*), 0, 0 FROM spans_bulk GROUP BY 1' }]);
}
