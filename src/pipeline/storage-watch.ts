import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import type { ArchiveSignal } from '../store/archive/archive-catalogue.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { diskSignals, withSample, type DiskSample } from './disk-outlook.js';

const FIGURES = loadSql(import.meta.url, 'archive-figures.sql');

export interface ArchiveFigure {
  readonly signal: ArchiveSignal;
  readonly reason: string;
  /** Spans or log records. */
  readonly rows: number;
  readonly bytes: number;
}

export interface StorageFigures {
  readonly byReason: readonly ArchiveFigure[];
  readonly files: number;
  /** Unix hours; undefined while nothing is archived. */
  readonly oldestHour: number | undefined;
  /** Since the beginning of this database. */
  readonly kept: number;
  readonly sampledOut: number;
  readonly freeBytes: number | undefined;
}

export interface StorageWatchOptions {
  readonly database: Database;
  /** Of the disks that Tocsin writes to the one with the least room; undefined where none has a limit. */
  readonly freeBytes: () => Promise<number | undefined>;
  readonly minFreeBytes: () => number;
  /** Whether the archive is on these disks too. */
  readonly holdsArchive: boolean;
}

/** What the archive holds and how much room there is, looked at once a minute: for metrics, and for the alert that comes before the disk is full. */
export class StorageWatch {
  readonly #options: StorageWatchOptions;
  #samples: readonly DiskSample[] = [];
  #figures: StorageFigures | undefined;

  constructor(options: StorageWatchOptions) {
    this.#options = options;
  }

  /** Undefined until it was looked at for the first time. */
  get figures(): StorageFigures | undefined {
    return this.#figures;
  }

  signals(openIncidents: readonly Incident[]): readonly ConditionSignal[] {
    return diskSignals(this.#samples, openIncidents);
  }

  async refresh(nowMs: number): Promise<void> {
    const { database, freeBytes: readFree, minFreeBytes, holdsArchive } = this.#options;
    const freeBytes = await readFree();
    if (freeBytes !== undefined) this.#samples = withSample(this.#samples, { atMs: nowMs, freeBytes, minFreeBytes: minFreeBytes(), holdsArchive });
    const [rows, [files], [left]] = await Promise.all([
      database.query({ sql: FIGURES }), database.query({ sql: 'SELECT count(*) AS files, min(hour) AS oldest FROM (SELECT hour FROM archive_files UNION ALL SELECT hour FROM archive_log_files)' }), database.query({ sql: 'SELECT coalesce(sum(kept), 0) AS kept, coalesce(sum(sampled_out), 0) AS sampled_out FROM left_hot' }),
    ]);
    this.#figures = {
      byReason: rows.map((row) => ({ signal: row['signal'] === 'logs' ? 'logs' : 'spans', reason: String(row['reason']), rows: Number(row['counted']), bytes: Number(row['bytes']) })),
      files: Number(files?.['files']), oldestHour: files?.['oldest'] == null ? undefined : Number(files['oldest']), kept: Number(left?.['kept']), sampledOut: Number(left?.['sampled_out']), freeBytes,
    };
  }
}
