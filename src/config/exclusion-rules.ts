import { DAY_MS, MINUTE_MS, parseDuration } from '../lib/duration.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { isTimeZone, type WallMs } from '../lib/time-zone.js';
import type { EventExclusion, Exclusion, ExclusionRule, ExclusionWindow } from './exclusion.js';
import { parseRecurrence } from './recurrence.js';
import type { RuleDocument } from './rule-documents.js';
import type { Slo } from './slo.js';

/** Longer windows would overlap the next ones of most rules. */
const MAX_RECURRING_MS = 7 * DAY_MS;

type ExclusionDocument = RuleDocument<'Exclusion'>;

/** Reads `Exclusion` documents; one whose window or names are wrong is reported and left out. */
export function readExclusions(documents: Iterable<ExclusionDocument>, known: { readonly slos: ReadonlySet<string>; readonly services: ReadonlySet<string> }, problems: Problem[]): ExclusionRule[] {
  return [...documents].flatMap((document) => {
    const { content: { metadata, spec }, source } = document;
    const unknown = [...unknownNames(document, 'slos', known.slos), ...unknownNames(document, 'services', known.services)];
    const what = spec.match === undefined ? mapped(readWindow(document), (window) => ({ window })) : readMatch(document, spec.match);
    problems.push(...unknown);
    if (!what.ok) problems.push(what.error);
    if (!what.ok || unknown.length > 0) return [];
    return [{ name: metadata.name, by: spec.by, reason: spec.reason, ...what.value, slos: spec.slos ?? [], services: spec.services ?? [], at: source.at(['metadata', 'name']) }];
  });
}

function mapped<T, U>(result: Result<T, Problem>, map: (value: T) => U): Result<U, Problem> {
  return result.ok ? ok(map(result.value)) : result;
}

/** Some of the events, always or from one moment to another. */
function readMatch({ content: { spec }, source }: ExclusionDocument, text: string): Result<Pick<EventExclusion, 'match' | 'fromMs' | 'toMs'>, Problem> {
  const problem = (field: 'from' | 'to' | 'recurring', message: string, hint: string): Result<never, Problem> => err(errorAt(source.at(['spec', field]), 'rules/invalid-value', { path: `spec.${field}`, message, hint }));
  if (spec.recurring !== undefined) return problem('recurring', 'events are excluded always, or from one moment to another', 'write from and to, or leave out "match" to exclude whole minutes');
  for (const field of ['from', 'to'] as const) {
    const written = spec[field];
    if (written !== undefined && parseMoment(written) === undefined) return problem(field, `"${written}" is not a moment`, 'write it with its zone, like 2026-11-29T02:00:00+01:00');
  }
  const [fromMs, toMs] = [parseMoment(spec.from ?? ''), parseMoment(spec.to ?? '')];
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) return problem('to', 'the exclusion ends before it begins', 'write a later moment');
  return ok({ match: { text, at: source.atText(['spec', 'match']) }, fromMs, toMs });
}

/** Gives an SLO the exclusions that name it, or its service, or nobody in particular. `document`: the name of its SLO document. */
export function excluder(rules: readonly ExclusionRule[]): (slo: Slo, document: string) => Slo {
  // Equal lists are one list: what is worked out about a list is remembered by it.
  const lists = new Map<string, readonly Exclusion[]>();
  const exclude = (slo: Slo, document: string): Slo => {
    const own = rules.filter(({ slos, services }) => (slos.length === 0 && services.length === 0) || slos.includes(document) || services.includes(slo.service));
    if (own.length === 0) return slo;
    const ofMinutes = own.filter((rule) => 'window' in rule);
    const key = JSON.stringify(ofMinutes.map(({ name }) => name));
    const exclusions = lists.get(key) ?? ofMinutes.map(({ name, by, reason, window }) => ({ name, by, reason, window }));
    lists.set(key, exclusions);
    const excludedEvents = own.flatMap((rule) => ('match' in rule ? [{ name: rule.name, by: rule.by, reason: rule.reason, match: rule.match, fromMs: rule.fromMs, toMs: rule.toMs }] : []));
    const { composite } = slo;
    return { ...slo, ...(exclusions.length === 0 ? {} : { exclusions }), ...(excludedEvents.length === 0 ? {} : { excludedEvents }), ...(composite === undefined ? {} : { composite: composite.map((part) => ({ ...part, slo: exclude(part.slo, document) })) }) };
  };
  return exclude;
}

