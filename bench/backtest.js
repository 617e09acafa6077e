// How much faster than real time the past is replayed: `npm run bench:backtest [slos] [days]`. Slices come out of a database on disk, by
// the same statements as in `tocsin backtest`, and are judged minute by minute by the live engine's `evaluate`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { backtest } from '../dist/pipeline/backtest.js';
import { DuckdbReplayHistory } from '../dist/pipeline/duckdb-replay-history.js';
import { measuredSlos } from './lib/measured-slos.js';

const count = Number(process.argv[2] ?? 100);
const days = Number(process.argv[3] ?? 7);
const WARM_UP_DAYS = 30;
const FIRST = Math.floor(Date.UTC(2026, 9, 1) / 60_000);
const minutes = (WARM_UP_DAYS + days) * 1_440;

const directory = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
const database = await openDatabase(join(directory, 'tocsin.duckdb'));
try {
  // The traffic of bench/lib/measured-slos.js in SQL; one row in thirty arrives a minute later.
  await database.transaction([
    { sql: `INSERT INTO slo_slices SELECT 'slo-' || s || '@bench', ${FIRST} + m, ${FIRST} + m + (m % 30 = 0)::INTEGER, 100 - b, b, 100 - b, b, 100, 0, false
            FROM (SELECT s, m, CASE WHEN (m + s * 977) % 14400 < 12 THEN 25 WHEN hash(s, m) % 97 = 0 THEN 1 ELSE 0 END AS b FROM range(${count}) slos(s), range(${minutes}) times(m))` },
    { sql: `INSERT INTO uptime SELECT ${FIRST} + m FROM range(${minutes}) times(m)` },
  ]);
  const slos = measuredSlos(count).map(({ slo, sliceKey }) => ({ slo, sliceKey, total: undefined, part: undefined, weight: 'auto', warnings: [] }));
  const fromMs = (FIRST + WARM_UP_DAYS * 1_440) * 60_000;
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const [result] = await backtest({ history: new DuckdbReplayHistory(database), ruleSets: [{ name: 'rules', slos }], fromMs, toMs: fromMs + days * 86_400_000, imported: false });
  const tookMs = performance.now() - startedMs;
  const used = process.cpuUsage(cpu);
  const pages = result.incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined).length;
  console.log('| replayed | slices read | took | CPU | faster than real time | evaluations/s | found |\n|---|---|---|---|---|---|---|');
  console.log(`| ${count} SLOs, ${days} days (and ${WARM_UP_DAYS} before them) | ${(count * minutes).toLocaleString('en-US')} | ${(tookMs / 1_000).toFixed(1)} s | ${((used.user + used.system) / 1e6).toFixed(1)} s | ${Math.round((days * 86_400_000) / tookMs).toLocaleString('en-US')} times | ${Math.round((result.minutesJudged * count * 1_000) / tookMs).toLocaleString('en-US')} | ${pages} pages, ${result.incidents.length - pages} tickets |`);
} finally {
  await database.close();
  rmSync(directory, { recursive: true });
}
