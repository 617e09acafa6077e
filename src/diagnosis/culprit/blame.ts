import { belief, type Aspect, type Change, type StratumCount } from './contrast.js';
import { chargedEnds } from './edges.js';
import type { Observation } from './observe.js';
import { onsetOf, risesOf, startOf } from './onset.js';
import type { Stratum } from './strata.js';
import { median, timesOf, worstNs, type TimeKind } from './times.js';
import type { Visit } from './visit.js';

/** What speaks against a place in one request. */
export interface Mark {
  readonly place: string;
  /** Nats. */
  readonly value: number;
  readonly change: Change;
}

export interface MarkedRequests {
  /** By trace id. */
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
  /** Unix nanoseconds; undefined where what changed was there from the start of the incident. */
  readonly onsetNs: bigint | undefined;
}

export function placeKeyOf({ service, operation, caller }: Pick<Visit, 'service' | 'operation' | 'caller'>): string {
  return JSON.stringify([service, operation, caller ?? '']);
}

export function placeOfKey(key: string): { readonly service: string; readonly operation: string; readonly caller: string | undefined } {
  const [service, operation, caller] = JSON.parse(key) as [string, string, string];
  return { service, operation, caller: caller === '' ? undefined : caller };
}

/** Each request that has a change is marked with its surprise, as far as the change is believed. */
export function markRequests(changes: readonly Change[], incident: readonly Observation[]): MarkedRequests {
  const marks = new Map<string, Mark[]>();
  const durations = durationsOf(incident);
  const onsetNs = onsetOf(changes);
  const ends = chargedEnds(changes);
  for (const change of changes) {
    const believed = belief(change.pValue);
    if (believed === 0) continue;
    const rises = onsetNs === undefined ? [] : risesOf(change, onsetNs);
    change.counts.forEach((count, index) => {
      if (count.surprise === 0) return;
      const place = placeKeyOf(change.aspect.kind === 'late' ? ends(count.stratum) : count.stratum);
      const riseOf = riseAfter(count, { onsetNs, rise: rises[index] ?? 0 });
      const shareOf = timeShares(change.aspect, count.stratum, durations);
      for (const traceId of count.traceIds) put(marks, traceId, { place, value: (count.surprise + riseOf(traceId)) * believed * shareOf(traceId), change });
    });
  }
  return { marks, onsetNs };
}

/** Requests after the onset have been compared twice: with the baseline, and with those before it. */
function riseAfter({ stratum }: StratumCount, { onsetNs, rise }: { readonly onsetNs: bigint | undefined; readonly rise: number }): (traceId: string) => number {
  if (onsetNs === undefined || rise === 0) return () => 0;
  const later = new Set(stratum.incident.filter((unit) => startOf(unit) >= onsetNs).map((unit) => unit.traceId));
  return (traceId) => (later.has(traceId) ? rise : 0);
}

function durationsOf(observations: readonly Observation[]): ReadonlyMap<string, number> {
  const durations = new Map<string, number>();
  for (const { visit } of observations) durations.set(visit.traceId, Math.max(durations.get(visit.traceId) ?? 1, visit.entry.durationNs));
  return durations;
}

/** Slowness counts as far as it explains the duration of the whole request; other changes count in full. */
function timeShares(aspect: Aspect, stratum: Stratum, durations: ReadonlyMap<string, number>): (traceId: string) => number {
  if (!('rarity' in aspect)) return () => 1;
  const excess = excessNs(stratum, aspect.kind);
  return (traceId) => Math.min(1, (excess.get(traceId) ?? 0) / (durations.get(traceId) ?? 1));
}

/** Time beyond the baseline's median, by trace. */
function excessNs(stratum: Stratum, kind: TimeKind): ReadonlyMap<string, number> {
  const usual = median(timesOf(stratum.baseline, kind));
  return new Map(stratum.incident.map((unit) => [unit.traceId, Math.max(0, (worstNs(unit, kind) ?? 0) - usual)]));
}

function put(marks: Map<string, Mark[]>, traceId: string, mark: Mark): void {
  const own = marks.get(traceId);
  if (own === undefined) marks.set(traceId, [mark]);
  else own.push(mark);
}

/**
 * What remains of each place's strongest mark in one request when what lies below it is taken off: a caller whose callee is as
 * conspicuous as itself only repeats it. `visits` has callers before those they call.
 */
export function unexplained(visits: readonly Visit[], marks: readonly Mark[]): readonly Mark[] {
  const strongest = new Map<string, Mark>();
  for (const mark of marks) {
    const other = strongest.get(mark.place);
    if (other === undefined || isStronger(mark, other)) strongest.set(mark.place, mark);
  }
  const below = new Map<string, number>();
  const under = new Map<Visit, number>();
  for (const visit of [...visits].reverse()) {
    const place = placeKeyOf(visit);
    const deepest = visit.children.reduce((most, child) => Math.max(most, under.get(child) ?? 0), 0);
    below.set(place, Math.max(below.get(place) ?? 0, deepest));
    under.set(visit, Math.max(deepest, strongest.get(place)?.value ?? 0));
  }
  return [...strongest.values()].map((mark) => ({ ...mark, value: mark.value - (below.get(mark.place) ?? 0) })).filter((mark) => mark.value > 0);
}

/** What tells a person most comes first among equals: a failure, then what is new, then what is missing, of the most special kind. */
const TELLING: readonly Aspect['kind'][] = ['failed', 'appears', 'vanishes', 'slow', 'late'];

function isStronger(left: Mark, right: Mark): boolean {
  if (left.value !== right.value) return left.value > right.value;
  const [one, other] = [left.change.aspect, right.change.aspect];
  if (one.kind !== other.kind) return TELLING.indexOf(one.kind) < TELLING.indexOf(other.kind);
  const [words, otherWords] = [one, other].map((aspect) => ('trait' in aspect ? aspect.trait : '')) as [string, string];
  return words.length !== otherWords.length ? words.length > otherWords.length : words < otherWords;
}
