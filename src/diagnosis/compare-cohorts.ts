import { benjaminiHochberg, fisherGreater } from '../budget/exact-tests.js';
import { wilsonInterval } from '../budget/wilson.js';
import { formatPercent } from '../lib/format.js';
import { attributeKey, identifierKeys, itemize, itemKey, type CohortItem, type ItemizedTrace } from './cohort-items.js';
import type { CohortDifference } from './evidence.js';
import type { EventTrace } from './finding.js';

/** With fewer traces on either side nothing is said. */
const MIN_TRACES = 10;
/** Of the failing traces so many must have it. */
const MIN_SUPPORT = 0.05;
const MIN_SUPPORTING = 5;
/** Of what is said at most this part is chance, in the long run. */
export const FALSE_DISCOVERY_RATE = 0.05;
/** A pair must say this much more than each of its parts. */
const MIN_GAIN = 0.05;
/** Pairs are made of this many values, those that speak most for themselves. */
const PAIRED = 40;
/** What a person reads. */
const SHOWN = 8;

interface Candidate {
  readonly items: readonly CohortItem[];
  readonly bad: ReadonlySet<ItemizedTrace>;
  readonly healthy: ReadonlySet<ItemizedTrace>;
  readonly badShare: number;
  readonly healthyShare: number;
  readonly pValue: number;
}

/** One value of a pair, with the traces that have it: among them the other is looked at. */
interface Part extends Candidate {
  readonly having: Groups;
}

interface Group {
  readonly traces: readonly ItemizedTrace[];
  readonly weight: number;
  /** So many independent traces say as much as these weighted ones. */
  readonly effective: number;
}

/**
 * What failing traces have and healthy ones have not: every attribute value on any of their spans, and every two of them. Weighted shares, Fisher's
 * exact test on effective counts, Benjamini-Hochberg over everything that was tested. Of a pair is tested that each part matters where the other is. A key that no healthy trace has is a consequence of failing.
 */
export function compareCohorts(badTraces: readonly EventTrace[], healthyTraces: readonly EventTrace[]): readonly CohortDifference[] {
  const [bad, healthy] = [groupOf(badTraces.map(itemize)), groupOf(healthyTraces.map(itemize))];
  if (bad.traces.length < MIN_TRACES || healthy.traces.length < MIN_TRACES) return [];
  const singles = singleCandidates(bad, healthy);
  const telling = [...singles].sort((left, right) => left.pValue - right.pValue || bySize(left, right)).slice(0, PAIRED).map(partOf);
  const pairs = telling.flatMap((left, index) => telling.slice(index + 1).flatMap((right) => pairOf(left, right, { bad, healthy }) ?? []));
  const tested = [...singles, ...pairs];
  const q = benjaminiHochberg(tested.map(({ pValue }) => pValue));
  const believed = tested.map((candidate, index) => ({ candidate, qValue: q[index] ?? 1 })).filter(({ qValue, candidate }) => qValue <= FALSE_DISCOVERY_RATE && candidate.badShare > candidate.healthyShare);
  const single = new Map(believed.filter(({ candidate }) => candidate.items.length === 1).map(({ candidate }) => [itemKey(candidate.items[0] as CohortItem), candidate]));
  const news = believed.filter(({ candidate }) => candidate.items.length === 1 || saysMore(candidate, single));
  return withoutTwins(news.sort((left, right) => bySize(left.candidate, right.candidate))).slice(0, SHOWN).map((each) => differenceOf(each, { bad, healthy }));
}

/** "92 % of 57 failures have region=eu-2 (3 % of 60 healthy requests)". */
function differenceInWords({ items, badShare, badOf, healthyShare, healthyOf, same }: Pick<Required<CohortDifference>, 'items' | 'badShare' | 'badOf' | 'healthyShare' | 'healthyOf' | 'same'>): string {
  const what = items.map(({ service, attribute, value }) => `${service === '' ? '' : `${service}: `}${attribute}=${value}`).join(' and ');
  const also = same === 0 ? '' : `, and ${same} more that come with it`;
  return `${formatPercent(badShare, 0)} of ${badOf} failures have ${what} (${formatPercent(healthyShare, 0)} of ${healthyOf} healthy requests)${also}`;
}

function groupOf(traces: readonly ItemizedTrace[]): Group {
  const weight = traces.reduce((sum, each) => sum + each.weight, 0);
  const squared = traces.reduce((sum, each) => sum + each.weight ** 2, 0);
  return { traces, weight, effective: squared === 0 ? 0 : weight ** 2 / squared };
}

function singleCandidates(bad: Group, healthy: Group): readonly Candidate[] {
  const identifiers = identifierKeys([...bad.traces, ...healthy.traces]);
  const knownToHealthy = new Set(healthy.traces.flatMap(({ items }) => [...items.values()].map(attributeKey)));
  const bearers = bearersOf(bad);
  const healthyBearers = bearersOf(healthy);
  return [...bearers].flatMap(([key, { item, traces }]) => {
    if (identifiers.has(attributeKey(item)) || !knownToHealthy.has(attributeKey(item)) || !isSupported(traces, bad)) return [];
    return [candidateOf([item], { bad: traces, healthy: healthyBearers.get(key)?.traces ?? new Set<ItemizedTrace>() }, { bad, healthy })];
  });
}

