import type { Database, Row } from '../database.js';
import { quoted, withLiterals } from '../literal-sql.js';
import { traceIdOf, type TraceKey } from '../trace-key.js';
import { ArchiveCatalogue, numberIn, type CatalogueTables, type FileContents, type ReadableFile } from './archive-catalogue.js';
import { notDropped, parquetFiles } from './archive-columns.js';
import type { ArchivedFile, ArchiveStorage } from './archive-storage.js';
import { writeSorted } from './duckdb-sorted-file.js';
import { archivedLogRows, LOG_TO_ARCHIVE } from './log-columns.js';

const HOUR_NS = 3_600_000_000_000n;

const TABLES: CatalogueTables = {
  signal: 'logs', files: 'archive_log_files', groups: 'archive_log_groups', traces: 'archived_log_traces', rows: 'records',
  selectGroups: 'SELECT $file_id, "KeptService", "KeptReason", count(*)',
  selectTraces: `SELECT CAST('0x' || "TraceId"[1:16] AS UBIGINT), CAST('0x' || "TraceId"[17:32] AS UBIGINT) AS low, $file_id`,
};

/** Log records that arrived in one step of time, oldest first. */
export interface ArrivedLogs {
  readonly atMs: number;
  readonly records: number;
  /** Of bodies and attributes. */
  readonly bytes: number;
}

export interface HourOfLogs {
  readonly hour: number;
  readonly records: number;
}

/** Catalogue of the archived log records and the way from the hot table into it, in SQL. */
export class DuckdbLogArchive {
  readonly catalogue: ArchiveCatalogue;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    this.catalogue = new ArchiveCatalogue(database, TABLES);
  }

  /** Undefined where none are hot. */
  async oldestArrivalMs(): Promise<number | undefined> {
    const [row] = await this.#database.query({ sql: 'SELECT min(arrival_ms) AS oldest FROM logs' });
    return row?.['oldest'] == null ? undefined : numberIn(row, 'oldest');
  }

  /** What arrived before then, by steps of so many milliseconds. */
  async arrivedBefore(untilMs: number, stepMs: number): Promise<readonly ArrivedLogs[]> {
    const rows = await this.#database.query({
      sql: 'SELECT arrival_ms // $step_ms * $step_ms AS at_ms, count(*) AS records, sum(strlen(body) + strlen(attributes)) AS bytes FROM logs WHERE arrival_ms < $until_ms GROUP BY at_ms ORDER BY at_ms', params: { until_ms: untilMs, step_ms: stepMs },
    });
    return rows.map((row) => ({ atMs: numberIn(row, 'at_ms'), records: numberIn(row, 'records'), bytes: numberIn(row, 'bytes') }));
  }

  /** In which hours the records were written that arrived before then, and how many they are in each. */
  async hoursBefore(beforeMs: number): Promise<readonly HourOfLogs[]> {
    const rows = await this.#database.query({ sql: `SELECT time_ns // ${HOUR_NS} AS hour, count(*) AS records FROM logs WHERE arrival_ms < $before_ms GROUP BY ALL ORDER BY ALL`, params: { before_ms: beforeMs } });
    return rows.map((row) => ({ hour: numberIn(row, 'hour'), records: numberIn(row, 'records') }));
  }

  /** Writes the records of one hour, of which there are so many, into a Parquet file. */
  async writeHour({ hour, records }: HourOfLogs, { beforeMs, file }: { readonly beforeMs: number; readonly file: string }): Promise<FileContents> {
    const select = `SELECT ${LOG_TO_ARCHIVE} FROM logs l LEFT JOIN resources r ON r.resource_id = l.resource_id WHERE l.arrival_ms < ${Math.floor(beforeMs)} AND l.time_ns // ${HOUR_NS} = ${Math.floor(hour)}`;
    await writeSorted(this.#database, { select, file, rows: records });
    return this.#contentsOf(file);
  }

  /** In one transaction: the files belong to the archive, and their records are hot no longer. */
  leave(files: readonly ReadableFile[], beforeMs: number): Promise<void> {
    return this.#database.transaction([...files.flatMap((file) => this.catalogue.insert(file)), { sql: 'DELETE FROM logs WHERE arrival_ms < $before_ms', params: { before_ms: beforeMs } }]);
  }

  /** Writes several files into one, without what is dropped. */
  rewrite(sources: readonly string[], dropped: readonly string[], file: string): Promise<FileContents> {
    return this.#rewriteWhere(sources, notDropped(dropped), file);
  }

  /** Records that match a condition over `a`, a record of the archive, and `r`, its resource. */
  async count(sources: readonly string[], condition: string): Promise<number> {
    const [row] = await this.#database.query({ sql: `SELECT count(*) AS records FROM ${withResources(sources)} WHERE ${condition}` });
    return numberIn(row, 'records');
  }

  /** Traces that such records name. */
  tracesOf(sources: readonly string[], condition: string): Promise<readonly Row[]> {
    const named = `SELECT DISTINCT CAST('0x' || a."TraceId"[1:16] AS UBIGINT) AS high, CAST('0x' || a."TraceId"[17:32] AS UBIGINT) AS low`;
    return this.#database.query({ sql: `${named} FROM ${withResources(sources)} WHERE a."TraceId" <> '' AND (${condition})` });
  }

  /** Writes the file anew without the records that match. */
  rewriteWithout(sources: readonly string[], condition: string, file: string): Promise<FileContents> {
    return this.#rewriteWhere(sources, `NOT (${condition})`, file);
  }

  async #rewriteWhere(sources: readonly string[], where: string, file: string): Promise<FileContents> {
    await writeSorted(this.#database, { select: `SELECT a.* FROM ${withResources(sources)} WHERE ${where}`, file, rows: await this.count(sources, where) });
    return this.#contentsOf(file);
  }

  async #contentsOf(file: string): Promise<FileContents> {
    const [row] = await this.#database.query({ sql: `SELECT count(*) AS records, epoch_ms(min("Timestamp")) AS min_time, epoch_ms(max("Timestamp")) AS max_time, min("ArrivalMs") AS min_arrival, max("ArrivalMs") AS max_arrival FROM ${parquetFiles([file])}` });
    return { rows: numberIn(row, 'records'), minTimeMs: numberIn(row, 'min_time'), maxTimeMs: numberIn(row, 'max_time'), minArrivalMs: numberIn(row, 'min_arrival'), maxArrivalMs: numberIn(row, 'max_arrival'), filter: undefined };
  }
}

/** Archived records of one trace as rows of `logs`, oldest first: from its own files, and from no other. */
export async function archivedLogsOf(database: Database, storage: ArchiveStorage, { key, limit }: { readonly key: TraceKey; readonly limit: number }): Promise<Row[]> {
  const found = await database.query(withLiterals({
    sql: 'SELECT path, bytes, sha256 FROM archive_log_files WHERE file_id IN (SELECT file_id FROM archived_log_traces WHERE trace_id_low = $low AND trace_id_high = $high) ORDER BY hour, path', params: { ...key },
  }));
  if (found.length === 0) return [];
  const files = found.map((row): ArchivedFile => ({ path: String(row['path']), bytes: Number(row['bytes']), sha256: String(row['sha256']) }));
  return database.query(withLiterals({ sql: `${archivedLogRows(await storage.local(files), `a."TraceId" = ${quoted(traceIdOf(key))}`)} ORDER BY time_ns LIMIT $limit`, params: { limit } }));
}

function withResources(sources: readonly string[]): string {
  return `${parquetFiles(sources)} a LEFT JOIN resources r ON r.resource_id = a."ResourceId"`;
}
