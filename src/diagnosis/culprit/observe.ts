import { linkSpans, type Links } from './links.js';
import { learnStatements, type LogStatements } from './log-statements.js';
import { callsItselfError } from './structured-line.js';
import { inOrder, type LogLine, type Traffic } from './traffic.js';
import { failedSpanOf, peerServices, selfTimeNs, visitsOf, type Visit } from './visit.js';

/** What was seen of one visit. */
export interface Observation {
  readonly visit: Visit;
  readonly failed: boolean;
  /** A call that it made failed too, and such calls do not usually fail: the failure began there. */
  readonly inherits: boolean;
  /** By what one sees that it failed: a statement of log, the name of a span. */
  readonly failedBy: string | undefined;
  /** What the visit called, did and logged, as keys of `traitKey`. */
  readonly traits: ReadonlySet<string>;
  readonly selfNs: number;
  readonly gapNs: number | undefined;
  readonly queuedNs: number | undefined;
  /** False where its lines of log may lie outside of what was collected. */
  readonly logsKnown: boolean;
}

export interface Trait {
  readonly kind: 'calls' | 'does' | 'logs';
  /** A place that was called, the name of a span inside the service, a statement of log. */
  readonly what: string;
  /** At least this often in one visit. */
  readonly times: number;
}

interface Seen {
  readonly observations: readonly Observation[];
  /** Lines that belong to no span: in how many stretches of time a service logged a statement. */
  readonly looseLogs: LooseLogs;
}

export interface SeenSides {
  readonly baseline: Seen;
  readonly incident: Seen;
}

export interface LooseLogs {
  readonly stretches: number;
  /** Stretches by service and statement. */
  readonly statements: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<number>>>;
}

/** OTLP: ERROR and above. */
const ERROR_SEVERITY = 17;
/** Where records carry no severity: words that stand for it. */
const ERROR_WORDS = /\b(?:error|exception|fatal|panic|traceback|stack trace)\b/i;
/** A span that is named for what is done when something failed. */
const ERROR_NAME = /(?:^|[^a-z])(?:error|exception|failure)(?:$|[^a-z])|(?:Error|Exception|Failure)(?:$|[A-Z.])/;
/** Loose lines are counted by second, or by longer stretches where the period is long. */
const STRETCHES = 300;
const NS_PER_SECOND = 1_000_000_000n;

function traitKey({ kind, what, times }: Trait): string {
  return JSON.stringify([kind, what, times]);
}

export function traitOf(key: string): Trait {
  const [kind, what, times] = JSON.parse(key) as [Trait['kind'], string, number];
  return { kind, what, times };
}

export function placeName(visit: Pick<Visit, 'service' | 'operation'>): string {
  return `${visit.service} ${visit.operation}`;
}

/** Both periods, seen with the same eyes: statements and addresses are learnt from the two together. */
export function observe(before: Traffic, during: Traffic): SeenSides {
  const [baseline, incident] = [inOrder(before), inOrder(during)];
  const links = { baseline: linkSpans(baseline.spans), incident: linkSpans(incident.spans) };
  const peers = peerServices([links.baseline, links.incident]);
  // Logs of one side only say nothing about a change.
  const withLogs = baseline.logs.length > 0 && incident.logs.length > 0;
  const [lines, later] = withLogs ? [distinctLines(baseline.logs), distinctLines(incident.logs)] : [[], []];
  const statements = learnStatements([...lines, ...later]);
  const calm = seen(links.baseline, lines, { peers, statements, knows: knownByService(lines), usuallyFails: () => false });
  return { baseline: calm, incident: seen(links.incident, later, { peers, statements, knows: knownAtAll(later), usuallyFails: usualFailures(calm) }) };
}

interface Knowledge {
  readonly peers: ReadonlyMap<string, string>;
  readonly statements: LogStatements;
  readonly knows: (visit: Visit) => boolean;
  readonly usuallyFails: (visit: Visit) => boolean;
}

function seen(links: Links, lines: readonly LogLine[], { peers, statements, knows, usuallyFails }: Knowledge): Seen {
  const forest = visitsOf(links, peers);
  const tallies = new Map(forest.visits.map((visit) => [visit, tallyOf(visit)]));
  const isUnrecorded = unrecordedIn(links);
  const loose: LogLine[] = [];
  for (const line of lines) {
    const span = links.find(line.traceId, line.spanId);
    const tally = span && tallies.get(forest.bySpan.get(span)!);
    if (tally === undefined) {
      if (!isUnrecorded(line)) loose.push(line);
      continue;
    }
    const said = statements.of(line);
    if (isErrorLine(line)) tally.failedBy ??= said.at(-1) ?? 'a line of log';
    for (const statement of said) add(tally, 'logs', statement);
  }
  const traitsOf = rememberedTraits();
  const failed = new Set(forest.visits.filter((visit) => tallies.get(visit)!.failedBy !== undefined));
  const observations = forest.visits.map((visit) => {
    const { failedBy, counts } = tallies.get(visit)!;
    return { visit, failed: failedBy !== undefined, inherits: visit.children.some((child) => failed.has(child) && !usuallyFails(child)), failedBy, traits: traitsOf(counts), selfNs: selfTimeNs(visit), gapNs: visit.gapNs, queuedNs: visit.queuedNs, logsKnown: knows(visit) };
  });
  return { observations, looseLogs: countLoose(loose, statements) };
}

