import { groupBy } from '../../lib/group-by.js';
import { MINUTE_MS } from '../../lib/duration.js';
import type { Database, Row, Statement } from '../database.js';
import { loadSql } from '../fs-sql.js';
import { traceIdOf } from '../trace-key.js';
import { parquetFiles } from './archive-columns.js';
import type { ArchiveStorage } from './archive-storage.js';

/** A trace that lasts longer is noted in `long_traces`: a search in slices of time looks so far beyond each of them, and at these traces whole. */
export const LONG_TRACE_MS = 15 * MINUTE_MS;

const LONG_HOT = [loadSql(import.meta.url, 'find-long-hot-traces.sql'), loadSql(import.meta.url, 'find-long-split-traces.sql')];
const RETURNING = loadSql(import.meta.url, 'find-returning-traces.sql');
const TRACES_AT_ONCE = 1_000;

interface Extent {
  readonly high: bigint;
  readonly low: bigint;
  readonly fromMs: bigint;
  readonly toMs: bigint;
}

/** What notes the hot traces that last long, by themselves or with what is archived of them. All hot spans are looked through for it, so that it is read beside what is written. */
export async function noteLongHotTraces(database: Database): Promise<readonly Statement[]> {
  const found: Row[] = [];
  for (const sql of LONG_HOT) found.push(...await database.query({ sql, params: { long_ms: LONG_TRACE_MS } }));
  return noted(found.map(extentOf));
}

/** What notes the leaving traces that last long together with what is archived of them already. */
export async function noteLongReturningTraces(database: Database, storage: ArchiveStorage): Promise<readonly Statement[]> {
  const rows = await database.query({ sql: RETURNING });
  const extents = new Map<string, Extent>();
  const widen = (extent: Extent): void => {
    const known = extents.get(traceIdOf(extent));
    extents.set(traceIdOf(extent), known === undefined ? extent : { ...known, fromMs: known.fromMs < extent.fromMs ? known.fromMs : extent.fromMs, toMs: known.toMs > extent.toMs ? known.toMs : extent.toMs });
  };
  for (const row of rows) widen(extentOf(row));
  for (const ofFile of groupBy(rows, (row) => String(row['path'])).values()) for (const extent of await archivedExtents(database, storage, ofFile)) widen(extent);
  return noted([...extents.values()].filter(({ fromMs, toMs }) => toMs - fromMs > LONG_TRACE_MS));
}

/** The times of those traces that are in one file. Of a file that cannot be read it is known when its spans were, and no trace has to stay for it. */
async function archivedExtents(database: Database, storage: ArchiveStorage, rows: readonly Row[]): Promise<readonly Extent[]> {
  const file = { path: String(rows[0]?.['path']), bytes: Number(rows[0]?.['bytes']), sha256: String(rows[0]?.['sha256']) };
  try {
    const found = await database.query({
      sql: `SELECT CAST('0x' || "TraceId"[1:16] AS UBIGINT) AS high, CAST('0x' || "TraceId"[17:32] AS UBIGINT) AS low, epoch_ms(min("Timestamp")) AS from_ms, max((epoch_ns("Timestamp") + CAST("Duration" AS BIGINT)) // 1000000) AS to_ms
        FROM ${parquetFiles(await storage.local([file]))} WHERE "TraceId" IN (SELECT printf('%016x%016x', trace_id_high, trace_id_low) FROM leaving_traces) GROUP BY "TraceId"`,
    });
    return found.map(extentOf);
  } catch {
    return rows.map((row) => ({ ...extentOf(row), fromMs: BigInt(String(row['file_from_ms'])), toMs: BigInt(String(row['file_to_ms'])) }));
  }
}

function extentOf(row: Row): Extent {
  return { high: row['high'] as bigint, low: row['low'] as bigint, fromMs: BigInt(String(row['from_ms'])), toMs: BigInt(String(row['to_ms'])) };
}

function noted(extents: readonly Extent[]): readonly Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < extents.length; from += TRACES_AT_ONCE) {
    const values = extents.slice(from, from + TRACES_AT_ONCE).map(({ high, low, fromMs, toMs }) => `(${high}::UBIGINT, ${low}::UBIGINT, ${fromMs}::BIGINT, ${toMs}::BIGINT)`);
    statements.push({ sql: `INSERT INTO long_traces VALUES ${values.join(', ')}` });
  }
  return statements;
}
