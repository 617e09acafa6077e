import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import { NO_REDACTION } from '../../ingest/redact-compile.js';
import { DuckdbReplayHistory } from '../../pipeline/duckdb-replay-history.js';
import type { ReplayHistory } from '../../pipeline/replay-history.js';
import { DATABASE_FILE } from '../../pipeline/store.js';
import { StoreClient } from '../../pipeline/system-store-client.js';
import { DatabaseUnavailableError } from '../../store/database-error.js';
import { CouldNotRun } from '../command.js';
import { findServiceApi } from '../service-api.js';
import { HttpReplayHistory } from './http-replay-history.js';

export interface HistorySource {
  /** `the service at http://…`, `the data directory ./data`. */
  readonly name: string;
  readonly history: ReplayHistory;
  close(): Promise<void>;
}

/** A running service has the file locked, so it is asked; else this process opens it. Either way the replay runs here. */
export async function openHistory(server: string | undefined, settings: Settings): Promise<HistorySource> {
  const api = await findServiceApi(server, settings);
  if (api !== undefined) return { name: `the service at ${api.pages}`, history: new HttpReplayHistory(api), close: () => Promise.resolve() };
  const path = join(settings.dataDir, DATABASE_FILE);
  if (!existsSync(path)) throw new CouldNotRun(`there is no past to replay: no Tocsin runs at ${publicUrlOf({ ...settings, publicUrl: undefined })}, and ${path} does not exist`);
  try {
    const store = await StoreClient.start({ dataDir: settings.dataDir, slos: [], redaction: NO_REDACTION });
    return { name: `the data directory ${settings.dataDir}`, history: new DuckdbReplayHistory(store), close: () => store.close() };
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    const hint = error.reason === 'locked' ? ' If that is Tocsin, name the address of its pages with --server.' : '';
    throw new CouldNotRun(`${error.message}${hint}`);
  }
}