/** Lines of a request of which no span was kept (sampling), though its service sends some: they are neither outside of requests, nor of one that can be compared. */
function unrecordedIn({ spans }: Links): (line: LogLine) => boolean {
  const traces = new Set<string>(spans.map(({ span }) => span.traceId));
  const services = new Set(spans.map(({ span }) => span.serviceName));
  return ({ traceId, serviceName }) => traceId !== '' && !traces.has(traceId) && services.has(serviceName);
}

/** Places more than half of whose requests fail when all is well. */
function usualFailures({ observations }: Seen): (visit: Visit) => boolean {
  const counts = new Map<string, { failed: number; all: number }>();
  for (const { visit, failed } of observations) {
    const own = counts.get(placeName(visit)) ?? { failed: 0, all: 0 };
    counts.set(placeName(visit), own);
    own.all += 1;
    if (failed) own.failed += 1;
  }
  return (visit) => {
    const own = counts.get(placeName(visit));
    return own !== undefined && own.failed > own.all / 2;
  };
}

interface Tally {
  failedBy: string | undefined;
  readonly counts: Map<string, number>;
}

function tallyOf(visit: Visit): Tally {
  const tally: Tally = { failedBy: failedSpanOf(visit), counts: new Map() };
  for (const child of visit.children) add(tally, 'calls', placeName(child));
  for (const span of visit.spans) {
    if (span === visit.entry) continue;
    add(tally, 'does', span.name);
    if (span.kind === 'internal' && ERROR_NAME.test(span.name)) tally.failedBy ??= span.name;
  }
  return tally;
}

function add({ counts }: Tally, kind: Trait['kind'], what: string): void {
  const key = `${kind} ${what}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** "Calls X", "calls X at least 2, 4, 8 … times". */
function rememberedTraits(): (counts: ReadonlyMap<string, number>) => ReadonlySet<string> {
  const known = new Map<string, string[]>();
  return (counts) => {
    const traits = new Set<string>();
    for (const [key, count] of counts) {
      let steps = known.get(key);
      if (steps === undefined) known.set(key, (steps = []));
      for (let step = 0; 2 ** step <= count; step += 1) traits.add((steps[step] ??= traitKey({ ...kindAndWhat(key), times: 2 ** step })));
    }
    return traits;
  };
}

function kindAndWhat(key: string): Pick<Trait, 'kind' | 'what'> {
  const space = key.indexOf(' ');
  return { kind: key.slice(0, space) as Trait['kind'], what: key.slice(space + 1) };
}

function isErrorLine(line: LogLine): boolean {
  if (line.severityNumber > 0) return line.severityNumber >= ERROR_SEVERITY;
  return line.attributes['exception.type'] !== undefined || (callsItselfError(line.body) ?? ERROR_WORDS.test(line.body));
}

function countLoose(lines: readonly LogLine[], statements: LogStatements): LooseLogs {
  const period = periodsBy(lines, () => '').get('');
  if (period === undefined) return { stretches: 0, statements: new Map() };
  const lengthNs = period.lastNs - period.firstNs + 1n;
  const stretchNs = lengthNs / BigInt(STRETCHES) > NS_PER_SECOND ? lengthNs / BigInt(STRETCHES) : NS_PER_SECOND;
  const found = new Map<string, Map<string, Set<number>>>();
  for (const line of lines) {
    const stretch = Number((line.timeNs - period.firstNs) / stretchNs);
    const own = found.get(line.serviceName) ?? new Map<string, Set<number>>();
    found.set(line.serviceName, own);
    for (const statement of statements.of(line)) own.set(statement, (own.get(statement) ?? new Set()).add(stretch));
  }
  return { stretches: Number(lengthNs / stretchNs) + 1, statements: found };
}

interface Period {
  firstNs: bigint;
  lastNs: bigint;
}

/** The baseline is taken to be healthy: a service that is silent at its edges was not yet collected, or no longer. */
function knownByService(lines: readonly LogLine[]): (visit: Visit) => boolean {
  const periods = periodsBy(lines, (line) => line.serviceName);
  return (visit) => inside(visit, periods.get(visit.service));
}

/** In the incident silence may be the symptom: only the edges of all logs bound what is known. */
function knownAtAll(lines: readonly LogLine[]): (visit: Visit) => boolean {
  const period = periodsBy(lines, () => '').get('');
  return (visit) => inside(visit, period);
}

function periodsBy(lines: readonly LogLine[], keyOf: (line: LogLine) => string): ReadonlyMap<string, Period> {
  const periods = new Map<string, Period>();
  for (const line of lines) {
    const period = periods.get(keyOf(line));
    if (period === undefined) periods.set(keyOf(line), { firstNs: line.timeNs, lastNs: line.timeNs });
    else if (line.timeNs < period.firstNs) period.firstNs = line.timeNs;
    else if (line.timeNs > period.lastNs) period.lastNs = line.timeNs;
  }
  return periods;
}

function inside(visit: Visit, period: Period | undefined): boolean {
  if (period === undefined) return false;
  return visit.entry.startNs + BigInt(Math.round(visit.entry.durationNs)) >= period.firstNs && visit.entry.startNs <= period.lastNs;
}

function distinctLines(lines: readonly LogLine[]): readonly LogLine[] {
  const known = new Set<string>();
  return lines.filter((line) => {
    const key = `${line.traceId}${line.spanId}${line.timeNs}${line.serviceName}${line.body}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
}
