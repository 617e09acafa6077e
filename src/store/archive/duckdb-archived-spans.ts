import { ascending } from '../../lib/compare.js';
import { MINUTE_MS } from '../../lib/duration.js';
import type { Database, Row, SqlValue, Statement } from '../database.js';
import { archivedOfPart, hotOfPart } from '../less-at-once.js';
import { quoted, withLiterals } from '../literal-sql.js';
import { traceIdOf, type TraceKey } from '../trace-key.js';
import { loadSql } from '../fs-sql.js';
import { archivedSpanRows, arrivedSpanRows, hotSpanRows, parquetFiles } from './archive-columns.js';
import type { ArchiveNeed } from './archive-need.js';
import type { ArchiveStorage } from './archive-storage.js';
import { archivedLogsOf } from './duckdb-log-archive.js';
import { KnownFiles, type ArchiveGeneration, type TimedFile, type TimeRange } from './duckdb-known-files.js';

/** Where a statement wants the archive: behind its WITH. Without an archive it is a comment. */
export const ARCHIVE_MARK = '/* archive */';

/** A statement that says of the archive more than its range of time. */
export interface ArchiveStatement extends Statement {
  readonly archive?: ArchiveNeed;
}

/** A database that understands such statements; one without an archive passes over what they say of it. */
export interface SpansDatabase extends Database {
  query(statement: ArchiveStatement): Promise<Row[]>;
  /** When the spans of those files ended that a search over this time has to open. Absent where there is no archive. */
  fileTimes?(window: TimeRange, need: ArchiveNeed): Promise<readonly TimeRange[]>;
  /** One trace, whose hot spans `hot` reads; the others come as the archive has them (archived-trace.sql). Absent where there is no archive. */
  trace?(hot: Statement, key: TraceKey, limit: number): Promise<{ readonly hot: Row[]; readonly archived: Row[] }>;
  /** Log records of one trace, hot ones as `hot` reads them and archived ones alike, oldest first. Absent where there is no archive. */
  traceLogs?(hot: Statement, key: TraceKey, limit: number): Promise<Row[]>;
}

const TRACE = loadSql(import.meta.url, 'archived-trace.sql');

