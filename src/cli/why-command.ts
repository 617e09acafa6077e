import { loadSettings } from '../config/fs-settings.js';
import { publicUrlOf } from '../config/settings.js';
import { formatPercent, formatTime } from '../lib/format.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';

const TIMEOUT_MS = 10_000;
const TOKEN_VARIABLE = 'TOCSIN_TOKEN';

interface DecisionRow {
  readonly at: string;
  readonly alert: string;
  readonly group: string;
  readonly route: string;
  readonly receiver: string;
  readonly integration: string;
  readonly outcome: string;
  readonly reason: string;
  readonly became: string | null;
}

interface CauseRow {
  readonly at: string;
  readonly words: string;
  readonly shares: readonly { readonly slo: string; readonly explained: number; readonly examined: number; readonly atLeast: number }[];
}

interface IncidentRow {
  readonly causes: readonly CauseRow[];
  readonly openedBecause: string | null;
}

interface HeldRow {
  readonly title: string;
  readonly key: string;
  readonly words: string;
}

export const whyCommand: Command = {
  usage: 'INCIDENT | --held [--server URL] [--json]',
  takesArguments: true,
  options: { held: { type: 'boolean' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['INCIDENT', 'its id, as messages and pages show it: inc-20261120-030405-8e78'],
    ['--held', 'what has begun to fire and is no incident yet, because a threshold asks for more of it'],
    ['--server URL', 'pages address of a running service; default: the configured one'],
    ['--json', 'as JSON: {"openedBecause":…,"causes":[{at,rule,words,shares,traces…}…],"decisions":[{at,alert,group,route,receiver,integration,outcome,reason,delivery,deliveryStatus,attempts,became}…]}, or {"held":[{key,title,threshold,wanted,withinSeconds,words,occurrences,firing}…]}'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Exit code 1 when nothing was decided about an incident of that id.'],
  ],
  async run({ values, positionals: [id, surplus] }) {
    if (values['held'] === true && id === undefined) return printHeld(typeof values['server'] === 'string' ? values['server'] : await configuredServer(), values['json'] === true);
    if (id === undefined || surplus !== undefined || values['held'] === true) throw new CouldNotRun('name one incident: tocsin why inc-…, or ask tocsin why --held');
    const server = typeof values['server'] === 'string' ? values['server'] : await configuredServer();
    const { decisions } = await answerOf<{ readonly decisions: readonly DecisionRow[] }>(server, `${id}/decisions`) ?? { decisions: [] };
    const { causes, openedBecause } = await answerOf<IncidentRow>(server, id) ?? { causes: [], openedBecause: null };
    if (values['json'] === true) printLine(JSON.stringify({ openedBecause, causes, decisions }, null, 2));
    else print({ causes, openedBecause }, decisions, id);
    return decisions.length > 0 ? EXIT_FINE : EXIT_NO;
  },
};

async function printHeld(server: string, isJson: boolean): Promise<number> {
  const { held } = await answerOf<{ readonly held: readonly HeldRow[] }>(server, 'held') ?? { held: [] };
  if (isJson) printLine(JSON.stringify({ held }, null, 2));
  else if (held.length === 0) printLine('nothing is held back by a threshold');
  else for (const { title, key, words } of held) printLine(`${title} (${key}): ${words}`);
  return EXIT_FINE;
}

async function configuredServer(): Promise<string> {
  const { settings } = await loadSettings(process.env);
  if (settings === undefined) throw new CouldNotRun('the settings are not valid; `tocsin check` says why, --server URL needs none');
  return publicUrlOf({ ...settings, publicUrl: undefined }, settings.http.port);
}

/** Undefined where there is no such incident. The last part of `path` may follow its id. */
async function answerOf<T>(server: string, path: string): Promise<T | undefined> {
  if (!URL.canParse(server)) throw new CouldNotRun(`"${server}" is not a URL`);
  const token = process.env[TOKEN_VARIABLE];
  let answer: Response;
  try {
    answer = await fetch(new URL(`/api/v1/incidents/${path.split('/').map(encodeURIComponent).join('/')}`, server), { signal: AbortSignal.timeout(TIMEOUT_MS), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  } catch (error) {
    throw new CouldNotRun(`no Tocsin at ${server}: ${error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)}`);
  }
  if (answer.status === 401 || answer.status === 403) throw new CouldNotRun(`the service asks for a token that may read (role viewer): set ${TOKEN_VARIABLE}`);
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new CouldNotRun(`${server} answers HTTP ${String(answer.status)}`);
  return (await answer.json()) as T;
}

function print({ causes, openedBecause }: IncidentRow, decisions: readonly DecisionRow[], id: string): void {
  if (openedBecause !== null) printLine(`it opened late: ${openedBecause}\n`);
  for (const { at, words, shares } of causes) {
    printLine(`one incident since ${formatTime(Date.parse(at))}: ${words}`);
    for (const { slo, explained, examined, atLeast } of shares) printLine(`  ${slo}: ${String(explained)} of ${String(examined)} bad events, with 95 % confidence at least ${formatPercent(atLeast, 0)}`);
  }
  if (causes.length > 0) printLine('');
  if (decisions.length === 0) printLine(`nothing was decided about ${id}`);
  let last = '';
  for (const { at, alert, group, route, receiver, integration, outcome, reason, became } of decisions) {
    const heading = `alert ${alert} → ${route === '' ? 'a route that is gone' : route} → ${receiver}, group ${group}`;
    if (heading !== last) printLine(`${last === '' ? '' : '\n'}${heading}`);
    last = heading;
    printLine(`  ${formatTime(Date.parse(at))}  ${integration === '' ? '' : `${integration} `}${outcome}: ${reason}${became === null ? '' : `; ${became}`}`);
  }
}
