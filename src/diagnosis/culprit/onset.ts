import { belief, mantelHaenszel, shareOf, type Change, type Count, type StratumCount } from './contrast.js';
import type { Unit } from './strata.js';

/** Shares of the incident's length at which it may have begun in earnest. Before the first and after the last too few requests are left to compare. */
const CUTS: readonly number[] = [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8];
/** Only changes that are more likely real than not tell when it began. */
const CREDIBLE = 0.5;

/** Moment of the incident (Unix nanoseconds) at which most of what changed began to be there; undefined where all was there from the start. */
export function onsetOf(changes: readonly Change[]): bigint | undefined {
  const credible = changes.filter((change) => belief(change.pValue) > CREDIBLE);
  const starts = credible.flatMap((change) => change.counts.flatMap(({ stratum }) => stratum.incident.map(startOf)));
  if (starts.length === 0) return undefined;
  const first = starts.reduce((least, each) => (each < least ? each : least));
  const last = starts.reduce((most, each) => (each > most ? each : most));
  let best: { readonly cutNs: bigint; readonly evidence: number } | undefined;
  for (const share of CUTS) {
    const cutNs = first + BigInt(Math.round(Number(last - first) * share));
    const evidence = credible.reduce((sum, change) => sum + evidenceAt(change, cutNs), 0);
    if (evidence > (best?.evidence ?? 0)) best = { cutNs, evidence };
  }
  return best?.cutNs;
}

function evidenceAt(change: Change, cutNs: bigint): number {
  const rises = change.counts.map((count) => splitAt(count, cutNs));
  return belief(mantelHaenszel(rises)) * rises.reduce((sum, rise) => sum + rise.incident * riseOf(rise), 0);
}

/** How much more frequent a change is after the onset than before it, in nats by stratum, as far as that is believed. */
export function risesOf(change: Change, onsetNs: bigint): readonly number[] {
  const rises = change.counts.map((count) => splitAt(count, onsetNs));
  const believed = belief(mantelHaenszel(rises));
  return rises.map((rise) => believed * riseOf(rise));
}

/** The incident's requests of a count, those before the moment as its baseline. */
function splitAt({ stratum, traceIds }: StratumCount, cutNs: bigint): Count {
  const having = new Set(traceIds);
  const count = { baseline: 0, baselineOf: 0, incident: 0, incidentOf: 0 };
  for (const unit of stratum.incident) {
    const isLater = startOf(unit) >= cutNs;
    count[isLater ? 'incidentOf' : 'baselineOf'] += 1;
    if (having.has(unit.traceId)) count[isLater ? 'incident' : 'baseline'] += 1;
  }
  return count;
}

function riseOf({ baseline, baselineOf, incident, incidentOf }: Count): number {
  if (baselineOf === 0 || incidentOf === 0) return 0;
  return Math.max(0, Math.log(shareOf(incident, incidentOf) / shareOf(baseline, baselineOf)));
}

export function startOf(unit: Unit): bigint {
  return unit.observations[0]!.visit.entry.startNs;
}
