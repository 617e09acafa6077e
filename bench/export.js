// What exporting everything costs, and how much memory it takes: node bench/export.js [SPANS] [HOURS] [DIR]
// DIR is a population that bench/search.js made (--data DIR --make SECONDS); it is kept.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckdbTraceReader } from '../dist/query/duckdb-trace-reader.js';
import { exportText } from '../dist/query/export-formats.js';
import { ArchivedSpans } from '../dist/store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../dist/store/archive/fs-archive-storage.js';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { EVERY_SPAN } from '../dist/trace/traceql/query-ast.js';
import { populate } from './lib/populate.js';

const HOUR_MS = 3_600_000;
const [spans, hours] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 12)];
const kept = process.argv[4];
const directory = kept ?? mkdtempSync(join(tmpdir(), 'tocsin-bench-export-'));
if (kept === undefined) await populate(directory, { spans, hours, endHour: Math.floor(Date.now() / HOUR_MS) });
const database = await openDatabase(join(directory, 'tocsin.duckdb'));
const reader = new DuckdbTraceReader(new ArchivedSpans(database, { storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } }));

const before = process.cpuUsage();
const startedMs = performance.now();
const [traces, bytes, peaks] = [new Set(), { sum: 0 }, []];
let lines = 0;
for await (const line of exportText('otlp', reader.everyTrace({ search: EVERY_SPAN, fromMs: 0, toMs: Date.now(), limit: undefined }))) {
  lines += 1;
  bytes.sum += line.length;
  // A copy: a part of a text keeps all of it in memory.
  traces.add(Buffer.from(line.slice(line.indexOf('"traceId"') + 11, line.indexOf('"traceId"') + 43)).toString('latin1'));
  if (lines % 1_000 === 0) peaks.push(process.memoryUsage().rss);
}
const { user, system } = process.cpuUsage(before);
const quarters = [0.25, 0.5, 0.75, 1].map((share) => Math.round(Math.max(...peaks.slice(0, Math.ceil(peaks.length * share))) / 1e6));
await database.close();
if (kept === undefined) rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify({ spans, traces: traces.size, lines, megabytes: Math.round(bytes.sum / 1e6), seconds: Math.round((performance.now() - startedMs) / 1_000), cpuMicrosecondsPerSpan: (user + system) / spans, peakRssMbByQuarter: quarters, load: loadavg()[0] })}\n`);
