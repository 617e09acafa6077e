import { loadSettings } from '../../config/fs-settings.js';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import type { ExportOutcome } from '../../ingest/absorber.js';
import { formatProblem } from '../../lib/problem.js';
import { loadRuleBook, type RuleBook } from '../../pipeline/fs-rule-book.js';
import { StoreClient } from '../../pipeline/system-store-client.js';
import { DatabaseUnavailableError } from '../../store/database-error.js';
import { CouldNotRun } from '../command.js';
import type { FileRequest } from './otlp-files.js';
import { findService, sendTo } from './running-service.js';

/** Where imported data goes. */
export interface ImportTarget {
  /** In words: `the service at http://…`, `the data directory ./data`. */
  readonly name: string;
  /** Address of the pages that will show it; undefined where it is not known before the service runs. */
  readonly pages: string | undefined;
  readonly isRunning: boolean;
  absorb(request: FileRequest): Promise<ExportOutcome>;
  close(): Promise<void>;
}

/** A running service has the file locked, so it is asked; else this process is the one that opens it. */
export async function openTarget(server: string | undefined): Promise<ImportTarget> {
  if (server !== undefined && !/^https?:$/.test(URL.canParse(server) ? new URL(server).protocol : '')) {
    throw new CouldNotRun(`--server "${server}" is not a URL: write the address of the pages in full, like http://127.0.0.1:4400`);
  }
  const { settings, problems } = await loadSettings(process.env);
  if (settings === undefined) throw new CouldNotRun(`the settings are not right:\n${problems.map(formatProblem).join('\n')}`);
  const pages = server ?? publicUrlOf({ ...settings, publicUrl: undefined });
  const probe = await findService(pages, process.env);
  if (probe.kind === 'absent' && server !== undefined) {
    throw new CouldNotRun(`no Tocsin at ${server} (${probe.reason}): start it, or leave --server out to open the data directory directly`);
  }
  if (probe.kind === 'absent') return openDataDirectory(settings);
  const { service } = probe;
  return { name: `the service at ${service.pages}`, pages: service.pages, isRunning: true, absorb: (request) => sendTo(service, request), close: () => Promise.resolve() };
}

async function openDataDirectory(settings: Settings): Promise<ImportTarget> {
  const { book, problems } = await loadRuleBook(settings);
  if (book === undefined) throw new CouldNotRun(`the rules are not right, so nothing can be counted:\n${problems.map(formatProblem).join('\n')}`);
  const store = await openStore(settings, book);
  return {
    name: `the data directory ${settings.dataDir}`,
    pages: settings.http.port === 0 && settings.publicUrl === undefined ? undefined : publicUrlOf(settings),
    isRunning: false,
    absorb: ({ signal, encoding, body }) => store.absorb({ signal, encoding, body, protocol: 'import', receivedAtMs: Date.now() }),
    close: () => store.close(),
  };
}

async function openStore({ dataDir }: Settings, { slos, redaction }: RuleBook): Promise<StoreClient> {
  try {
    return await StoreClient.start({ dataDir, slos, redaction });
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    const hint = error.reason === 'locked' ? ' If that is Tocsin, name the address of its pages with --server.' : '';
    throw new CouldNotRun(`${error.message}${hint}`);
  }
}
