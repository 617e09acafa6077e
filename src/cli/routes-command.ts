import { loadSettings } from '../config/fs-settings.js';
import { formatDuration } from '../lib/duration.js';
import { formatTime } from '../lib/format.js';
import { parseMatchers } from '../lib/label-matcher.js';
import { formatProblem } from '../lib/problem.js';
import { timeMuteOf } from '../notify/alert-view.js';
import { describeReceiver, explainRoutes, type RouteStep } from '../notify/explain-routes.js';
import { matchRoutes, type RouteMatch, type Routing } from '../notify/routing.js';
import { loadRuleBook } from '../pipeline/fs-rule-book.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';

export const routesCommand: Command = {
  usage: 'test LABEL=VALUE… [--at TIME] [--rules DIR] [--json]',
  takesArguments: true,
  options: { at: { type: 'string' }, rules: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['LABEL=VALUE', 'labels of the alert: severity=page service=checkout, or \'{severity="page"}\''],
    ['--at TIME', 'when it fires, ISO 8601; decides about time intervals. Default: now'],
    ['--rules DIR', 'the directory that holds routing.yaml; default: as configured (./rules)'],
    ['--json', 'as JSON: {"at","labels","routes":[{route,receiver,tells,groupKey,groupWait,groupInterval,repeatInterval,mutedBy}…],"steps":[…]}'],
    ['', 'Exit code 1 when the alert would tell nobody: no integrations, or muted at that time.'],
  ],
  async run({ values, positionals }) {
    const [verb, ...words] = positionals;
    if (verb !== 'test') throw new CouldNotRun('routes knows one thing to do: tocsin routes test LABEL=VALUE…');
    const labels = readLabels(words);
    const atMs = readTime(values['at']);
    const answer = answerOf(await loadRouting(values['rules']), labels, atMs);
    if (values['json'] === true) printLine(JSON.stringify(answer, null, 2));
    else printAnswer(answer);
    return answer.routes.some(({ tells, mutedBy }) => tells.length > 0 && mutedBy === null) ? EXIT_FINE : EXIT_NO;
  },
};

interface RouteAnswer {
  readonly route: string;
  readonly receiver: string;
  readonly tells: readonly string[];
  readonly groupKey: string;
  readonly groupWait: string;
  readonly groupInterval: string;
  readonly repeatInterval: string;
  readonly mutedBy: string | null;
}

interface Answer {
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly RouteAnswer[];
  readonly steps: readonly RouteStep[];
}

function answerOf(routing: Routing, labels: Answer['labels'], atMs: number): Answer {
  const routes = matchRoutes(routing, labels).map((match): RouteAnswer => ({
    route: match.path, receiver: match.receiver, tells: describeReceiver(routing.receivers.get(match.receiver)), groupKey: match.groupKey, ...timesOf(match),
    mutedBy: timeMuteOf(match, routing, atMs)?.words ?? null,
  }));
  return { at: new Date(atMs).toISOString(), labels, routes, steps: explainRoutes(routing, labels) };
}

function timesOf({ groupWaitMs, groupIntervalMs, repeatIntervalMs }: RouteMatch): Pick<RouteAnswer, 'groupWait' | 'groupInterval' | 'repeatInterval'> {
  return { groupWait: formatDuration(groupWaitMs), groupInterval: formatDuration(groupIntervalMs), repeatInterval: formatDuration(repeatIntervalMs) };
}

function printAnswer({ at, routes, steps }: Answer): void {
  for (const { depth, path, matchers, outcome, words } of steps) {
    const sign = outcome === 'taken' ? '→' : outcome === 'passed' ? '·' : '✗';
    printLine(`${'  '.repeat(depth)}${sign} ${path} {${matchers.join(', ')}}: ${words}`);
  }
  for (const route of routes) {
    printLine(`\n${route.route} tells ${route.receiver}: ${route.tells.join(', ') || 'nobody, for the receiver has no integrations'}`);
    printLine(`  group   ${route.groupKey}`);
    printLine(`  times   first message after ${route.groupWait}, changes every ${route.groupInterval}, repeated after ${route.repeatInterval}`);
    printLine(`  at ${formatTime(Date.parse(at))}: ${route.mutedBy === null ? 'active' : `muted, ${route.mutedBy}`}`);
  }
}

function readLabels(words: readonly string[]): Answer['labels'] {
  if (words.length === 0) throw new CouldNotRun('name the labels of the alert: tocsin routes test severity=page service=checkout');
  const labels: Record<string, string> = {};
  for (const word of words) {
    const parsed = parseMatchers(word);
    if (!parsed.ok) throw new CouldNotRun(parsed.error);
    for (const { name, operator, value } of parsed.value) {
      if (operator !== '=') throw new CouldNotRun(`${name}${operator}${value} is a matcher; an alert has labels, like ${name}=${value}`);
      labels[name] = value;
    }
  }
  return labels;
}

function readTime(text: string | boolean | undefined): number {
  if (typeof text !== 'string') return Date.now();
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new CouldNotRun(`"${text}" is not a time: write ISO 8601, like 2026-11-20T03:04:05Z`);
  return atMs;
}

async function loadRouting(rules: string | boolean | undefined): Promise<Routing> {
  const { settings } = await loadSettings(process.env);
  const { book, problems } = await loadRuleBook({ rulesDir: typeof rules === 'string' ? rules : settings?.rulesDir ?? './rules', runbooksDir: settings?.runbooksDir ?? './runbooks' });
  if (book !== undefined) return book.routing;
  for (const problem of problems) printError(formatProblem(problem));
  throw new CouldNotRun('the rules are not valid; `tocsin check` says the same');
}
