import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Occurrence } from './occurrences.js';
import { MAX_AFFECTED, type SignatureState, type TrackedSignature } from './tracked-signature.js';

/** So long it is new, or regressed, before it is part of the furniture. */
export const NEWS_MS = DAY_MS;
/** Quiet for so long it counts as resolved; should it come back, it has regressed. */
export const QUIET_MS = 7 * DAY_MS;
/** What is seen this soon after Tocsin began to keep track was there before: a fresh installation must not call everything new. */
export const LEARNING_MS = HOUR_MS;
/** Text and stack of the example are cut here. */
const MAX_TEXT = 2_048;
const MAX_STACK = 8_192;

export function stateOf(signature: TrackedSignature, nowMs: number): SignatureState {
  const { decision, firstSeenMs, lastSeenMs, regressedAtMs, laterIds } = signature;
  if (laterIds.length > 0 || decision?.kind === 'merged') return 'linked';
  if (decision !== undefined) return decision.kind === 'ignored' ? 'ignored' : 'resolved';
  if (nowMs - lastSeenMs > QUIET_MS) return 'resolved';
  if (regressedAtMs !== undefined && nowMs - regressedAtMs < NEWS_MS) return 'regressed';
  return nowMs - firstSeenMs < NEWS_MS ? 'new' : 'ongoing';
}

export interface LifeContext {
  readonly trackingSinceMs: number;
  readonly nowMs: number;
  /** When any of what is counted as one with it was seen last; 0: never. */
  readonly familySeenMs: number;
  /** What earlier versions of the normaliser stored of this failure, and no signature of today has taken over into this one yet. */
  readonly earlier: readonly TrackedSignature[];
}

/** A signature after some more requests failed for it; `known` is undefined where it was never seen. */
export function withOccurrences(known: TrackedSignature | undefined, occurrences: readonly Occurrence[], context: LifeContext): TrackedSignature {
  const ordered = [...occurrences].sort((left, right) => left.atMs - right.atMs || (left.traceId < right.traceId ? -1 : 1));
  const [first, last] = [ordered[0] as Occurrence, ordered.at(-1) as Occurrence];
  const before = absorbed(known ?? born(first, context), context.earlier);
  const cameBack = hasComeBack(before, { first, last }, context);
  const { decision, ...rest } = before;
  return {
    ...rest, ...(decision === undefined || (cameBack && decision.kind === 'resolved') ? {} : { decision }), ...(cameBack ? { regressedAtMs: context.nowMs } : {}),
    lastSeenMs: Math.max(before.lastSeenMs, last.atMs), firstSeenMs: Math.min(before.firstSeenMs, first.atMs), total: before.total + sum(occurrences),
    operations: tally(before.operations, occurrences, ({ request }) => request), versions: tally(before.versions, occurrences, ({ version }) => version), tenants: tally(before.tenants, occurrences, ({ tenant }) => tenant),
    example: { traceId: last.traceId, text: last.text.slice(0, MAX_TEXT), stack: last.stack.slice(0, MAX_STACK) },
  };
}

function born(first: Occurrence, { trackingSinceMs, earlier }: LifeContext): TrackedSignature {
  const { id, type, message, service, operation, frames = [] } = first.signature;
  const decision = agreed(earlier);
  return {
    id, type, message, service, operation, frames, firstSeenMs: first.atMs, lastSeenMs: Math.max(0, ...earlier.map(({ lastSeenMs }) => lastSeenMs)) || first.atMs, total: 0,
    wasThere: first.atMs < trackingSinceMs + LEARNING_MS, operations: {}, versions: {}, tenants: {},
    example: { traceId: first.traceId, text: '', stack: '' }, firstTraceId: first.traceId, earlierIds: [], laterIds: [],
    ...(decision === undefined ? {} : { decision }),
  };
}

/** With the history of what earlier versions called it. Of several new names for an old one the first takes its numbers over; several old names may be one now. */
function absorbed(signature: TrackedSignature, earlier: readonly TrackedSignature[]): TrackedSignature {
  if (earlier.length === 0) return signature;
  const numbers = addedUp([signature, ...earlier.filter(({ laterIds }) => laterIds.length === 0)]);
  return { ...signature, ...numbers, ...oldestOf([signature, ...earlier]), wasThere: true, earlierIds: [...signature.earlierIds, ...earlier.map(({ id }) => id)] };
}

/** As one failure with what people merged into it; `family` is all that is counted as one. What a newer name took over is in that already. */
export function withMerged(signature: TrackedSignature, family: readonly TrackedSignature[]): TrackedSignature {
  const merged = family.filter(({ id, decision, laterIds }) => id !== signature.id && decision?.kind === 'merged' && laterIds.length === 0);
  if (merged.length === 0) return signature;
  const all = [signature, ...merged];
  return { ...signature, ...addedUp(all), ...oldestOf(all), wasThere: all.some(({ wasThere }) => wasThere), lastSeenMs: Math.max(...all.map(({ lastSeenMs }) => lastSeenMs)) };
}

