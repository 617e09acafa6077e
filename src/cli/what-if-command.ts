import { readFile, stat } from 'node:fs/promises';
import type { Alert, Incident, IncidentStatus, TimelineKind } from '../incident/incident.js';
import type { Severity } from '../config/slo.js';
import type { Silence, SilenceMatcher } from '../incident/silence.js';
import { parseDuration } from '../lib/duration.js';
import { formatTime } from '../lib/format.js';
import type { AlertId, IncidentId, SilenceId } from '../lib/ids.js';
import { hasErrors } from '../lib/problem-codes.js';
import { formatProblem } from '../lib/problem.js';
import type { TimeInterval } from '../lib/time-interval.js';
import { bindRules, checkBoundRules } from '../notify/bind-rules.js';
import { parseRouting, type Routing } from '../notify/routing.js';
import { loadRuleBook, type RuleBook } from '../pipeline/fs-rule-book.js';
import { compareRouting, type AlertHistory, type RoutingDifference } from '../pipeline/what-if.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';
import { requireServiceApi, settingsOrRefusal, type ServiceApi } from './service-api.js';

const DEFAULT_SINCE = '7d';
/** The most that the list of incidents gives. */
const INCIDENTS_MAX = 500;
const READ_AT_ONCE = 8;
const SHOWN_MAX = 50;

export const whatIfCommand: Command = {
  usage: '--config FILE|DIR [--since 7d] [--rules DIR] [--server URL] [--json]',
  options: { config: { type: 'string' }, since: { type: 'string' }, rules: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['--config FILE', 'the routing.yaml in question, or a directory of rules: its routing.yaml, receivers and escalations'],
    ['--since 7d', 'how much of the past is told again; default: 7d'],
    ['--rules DIR', 'the rules to compare with: its routing.yaml, and, where --config is a file, the receivers and escalations of both; default: as configured (./rules)'],
    ['--server URL', 'pages address of the running service that knows the past; default: as configured'],
    ['--json', 'as JSON: {"from","to","incidents","receivers":[{receiver,before,after,…}…],"changed":[{incident,before,after}…],"lost"}'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Exit code 1 when nobody would hear of an incident that somebody was told of.'],
  ],
  async run({ values }) {
    const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
    const file = text('config');
    if (file === undefined) throw new CouldNotRun('name the file in question: tocsin what-if --config new.yaml');
    const since = parseDuration(text('since') ?? DEFAULT_SINCE);
    if (!since.ok) throw new CouldNotRun(`--since: ${since.error}`);
    const settings = await settingsOrRefusal();
    const book = await bookOf(text('rules') ?? settings.rulesDir, settings.runbooksDir);
    const proposed = await readProposed(file, { book, runbooksDir: settings.runbooksDir });
    const toMs = Date.now();
    const history = await readHistory(await requireServiceApi(text('server')), { fromMs: toMs - since.value, toMs });
    const difference = differenceOf(history, book.routing, proposed);
    if (values['json'] === true) printLine(JSON.stringify(asJson(history, difference), null, 2));
    else print(history, difference);
    return difference.lost > 0 ? EXIT_NO : EXIT_FINE;
  },
};

function differenceOf(history: AlertHistory, before: Routing, after: Routing): RoutingDifference {
  try {
    return compareRouting(history, before, after);
  } catch (error) {
    if (error instanceof RangeError) throw new CouldNotRun(`${error.message}, or with a longer repeat_interval`);
    throw error;
  }
}

async function bookOf(rulesDir: string, runbooksDir: string): Promise<RuleBook> {
  const { book, problems } = await loadRuleBook({ rulesDir, runbooksDir });
  if (book !== undefined) return book;
  throw new CouldNotRun(`the rules in ${rulesDir} are not right; tocsin check ${rulesDir} says the same:\n${problems.filter(({ level }) => level === 'error').map(formatProblem).join('\n')}`);
}

async function readProposed(path: string, { book, runbooksDir }: { readonly book: RuleBook; readonly runbooksDir: string }): Promise<Routing> {
  let text: string;
  try {
    if ((await stat(path)).isDirectory()) return (await bookOf(path, runbooksDir)).routing;
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof CouldNotRun) throw error;
    throw new CouldNotRun(`${path} cannot be read`);
  }
  const routing = parseRouting({ path, text });
  const problems = routing.ok ? checkBoundRules(routing.value, book) : routing.error;
  if (routing.ok && !hasErrors(problems)) return bindRules(routing.value, book);
  throw new CouldNotRun(`${path} is not right:\n${problems.map(formatProblem).join('\n')}`);
}

interface AlertAnswer {
  readonly id: string;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string | null;
}

interface IncidentAnswer {
  readonly id: string;
  readonly key: string;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly title: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly mergedInto?: string | null;
  readonly alerts: readonly AlertAnswer[];
  readonly timeline: readonly { readonly at: string; readonly kind: TimelineKind; readonly actor: string; readonly text: string }[];
}

interface SilenceAnswer {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly recurring: readonly TimeInterval[] | null;
}

