import type { Observation } from './observe.js';
import type { Stratum, Unit } from './strata.js';

/** `slow`: the place's own work. `late`: the way from its caller to it and back. `queued`: a message, until it was taken. */
export const TIME_KINDS = ['slow', 'late', 'queued'] as const;
export type TimeKind = (typeof TIME_KINDS)[number];

const MEASURED = { slow: 'selfNs', late: 'gapNs', queued: 'queuedNs' } as const satisfies Record<TimeKind, keyof Observation>;

/**
 * How rarely healthy requests take so many times longer than is usual for their place: one in ten, one in a hundred. The factors are
 * those of the whole baseline, so that a place that was seen a few times is not taken to be steadier than the system it is part of.
 */
export const RARITIES: readonly number[] = [0.1, 0.01];

/** Median of the baseline by stratum, and the factors that go with each rarity. */
export interface UsualTimes {
  readonly medians: ReadonlyMap<Stratum, number>;
  readonly factors: ReadonlyMap<number, number>;
}

/** The slowest visit is what the request felt. */
export function worstNs(unit: Unit, kind: TimeKind): number | undefined {
  let worst: number | undefined;
  for (const each of unit.observations) {
    const time = each[MEASURED[kind]];
    if (time !== undefined && (worst === undefined || time > worst)) worst = time;
  }
  return worst;
}

export function usualTimes(strata: readonly Stratum[], kind: TimeKind): UsualTimes {
  const medians = new Map<Stratum, number>();
  const ratios: number[] = [];
  for (const stratum of strata) {
    const times = timesOf(stratum.baseline, kind);
    if (times.length === 0) continue;
    const usual = Math.max(1, median(times));
    medians.set(stratum, usual);
    for (const time of times) ratios.push(time / usual);
  }
  ratios.sort((left, right) => left - right);
  const factors = RARITIES.map((rarity) => [rarity, ratios[Math.min(ratios.length - 1, Math.ceil(ratios.length * (1 - rarity)))] ?? Infinity] as const);
  return { medians, factors: new Map(factors) };
}

export function timesOf(units: readonly Unit[], kind: TimeKind): readonly number[] {
  return units.map((unit) => worstNs(unit, kind)).filter((time) => time !== undefined).sort((left, right) => left - right);
}

export function median(ordered: readonly number[]): number {
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? 0;
}