function bearersOf({ traces }: Group): ReadonlyMap<string, { readonly item: CohortItem; readonly traces: Set<ItemizedTrace> }> {
  const bearers = new Map<string, { item: CohortItem; traces: Set<ItemizedTrace> }>();
  for (const trace of traces) {
    for (const [key, item] of trace.items) {
      const known = bearers.get(key) ?? { item, traces: new Set<ItemizedTrace>() };
      bearers.set(key, known);
      known.traces.add(trace);
    }
  }
  return bearers;
}

interface Groups {
  readonly bad: Group;
  readonly healthy: Group;
}

function candidateOf(items: readonly CohortItem[], traces: Pick<Candidate, 'bad' | 'healthy'>, { bad, healthy }: Groups): Candidate {
  const [badShare, healthyShare] = [shareOf(traces.bad, bad), shareOf(traces.healthy, healthy)];
  const pValue = fisherGreater({ k1: badShare * bad.effective, n1: bad.effective, k2: healthyShare * healthy.effective, n2: healthy.effective });
  return { items, ...traces, badShare, healthyShare, pValue };
}

function partOf(candidate: Candidate): Part {
  return { ...candidate, having: { bad: groupOf([...candidate.bad]), healthy: groupOf([...candidate.healthy]) } };
}

/** Two values of one attribute are no pair, nor is what always comes together. */
function pairOf(left: Part, right: Part, groups: Groups): Candidate | undefined {
  const [one, other] = [left.items[0] as CohortItem, right.items[0] as CohortItem];
  if (attributeKey(one) === attributeKey(other)) return undefined;
  const bad = both(left.bad, right.bad);
  if (!isSupported(bad, groups.bad)) return undefined;
  const healthy = both(left.healthy, right.healthy);
  if ([left, right].some((part) => part.bad.size === bad.size && part.healthy.size === healthy.size)) return undefined;
  const pair = candidateOf([one, other], { bad, healthy }, groups);
  // Were every pair with a telling part a finding, the many of them would let chance pass among the others.
  return { ...pair, pValue: Math.max(pair.pValue, ...[left, right].map((part) => pValueAmong(pair, part))) };
}

/** Among the traces that have one part, whether the other still makes a difference. */
function pValueAmong({ items, bad, healthy }: Candidate, { having }: Part): number {
  return candidateOf(items, { bad, healthy }, having).pValue;
}

function saysMore(pair: Candidate, singles: ReadonlyMap<string, Candidate>): boolean {
  const gain = (candidate: Candidate): number => candidate.badShare - candidate.healthyShare;
  return pair.items.every((item) => {
    const part = singles.get(itemKey(item));
    return part === undefined || gain(pair) > gain(part) + MIN_GAIN;
  });
}

function both(left: ReadonlySet<ItemizedTrace>, right: ReadonlySet<ItemizedTrace>): ReadonlySet<ItemizedTrace> {
  return new Set([...left].filter((trace) => right.has(trace)));
}

function isSupported(traces: ReadonlySet<ItemizedTrace>, bad: Group): boolean {
  return traces.size >= MIN_SUPPORTING && shareOf(traces, bad) >= MIN_SUPPORT;
}

function shareOf(traces: ReadonlySet<ItemizedTrace>, group: Group): number {
  let weight = 0;
  for (const trace of traces) weight += trace.weight;
  return group.weight === 0 ? 0 : weight / group.weight;
}

/** Largest difference of shares first; of equals those on the event, then the shortest name. */
function bySize(left: Candidate, right: Candidate): number {
  const difference = (each: Candidate): number => Math.round((each.badShare - each.healthyShare) * 100);
  const elsewhere = (each: Candidate): number => each.items.filter(({ service }) => service !== '').length;
  const name = (each: Candidate): string => each.items.map(itemKey).join();
  return difference(right) - difference(left) || left.items.length - right.items.length || elsewhere(left) - elsewhere(right) || name(left).length - name(right).length || (name(left) < name(right) ? -1 : 1);
}

interface Believed {
  readonly candidate: Candidate;
  readonly qValue: number;
}

/** Values that exactly the same traces have are one finding. */
function withoutTwins(ordered: readonly Believed[]): readonly (Believed & { readonly same: number })[] {
  const kept: (Believed & { same: number })[] = [];
  for (const each of ordered) {
    const twin = kept.find(({ candidate }) => candidate.bad.size === each.candidate.bad.size && candidate.healthy.size === each.candidate.healthy.size && both(candidate.bad, each.candidate.bad).size === candidate.bad.size && both(candidate.healthy, each.candidate.healthy).size === candidate.healthy.size);
    if (twin === undefined) kept.push({ ...each, same: 0 });
    else if (each.candidate.items.length === 1) twin.same += 1;
  }
  return kept;
}

function differenceOf({ candidate, qValue, same }: Believed & { readonly same: number }, { bad, healthy }: Groups): CohortDifference {
  const { items, badShare, healthyShare, pValue } = candidate;
  const [inBad, inHealthy] = [wilsonInterval(badShare, bad.effective), wilsonInterval(healthyShare, healthy.effective)];
  const difference = badShare - healthyShare;
  // Newcombe's interval of the difference of two shares (1998, method 10).
  const effect = {
    difference, low: difference - Math.hypot(badShare - inBad.low, inHealthy.high - healthyShare), high: difference + Math.hypot(inBad.high - badShare, healthyShare - inHealthy.low),
  };
  const [badOf, healthyOf] = [bad.traces.length, healthy.traces.length];
  const words = differenceInWords({ items, badShare, badOf, healthyShare, healthyOf, same });
  return { items, badShare, badOf, healthyShare, healthyOf, support: candidate.bad.size, lift: healthyShare === 0 ? undefined : badShare / healthyShare, effect, pValue, qValue, same, words };
}
