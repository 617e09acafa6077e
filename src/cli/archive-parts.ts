import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { DAY_MS } from '../lib/duration.js';
import type { RetentionLimits } from '../pipeline/archive-rewrites.js';
import type { KeepLeaving } from '../pipeline/system-archiver.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { Database } from '../store/database.js';

/** What those who write the archive and those who read it share. */
export interface ArchiveParts {
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
}

export function archiveParts({ archiveUrl, dataDir }: Pick<Settings, 'archiveUrl' | 'dataDir'>): ArchiveParts {
  return { storage: new FsArchiveStorage(archiveUrl === undefined ? join(dataDir, 'archive') : archiveUrl.replace(/^file:(\/\/)?/, '')), generation: { current: 0 } };
}

/** Thirty days, and a disk that always has a gigabyte for the hot store. */
export const DEFAULT_RETENTION: RetentionLimits = { rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 1 << 30 };

export function keepEverything(database: Database): KeepLeaving {
  return async () => {
    await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, CASE WHEN pinned THEN 'pinned' WHEN errors > 0 THEN 'error' ELSE 'baseline' END, 1 FROM leaving_traces` }]);
    return [];
  };
}