const MAX_ATTEMPTS = 5;
/** Ids that are looked for by a list. */
const MOST_LISTED = 64;
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
  readonly #files: KnownFiles;

  constructor(database: Database, { storage, generation }: { readonly storage: ArchiveStorage; readonly generation: ArchiveGeneration }) {
    this.#database = database;
    this.#storage = storage;
    this.#generation = generation;
    this.#files = new KnownFiles(database, generation);
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
      const [ofHot, archived] = await Promise.all([this.#database.query(withLiterals(hot)), this.#archivedTrace(key, limit)]);
      return { hot: ofHot, archived };
    });
  }

  traceLogs(hot: Statement, key: TraceKey, limit: number): Promise<Row[]> {
    return this.#settled(async () => {
      const [ofHot, archived] = await Promise.all([this.#database.query(withLiterals(hot)), archivedLogsOf(this.#database, this.#storage, { key, limit })]);
      return [...archived, ...ofHot].sort((left, right) => compareTimes(left['time_ns'], right['time_ns'])).slice(0, limit);
    });
  }

  async #archivedTrace(key: TraceKey, limit: number): Promise<Row[]> {
    const found = await this.#files.ofTraces([key]);
    if (found.length === 0) return [];
    const files = parquetFiles(await this.#storage.local(found));
    return this.#database.query(withLiterals({ sql: TRACE.replace('/* files */', () => files).replace('/* trace */', () => quoted(traceIdOf(key))), params: { limit } }));
  }

  async fileTimes(window: TimeRange, { pairs = [] }: ArchiveNeed): Promise<readonly TimeRange[]> {
    const files = await this.#files.ofTime(window, pairs);
    return files.map(({ minEndMs, maxEndMs }) => ({ fromMs: minEndMs, toMs: maxEndMs + 1 }));
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
    const { files, where } = await this.#needOf({ sql, params }, archive);
    const [words, isWhole] = [new Set(sql.match(/\w+/g)), WHOLE_SPANS.test(sql)];
    const reads = (column: string): boolean => isWhole || column === 'row_id' || words.has(column);
    const archived = files.length === 0 ? '' : ` UNION ALL ${archivedSpanRows(await this.#storage.local(files), { where, reads })}`;
    const hot = archive.traces === undefined ? hotSpanRows({ only: archive.part === undefined ? '' : `WHERE ${hotOfPart(archive.part)}`, reads }) : arrivedSpanRows({ only: amongTraces(archive.traces), reads });
    // Few traces are read once and then looked at as often as the statement likes.
    const relations = `span_rows AS ${archive.traces === undefined ? 'NOT MATERIALIZED' : 'MATERIALIZED'} (${hot}${archived}), spans AS NOT MATERIALIZED (SELECT * EXCLUDE (row_id) FROM span_rows),`;
    return withLiterals({ params, sql: sql.replace(ARCHIVE_MARK, () => relations), ...(archive.traces === undefined ? {} : { ofTraces: archive.traces }) });
  }

  /** Which files are looked through, and which of their spans. */
  async #needOf({ params = {}, sql }: Statement, { traces, endedBetween, where: wantedOnly, part, pairs = [], beganNs }: ArchiveNeed): Promise<Need> {
    const { high, low } = params;
    const wanted = traces ?? (typeof high === 'bigint' && typeof low === 'bigint' ? [{ high, low }] : undefined);
    if (wanted !== undefined) return { files: await this.#files.ofTraces(wanted, endedBetween), where: isAmong('a."TraceId"', 'VARCHAR', wanted.map(traceIdOf)) };
    const where = part === undefined ? wantedOnly : [archivedOfPart(part), ...wantedOnly === undefined ? [] : [wantedOnly]].join(' AND ');
    if (params['from_minute'] !== undefined) return { files: await this.#files.ofArrival({ fromMs: Number(params['from_minute']) * MINUTE_MS, toMs: Number(params['to_minute']) * MINUTE_MS }, pairs), where };
    const [from, to] = params['near_from_ms'] === undefined ? [params['from_ms'], params['to_ms']] : [params['near_from_ms'], params['near_to_ms']];
    if (from === undefined) throw new Error(`this statement does not say which part of the archive it needs: ${sql.slice(0, 120)}`);
    const range = { fromMs: Number(from), toMs: Number(to) };
    // What ends before a time began before it, and the rows of a service are sorted by their beginning.
    const before = range.toMs < LATEST_MS ? [`a."Timestamp" < make_timestamp_ns(${BigInt(Math.ceil(range.toMs)) * MS_NS})`] : [];
    const within = beganNs === undefined ? [] : [`a."Timestamp" BETWEEN make_timestamp_ns(${beganNs[0]}) AND make_timestamp_ns(${beganNs[1]})`];
    return { files: await this.#files.ofTime(range, pairs), where: [...before, ...within, where ?? 'TRUE'].join(' AND ') };
  }
}

interface Need {
  readonly files: readonly TimedFile[];
  readonly where?: string | undefined;
}

function compareTimes(left: SqlValue | undefined, right: SqlValue | undefined): number {
  return ascending(BigInt(String(left)), BigInt(String(right)));
}

/** Condition on `trace_id_high` and `trace_id_low`. */
export function hotOfTraces(traces: readonly TraceKey[]): string {
  return (['low', 'high'] as const).map((side) => isAmong(`trace_id_${side}`, 'UBIGINT', traces.map((trace) => String(trace[side])))).join(' AND ');
}

/** The same behind FROM: of a join the scan is told which ids there are, and reads nothing more of other rows. Over two million hot spans 20 ids cost 31 ms of CPU, lists of them 48. */
function amongTraces(traces: readonly TraceKey[]): string {
  if (traces.length === 1) return `WHERE ${hotOfTraces(traces)}`;
  const [lows, highs] = (['low', 'high'] as const).map((side) => `unnest(${listOf(traces.map((trace) => String(trace[side])), 'UBIGINT')}) AS ${side}`);
  return `SEMI JOIN (SELECT ${lows}, ${highs}) wanted ON wanted.low = trace_id_low AND wanted.high = trace_id_high`;
}

/**
 * Of few values not IN: of Parquet, every row is then read with all its columns. A list is looked at in the scan, and of other rows nothing
 * more is read; but each row is compared with each value, so that of many a join costs less.
 */
function isAmong(column: string, type: 'UBIGINT' | 'VARCHAR', values: readonly string[]): string {
  const distinct = [...new Set(values)];
  if (distinct.length === 1) return `${column} = '${distinct.join('')}'::${type}`;
  const list = listOf(distinct, type);
  return distinct.length > MOST_LISTED ? `${column} IN (SELECT unnest(${list}))` : `list_contains(${list}, ${column})`;
}

/** One text is planned in less time than so many values. */
function listOf(values: readonly string[], type: 'UBIGINT' | 'VARCHAR'): string {
  return `'[${values.join(', ')}]'::${type}[]`;
}
