import { MINUTE_MS } from '../../lib/duration.js';
import { LATENCY_GAMMA } from '../../sli/latency-bucket.js';
import type { Database, Row, Statement } from '../database.js';
import { loadSql } from '../fs-sql.js';
import { quoted } from '../literal-sql.js';
import { ArchiveCatalogue, numberIn, type CatalogueTables, type FileContents, type ReadableFile } from './archive-catalogue.js';
import { notDropped, parquetFiles, TO_ARCHIVE } from './archive-columns.js';
import { filterOf } from './attribute-filter.js';
import { writeSorted } from './duckdb-sorted-file.js';
import { noteLongHotTraces } from './duckdb-long-traces.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const GATHER = sql('gather-leaving');
const COUNT_LEFT = sql('count-left-hot');
const DELETE_LEFT = [loadSql(import.meta.url, 'delete-left-bulk-spans.sql'), loadSql(import.meta.url, 'delete-left-fresh-spans.sql')];
const HOT_MINUTES = sql('hot-minutes');
const LEAVING = ['leaving_traces', 'leaving_matches', 'leaving_classes', 'leaving_kept'];

const TABLES: CatalogueTables = {
  signal: 'spans', files: 'archive_files', groups: 'archive_groups', traces: 'archived_traces', filters: 'archive_filters', rows: 'spans',
  selectGroups: 'SELECT $file_id, "KeptService", "KeptReason", count(DISTINCT "TraceId"), count(*)',
  selectTraces: `SELECT CAST('0x' || "TraceId"[1:16] AS UBIGINT), CAST('0x' || "TraceId"[17:32] AS UBIGINT) AS low, $file_id, arg_max("KeptReason", "KeptProbability"), max("KeptProbability")`,
};

/** Spans that arrived together, oldest first. */
export interface Arrived {
  readonly atMs: number;
  readonly spans: number;
}

/** Catalogue of the archived spans and the way from the hot tables into it, in SQL. */
export class DuckdbArchive {
  readonly database: Database;
  readonly catalogue: ArchiveCatalogue;

  constructor(database: Database) {
    this.database = database;
    this.catalogue = new ArchiveCatalogue(database, TABLES);
  }

  async leftBeforeMs(): Promise<number> {
    const [row] = await this.database.query({ sql: 'SELECT left_before_ms FROM sampling_progress' });
    return numberIn(row, 'left_before_ms');
  }

  /** By the minute of their arrival. */
  async hotMinutes(sinceMs: number, toMs: number): Promise<readonly Arrived[]> {
    const rows = await this.database.query({ sql: HOT_MINUTES, params: { since_minute: Math.floor(sinceMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS) } });
    return rows.map((row) => ({ atMs: numberIn(row, 'minute') * MINUTE_MS, spans: numberIn(row, 'spans') }));
  }

  /** By the millisecond of their arrival: of a minute in which too many came to be moved at once. */
  async hotMoments(sinceMs: number, toMs: number): Promise<readonly Arrived[]> {
    const rows = await this.database.query({ sql: 'SELECT arrival_ms, count(*) AS spans FROM spans WHERE arrival_ms >= $since_ms AND arrival_ms < $to_ms GROUP BY ALL ORDER BY ALL', params: { since_ms: sinceMs, to_ms: toMs } });
    return rows.map((row) => ({ atMs: numberIn(row, 'arrival_ms'), spans: numberIn(row, 'spans') }));
  }

  /** Sums up the traces that leave; gives back how many they are. */
  async gather({ beforeMs, quietMs, overdueMs }: { readonly beforeMs: number; readonly quietMs: number; readonly overdueMs: number }): Promise<number> {
    await this.database.transaction([
      ...emptied(),
      { sql: GATHER, params: { before_ms: beforeMs, quiet_until_ms: beforeMs + quietMs, overdue_ms: overdueMs, log_gamma: Math.log(LATENCY_GAMMA) } },
    ]);
    const [row] = await this.database.query({ sql: 'SELECT count(*)::INTEGER AS traces FROM leaving_traces' });
    return numberIn(row, 'traces');
  }

  /** Notes which traces last so long that a search has to look at them whole; forgets those of which nothing is left. */
  async noteLongTraces(): Promise<void> {
    await this.database.transaction([
      ...await noteLongHotTraces(this.database),
      // Not by the clock: what is imported, or comes late, may be older than everything else that is hot.
      { sql: 'DELETE FROM long_traces WHERE to_ms < least((SELECT min(end_ms) FROM spans), (SELECT min(min_end_ms) FROM archive_files))' },
    ]);
  }

  async keptHours(): Promise<readonly number[]> {
    const rows = await this.database.query({ sql: 'SELECT DISTINCT hour FROM leaving_kept ORDER BY hour' });
    return rows.map((row) => numberIn(row, 'hour'));
  }

  /** Writes the kept traces of one hour into a Parquet file. */
  async writeHour(hour: number, { beforeMs, file }: { readonly beforeMs: number; readonly file: string }): Promise<FileContents> {
    const [kept] = await this.database.query({ sql: 'SELECT sum(l.spans) AS spans FROM leaving_traces l SEMI JOIN (SELECT * FROM leaving_kept WHERE hour = $hour) k ON k.trace_id_high = l.trace_id_high AND k.trace_id_low = l.trace_id_low', params: { hour } });
    const select = `SELECT ${TO_ARCHIVE} FROM spans s JOIN leaving_kept k ON k.trace_id_high = s.trace_id_high AND k.trace_id_low = s.trace_id_low LEFT JOIN resources r ON r.resource_id = s.resource_id
      WHERE s.arrival_ms < ${Math.floor(beforeMs)} AND k.hour = ${Math.floor(hour)}`;
    await writeSorted(this.database, { select, file, rows: numberIn(kept, 'spans') });
    return this.#contentsOf(file);
  }