async function readHistory(api: ServiceApi, range: { readonly fromMs: number; readonly toMs: number }): Promise<AlertHistory> {
  const { incidents: listed } = await api.get<{ readonly incidents: readonly Omit<IncidentAnswer, 'alerts' | 'timeline'>[] }>(`/api/v1/incidents?limit=${String(INCIDENTS_MAX)}`);
  const wanted = listed.filter(({ endedAt }) => endedAt === null || Date.parse(endedAt) >= range.fromMs);
  if (listed.length === INCIDENTS_MAX && wanted.length === INCIDENTS_MAX) printError(`only the newest ${String(INCIDENTS_MAX)} incidents are told again: name a shorter --since for all of its incidents`);
  const incidents: Incident[] = [];
  for (let index = 0; index < wanted.length; index += READ_AT_ONCE) {
    const answers = await Promise.all(wanted.slice(index, index + READ_AT_ONCE).map(({ id }) => api.get<IncidentAnswer>(`/api/v1/incidents/${encodeURIComponent(id)}`)));
    // Alerts of one that was merged are in the other as well, from their beginning on.
    incidents.push(...answers.filter(({ mergedInto }) => mergedInto == null).map(incidentOf));
  }
  const { silences } = await api.get<{ readonly silences: readonly SilenceAnswer[] }>('/api/v1/silences');
  return { ...range, incidents, silences: silences.map(silenceOf) };
}

function incidentOf({ id, key, status, severity, title, startedAt, endedAt, alerts, timeline }: IncidentAnswer): Incident {
  return {
    id: id as IncidentId, key, status, severity, title, startedAtMs: Date.parse(startedAt), endedAtMs: timeOf(endedAt), acknowledgedBy: undefined,
    alerts: alerts.map((alert) => alertOf(alert, id as IncidentId)), evidence: undefined, runbook: undefined, timeline: timeline.map(({ at, ...entry }) => ({ atMs: Date.parse(at), ...entry })),
  };
}

function alertOf({ id, severity, labels, annotations, startsAt, endsAt }: AlertAnswer, incidentId: IncidentId): Alert {
  const startsAtMs = Date.parse(startsAt);
  return { id: id as AlertId, severity, labels, annotations, status: endsAt === null ? 'firing' : 'resolved', startsAtMs, endsAtMs: timeOf(endsAt), updatedAtMs: startsAtMs, reading: undefined, incidentId };
}

function silenceOf({ id, matchers, startsAt, endsAt, createdBy, comment, recurring }: SilenceAnswer): Silence {
  const startsAtMs = Date.parse(startsAt);
  return { id: id as SilenceId, matchers, startsAtMs, endsAtMs: Date.parse(endsAt), updatedAtMs: startsAtMs, createdBy, comment, ...(recurring === null ? {} : { recurring }) };
}

function timeOf(text: string | null): number | undefined {
  return text === null ? undefined : Date.parse(text);
}

function asJson({ fromMs, toMs, incidents }: AlertHistory, { receivers, incidents: changed, lost }: RoutingDifference): unknown {
  return {
    from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), incidents: incidents.length, lost,
    receivers: receivers.map(({ receiver, loudBefore, loudAfter, otherBefore, otherAfter }) => ({ receiver, before: loudBefore, after: loudAfter, otherBefore, otherAfter })),
    changed: changed.map(({ incident: { id, title, severity, startedAtMs }, before, after }) => ({ incident: id, title, severity, startedAt: new Date(startedAtMs).toISOString(), before, after })),
  };
}

function print({ fromMs, toMs, incidents }: AlertHistory, { receivers, incidents: changed, lost }: RoutingDifference): void {
  printLine(`${String(incidents.length)} incidents between ${formatTime(fromMs)} and ${formatTime(toMs)}, told again under both files\n`);
  printLine('messages that make a sound (first ones, additions, upgrades, repeats, escalations), before → after; quiet ones (ends, edits) in brackets');
  for (const { receiver, loudBefore, loudAfter, otherBefore, otherAfter } of receivers) {
    const change = loudAfter - loudBefore;
    printLine(`  ${receiver}: ${String(loudBefore)} → ${String(loudAfter)} (${change > 0 ? '+' : ''}${String(change)}) [${String(otherBefore)} → ${String(otherAfter)}]`);
  }
  if (receivers.length === 0) printLine('  nobody is told anything under either of them');
  printLine(changed.length === 0 ? '\nEvery incident tells the same receivers.' : `\n${String(changed.length)} incidents tell other receivers:`);
  for (const { incident, before, after } of changed.slice(0, SHOWN_MAX)) {
    printLine(`  ${formatTime(incident.startedAtMs)}  ${incident.id}  ${incident.title}: ${before.join(', ') || 'nobody'} → ${after.join(', ') || 'nobody'}`);
  }
  if (changed.length > SHOWN_MAX) printLine(`  and ${String(changed.length - SHOWN_MAX)} more; --json has all`);
  if (lost > 0) printLine(`\nNobody would hear of ${String(lost)} that somebody was told of.`);
}
