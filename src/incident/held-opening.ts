import type { IncidentThreshold } from '../config/incident-threshold.js';
import { matchesAll } from '../lib/label-matcher.js';
import { formatSpan, formatTime } from '../lib/format.js';
import type { ConditionSignal } from './condition-signal.js';

/** One time that an alert began to fire. */
export interface Occurrence {
  readonly alertId: string;
  readonly atMs: number;
}

/** What has begun to fire, and is no incident yet: a threshold asks for more of it. */
export interface HeldOpening {
  /** Of the incident that it would be. */
  readonly key: string;
  readonly title: string;
  readonly threshold: string;
  readonly wanted: number;
  readonly withinMs: number;
  /** Of the last `withinMs`, oldest first. */
  readonly occurrences: readonly Occurrence[];
  /** Since when each alert has been firing without a break. */
  readonly firing: Readonly<Record<string, number>>;
}

export interface OpeningVerdict {
  /** Undefined where nothing is left of it, or it opens. */
  readonly held: HeldOpening | undefined;
  /** Why it opens now; undefined where it does not. */
  readonly opens: string | undefined;
}

/** Times that are told one by one. */
const TOLD_MAX = 5;

/** The threshold that holds what fires; undefined where some of it is under none, and opens at once. */
export function thresholdOf(thresholds: readonly IncidentThreshold[], firing: readonly ConditionSignal[]): IncidentThreshold | undefined {
  const found = firing.map(({ labels }) => thresholds.find(({ matchers }) => matchesAll(matchers, labels)));
  return found.includes(undefined) ? undefined : found[0];
}

/** One step of what is held: counts what began to fire, forgets what is too long ago. A pure function, as all of this stage. */
export function stepOpening(threshold: IncidentThreshold, input: { readonly known: HeldOpening | undefined; readonly firing: readonly ConditionSignal[]; readonly nowMs: number }): OpeningVerdict {
  const { known, firing, nowMs } = input;
  const since = Object.fromEntries(firing.map(({ alertId }) => [alertId, known?.firing[alertId] ?? nowMs]));
  const begun = firing.filter(({ alertId }) => known?.firing[alertId] === undefined).map(({ alertId }) => ({ alertId, atMs: nowMs }));
  const occurrences = [...(known?.occurrences ?? []), ...begun].filter(({ atMs }) => nowMs - atMs < threshold.withinMs);
  const opens = reasonToOpen(threshold, { occurrences, firingSinceMs: Math.min(...Object.values(since), Infinity), nowMs });
  if (opens !== undefined || (occurrences.length === 0 && firing.length === 0)) return { held: undefined, opens };
  const title = firing[0]?.title ?? known?.title ?? '';
  const key = firing[0]?.key ?? known?.key ?? '';
  return { held: { key, title, threshold: threshold.name, wanted: threshold.occurrences, withinMs: threshold.withinMs, occurrences, firing: since }, opens: undefined };
}

function reasonToOpen({ name, occurrences: wanted, withinMs, firingForMs }: IncidentThreshold, { occurrences, firingSinceMs, nowMs }: { readonly occurrences: readonly Occurrence[]; readonly firingSinceMs: number; readonly nowMs: number }): string | undefined {
  if (occurrences.length >= wanted) {
    const times = occurrences.slice(-TOLD_MAX).map(({ atMs }) => formatTime(atMs).slice('2026-11-20 '.length, -' UTC'.length));
    return `It began to fire ${String(occurrences.length)} times within ${formatSpan(withinMs)} (${occurrences.length > TOLD_MAX ? 'last ' : ''}${times.join(', ')} UTC), as the threshold "${name}" asks.`;
  }
  if (firingForMs === undefined || nowMs - firingSinceMs < firingForMs) return undefined;
  return `It has been firing for ${formatSpan(nowMs - firingSinceMs)}, which the threshold "${name}" takes for as much as ${String(wanted)} times.`;
}

/** `2 of 3 times within 10 min`. */
export function heldInWords({ occurrences, wanted, withinMs, threshold, firing }: HeldOpening): string {
  const now = Object.keys(firing).length > 0 ? 'and fires now' : 'and does not fire now';
  return `began to fire ${String(occurrences.length)} of ${String(wanted)} times within ${formatSpan(withinMs)} (threshold "${threshold}"), ${now}`;
}
