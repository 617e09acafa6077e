import { LATENCY_GAMMA } from '../../sli/latency-bucket.js';
import type { Database, Row, Statement } from '../database.js';
import { loadSql } from '../fs-sql.js';
import { ARCHIVE_ORDER, parquetFiles, PARQUET_OPTIONS, quoted, TO_ARCHIVE } from './archive-columns.js';
import type { ArchivedFile, PublishedFile } from './archive-storage.js';
import { filterOf, insertFilter, type AttributeFilter } from './attribute-filter.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const GATHER = sql('gather-leaving');
const COUNT_LEFT = sql('count-left-hot');
const DELETE_LEFT = [loadSql(import.meta.url, 'delete-left-bulk-spans.sql'), loadSql(import.meta.url, 'delete-left-fresh-spans.sql')];
const INSERT_TRACES = sql('insert-archived-traces');
const INSERT_GROUPS = sql('insert-archive-groups');
const INSERT_FILE = sql('insert-archive-file');
const HOT_MINUTES = sql('hot-minutes');
const LEAVING = ['leaving_traces', 'leaving_matches', 'leaving_classes', 'leaving_kept'];
const MINUTE_MS = 60_000;

/** A span of hours in which what it says of its spans was read from the file itself. */
export interface FileContents {
  readonly spans: number;
  readonly minEndMs: number;
  readonly maxEndMs: number;
  readonly minArrivalMs: number;
  readonly maxArrivalMs: number;
  readonly filter: AttributeFilter | undefined;
}

export interface CataloguedFile extends ArchivedFile {
  readonly fileId: string;
  readonly hour: number;
  readonly spans: number;
}

export interface NewFile extends FileContents, PublishedFile {
  readonly fileId: string;
  readonly path: string;
  readonly hour: number;
  readonly writtenMs: number;
}

export interface ArchiveGroup {
  readonly fileId: string;
  readonly service: string;
  readonly reason: string;
  readonly spans: number;
}

/** Catalogue of the archive and the way from the hot tables into it, in SQL. */
export class DuckdbArchive {
  readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async leftBeforeMs(): Promise<number> {
    const [row] = await this.database.query({ sql: 'SELECT left_before_ms FROM sampling_progress' });
    return Number(row?.['left_before_ms'] ?? 0);
  }

  async hotMinutes(sinceMs: number, toMs: number): Promise<readonly { readonly minute: number; readonly spans: number }[]> {
    const rows = await this.database.query({ sql: HOT_MINUTES, params: { since_minute: Math.floor(sinceMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS) } });
    return rows.map((row) => ({ minute: Number(row['minute']), spans: Number(row['spans']) }));
  }

  /** Sums up the traces that leave; gives back how many they are. */
  async gather({ beforeMs, quietMs, overdueMs }: { readonly beforeMs: number; readonly quietMs: number; readonly overdueMs: number }): Promise<number> {
    await this.database.transaction([
      ...emptied(),
      { sql: GATHER, params: { before_ms: beforeMs, quiet_until_ms: beforeMs + quietMs, overdue_ms: overdueMs, log_gamma: Math.log(LATENCY_GAMMA) } },
    ]);
    const [row] = await this.database.query({ sql: 'SELECT count(*)::INTEGER AS traces FROM leaving_traces' });
    return Number(row?.['traces']);
  }

  async keptHours(): Promise<readonly number[]> {
    const rows = await this.database.query({ sql: 'SELECT DISTINCT hour FROM leaving_kept ORDER BY hour' });
    return rows.map((row) => Number(row['hour']));
  }

