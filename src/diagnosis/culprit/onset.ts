import { burstsOf } from './bursts.js';
import { startMsOf, type Change } from './change.js';
import { beliefIn, splitAt, sumOf } from './judge.js';
import { mantelHaenszel } from './statistics.js';

/** Shares of the incident's length at which it may have begun. Before the first and after the last too few requests are left to compare. */
export const CUTS: readonly number[] = [2 / 16, 3 / 16, 4 / 16, 5 / 16, 6 / 16, 7 / 16, 8 / 16, 9 / 16, 10 / 16, 11 / 16, 12 / 16, 13 / 16, 14 / 16];
/** Changes that are believed less than this tell nothing about when it began. */
const CREDIBLE = 0.2;

/** Moment of the incident (Unix milliseconds) at which most of what changed began to be there; undefined where nothing rose within it. */
export function onsetOf(changes: readonly Change[]): number | undefined {
  const credible = changes.filter((change) => beliefIn(change) > CREDIBLE);
  const period = periodOf(changes);
  if (period === undefined) return undefined;
  let best: { readonly cutMs: number; readonly evidence: number } | undefined;
  for (const share of CUTS) {
    const cutMs = period.firstMs + (period.lastMs - period.firstMs) * share;
    const evidence = evidenceOf(credible, cutMs);
    if (evidence > (best?.evidence ?? 0)) best = { cutMs, evidence };
  }
  return best?.cutMs;
}

function periodOf(changes: readonly Change[]): { readonly firstMs: number; readonly lastMs: number } | undefined {
  let period: { firstMs: number; lastMs: number } | undefined;
  for (const { counts } of changes) {
    for (const { stratum } of counts) {
      for (const unit of stratum.incident) {
        const atMs = startMsOf(unit);
        period ??= { firstMs: atMs, lastMs: atMs };
        if (atMs < period.firstMs) period.firstMs = atMs;
        if (atMs > period.lastMs) period.lastMs = atMs;
      }
    }
  }
  return period;
}

/** What rose most in each service, added up: statements of log nest in each other, and many words are no more proof than one. */
function evidenceOf(changes: readonly Change[], cutMs: number): number {
  const byService = new Map<string, number>();
  for (const change of changes) byService.set(change.service, Math.max(byService.get(change.service) ?? 0, riseAt(change, cutMs)));
  return [...byService.values()].sort((left, right) => left - right).reduce((sum, each) => sum + each, 0);
}

/** Log likelihood ratio of two shares, before and after the cut, against one for both, in nats as far as a rise is believed. */
function riseAt(change: Change, cutMs: number): number {
  const split = change.counts.map((count) => splitAt(count, cutMs));
  const [before, after] = [split.map((each) => each.before), split.map((each) => each.after)];
  const bursts = burstsOf(after);
  const tested = split.map((each) => ({ baseline: each.before.incident, baselineOf: each.before.incidentOf, incident: each.after.incident, incidentOf: each.after.incidentOf }));
  const believed = beliefIn({ pValue: mantelHaenszel(tested, bursts), rivals: change.rivals });
  if (believed === 0) return 0;
  const [[few, fewOf], [many, manyOf]] = [before, after].map((side) => [sumOf(side, 'incident'), sumOf(side, 'incidentOf')]) as [[number, number], [number, number]];
  return (believed / bursts) * (likelihood(few, fewOf) + likelihood(many, manyOf) - likelihood(few + many, fewOf + manyOf));
}

/** Of so many of so many, at the share that they show. */
function likelihood(count: number, of: number): number {
  return count === 0 || count === of ? 0 : count * Math.log(count / of) + (of - count) * Math.log(1 - count / of);
}
