import { setTimeout as pause } from 'node:timers/promises';
import { SECOND_MS } from '../lib/duration.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';
import { requireServiceApi, TOKEN_VARIABLE, type ServiceApi } from './service-api.js';

interface RunRow {
  readonly id: string;
  readonly receiver: string;
  readonly outcome: string;
  readonly words: string;
}

interface StatusRow {
  readonly receiver: string;
  readonly last: RunRow | null;
}

const ASK_EVERY_MS = 500;
const WAIT_SECONDS = 60;
const WAIT_SECONDS_MAX = 3_600;

export const drillCommand: Command = {
  usage: '[RECEIVER…] [--wait SECONDS] [--server URL] [--json]',
  takesArguments: true,
  options: { wait: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['RECEIVER…', 'receivers that a document of kind: Drill names; default: all of them'],
    ['--wait SECONDS', `how long to wait for the messages to arrive; default ${String(WAIT_SECONDS)}`],
    ['--server URL', 'pages address of a running service; default: the configured one'],
    ['--json', 'as JSON: {"drills":[{id,drill,receiver,by,startedAt,outcome,settled,seconds,words,integrations}…]}'],
    [TOKEN_VARIABLE, 'environment variable: a token of the role responder, where the service asks for one'],
    ['', 'Exit code 1 unless every message arrived in time.'],
  ],
  async run({ values, positionals }) {
    const waitMs = waitOf(values['wait']);
    const api = await requireServiceApi(typeof values['server'] === 'string' ? values['server'] : undefined);
    const { drills } = await api.post<{ readonly drills: readonly RunRow[] }>('/api/v1/drills', positionals.length === 0 ? {} : { receivers: [...new Set(positionals)] });
    const outcome = await settled(api, drills.map(({ id }) => id), waitMs);
    if (values['json'] === true) printLine(JSON.stringify({ drills: outcome }, null, 2));
    else for (const { receiver, words, id } of outcome) printLine(`${receiver}: ${words} (${id})`);
    return outcome.every((run) => run.outcome === 'in-time') ? EXIT_FINE : EXIT_NO;
  },
};

function waitOf(text: unknown): number {
  if (typeof text !== 'string') return WAIT_SECONDS * SECOND_MS;
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > WAIT_SECONDS_MAX) throw new CouldNotRun(`--wait is a whole number of seconds from 1 to ${String(WAIT_SECONDS_MAX)}`);
  return seconds * SECOND_MS;
}

/** The runs as they are when all are known, or when the time is up. */
async function settled(api: ServiceApi, ids: readonly string[], waitMs: number): Promise<readonly RunRow[]> {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const { drills } = await api.get<{ readonly drills: readonly StatusRow[] }>('/api/v1/drills');
    const runs = drills.flatMap(({ last }) => (last !== null && ids.includes(last.id) ? [last] : []));
    if (performance.now() >= untilMs || runs.every(({ outcome }) => outcome !== 'waiting')) return runs;
    await pause(ASK_EVERY_MS);
  }
}
