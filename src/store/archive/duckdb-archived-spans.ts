import type { Database, Row, SqlValue, Statement } from '../database.js';
import { traceIdOf, type TraceKey } from '../trace-key.js';
import { loadSql } from '../fs-sql.js';
import { archivedSpanRows, parquetFiles, quoted } from './archive-columns.js';
import type { ArchiveNeed } from './archive-need.js';
import type { ArchivedFile, ArchiveStorage } from './archive-storage.js';
import { mayHold } from './attribute-filter.js';
import { archivedLogsOf } from './duckdb-log-archive.js';

/** Where a statement wants the archive: behind its WITH. Without an archive it is a comment. */
export const ARCHIVE_MARK = '/* archive */';

/** Goes up with every change of what is hot and what is archived. */
export interface ArchiveGeneration {
  current: number;
}

/** A statement that says of the archive more than its range of time. */
export interface ArchiveStatement extends Statement {
  readonly archive?: ArchiveNeed;
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A database that understands such statements; one without an archive passes over what they say of it. */
export interface SpansDatabase extends Database {
  query(statement: ArchiveStatement): Promise<Row[]>;
  /** When the spans of those files ended that a search over this time has to open. Absent where there is no archive. */
  fileTimes?(window: Range, need: ArchiveNeed): Promise<readonly Range[]>;
  /** One trace, whose hot spans `hot` reads; the others come as the archive has them (archived-trace.sql). Absent where there is no archive. */
  trace?(hot: Statement, key: TraceKey, limit: number): Promise<{ readonly hot: Row[]; readonly archived: Row[] }>;
  /** Log records of one trace, hot ones as `hot` reads them and archived ones alike, oldest first. Absent where there is no archive. */
  traceLogs?(hot: Statement, key: TraceKey, limit: number): Promise<Row[]>;
}

const TRACE = loadSql(import.meta.url, 'archived-trace.sql');

const MAX_ATTEMPTS = 5;
const MS_NS = 1_000_000n;
/** Nanoseconds since 1970 do not reach further. */
const LATEST_MS = 9_000_000_000_000;
/** Selections of a whole span: then it has all its columns. */
const WHOLE_SPANS = /\b(?:s|c|p)\.\*|\* FROM (?:spans|span_rows)\b/;

/**
 * The database with the archive behind the hot store: in statements that bear the mark, `spans` and `span_rows` hold both. They say by their
 * parameters which part of the archive they need: `$high` and `$low` one trace, `$near_from_ms` and `$near_to_ms` (or `$from_ms` and `$to_ms`) a range of span ends,
 * `$from_minute` and `$to_minute` one of arrivals or ends; and by their `archive` what else they know.
 */
export class ArchivedSpans implements SpansDatabase {
  readonly #database: Database;
  readonly #storage: ArchiveStorage;
  readonly #generation: ArchiveGeneration;

  constructor(database: Database, { storage, generation }: { readonly storage: ArchiveStorage; readonly generation: ArchiveGeneration }) {
    this.#database = database;
    this.#storage = storage;
    this.#generation = generation;
  }

  transaction(statements: readonly Statement[]): Promise<void> {
    return this.#database.transaction(statements);
  }

  async query(statement: ArchiveStatement): Promise<Row[]> {
    if (!statement.sql.includes(ARCHIVE_MARK)) return this.#database.query(statement);
    return this.#settled(async () => this.#database.query(await this.#widened(statement)));
  }

  trace(hot: Statement, key: TraceKey, limit: number): Promise<{ readonly hot: Row[]; readonly archived: Row[] }> {
    return this.#settled(async () => {
      const [ofHot, archived] = await Promise.all([this.#database.query(hot), this.#archivedTrace(key, limit)]);
      return { hot: ofHot, archived };
    });
  }

  traceLogs(hot: Statement, key: TraceKey, limit: number): Promise<Row[]> {
    return this.#settled(async () => {
      const [ofHot, archived] = await Promise.all([this.#database.query(hot), archivedLogsOf(this.#database, this.#storage, { key, limit })]);
      return [...archived, ...ofHot].sort((left, right) => compareTimes(left['time_ns'], right['time_ns'])).slice(0, limit);
    });
  }

  async #archivedTrace(key: TraceKey, limit: number): Promise<Row[]> {
    const found = await this.#database.query(filesOfTraces([key]).lookup);
    if (found.length === 0) return [];
    const files = parquetFiles(await this.#storage.local(filesOf(found)));
    return this.#database.query({ sql: TRACE.replace('/* files */', () => files).replace('/* trace */', () => quoted(traceIdOf(key))), params: { limit } });
  }

  async fileTimes({ fromMs, toMs }: Range, { pairs = [] }: ArchiveNeed): Promise<readonly Range[]> {
    const rows = await this.#database.query({ sql: filesWhere(BY_TIME, pairs, 'min_end_ms, max_end_ms'), params: rangeOf(fromMs, toMs) });
    return rows.map((row) => ({ fromMs: Number(row['min_end_ms']), toMs: Number(row['max_end_ms']) + 1 }));
  }

  /** Read again where spans moved into the archive meanwhile: between two statements they would be seen in both places or in none. */
  async #settled<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const before = this.#generation.current;
      const result = await read();
      if (this.#generation.current === before || attempt === MAX_ATTEMPTS) return result;
    }
  }