function addedUp(all: readonly TrackedSignature[]): Pick<TrackedSignature, 'total' | 'operations' | 'versions' | 'tenants'> {
  const added = (countsOf: (signature: TrackedSignature) => Readonly<Record<string, number>>): Readonly<Record<string, number>> => Object.fromEntries(mostFirst(all.flatMap((each) => Object.entries(countsOf(each)))).slice(0, MAX_AFFECTED));
  return { total: all.reduce((sum, { total }) => sum + total, 0), operations: added(({ operations }) => operations), versions: added(({ versions }) => versions), tenants: added(({ tenants }) => tenants) };
}

function oldestOf(all: readonly TrackedSignature[]): Pick<TrackedSignature, 'firstSeenMs' | 'firstTraceId'> {
  const [{ firstSeenMs, firstTraceId }] = [...all].sort((left, right) => left.firstSeenMs - right.firstSeenMs) as [TrackedSignature];
  return { firstSeenMs, firstTraceId };
}

/** What people decided of all of them: what was decided of some must not hide the others. */
function agreed(earlier: readonly TrackedSignature[]): TrackedSignature['decision'] {
  const [first, ...others] = earlier.map(({ decision }) => decision);
  return others.every((decision) => decision?.kind === first?.kind && decision?.into === first?.into) ? first : undefined;
}

/** What was sent before the decision may arrive after it. What was merged into it, and went on meanwhile, did not come back. */
function hasComeBack({ decision, lastSeenMs }: TrackedSignature, { first, last }: { readonly first: Occurrence; readonly last: Occurrence }, { nowMs, familySeenMs }: LifeContext): boolean {
  if (decision?.kind === 'ignored' || decision?.kind === 'merged') return false;
  return decision?.kind === 'resolved' ? last.atMs > decision.atMs : Math.min(first.atMs, nowMs) - Math.max(lastSeenMs, familySeenMs) > QUIET_MS;
}

/**
 * Space-Saving (Metwally, Agrawal and El Abbadi 2005): where there is no room, what is new takes the place and the count of the least frequent. Else
 * what came late would be forgotten after each reading, however often it failed since.
 */
function tally(before: Readonly<Record<string, number>>, occurrences: readonly Occurrence[], keyOf: (occurrence: Occurrence) => string): Readonly<Record<string, number>> {
  const counts = new Map(Object.entries(before));
  const news = mostFirst(occurrences.map((occurrence) => [keyOf(occurrence).slice(0, 200), occurrence.weight]));
  for (const [key, count] of news) {
    const least = counts.has(key) || counts.size < MAX_AFFECTED ? undefined : leastOf(counts);
    if (least !== undefined) counts.delete(least.key);
    counts.set(key, (counts.get(key) ?? least?.count ?? 0) + count);
  }
  return Object.fromEntries(counts);
}

function leastOf(counts: ReadonlyMap<string, number>): { readonly key: string; readonly count: number } {
  const [key, count] = [...counts].reduce((least, each) => (each[1] < least[1] || (each[1] === least[1] && each[0] > least[0]) ? each : least));
  return { key, count };
}

/** Added up by key, the largest first. */
export function mostFirst(entries: readonly (readonly [key: string, count: number])[]): readonly (readonly [key: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const [key, count] of entries) if (key !== '') counts.set(key, (counts.get(key) ?? 0) + count);
  return [...counts].sort(([leftKey, left], [rightKey, right]) => right - left || (leftKey < rightKey ? -1 : 1));
}

function sum(occurrences: readonly Occurrence[]): number {
  return occurrences.reduce((total, { weight }) => total + weight, 0);
}

/** A person's word on a signature; `reopened` takes the last one back. */
export type SignatureDecision = 'resolved' | 'ignored' | 'reopened';

export function decided(signature: TrackedSignature, kind: SignatureDecision, { by, nowMs }: { readonly by: string; readonly nowMs: number }): TrackedSignature {
  const { decision: _last, ...open } = signature;
  return kind === 'reopened' ? open : { ...open, decision: { kind, by, atMs: nowMs } };
}

/** Signatures that may be one: same type and place, and messages that differ in few words. A person decides. */
export function mergeCandidates(signature: TrackedSignature, all: Iterable<TrackedSignature>): readonly TrackedSignature[] {
  return [...all].filter((other) => other.id !== signature.id && other.laterIds.length === 0 && other.decision?.kind !== 'merged' && other.type === signature.type && other.service === signature.service && similarity(signature, other) >= MERGE_SIMILARITY)
    .sort((left, right) => similarity(signature, right) - similarity(signature, left) || (left.id < right.id ? -1 : 1)).slice(0, 5);
}

/** Half of the words at the same places: what Drain takes for one statement of a log. */
const MERGE_SIMILARITY = 0.5;

function similarity(left: TrackedSignature, right: TrackedSignature): number {
  const [ours, theirs] = [left, right].map(({ message, frames }) => [...message.split(/\s+/u), ...frames]) as [string[], string[]];
  const equal = ours.filter((word, index) => word === theirs[index]).length;
  return equal / Math.max(ours.length, theirs.length, 1);
}
