import { formatDuration, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { formatTime } from '../lib/format.js';
import { formatMatcher } from '../lib/label-matcher.js';
import type { SilenceId } from '../lib/ids.js';
import { err, ok, type Result } from '../lib/result.js';
import { stableHash } from '../lib/stable-hash.js';
import type { TimeInterval } from '../lib/time-interval.js';
import type { Incident, Labels } from './incident.js';
import { compileMatcher, matchesEverything, silenceState, silences, type Silence, type SilenceMatcher } from './silence.js';

export interface SilenceRequest {
  /** Of the silence to change; undefined: a new one. */
  readonly id?: SilenceId;
  readonly matchers: readonly SilenceMatcher[];
  /** Undefined: now. */
  readonly startsAtMs?: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly recurring?: readonly TimeInterval[];
}

export type SilenceRefusal = { readonly kind: 'not-found' | 'invalid'; readonly message: string };

export const SILENCE_MATCHERS_MAX = 100;
export const SILENCES_MAX = 10_000;

/**
 * A silence as somebody wants it. What was is not rewritten: a change that would say otherwise ends the old silence and makes a new one
 * (Alertmanager's `canUpdate`). Gives all that changed; the wanted one is last.
 */
export function setSilence(request: SilenceRequest, known: ReadonlyMap<SilenceId, Silence>, nowMs: number): Result<readonly [...Silence[], Silence], SilenceRefusal> {
  const before = request.id === undefined ? undefined : known.get(request.id);
  if (request.id !== undefined && before === undefined) return err({ kind: 'not-found', message: `there is no silence ${request.id}` });
  const startsAtMs = Math.max(request.startsAtMs ?? nowMs, before !== undefined && canUpdate(before, request, nowMs) ? before.startsAtMs : nowMs);
  const wrong = wrongWith(request, { startsAtMs, nowMs, count: known.size });
  if (wrong !== undefined) return err({ kind: 'invalid', message: wrong });
  const { id: _id, ...rest } = request;
  const wanted = { ...rest, startsAtMs, updatedAtMs: nowMs };
  if (before !== undefined && canUpdate(before, request, nowMs)) return ok([{ ...wanted, startsAtMs: silenceState(before, nowMs) === 'active' ? before.startsAtMs : startsAtMs, id: before.id }]);
  const made: Silence = { ...wanted, id: newId(request, nowMs, known) };
  return ok(before === undefined || silenceState(before, nowMs) === 'expired' ? [made] : [expired(before, nowMs), made]);
}

/** Ended now; one that had not begun never does. The same object where it is over already. */
export function expired(silence: Silence, nowMs: number): Silence {
  switch (silenceState(silence, nowMs)) {
    case 'expired': return silence;
    case 'active': return { ...silence, endsAtMs: nowMs, updatedAtMs: nowMs };
    case 'pending': return { ...silence, startsAtMs: nowMs, endsAtMs: nowMs, updatedAtMs: nowMs };
  }
}

/** What keeps this incident's firing alerts quiet, and no other's: the labels they share, severity included, so that a ticket that becomes a page is heard. */
export function matchersOf(incident: Incident): readonly SilenceMatcher[] {
  const firing = incident.alerts.filter(({ status }) => status === 'firing');
  const [first, ...rest] = firing.length > 0 ? firing : incident.alerts;
  const shared = Object.entries(first?.labels ?? {}).filter(([name, value]) => name !== 'incident' && value !== '' && rest.every(({ labels }) => labels[name] === value));
  const isTelling = shared.some(([name]) => name === 'alertname');
  return (isTelling ? shared : [['incident', incident.id] as const]).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

export function matchersInWords(matchers: readonly SilenceMatcher[]): string {
  return `{${matchers.flatMap((matcher) => { const built = compileMatcher(matcher); return built.ok ? [formatMatcher(built.value)] : []; }).join(', ')}}`;
}

/** `ann silenced it for 1h, until 2026-11-20 04:00:00 UTC: deploy`. */
export function silenceInWords({ createdBy, comment, startsAtMs, endsAtMs }: Silence): string {
  return `${createdBy} silenced it for ${formatDuration(Math.round((endsAtMs - startsAtMs) / 1_000) * 1_000)}, until ${formatTime(endsAtMs)}: ${comment}`;
}

/** Nobody should be surprised by an alert that a forgotten silence held back: a tenth of its time before the end, five minutes to an hour. */
export function reminderAtMs({ startsAtMs, endsAtMs }: Silence): number {
  return endsAtMs - Math.min(HOUR_MS, Math.max(5 * MINUTE_MS, (endsAtMs - startsAtMs) / 10));
}

/** Shorter ones are still remembered when they end. */
const REMINDED_FROM_MS = 30 * MINUTE_MS;

/** Silences that end soon and were not reminded of yet, that hold back any of these alerts. */
export function dueReminders(all: Iterable<Silence>, firing: readonly Labels[], nowMs: number): Silence[] {
  return [...all].filter((silence) => silenceState(silence, nowMs) === 'active' && silence.endsAtMs - silence.startsAtMs >= REMINDED_FROM_MS && reminderAtMs(silence) <= nowMs
    && silence.remindedOfMs !== silence.endsAtMs && firing.some((labels) => silences(silence, labels)));
}

function canUpdate(before: Silence, request: SilenceRequest, nowMs: number): boolean {
  if (JSON.stringify(before.matchers) !== JSON.stringify(request.matchers) || JSON.stringify(before.recurring) !== JSON.stringify(request.recurring)) return false;
  switch (silenceState(before, nowMs)) {
    case 'expired': return false;
    case 'active': return (request.startsAtMs ?? before.startsAtMs) === before.startsAtMs && request.endsAtMs >= nowMs;
    case 'pending': return (request.startsAtMs ?? before.startsAtMs) >= nowMs;
  }
}

function wrongWith(request: SilenceRequest, { startsAtMs, nowMs, count }: { readonly startsAtMs: number; readonly nowMs: number; readonly count: number }): string | undefined {
  const { matchers, endsAtMs, comment, createdBy } = request;
  if (matchers.length === 0) return 'a silence needs at least one matcher';
  if (matchers.length > SILENCE_MATCHERS_MAX) return `a silence has at most ${String(SILENCE_MATCHERS_MAX)} matchers`;
  for (const matcher of matchers) {
    const built = compileMatcher(matcher);
    if (!built.ok) return built.error;
  }
  if (matchesEverything(matchers)) return 'these matchers match every alert: at least one must not match an empty label';
  if (endsAtMs <= nowMs) return 'the end of the silence is in the past';
  if (endsAtMs <= startsAtMs) return 'the silence ends before it begins';
  if (comment.trim() === '') return 'a silence needs a comment: why is it there?';
  if (createdBy.trim() === '') return 'a silence needs an author (createdBy)';
  return count >= SILENCES_MAX && request.id === undefined ? `there are ${String(SILENCES_MAX)} silences, more are not kept` : undefined;
}

/** A UUID (version 8: made by our own rule), because Alertmanager's API says so. */
function newId(request: SilenceRequest, nowMs: number, known: ReadonlyMap<SilenceId, Silence>): SilenceId {
  for (let attempt = 0; ; attempt += 1) {
    const hex = stableHash([JSON.stringify(request), String(nowMs), String(attempt)], 32);
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}` as SilenceId;
    if (!known.has(id)) return id;
  }
}
