import pino, { type Logger } from 'pino';
import { loadSettings } from '../config/fs-settings.js';
import type { Settings } from '../config/settings.js';
import { ListenError } from '../ingest/receiver.js';
import { formatProblem } from '../lib/problem.js';
import { DatabaseUnavailableError } from '../store/database-error.js';
import { findProblems } from './check/find-problems.js';
import { CouldNotRun, EXIT_COULD_NOT_RUN, EXIT_FINE, printError, printLine, type Command } from './command.js';
import { listenForStop } from './serve/listen-for-stop.js';
import { ProblemsFound } from './serve/problems-found.js';
import type { RunningService } from './serve/start-service.js';

const STDERR = 2;

export const serveCommand: Command = {
  usage: '',
  options: {},
  help: [
    ['tocsin.yaml', 'settings; the environment (TOCSIN_…) wins. docs/configuration.md lists both'],
    ['SIGTERM, Ctrl-C', 'drains: stops accepting, commits, answers, exits 0'],
  ],
  run: serve,
};

async function serve(): Promise<number> {
  const { settings, problems } = await loadSettings(process.env);
  if (settings === undefined) return refuse();
  for (const problem of problems) printError(formatProblem(problem));
  const log = logTo(settings);
  const stopped = listenForStop();
  let service: RunningService;
  try {
    // Loaded only now: `--help`, and a refusal because of the settings, need none of it.
    const { startService } = await import('./serve/start-service.js');
    service = await startService({ settings, environment: process.env, log, onFatal: stopped.fail });
  } catch (error) {
    if (error instanceof ProblemsFound) return refuse();
    throw couldNotStart(error, settings);
  }
  printLine(JSON.stringify({ ready: service.addresses }));
  printError(welcome(service));
  const failure = await stopped.signal;
  if (failure === undefined) log.info('stopping: answering what is under way');
  else log.fatal({ err: failure }, 'the store failed; stopping');
  await service.stop();
  stopped.release();
  return failure === undefined ? EXIT_FINE : EXIT_COULD_NOT_RUN;
}

/** Standard output is for the ready line alone. */
function logTo(settings: Settings): Logger {
  const destination = pino.destination(STDERR);
  // Whoever read the log is gone (`npm start 2>&1 | head`). That is no reason to stop alerting.
  destination.on('error', () => undefined);
  return pino({ level: settings.logLevel, base: null }, destination);
}

/** With the list that `check` prints, not just the first thing that was found. */
async function refuse(): Promise<number> {
  const { problems } = await findProblems(process.env);
  for (const problem of problems) printError(formatProblem(problem));
  printError('tocsin: not started, because of the problems above. `tocsin check` looks again without starting.');
  return EXIT_COULD_NOT_RUN;
}

function welcome({ addresses }: RunningService): string {
  return [
    '', '  Tocsin is ready.', '',
    `  pages      ${addresses.http}`,
    `  OTLP/gRPC  ${addresses.otlpGrpc}`,
    `  OTLP/HTTP  ${addresses.otlpHttp}`,
    '', `  Send traces: OTEL_EXPORTER_OTLP_ENDPOINT=${addresses.otlpHttp} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`, '',
  ].join('\n');
}

/** What an operator can mend gets one line; anything else is ours and keeps its stack. */
function couldNotStart(error: unknown, { http }: Settings): unknown {
  if (error instanceof ListenError || error instanceof DatabaseUnavailableError) return new CouldNotRun(error.message);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return new CouldNotRun(`port ${http.port} on ${http.host} is in use: stop the program that listens there, or choose another port with TOCSIN_HTTP_PORT`);
  if (['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code)) return new CouldNotRun(`cannot listen on ${http.host}:${http.port} (${code}): choose another address with TOCSIN_HTTP_HOST and TOCSIN_HTTP_PORT`);
  return error;
}