  /** Writes several files into one, without what is dropped. */
  rewrite(sources: readonly string[], dropped: readonly string[], file: string): Promise<FileContents> {
    return this.#rewriteWhere(sources, notDropped(dropped), file);
  }

  /** Spans that a file keeps once the traces of an erasure are gone. */
  spansWithout(sources: readonly string[], erasureId: string): Promise<number> {
    return this.#countWhere(sources, notErased(erasureId));
  }

  rewriteWithout(sources: readonly string[], erasureId: string, file: string): Promise<FileContents> {
    return this.#rewriteWhere(sources, notErased(erasureId), file);
  }

  async #countWhere(sources: readonly string[], where: string): Promise<number> {
    const [row] = await this.database.query({ sql: `SELECT count(*) AS spans FROM ${parquetFiles(sources)} WHERE ${where}` });
    return numberIn(row, 'spans');
  }

  async #rewriteWhere(sources: readonly string[], where: string, file: string): Promise<FileContents> {
    await writeSorted(this.database, { select: `SELECT * FROM ${parquetFiles(sources)} WHERE ${where}`, file, rows: await this.#countWhere(sources, where) });
    return this.#contentsOf(file);
  }

  async #contentsOf(file: string): Promise<FileContents> {
    const [row] = await this.database.query({ sql: `SELECT count(*) AS spans, min(end_ms) AS min_end, max(end_ms) AS max_end, min("ArrivalMs") AS min_arrival, max("ArrivalMs") AS max_arrival
      FROM (SELECT *, (epoch_ns("Timestamp") + CAST("Duration" AS BIGINT)) // 1000000 AS end_ms FROM ${parquetFiles([file])})` });
    return {
      rows: numberIn(row, 'spans'), minTimeMs: numberIn(row, 'min_end'), maxTimeMs: numberIn(row, 'max_end'), minArrivalMs: numberIn(row, 'min_arrival'), maxArrivalMs: numberIn(row, 'max_arrival'),
      filter: await filterOf(this.database, file),
    };
  }

  /** Spans that `writeHour` has to have written, all hours together. */
  async keptSpans(): Promise<number> {
    const [row] = await this.database.query({ sql: 'SELECT coalesce(sum(l.spans), 0) AS spans FROM leaving_traces l SEMI JOIN leaving_kept k ON k.trace_id_high = l.trace_id_high AND k.trace_id_low = l.trace_id_low' });
    return numberIn(row, 'spans');
  }

  /** In one transaction: the files belong to the archive, their spans are hot no longer, and the ledger says what became of each. */
  async leave(files: readonly ReadableFile[], { beforeMs, more }: { readonly beforeMs: number; readonly more: readonly Statement[] }): Promise<void> {
    const params = { before_ms: beforeMs };
    await this.database.transaction([
      ...files.flatMap((file) => this.catalogue.insert(file)),
      { sql: COUNT_LEFT, params },
      ...DELETE_LEFT.map((text) => ({ sql: text, params })),
      ...more,
      { sql: 'UPDATE sampling_progress SET left_before_ms = $before_ms', params },
      ...emptied(),
    ]);
  }

  /** In one transaction: sorts what finds the traces of a whole day. The day before `closedBeforeHour` that was not sorted yet; whether there was one. */
  async sortTraces(closedBeforeHour: number): Promise<boolean> {
    const [row] = await this.database.query({ sql: 'SELECT min(hour // 24) AS day FROM archive_files WHERE hour // 24 < $day AND hour // 24 NOT IN (SELECT day FROM archive_sorted_days)', params: { day: Math.floor(closedBeforeHour / 24) } });
    if (row?.['day'] == null) return false;
    const params = { day: row['day'] };
    const ofDay = 'file_id IN (SELECT file_id FROM archive_files WHERE hour // 24 = $day)';
    await this.database.transaction([
      { sql: `INSERT INTO sorting_traces SELECT * FROM archived_traces WHERE ${ofDay}`, params },
      { sql: `DELETE FROM archived_traces WHERE ${ofDay}`, params },
      { sql: 'INSERT INTO archived_traces SELECT * FROM sorting_traces ORDER BY trace_id_low' },
      { sql: 'DELETE FROM sorting_traces' },
      { sql: 'INSERT INTO archive_sorted_days VALUES ($day)', params },
    ]);
    return true;
  }

  /** Before the one or after the other, Unix milliseconds. */
  async retired(beforeMs: number, afterMs = Number.MAX_SAFE_INTEGER): Promise<readonly string[]> {
    const rows: readonly Row[] = await this.database.query({ sql: 'SELECT path FROM archive_retired WHERE at_ms <= $before_ms OR at_ms > $after_ms ORDER BY path', params: { before_ms: beforeMs, after_ms: afterMs } });
    return rows.map((row) => String(row['path']));
  }

  /** Of all files that wait to be deleted. */
  async retiredBytes(): Promise<number> {
    const [row] = await this.database.query({ sql: 'SELECT coalesce(sum(bytes), 0) AS bytes FROM archive_retired' });
    return numberIn(row, 'bytes');
  }

  forgetRetired(path: string): Promise<void> {
    return this.database.transaction([{ sql: 'DELETE FROM archive_retired WHERE path = $path', params: { path } }]);
  }
}

function emptied(): readonly Statement[] {
  return LEAVING.map((table) => ({ sql: `DELETE FROM ${table}` }));
}

function notErased(erasureId: string): string {
  return `"TraceId" NOT IN (SELECT printf('%016x%016x', trace_id_high, trace_id_low) FROM erasing_traces WHERE erasure_id = ${quoted(erasureId)})`;
}
