import type { Database, Row, Statement } from '../database.js';
import { traceIdOf } from '../trace-key.js';
import { archivedSpanRows, quoted } from './archive-columns.js';
import type { ArchivedFile, ArchiveStorage } from './archive-storage.js';

/** Where a statement wants the archive: behind its WITH. Without an archive it is a comment. */
export const ARCHIVE_MARK = '/* archive */';

/** Goes up with every change of what is hot and what is archived. */
export interface ArchiveGeneration {
  current: number;
}

/** Files that are looked through, by what a statement asks for. */
const FILES = 'SELECT path, bytes, sha256 FROM archive_files';
const BY_TIME = `${FILES} WHERE max_end_ms >= $from_ms AND min_end_ms < $to_ms ORDER BY hour, path`;
const BY_ARRIVAL = `${FILES} WHERE (max_arrival_ms >= $from_ms AND min_arrival_ms < $to_ms) OR (max_end_ms >= $from_ms AND min_end_ms < $to_ms) ORDER BY hour, path`;
const BY_TRACE = `${FILES} WHERE file_id IN (SELECT file_id FROM archived_traces WHERE trace_id_low = $low AND trace_id_high = $high) ORDER BY hour, path`;
const MAX_ATTEMPTS = 5;

/**
 * The database with the archive behind the hot store: in statements that bear the mark, `spans` and `span_rows` hold both. They say by their
 * parameters which part of the archive they need: `$high` and `$low` one trace, `$near_from_ms` and `$near_to_ms` (or `$from_ms` and `$to_ms`) a range of span ends,
 * `$from_minute` and `$to_minute` one of arrivals or ends.
 */
export class ArchivedSpans implements Database {
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

  /** Read again where spans moved into the archive meanwhile: between two statements they would be seen in both places or in none. */
  async query(statement: Statement): Promise<Row[]> {
    if (!statement.sql.includes(ARCHIVE_MARK)) return this.#database.query(statement);
    for (let attempt = 1; ; attempt += 1) {
      const before = this.#generation.current;
      const rows = await this.#database.query(await this.#widened(statement));
      if (this.#generation.current === before || attempt === MAX_ATTEMPTS) return rows;
    }
  }

  async #widened(statement: Statement): Promise<Statement> {
    const { lookup, where } = needOf(statement);
    const found = await this.#database.query(lookup);
    if (found.length === 0) return statement;
    const files = found.map((row): ArchivedFile => ({ path: String(row['path']), bytes: Number(row['bytes']), sha256: String(row['sha256']) }));
    const archived = archivedSpanRows(await this.#storage.local(files), where);
    const relations = `span_rows AS NOT MATERIALIZED (SELECT * FROM main.span_rows UNION ALL BY NAME ${archived}), spans AS NOT MATERIALIZED (SELECT * EXCLUDE (row_id) FROM span_rows),`;
    return { ...statement, sql: statement.sql.replace(ARCHIVE_MARK, () => relations) };
  }
}

interface Need {
  readonly lookup: Statement;
  readonly where?: string;
}

function needOf({ params = {}, sql }: Statement): Need {
  const { high, low } = params;
  if (typeof high === 'bigint' && typeof low === 'bigint') return { lookup: { sql: BY_TRACE, params: { high, low } }, where: `a."TraceId" = ${quoted(traceIdOf({ high, low }))}` };
  if (params['near_from_ms'] !== undefined) return { lookup: { sql: BY_TIME, params: rangeOf(params['near_from_ms'], params['near_to_ms']) } };
  if (params['from_ms'] !== undefined) return { lookup: { sql: BY_TIME, params: rangeOf(params['from_ms'], params['to_ms']) } };
  if (params['from_minute'] !== undefined) return { lookup: { sql: BY_ARRIVAL, params: rangeOf(Number(params['from_minute']) * 60_000, Number(params['to_minute']) * 60_000) } };
  throw new Error(`this statement does not say which part of the archive it needs: ${sql.slice(0, 120)}`);
}

function rangeOf(from: unknown, to: unknown): { readonly from_ms: number; readonly to_ms: number } {
  const whole = (value: unknown): number => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.floor(Number(value))));
  return { from_ms: whole(from), to_ms: whole(to) };
}
