// A week of 10 million spans in the database, reported as the service does: how long, and how much memory.
//   node bench/quality.js [--spans 10000000]      npm run bench:quality also has what ingest notices of it (report-beside.js)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchivedQualityReader } from '../dist/report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../dist/report/duckdb-quality-archive.js';
import { DuckdbQualityReader } from '../dist/report/duckdb-quality-reader.js';
import { QualityReports } from '../dist/report/quality-reports.js';
import { DEFAULT_QUALITY } from '../dist/config/quality-rule.js';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { fillWeek, WEEK_MS } from './lib/quality-week.js';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const spans = Number(option('spans', 10_000_000));
const TO_MS = Date.parse('2026-11-23T00:00:00Z');
const FROM_MS = TO_MS - WEEK_MS;

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
  const database = await openDatabase(join(option('directory'), 'tocsin.duckdb'), phase === 'spans' ? { memoryLimit: '160MB' } : {});
  const [live, archive] = [new DuckdbQualityReader(database), new DuckdbQualityArchive(database)];
  try {
    if (phase === 'fill') await fillWeek(database, { spans, fromMs: FROM_MS });
    if (phase === 'spans') await report('a week from its spans', new DuckdbQualityReader(database, { atOnce: 2 }));
    if (phase === 'hours') await measured("every hour's facts, as the job stores them", async () => {
      for (let hour = FROM_MS; hour < TO_MS; hour += 3_600_000) await archive.storeHour(hour, await live.facts({ fromMs: hour, toMs: hour + 3_600_000 }));
      return '168 hours';
    });
    if (phase === 'facts') await report('a week from the facts of its hours', new ArchivedQualityReader(live, archive));
  } finally {
    await database.close();
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
