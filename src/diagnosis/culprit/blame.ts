import { isTime, type Aspect, type Change } from './change.js';
import { chargedEnds } from './edges.js';
import { beliefIn, serviceChanges } from './judge.js';
import type { Observation } from './observe.js';
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

export function placeKeyOf({ service, operation, caller }: Pick<Visit, 'service' | 'operation' | 'caller'>): string {
  return JSON.stringify([service, operation, caller ?? '']);
}

export function placeOfKey(key: string): { readonly service: string; readonly operation: string; readonly caller: string | undefined } {
  const [service, operation, caller] = JSON.parse(key) as [string, string, string];
  return { service, operation, caller: caller === '' ? undefined : caller };
}

/** What is compared: the changes of places, and those of services as a whole. */
export interface Compared {
  readonly changes: readonly Change[];
  /** The place that a change on this call path speaks against. */
  readonly placeOf: (change: Pick<Change, 'aspect'>, stratum: Stratum) => string;
}

export function withServices(places: readonly Change[]): Compared {
  const ends = chargedEnds(places);
  const placeOf: Compared['placeOf'] = ({ aspect }, stratum) => placeKeyOf(aspect.kind === 'late' ? ends(stratum) : stratum);
  return { changes: [...places, ...serviceChanges(places, (change, stratum) => placeOfKey(placeOf(change, stratum)).service)], placeOf };
}

/**
 * How far something that was there before the onset may still be the incident's. The files of an incident are asked to begin a little
 * before it, so that this is rare; but what looks like an onset may be none.
 */
const FROM_BEFORE = 0.1;

/** Each request that has a change is marked with its surprise, as far as the change is believed. `since` has each change from the onset on. */
export function markRequests({ changes, placeOf }: Compared, incident: readonly Observation[], since: ReadonlyMap<Change, Change>): ReadonlyMap<string, readonly Mark[]> {
  const marks = new Map<string, Mark[]>();
  const durations = durationsOf(incident);
  for (const change of changes) {
    const later = since.get(change);
    const versions = later === undefined ? [{ change, weight: 1 }] : [{ change, weight: FROM_BEFORE }, { change: later, weight: 1 - FROM_BEFORE }];
    change.counts.forEach(({ stratum }, index) => {
      const values = valuesOf(versions, index);
      if (values.size === 0) return;
      const shareOf = timeShares(change.aspect, stratum, durations);
      for (const [traceId, value] of values) put(marks, traceId, { place: placeOf(change, stratum), value: value * shareOf(traceId), change });
    });
  }
  return marks;
}

/** Nats by trace, on one of the call paths of a change. */
function valuesOf(versions: readonly { readonly change: Change; readonly weight: number }[], index: number): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { change, weight } of versions) {
    const { surprise, traceIds } = change.counts[index]!;
    const value = weight * beliefIn(change) * surprise;
    if (value > 0) for (const traceId of traceIds) values.set(traceId, (values.get(traceId) ?? 0) + value);
  }
  return values;
}

function durationsOf(observations: readonly Observation[]): ReadonlyMap<string, number> {
  const durations = new Map<string, number>();
  for (const { visit } of observations) durations.set(visit.traceId, Math.max(durations.get(visit.traceId) ?? 1, visit.entry.durationNs));
  return durations;
}

/** Slowness counts as far as it explains the duration of the whole request, to which a message's wait comes on top; other changes count in full. */
function timeShares(aspect: Aspect, stratum: Stratum, durations: ReadonlyMap<string, number>): (traceId: string) => number {
  if (!isTime(aspect)) return () => 1;
  const excess = excessNs(stratum, aspect.kind);
  return (traceId) => {
    const [lost, duration] = [excess.get(traceId) ?? 0, durations.get(traceId) ?? 1];
    return Math.min(1, lost / (aspect.kind === 'queued' ? duration + lost : duration));
  };
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
const TELLING: readonly Aspect['kind'][] = ['failed', 'gone', 'appears', 'vanishes', 'slow', 'late', 'queued'];

function isStronger(left: Mark, right: Mark): boolean {
  if (left.value !== right.value) return left.value > right.value;
  const [one, other] = [left.change.aspect, right.change.aspect];
  if (one.kind !== other.kind) return TELLING.indexOf(one.kind) < TELLING.indexOf(other.kind);
  const [words, otherWords] = [one, other].map((aspect) => ('trait' in aspect ? aspect.trait : '')) as [string, string];
  return words.length !== otherWords.length ? words.length > otherWords.length : words < otherWords;
}