function unknownNames({ content: { spec }, source }: ExclusionDocument, field: 'slos' | 'services', known: ReadonlySet<string>): Problem[] {
  return (spec[field] ?? []).flatMap((name, index) => (known.has(name) ? [] : [
    errorAt(source.at(['spec', field, index]), 'rules/unknown-reference', { path: `spec.${field}[${index}]`, message: `there is no ${field === 'slos' ? 'SLO' : 'SLO of a service'} "${name}"`, hint: 'name one of these rules; leave out slos and services for all SLOs' }),
  ]));
}

function readWindow(document: ExclusionDocument): Result<ExclusionWindow, Problem> {
  const { content: { spec }, source } = document;
  const { from, to, recurring } = spec;
  const problem = (field: string, message: string, hint: string): Result<never, Problem> => err(errorAt(source.at(['spec', ...field.split('.')]), 'rules/invalid-value', { path: `spec.${field}`, message, hint }));
  if ((from === undefined) !== (to === undefined) || (from === undefined) === (recurring === undefined)) {
    return err(errorAt(source.at(['spec']), 'rules/invalid-value', { path: 'spec', message: 'the exclusion does not say when', hint: 'write from and to, or recurring' }));
  }
  if (recurring !== undefined) return readRecurring(recurring, problem);
  const [fromMs, toMs] = [parseMoment(from ?? ''), parseMoment(to ?? '')];
  if (fromMs === undefined) return problem('from', `"${from ?? ''}" is not a moment`, 'write it with its zone, like 2026-11-29T02:00:00+01:00');
  if (toMs === undefined) return problem('to', `"${to ?? ''}" is not a moment`, 'write it with its zone, like 2026-11-29T04:00:00+01:00');
  if (toMs <= fromMs) return problem('to', 'the exclusion ends before it begins', 'write a later moment');
  return ok({ kind: 'once', fromMs: floorMinute(fromMs), toMs: Math.ceil(toMs / MINUTE_MS) * MINUTE_MS });
}

type Recurring = NonNullable<ExclusionDocument['content']['spec']['recurring']>;

function readRecurring({ rrule, start, duration, timeZone = 'UTC' }: Recurring, problem: (field: string, message: string, hint: string) => Result<never, Problem>): Result<ExclusionWindow, Problem> {
  if (!isTimeZone(timeZone)) return problem('recurring.timeZone', `there is no time zone "${timeZone}"`, 'write an IANA name, like Europe/Berlin');
  const startWallMs = parseWall(start);
  if (startWallMs === undefined) return problem('recurring.start', `"${start}" is not a time on the wall`, 'write the first start without a zone, like 2026-11-29T02:00');
  const parsed = parseDuration(duration);
  if (!parsed.ok || parsed.value < MINUTE_MS || parsed.value % MINUTE_MS !== 0 || parsed.value > MAX_RECURRING_MS) {
    return problem('recurring.duration', `"${duration}" is not a length of a recurring window`, 'write whole minutes up to 7d, like 2h');
  }
  const recurrence = parseRecurrence(rrule, startWallMs);
  if (!recurrence.ok) return problem('recurring.rrule', recurrence.error, 'write it like FREQ=WEEKLY;BYDAY=SU');
  return ok({ kind: 'recurring', recurrence: recurrence.value, startWallMs, durationMs: parsed.value, timeZone });
}

/** RFC 3339 with a zone. */
function parseMoment(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `2026-11-29T02:00`, as clocks in the zone show it. */
function parseWall(text: string): WallMs | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:00)?$/.test(text)) return undefined;
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function floorMinute(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
