import { existsSync, statSync } from 'node:fs';
import { SECOND_MS } from '../lib/duration.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';
import { openTarget, type ImportTarget } from './import/import-target.js';
import { readOtlpFile, type FileRequest } from './import/otlp-files.js';
import { ImportProgress, searchPathOf, summaryOf, type ImportSummary } from './import/progress.js';
import { RequestReader } from './import/request-contents.js';
import { UnderWay } from './import/under-way.js';

export const importCommand: Command = {
  usage: 'FILE… [--server URL] [--json]',
  takesArguments: true,
  options: { server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['FILE', 'OTLP/JSON lines (.jsonl, .json, also .gz), one export request a line, traces or logs; or OTLP protobuf'],
    ['--server URL', 'pages address of a running service; default: the configured one if it runs, else the data directory is opened directly'],
    ['--json', 'the result as JSON: {"target","requests","spans","logs","rejected","deduplicated","failed","tookMs","from","to","url","traceUrl","messages"}'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role ingest or admin, where the running service asks for one'],
    ['', 'Event times are kept. Imported data never pages, and twice is once. It is kept for the retention counted from now.'],
    ['', 'Exit code 1 when a line could not be read or anything was rejected; everything else is imported all the same.'],
  ],
  run: async ({ values, positionals }) => {
    if (positionals.length === 0) throw new CouldNotRun('name at least one file: tocsin import FILE…');
    for (const path of positionals) assertReadable(path);
    const server = values['server'];
    const target = await openTarget(typeof server === 'string' ? server : undefined);
    try {
      const summary = await importFiles(positionals, target);
      printSummary(summary, { target, asJson: values['json'] === true });
      return summary.rejected > 0 || summary.failed > 0 ? EXIT_NO : EXIT_FINE;
    } finally {
      await target.close();
    }
  },
};

/** Requests under way at once: enough to fill group commits, few enough to keep memory small. */
const CONCURRENCY = 8;
/** A service that restarts is waited for; one that stays away is not. */
const GIVE_UP_AFTER_MS = 60 * SECOND_MS;

async function importFiles(paths: readonly string[], target: ImportTarget): Promise<ImportSummary> {
  const progress = new ImportProgress(paths.map((path) => statSync(path).size).reduce((sum, size) => sum + size, 0));
  const reader = new RequestReader();
  const underWay = new UnderWay(CONCURRENCY);
  try {
    for (const path of paths) {
      for await (const item of readOtlpFile(path)) {
        if ('message' in item) {
          progress.unreadable(`${item.file}:${item.line}: ${item.message}`);
          continue;
        }
        const times = reader.timesOf(item);
        await underWay.add(absorbWithRetry(target, item).then((outcome) => progress.absorbed(item, outcome, times)));
      }
      progress.fileDone(statSync(path).size);
    }
    await underWay.end();
  } finally {
    progress.clear();
  }
  return progress.finish();
}

type FinalOutcome = Exclude<Awaited<ReturnType<ImportTarget['absorb']>>, { kind: 'busy' }>;

async function absorbWithRetry(target: ImportTarget, request: FileRequest): Promise<FinalOutcome> {
  const giveUpAtMs = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    const outcome = await target.absorb(request);
    if (outcome.kind !== 'busy') return outcome;
    if (Date.now() > giveUpAtMs) throw new CouldNotRun(`gave up at ${request.file}:${request.line} after ${GIVE_UP_AFTER_MS / SECOND_MS} s: ${outcome.message}. Run the same command again: what is stored already is not stored twice`);
    await new Promise((resolve) => setTimeout(resolve, outcome.retryAfterMs));
  }
}

function assertReadable(path: string): void {
  if (!existsSync(path)) throw new CouldNotRun(`${path} does not exist`);
  if (!statSync(path).isFile()) throw new CouldNotRun(`${path} is not a file: name the files, for example ${path.replace(/\/$/, '')}/*.jsonl.gz`);
}

function printSummary(summary: ImportSummary, { target, asJson }: { readonly target: ImportTarget; readonly asJson: boolean }): void {
  const path = searchPathOf(summary);
  const base = target.pages ?? '';
  if (asJson) {
    const { traceId, ...rest } = summary;
    const links = { url: path === undefined ? undefined : `${base}${path}`, traceUrl: traceId === undefined ? undefined : `${base}/traces/${traceId}` };
    printLine(JSON.stringify({ target: target.name, ...rest, ...links }));
    return;
  }
  for (const message of summary.messages) printError(message);
  printLine(summaryOf(summary, target.name));
  if (path === undefined || summary.traceId === undefined) return;
  printLine(`${target.isRunning ? 'Look at them' : 'Start Tocsin (npm start) and look at them'}: ${base}${path}`);
  printLine(`One of them: ${base}/traces/${summary.traceId}`);
}
