import { fisherGreater, mannWhitneyGreater } from '../budget/exact-tests.js';
import { formatLatency, formatPercent } from '../lib/format.js';

/** One request of a cohort. */
export interface CohortRequest {
  /** `checkout POST /orders`: only like is compared with like. */
  readonly operation: string;
  readonly durationNs: number;
  readonly failed: boolean;
}

export interface OperationComparison {
  readonly operation: string;
  readonly requests: readonly [ours: number, theirs: number];
  readonly failed: readonly [ours: number, theirs: number];
  readonly medianNs: readonly [ours: number, theirs: number];
  readonly p95Ns: readonly [ours: number, theirs: number];
  /** That ours are slower than theirs by more than the tolerance. */
  readonly latencyPValue: number;
  /** That ours fail more often. */
  readonly errorPValue: number;
  readonly slower: boolean;
  readonly failsMore: boolean;
}

export interface CohortVerdict {
  /** `too-few`: no operation has requests enough on both sides. */
  readonly verdict: 'worse' | 'no-worse' | 'too-few';
  readonly sentence: string;
  /** Those that are worse first, then the busiest. */
  readonly operations: readonly OperationComparison[];
  /** Operations that only one side has, or too few requests of. */
  readonly leftOut: readonly string[];
}

export interface CohortTolerance {
  /** 0.1: a tenth slower is no worse. */
  readonly latency: number;
  /** Of a verdict over all operations that is wrong by chance. */
  readonly significance: number;
}

export const DEFAULT_TOLERANCE: CohortTolerance = { latency: 0.1, significance: 0.01 };
/** With fewer requests on a side an operation is left out: the normal approximation of ranks needs some. */
export const MIN_REQUESTS = 20;

/**
 * Is one cohort (a canary, a flag) worse than another? By operation: Mann-Whitney on durations, theirs made longer by the tolerance, and Fisher's exact test
 * on failures. The significance is divided by the number of tests (Bonferroni): one verdict, one chance of being wrong.
 */
export function judgeCohorts(ours: readonly CohortRequest[], theirs: readonly CohortRequest[], { latency, significance }: CohortTolerance = DEFAULT_TOLERANCE): CohortVerdict {
  const [own, other] = [byOperation(ours), byOperation(theirs)];
  const names = [...new Set([...own.keys(), ...other.keys()])].sort();
  const common = names.filter((name) => [own, other].every((side) => (side.get(name)?.length ?? 0) >= MIN_REQUESTS));
  const limit = significance / Math.max(1, 2 * common.length);
  const operations = common.map((operation) => compareOperation(operation, [own.get(operation) ?? [], other.get(operation) ?? []], { latency, significance: limit }))
    .sort((left, right) => Number(right.slower || right.failsMore) - Number(left.slower || left.failsMore) || right.requests[0] - left.requests[0]);
  const verdict = common.length === 0 ? 'too-few' : operations.some(({ slower, failsMore }) => slower || failsMore) ? 'worse' : 'no-worse';
  const sentence = verdict === 'too-few' ? tooFewInWords(ours, theirs) : sentenceOf(verdict, operations);
  return { verdict, sentence, operations, leftOut: names.filter((name) => !common.includes(name)) };
}

function byOperation(requests: readonly CohortRequest[]): ReadonlyMap<string, readonly CohortRequest[]> {
  const groups = new Map<string, CohortRequest[]>();
  for (const request of requests) {
    const group = groups.get(request.operation);
    if (group === undefined) groups.set(request.operation, [request]);
    else group.push(request);
  }
  return groups;
}

function compareOperation(operation: string, sides: readonly [readonly CohortRequest[], readonly CohortRequest[]], { latency, significance }: CohortTolerance): OperationComparison {
  const durations = sides.map((side) => side.map(({ durationNs }) => durationNs).sort((left, right) => left - right)) as [number[], number[]];
  const failed = sides.map((side) => side.filter((request) => request.failed).length) as [number, number];
  const requests = sides.map(({ length }) => length) as [number, number];
  const latencyPValue = mannWhitneyGreater(durations[0], durations[1].map((duration) => duration * (1 + latency))).pValue;
  const errorPValue = fisherGreater({ k1: failed[0], n1: requests[0], k2: failed[1], n2: requests[1] });
  return {
    operation, requests, failed, medianNs: [quantile(durations[0], 0.5), quantile(durations[1], 0.5)], p95Ns: [quantile(durations[0], 0.95), quantile(durations[1], 0.95)],
    latencyPValue, errorPValue, slower: latencyPValue < significance,
    failsMore: errorPValue < significance && failed[0] / requests[0] > failed[1] / requests[1],
  };
}

function quantile(ordered: readonly number[], share: number): number {
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? 0;
}

/** A side without any request is more often misspelt than quiet. */
function tooFewInWords(ours: readonly CohortRequest[], theirs: readonly CohortRequest[]): string {
  const empty = [...(ours.length === 0 ? ['what is to be judged'] : []), ...(theirs.length === 0 ? ['what it is compared with'] : [])];
  if (empty.length > 0) return `No request of ${empty.join(' and of ')} was seen in this time: is it spelt as its spans say it? Else look further back with --range.`;
  return `No operation has ${MIN_REQUESTS} requests on both sides (there are ${ours.length} against ${theirs.length} in all): wait for more traffic, or look further back with --range.`;
}

function sentenceOf(verdict: CohortVerdict['verdict'], operations: readonly OperationComparison[]): string {
  const [first] = operations;
  if (verdict === 'no-worse' || first === undefined) return `Nothing shows it to be worse, over ${operations.length} ${operations.length === 1 ? 'operation' : 'operations'}.`;
  const failures = ([0, 1] as const).map((side) => formatPercent(first.failed[side] / first.requests[side], 2));
  const words = [
    ...(first.failsMore ? [`fails more often (${failures[0]} against ${failures[1]})`] : []),
    ...(first.slower ? [`is slower (median ${formatLatency(first.medianNs[0])} against ${formatLatency(first.medianNs[1])})`] : []),
  ];
  const others = operations.filter(({ slower, failsMore }) => slower || failsMore).length - 1;
  return `${first.operation} ${words.join(' and ')}${others === 0 ? '' : `, and ${others} more`}.`;
}
