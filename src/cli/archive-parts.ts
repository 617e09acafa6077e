import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';

/** What those who write the archive and those who read it share. */
export interface ArchiveParts {
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
}

export function archiveParts({ archiveUrl, dataDir }: Pick<Settings, 'archiveUrl' | 'dataDir'>): ArchiveParts {
  return { storage: new FsArchiveStorage(archiveUrl === undefined ? join(dataDir, 'archive') : archiveUrl.replace(/^file:(\/\/)?/, '')), generation: { current: 0 } };
}
