import { quantileOfBuckets } from '../sli/latency-bucket.js';
import { quantileAtLeast } from './quantile-bound.js';
import type { ReadCount, TraceQuestion } from './trace-reads.js';

export interface TraceReader {
  readonly reader: string;
  readonly reads: number;
  readonly refused: number;
  /** Reads of a week, mean of the four weeks before. */
  readonly usual: number;
}

export interface QueryLatency {
  readonly what: TraceQuestion;
  readonly answers: number;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  /** What p95 surely is at least, seen among so many answers; undefined of few. */
  readonly p95AtLeastMs: number | undefined;
  readonly p99Ms: number | undefined;
}

/** Who read traces, and how long they waited. */
export interface TraceAccess {
  /** Those who read, or tried to, most first. */
  readonly readers: readonly TraceReader[];
  readonly latency: readonly QueryLatency[];
}

const NS_PER_MS = 1e6;
const WEEKS_BEFORE = 4;
const READERS_SHOWN = 20;
/** An export takes as long as it is large. */
const QUESTIONS: readonly TraceQuestion[] = ['trace', 'search'];

/** @param before of the four weeks before. */
export function traceAccess(counts: readonly ReadCount[], before: readonly ReadCount[]): TraceAccess {
  const names = [...new Set(counts.map(({ reader }) => reader))];
  const sum = (from: readonly ReadCount[], reader: string, refused: boolean): number => from.filter((each) => each.reader === reader && each.refused === refused).reduce((total, { n }) => total + n, 0);
  const readers = names.map((reader) => ({ reader, reads: sum(counts, reader, false), refused: sum(counts, reader, true), usual: sum(before, reader, false) / WEEKS_BEFORE }));
  return {
    readers: readers.sort((left, right) => right.reads + right.refused - left.reads - left.refused || left.reader.localeCompare(right.reader)).slice(0, READERS_SHOWN),
    latency: QUESTIONS.flatMap((what) => latencyOf(counts.filter((each) => each.what === what && !each.refused), what)),
  };
}

function latencyOf(counts: readonly ReadCount[], what: TraceQuestion): QueryLatency[] {
  if (counts.length === 0) return [];
  const buckets = counts.map(({ bucket, n }) => [bucket, n] as const);
  const answers = counts.reduce((total, { n }) => total + n, 0);
  const quantile = (q: number): number | undefined => inMs(quantileOfBuckets(buckets, q));
  return [{ what, answers, p50Ms: quantile(0.5), p95Ms: quantile(0.95), p95AtLeastMs: inMs(quantileAtLeast(buckets, 0.95, answers)), p99Ms: quantile(0.99) }];
}

function inMs(ns: number | undefined): number | undefined {
  return ns === undefined ? undefined : ns / NS_PER_MS;
}