  async #widened({ sql, params = {}, archive = {} }: ArchiveStatement): Promise<Statement> {
    const { lookup, where } = needOf({ sql, params }, archive);
    const found = await this.#database.query(lookup);
    if (found.length === 0 && archive.traces === undefined) return { sql, params };
    const files = filesOf(found);
    const isWhole = WHOLE_SPANS.test(sql);
    const reads = (column: string): boolean => isWhole || new RegExp(`\\b${column}\\b`).test(sql);
    const archived = files.length === 0 ? '' : ` UNION ALL BY NAME ${archivedSpanRows(await this.#storage.local(files), { where, reads: (column) => column === 'row_id' || reads(column) })}`;
    const hot = `SELECT * FROM main.span_rows${archive.traces === undefined ? '' : ` WHERE ${ofTraces(archive.traces)}`}`;
    // Few traces are read once and then looked at as often as the statement likes.
    const relations = `span_rows AS ${archive.traces === undefined ? 'NOT MATERIALIZED' : 'MATERIALIZED'} (${hot}${archived}), spans AS NOT MATERIALIZED (SELECT * EXCLUDE (row_id) FROM span_rows),`;
    return { params, sql: sql.replace(ARCHIVE_MARK, () => relations) };
  }
}

function compareTimes(left: SqlValue | undefined, right: SqlValue | undefined): number {
  const [a, b] = [BigInt(String(left)), BigInt(String(right))];
  return a < b ? -1 : a > b ? 1 : 0;
}

function filesOf(rows: readonly Row[]): readonly ArchivedFile[] {
  return rows.map((row) => ({ path: String(row['path']), bytes: Number(row['bytes']), sha256: String(row['sha256']) }));
}

interface Need {
  readonly lookup: Statement;
  readonly where?: string | undefined;
}

/** Which files are looked through, and which of their spans. */
function needOf({ params = {}, sql }: Statement, { traces, where, pairs = [], beganNs }: ArchiveNeed): Need {
  const { high, low } = params;
  if (traces !== undefined) return filesOfTraces(traces);
  if (typeof high === 'bigint' && typeof low === 'bigint') return filesOfTraces([{ high, low }]);
  const byTime = (from: unknown, to: unknown): Need => {
    const range = rangeOf(from, to);
    // What ends before a time began before it, and the rows of a service are sorted by their beginning.
    const before = range.to_ms < LATEST_MS ? [`a."Timestamp" < make_timestamp_ns(${BigInt(range.to_ms) * MS_NS})`] : [];
    const within = beganNs === undefined ? [] : [`a."Timestamp" BETWEEN make_timestamp_ns(${beganNs[0]}) AND make_timestamp_ns(${beganNs[1]})`];
    return { lookup: { sql: filesWhere(BY_TIME, pairs), params: range }, where: [...before, ...within, where ?? 'TRUE'].join(' AND ') };
  };
  if (params['near_from_ms'] !== undefined) return byTime(params['near_from_ms'], params['near_to_ms']);
  if (params['from_ms'] !== undefined) return byTime(params['from_ms'], params['to_ms']);
  if (params['from_minute'] !== undefined) return { lookup: { sql: filesWhere(BY_ARRIVAL, pairs), params: rangeOf(Number(params['from_minute']) * 60_000, Number(params['to_minute']) * 60_000) }, where };
  throw new Error(`this statement does not say which part of the archive it needs: ${sql.slice(0, 120)}`);
}

const BY_TIME = 'max_end_ms >= $from_ms AND min_end_ms < $to_ms';
const BY_ARRIVAL = `(max_arrival_ms >= $from_ms AND min_arrival_ms < $to_ms) OR (${BY_TIME})`;

function filesWhere(condition: string, pairs: readonly (readonly string[])[] = [], columns = 'path, bytes, sha256'): string {
  const filters = pairs.length === 0 ? '' : ' LEFT JOIN archive_filters f USING (file_id)';
  return `SELECT ${columns} FROM archive_files${filters} WHERE (${condition}) AND ${mayHold(pairs)} ORDER BY hour, path`;
}

function filesOfTraces(traces: readonly TraceKey[]): Need {
  return {
    lookup: { sql: filesWhere(`file_id IN (SELECT file_id FROM archived_traces WHERE ${ofTraces(traces)})`) },
    where: `a."TraceId" IN (${traces.map((trace) => quoted(traceIdOf(trace))).join(', ')})`,
  };
}

/** On the columns themselves, so that their zone maps are used. */
function ofTraces(traces: readonly TraceKey[]): string {
  const among = (side: keyof TraceKey): string => `trace_id_${side} IN (${[...new Set(traces.map((trace) => trace[side]))].map((id) => `${id}::UBIGINT`).join(', ')})`;
  // Two halves of different traces are no id that anybody has: 64 random bits are enough to tell traces apart.
  return `${among('low')} AND ${among('high')}`;
}

function rangeOf(from: unknown, to: unknown): { readonly from_ms: number; readonly to_ms: number } {
  const whole = (value: unknown): number => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.floor(Number(value))));
  return { from_ms: whole(from), to_ms: whole(to) };
}
