import type { Database, Row, Statement } from '../database.js';
import { parquetFiles } from './archive-columns.js';
import type { ArchivedFile, PublishedFile } from './archive-storage.js';
import { insertFilter, type AttributeFilter } from './attribute-filter.js';

/** Spans and log records have files of their own. */
export type ArchiveSignal = 'spans' | 'logs';

/** What a file holds, read from the file itself. Rows are spans or log records. */
export interface FileContents {
  readonly rows: number;
  /** When its spans ended, or its log records were written. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly minArrivalMs: number;
  readonly maxArrivalMs: number;
  readonly filter: AttributeFilter | undefined;
}

export interface CataloguedFile extends ArchivedFile {
  readonly signal: ArchiveSignal;
  readonly fileId: string;
  readonly hour: number;
  readonly rows: number;
  readonly maxArrivalMs: number;
}

export interface NewFile extends FileContents, PublishedFile {
  readonly fileId: string;
  readonly path: string;
  readonly hour: number;
  readonly writtenMs: number;
}

/** A new file, and where it can be read now. */
export interface ReadableFile {
  readonly file: NewFile;
  readonly local: string;
}

export interface ArchiveGroup {
  readonly fileId: string;
  readonly service: string;
  readonly reason: string;
  readonly rows: number;
}

export interface CatalogueTables {
  readonly signal: ArchiveSignal;
  readonly files: string;
  readonly groups: string;
  /** In which files a trace is. */
  readonly traces: string;
  readonly filters?: string;
  /** The column of `files` and `groups` that counts rows. */
  readonly rows: string;
  /** Selected from a file, into `groups` and `traces`, grouped by all that is not summed up; `$file_id` is the file. */
  readonly selectGroups: string;
  readonly selectTraces: string;
}

/** Which files belong to the archive, what is in them, and for whom: the same for spans and for log records, in tables of their own. */
export class ArchiveCatalogue {
  readonly tables: CatalogueTables;
  readonly #database: Database;

  constructor(database: Database, tables: CatalogueTables) {
    this.#database = database;
    this.tables = tables;
  }

  async files(): Promise<readonly CataloguedFile[]> {
    const { signal, files, rows: counted } = this.tables;
    const rows = await this.#database.query({ sql: `SELECT file_id, path, hour, ${counted} AS counted, bytes, sha256, max_arrival_ms FROM ${files} ORDER BY hour, written_ms, file_id` });
    return rows.map((row) => ({
      signal, fileId: String(row['file_id']), path: String(row['path']), hour: Number(row['hour']), rows: Number(row['counted']), bytes: Number(row['bytes']), sha256: String(row['sha256']), maxArrivalMs: Number(row['max_arrival_ms']),
    }));
  }

  async groups(): Promise<readonly ArchiveGroup[]> {
    const { groups, rows: counted } = this.tables;
    const rows = await this.#database.query({ sql: `SELECT file_id, service, reason, ${counted} AS counted FROM ${groups}` });
    return rows.map((row) => ({ fileId: String(row['file_id']), service: String(row['service']), reason: String(row['reason']), rows: Number(row['counted']) }));
  }

  /** In one transaction: a new file (undefined: nothing) takes the place of others. */
  replace(old: readonly CataloguedFile[], { by, nowMs, more = [] }: { readonly by: ReadableFile | undefined; readonly nowMs: number; readonly more?: readonly Statement[] }): Promise<void> {
    const { files, groups, traces, filters } = this.tables;
    const old_ids = old.map(({ fileId }) => fileId).join(',');
    const isOld = 'list_contains(string_split($old_ids, \',\'), file_id)';
    return this.#database.transaction([
      ...(by === undefined ? [] : this.insert(by)),
      ...[traces, groups, ...(filters === undefined ? [] : [filters])].map((table) => ({ sql: `DELETE FROM ${table} WHERE ${isOld}`, params: { old_ids } })),
      { sql: `INSERT INTO archive_retired SELECT path, $now_ms, bytes FROM ${files} WHERE ${isOld}`, params: { old_ids, now_ms: nowMs } },
      { sql: `DELETE FROM ${files} WHERE ${isOld}`, params: { old_ids } },
      ...more,
    ]);
  }

  /** Everything that the catalogue says of a new file, read from the file. */
  insert({ file, local }: ReadableFile): readonly Statement[] {
    const { groups, traces, selectGroups, selectTraces } = this.tables;
    const params = { file_id: file.fileId };
    return [
      { sql: `INSERT INTO ${groups} ${selectGroups} FROM ${parquetFiles([local])} GROUP BY ALL`, params },
      { sql: `INSERT INTO ${traces} ${selectTraces} FROM ${parquetFiles([local])} WHERE "TraceId" <> '' GROUP BY ALL ORDER BY low`, params },
      ...this.#insertFile(file),
    ];
  }

  #insertFile(file: NewFile): readonly Statement[] {
    return [
      {
        sql: `INSERT INTO ${this.tables.files} VALUES ($file_id, $path, $hour, $min_time_ms, $max_time_ms, $min_arrival_ms, $max_arrival_ms, $rows, $bytes, $sha256, $written_ms)`,
        params: {
          file_id: file.fileId, path: file.path, hour: file.hour, min_time_ms: file.minTimeMs, max_time_ms: file.maxTimeMs, min_arrival_ms: file.minArrivalMs, max_arrival_ms: file.maxArrivalMs,
          rows: file.rows, bytes: file.bytes, sha256: file.sha256, written_ms: file.writtenMs,
        },
      },
      ...(file.filter === undefined ? [] : [insertFilter(file.fileId, file.filter)]),
    ];
  }
}

export function numberIn(row: Row | undefined, name: string): number {
  return Number(row?.[name] ?? 0);
}
