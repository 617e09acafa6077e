import { burstsOf } from './bursts.js';
import { startOf, type Change } from './change.js';
import { splitAt, sumOf } from './judge.js';
import { belief, mantelHaenszel } from './statistics.js';

/** Shares of the incident's length at which it may have begun. Before the first and after the last too few requests are left to compare. */
const CUTS: readonly number[] = [2 / 16, 3 / 16, 4 / 16, 5 / 16, 6 / 16, 7 / 16, 8 / 16, 9 / 16, 10 / 16, 11 / 16, 12 / 16, 13 / 16, 14 / 16];
/** Changes that are believed less than this tell nothing about when it began. */
const CREDIBLE = 0.2;

/** Moment of the incident (Unix nanoseconds) at which most of what changed began to be there; undefined where nothing rose within it. */
export function onsetOf(changes: readonly Change[]): bigint | undefined {
  const credible = changes.filter((change) => belief(change.pValue) > CREDIBLE);
  const period = periodOf(changes);
  if (period === undefined) return undefined;
  let best: { readonly cutNs: bigint; readonly evidence: number } | undefined;
  for (const share of CUTS) {
    const cutNs = period.firstNs + BigInt(Math.round(Number(period.lastNs - period.firstNs) * share));
    const evidence = evidenceOf(credible, cutNs);
    if (evidence > (best?.evidence ?? 0)) best = { cutNs, evidence };
  }
  return best?.cutNs;
}

function periodOf(changes: readonly Change[]): { readonly firstNs: bigint; readonly lastNs: bigint } | undefined {
  let period: { firstNs: bigint; lastNs: bigint } | undefined;
  for (const { counts } of changes) {
    for (const { stratum } of counts) {
      for (const unit of stratum.incident) {
        const atNs = startOf(unit);
        period ??= { firstNs: atNs, lastNs: atNs };
        if (atNs < period.firstNs) period.firstNs = atNs;
        if (atNs > period.lastNs) period.lastNs = atNs;
      }
    }
  }
  return period;
}

/** What rose most in each service, added up: statements of log nest in each other, and many words are no more proof than one. */
function evidenceOf(changes: readonly Change[], cutNs: bigint): number {
  const byService = new Map<string, number>();
  for (const change of changes) byService.set(change.service, Math.max(byService.get(change.service) ?? 0, riseAt(change, cutNs)));
  return [...byService.values()].sort((left, right) => left - right).reduce((sum, each) => sum + each, 0);
}

/** Log likelihood ratio of two shares, before and after the cut, against one for both, in nats as far as a rise is believed. */
function riseAt(change: Change, cutNs: bigint): number {
  const split = change.counts.map((count) => splitAt(count, cutNs));
  const [before, after] = [split.map((each) => each.before), split.map((each) => each.after)];
  const bursts = burstsOf(after);
  const tested = split.map((each) => ({ baseline: each.before.incident, baselineOf: each.before.incidentOf, incident: each.after.incident, incidentOf: each.after.incidentOf }));
  const believed = belief(mantelHaenszel(tested, bursts));
  if (believed === 0) return 0;
  const [[few, fewOf], [many, manyOf]] = [before, after].map((side) => [sumOf(side, 'incident'), sumOf(side, 'incidentOf')]) as [[number, number], [number, number]];
  return (believed / bursts) * (likelihood(few, fewOf) + likelihood(many, manyOf) - likelihood(few + many, fewOf + manyOf));
}

/** Of so many of so many, at the share that they show. */
function likelihood(count: number, of: number): number {
  return count === 0 || count === of ? 0 : count * Math.log(count / of) + (of - count) * Math.log(1 - count / of);
}
