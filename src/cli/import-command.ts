import { existsSync, statSync } from 'node:fs';
import { loadSettings } from '../config/fs-settings.js';
import { publicUrlOf, type Settings } from '../config/settings.js';
import type { ExportOutcome } from '../ingest/absorber.js';
import { formatProblem } from '../lib/problem.js';
import { loadRuleBook } from '../pipeline/fs-rule-book.js';
import { StoreClient } from '../pipeline/system-store-client.js';
import { DatabaseUnavailableError } from '../store/database-error.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';
import { readOtlpFile, type FileRequest } from './import/otlp-files.js';
import { ImportProgress, summaryOf, type ImportSummary } from './import/progress.js';
import { findService, sendTo } from './import/running-service.js';

export const importCommand: Command = {
  usage: 'FILE… [--server URL] [--json]',
  options: { server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['FILE', 'OTLP/JSON lines (.jsonl, .json, also .gz), one export request a line, traces or logs; or OTLP protobuf'],
    ['--server URL', 'pages address of a running service; default: the configured one if it runs, else the data directory is opened directly'],
    ['--json', 'the result as JSON'],
    ['', 'Event times are kept. Imported data never pages; it is kept for the retention counted from now.'],
  ],
  run: async ({ values, positionals }) => {
    if (positionals.length === 0) throw new CouldNotRun('name at least one file: tocsin import FILE…');
    for (const path of positionals) assertReadable(path);
    const target = await openTarget(typeof values['server'] === 'string' ? values['server'] : undefined);
    try {
      const summary = await importFiles(positionals, target);
      printSummary(summary, { target, asJson: values['json'] === true });
      return summary.rejected > 0 || summary.failed > 0 ? EXIT_NO : EXIT_FINE;
    } finally {
      await target.close();
    }
  },
};

interface Target {
  /** Where the imported traces can be looked at. */
  readonly pages: string;
  readonly isRunning: boolean;
  absorb(request: FileRequest): Promise<ExportOutcome>;
  close(): Promise<void>;
}

/** A running service has the file locked, so it is asked; else this process is the one that opens it. */
async function openTarget(server: string | undefined): Promise<Target> {
  const { settings, problems } = await loadSettings(process.env);
  if (settings === undefined) throw new CouldNotRun(problems.map(formatProblem).join('\n'));
  const pages = server ?? publicUrlOf({ ...settings, publicUrl: undefined });
  const service = await findService(pages);
  if (service !== undefined) {
    return { pages, isRunning: true, absorb: (request) => sendTo(service, request), close: () => Promise.resolve() };
  }
  if (server !== undefined) throw new CouldNotRun(`no Tocsin answers at ${server}: start it, or leave --server out to open the data directory directly`);
  return openDataDirectory(settings, pages);
}

async function openDataDirectory(settings: Settings, pages: string): Promise<Target> {
  const { book, problems } = await loadRuleBook(settings);
  if (book === undefined) throw new CouldNotRun(`the rules are not right, so nothing can be counted:\n${problems.map(formatProblem).join('\n')}`);
  try {
    const store = await StoreClient.start({ dataDir: settings.dataDir, slos: book.slos });
    return {
      pages, isRunning: false, close: () => store.close(),
      absorb: ({ signal, encoding, body }) => store.absorb({ signal, encoding, body, protocol: 'import', receivedAtMs: Date.now() }),
    };
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw new CouldNotRun(error.message);
    throw error;
  }
}

/** Requests under way at once: enough to fill group commits, few enough to keep memory small. */
const CONCURRENCY = 8;

async function importFiles(paths: readonly string[], target: Target): Promise<ImportSummary> {
  const progress = new ImportProgress(paths.map((path) => statSync(path).size).reduce((sum, size) => sum + size, 0));
  const underWay = new Set<Promise<void>>();
  for (const path of paths) {
    for await (const item of readOtlpFile(path)) {
      if ('message' in item) {
        progress.unreadable(`${item.file}:${item.line}: ${item.message}`);
        continue;
      }
      const work: Promise<void> = absorbWithRetry(target, item, progress).finally(() => { underWay.delete(work); });
      underWay.add(work);
      if (underWay.size >= CONCURRENCY) await Promise.race(underWay);
    }
    progress.fileDone(statSync(path).size);
  }
  await Promise.all(underWay);
  return progress.finish();
}

async function absorbWithRetry(target: Target, request: FileRequest, progress: ImportProgress): Promise<void> {
  // The body's memory may be handed to another thread, so every attempt gets its own.
  for (;;) {
    const outcome = await target.absorb({ ...request, body: new Uint8Array(request.body) });
    if (outcome.kind !== 'busy') {
      progress.absorbed(request, outcome);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, outcome.retryAfterMs));
  }
}

function assertReadable(path: string): void {
  if (!existsSync(path)) throw new CouldNotRun(`${path} does not exist`);
  if (!statSync(path).isFile()) throw new CouldNotRun(`${path} is not a file: name the files, for example ${path.replace(/\/$/, '')}/*.jsonl.gz`);
}

function printSummary(summary: ImportSummary, { target, asJson }: { readonly target: Target; readonly asJson: boolean }): void {
  if (asJson) {
    printLine(JSON.stringify(summary));
    return;
  }
  printLine(summaryOf(summary));
  if (summary.admitted === 0) return;
  if (!target.isRunning) printLine('Start Tocsin (npm start) to look at them.');
  else printLine(`Look at them: ${target.pages}/traces`);
}

