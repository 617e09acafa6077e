import { groupBy } from '../../lib/group-by.js';
import { MINUTE_MS } from '../../lib/duration.js';
import type { Database, Row, Statement } from '../database.js';
import { loadSql } from '../fs-sql.js';
import { quoted } from '../literal-sql.js';
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

/** A leaving trace of which a part is in the archive already. */
export interface ReturningTrace extends Extent {
  /** By which that part is kept; undefined where its file cannot be read. */
  readonly keptService: string | undefined;
}

/** With the times of both parts together. */
export async function returningTraces(database: Database, storage: ArchiveStorage): Promise<readonly ReturningTrace[]> {
  const rows = await database.query({ sql: RETURNING });
  const returning = new Map<string, ReturningTrace>();
  const widen = (trace: ReturningTrace): void => {
    const known = returning.get(traceIdOf(trace));
    returning.set(traceIdOf(trace), known === undefined ? trace : {
      ...known, fromMs: known.fromMs < trace.fromMs ? known.fromMs : trace.fromMs, toMs: known.toMs > trace.toMs ? known.toMs : trace.toMs, keptService: known.keptService ?? trace.keptService,
    });
  };
  for (const row of rows) widen({ ...extentOf(row), keptService: undefined });
  for (const ofFile of groupBy(rows, (row) => String(row['path'])).values()) for (const trace of await archivedParts(database, storage, ofFile)) widen(trace);
  return [...returning.values()];
}

/** What notes those that last long. */
export function noteLongReturningTraces(returning: readonly ReturningTrace[]): readonly Statement[] {
  return noted(returning.filter(({ fromMs, toMs }) => toMs - fromMs > LONG_TRACE_MS));
}

/** Retention by service is for whole traces: the topmost of the spans that came late is seldom the trace's root, and what they are kept by is what the rest of it is kept by. */
export function keepWithEarlierParts(returning: readonly ReturningTrace[]): readonly Statement[] {
  const known = returning.flatMap(({ high, low, keptService }) => (keptService === undefined ? [] : [`(${high}::UBIGINT, ${low}::UBIGINT, ${quoted(keptService)})`]));
  return inLots(known).map((values) => ({ sql: `UPDATE leaving_kept SET service = e.service FROM (VALUES ${values}) e(high, low, service) WHERE trace_id_low = e.low AND trace_id_high = e.high` }));
}

/** What one file has of those traces. Of a file that cannot be read it is known when its spans were, and no trace has to stay for it. */
async function archivedParts(database: Database, storage: ArchiveStorage, rows: readonly Row[]): Promise<readonly ReturningTrace[]> {
  const file = { path: String(rows[0]?.['path']), bytes: Number(rows[0]?.['bytes']), sha256: String(rows[0]?.['sha256']) };
  try {
    const found = await database.query({
      sql: `SELECT CAST('0x' || "TraceId"[1:16] AS UBIGINT) AS high, CAST('0x' || "TraceId"[17:32] AS UBIGINT) AS low, epoch_ms(min("Timestamp")) AS from_ms, max((epoch_ns("Timestamp") + CAST("Duration" AS BIGINT)) // 1000000) AS to_ms, arg_min("KeptService", "ArrivalMs") AS kept_service
        FROM ${parquetFiles(await storage.local([file]))} WHERE "TraceId" IN (SELECT printf('%016x%016x', trace_id_high, trace_id_low) FROM leaving_traces) GROUP BY "TraceId"`,
    });
    return found.map((row) => ({ ...extentOf(row), keptService: String(row['kept_service']) }));
  } catch {
    return rows.map((row) => ({ ...extentOf(row), fromMs: BigInt(String(row['file_from_ms'])), toMs: BigInt(String(row['file_to_ms'])), keptService: undefined }));
  }
}

function extentOf(row: Row): Extent {
  return { high: row['high'] as bigint, low: row['low'] as bigint, fromMs: BigInt(String(row['from_ms'])), toMs: BigInt(String(row['to_ms'])) };
}

function noted(extents: readonly Extent[]): readonly Statement[] {
  return inLots(extents.map(({ high, low, fromMs, toMs }) => `(${high}::UBIGINT, ${low}::UBIGINT, ${fromMs}::BIGINT, ${toMs}::BIGINT)`)).map((values) => ({ sql: `INSERT INTO long_traces VALUES ${values}` }));
}

function inLots(values: readonly string[]): readonly string[] {
  const lots: string[] = [];
  for (let from = 0; from < values.length; from += TRACES_AT_ONCE) lots.push(values.slice(from, from + TRACES_AT_ONCE).join(', '));
  return lots;
}