  /** Writes the kept traces of one hour into a Parquet file. */
  async writeHour(hour: number, { beforeMs, file }: { readonly beforeMs: number; readonly file: string }): Promise<FileContents> {
    await this.database.query({ sql: `COPY (
      SELECT ${TO_ARCHIVE} FROM spans s JOIN leaving_kept k ON k.trace_id_high = s.trace_id_high AND k.trace_id_low = s.trace_id_low LEFT JOIN resources r ON r.resource_id = s.resource_id
      WHERE s.arrival_ms < ${Math.floor(beforeMs)} AND k.hour = ${Math.floor(hour)} ORDER BY ${ARCHIVE_ORDER}
    ) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
    return this.#contentsOf(file);
  }

  /** Writes several files into one, without what is dropped. */
  async rewrite(sources: readonly string[], dropped: readonly string[], file: string): Promise<FileContents> {
    const kept = dropped.length === 0 ? 'TRUE' : `NOT list_contains([${dropped.map(quoted).join(', ')}], "KeptService" || chr(31) || "KeptReason")`;
    await this.database.query({ sql: `COPY (SELECT * FROM ${parquetFiles(sources)} WHERE ${kept} ORDER BY ${ARCHIVE_ORDER}) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
    return this.#contentsOf(file);
  }

  /** Spans that a file keeps once the traces of an erasure are gone. */
  async spansWithout(sources: readonly string[], erasureId: string): Promise<number> {
    const [row] = await this.database.query({ sql: `SELECT count(*) AS spans FROM ${parquetFiles(sources)} WHERE ${notErased(erasureId)}` });
    return Number(row?.['spans']);
  }

  async rewriteWithout(sources: readonly string[], erasureId: string, file: string): Promise<FileContents> {
    await this.database.query({ sql: `COPY (SELECT * FROM ${parquetFiles(sources)} WHERE ${notErased(erasureId)} ORDER BY ${ARCHIVE_ORDER}) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
    return this.#contentsOf(file);
  }

  async #contentsOf(file: string): Promise<FileContents> {
    const [row] = await this.database.query({ sql: `SELECT count(*) AS spans, min(end_ms) AS min_end, max(end_ms) AS max_end, min("ArrivalMs") AS min_arrival, max("ArrivalMs") AS max_arrival
      FROM (SELECT *, (epoch_ns("Timestamp") + CAST("Duration" AS BIGINT)) // 1000000 AS end_ms FROM ${parquetFiles([file])})` });
    const number = (name: string): number => Number(row?.[name] ?? 0);
    return { spans: number('spans'), minEndMs: number('min_end'), maxEndMs: number('max_end'), minArrivalMs: number('min_arrival'), maxArrivalMs: number('max_arrival'), filter: await filterOf(this.database, file) };
  }

  /** Spans that `writeHour` has to have written, all hours together. */
  async keptSpans(): Promise<number> {
    const [row] = await this.database.query({ sql: 'SELECT coalesce(sum(l.spans), 0) AS spans FROM leaving_traces l SEMI JOIN leaving_kept k ON k.trace_id_high = l.trace_id_high AND k.trace_id_low = l.trace_id_low' });
    return Number(row?.['spans']);
  }

  /** In one transaction: the files belong to the archive, their spans are hot no longer, and the ledger says what became of each. */
  async leave(files: readonly NewFile[], { beforeMs, more }: { readonly beforeMs: number; readonly more: readonly Statement[] }): Promise<void> {
    const params = { before_ms: beforeMs };
    await this.database.transaction([
      ...files.flatMap((file) => [
        ...insertFile(file),
        { sql: INSERT_TRACES, params: { file_id: file.fileId, hour: file.hour } },
        { sql: INSERT_GROUPS, params: { file_id: file.fileId, hour: file.hour } },
      ]),
      { sql: COUNT_LEFT, params },
      ...DELETE_LEFT.map((text) => ({ sql: text, params })),
      ...more,
      { sql: 'UPDATE sampling_progress SET left_before_ms = $before_ms', params },
      ...emptied(),
    ]);
  }

  /** In one transaction: `file` (undefined: nothing) takes the place of others. `local` is where it can be read now. */
  async replace(old: readonly CataloguedFile[], { file, local, nowMs, more = [] }: { readonly file: NewFile | undefined; readonly local: string | undefined; readonly nowMs: number; readonly more?: readonly Statement[] }): Promise<void> {
    const old_ids = old.map(({ fileId }) => fileId).join(',');
    const isOld = 'list_contains(string_split($old_ids, \',\'), file_id)';
    await this.database.transaction([
      ...(file === undefined || local === undefined ? [] : [
        { sql: `INSERT INTO archive_groups SELECT $file_id, "KeptService", "KeptReason", count(DISTINCT "TraceId"), count(*) FROM ${parquetFiles([local])} GROUP BY ALL`, params: { file_id: file.fileId } },
        { sql: `INSERT INTO archived_traces SELECT DISTINCT CAST('0x' || "TraceId"[1:16] AS UBIGINT), CAST('0x' || "TraceId"[17:32] AS UBIGINT) AS low, $file_id, "KeptReason", "KeptProbability" FROM ${parquetFiles([local])} ORDER BY low`, params: { file_id: file.fileId } },
      ]),
      { sql: `DELETE FROM archived_traces WHERE ${isOld}`, params: { old_ids } },
      { sql: `DELETE FROM archive_groups WHERE ${isOld}`, params: { old_ids } },
      { sql: `DELETE FROM archive_filters WHERE ${isOld}`, params: { old_ids } },
      { sql: `INSERT INTO archive_retired SELECT path, $now_ms FROM archive_files WHERE ${isOld}`, params: { old_ids, now_ms: nowMs } },
      { sql: `DELETE FROM archive_files WHERE ${isOld}`, params: { old_ids } },
      ...(file === undefined ? [] : insertFile(file)),
      ...more,
    ]);
  }

  async files(): Promise<readonly CataloguedFile[]> {
    const rows = await this.database.query({ sql: 'SELECT file_id, path, hour, spans, bytes, sha256 FROM archive_files ORDER BY hour, written_ms, file_id' });
    return rows.map((row) => ({ fileId: String(row['file_id']), path: String(row['path']), hour: Number(row['hour']), spans: Number(row['spans']), bytes: Number(row['bytes']), sha256: String(row['sha256']) }));
  }

  async groups(): Promise<readonly ArchiveGroup[]> {
    const rows = await this.database.query({ sql: 'SELECT file_id, service, reason, spans FROM archive_groups' });
    return rows.map((row) => ({ fileId: String(row['file_id']), service: String(row['service']), reason: String(row['reason']), spans: Number(row['spans']) }));
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

  async retired(beforeMs: number): Promise<readonly string[]> {
    const rows: readonly Row[] = await this.database.query({ sql: 'SELECT path FROM archive_retired WHERE at_ms <= $before_ms ORDER BY path', params: { before_ms: beforeMs } });
    return rows.map((row) => String(row['path']));
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

function insertFile(file: NewFile): readonly Statement[] {
  return [
    { sql: INSERT_FILE, params: {
      file_id: file.fileId, path: file.path, hour: file.hour, min_end_ms: file.minEndMs, max_end_ms: file.maxEndMs, min_arrival_ms: file.minArrivalMs, max_arrival_ms: file.maxArrivalMs,
      spans: file.spans, bytes: file.bytes, sha256: file.sha256, written_ms: file.writtenMs,
    } },
    ...(file.filter === undefined ? [] : [insertFilter(file.fileId, file.filter)]),
  ];
}
