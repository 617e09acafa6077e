import { benjaminiHochberg, fisherGreater } from '../../budget/exact-tests.js';
import { effectiveTotal } from '../../budget/window-reading.js';
import { ANOMALY_SIGNALS, type AnomalySignal } from '../../config/anomaly-signals.js';
import { DAY_MS } from '../../lib/duration.js';
import { formatLatency, formatPercent } from '../../lib/format.js';
import type { BaselineKind } from './baseline-windows.js';

/** Requests of one operation in one window, weighted. */
export interface WindowCount {
  readonly fromMs: number;
  readonly baseline: BaselineKind | undefined;
  readonly requests: number;
  readonly errors: number;
  /** Slower than `usualP95Ns` of the operation. */
  readonly slow: number;
  /** Sums of the squared weights of the three. */
  readonly requestsSquared: number;
  readonly errorsSquared: number;
  readonly slowSquared: number;
}

export interface OperationCounts {
  readonly service: string;
  readonly operation: string;
  /** Of all windows but the one that is judged. */
  readonly usualP95Ns: number;
  /** Of the one that is judged. */
  readonly p95Ns: number;
  readonly windows: readonly WindowCount[];
}

/** One operation that does otherwise than usual. */
export interface Anomaly {
  readonly service: string;
  readonly operation: string;
  readonly signal: AnomalySignal;
  readonly qValue: number;
  /** Of the operation; slower requests count as slow. */
  readonly usualP95Ns: number;
  /** One sentence with the numbers and what they are compared with. */
  readonly words: string;
}

export interface AnomalyVerdict {
  readonly anomalies: readonly Anomaly[];
  /** Operations and signals of which this window shows that they are as usual: what was unusual is over. By `anomalyKey`. */
  readonly calm: ReadonlySet<string>;
}

export interface AnomalyLimits {
  /** Of what is called unusual at most this part is chance. */
  readonly falseDiscoveryRate: number;
  /** Tickets of the last weeks that nobody took, by `anomalyKey`: each raises what is needed. */
  readonly unheeded: ReadonlyMap<string, number>;
}

/** With fewer requests in the window nothing is said. */
const MIN_REQUESTS = 20;
/** Fewer failed or slow requests are no ticket. */
const MIN_AFFECTED = 5;
/** Windows with traffic of which a baseline needs at least so many, on so many different days. */
const MIN_WINDOWS = 8;
const MIN_DAYS: Readonly<Record<BaselineKind, number>> = { week: 2, day: 2, recent: 1 };
const BASELINE_WORDS: Readonly<Record<BaselineKind, string>> = {
  week: 'at this hour of the week', day: 'at this hour of the last days (there are no two weeks to compare with yet)', recent: 'in the last hours (there are no two days to compare with yet)',
};
/** So many times the usual share, and so much more of all requests. */
const LEAST_TIMES = 2;
const LEAST_MORE = 0.01;
/** The 95th percentile must be longer by so much as well. */
const LEAST_SLOWER = 1.25;
/** Each ticket that nobody took makes the operation quieter: so many times more is needed. */
const QUIETER = 1.5;
const MOST_TIMES = 20;
/** Above this the window is as usual again. */
const CALM = 0.05;

/** Equal for the same operation and signal. */
export function anomalyKey({ service, operation, signal }: Pick<Anomaly, 'service' | 'operation' | 'signal'>): string {
  return JSON.stringify([service, operation, signal]);
}

/**
 * Which operations fail more, or are slower, than they use to at this time: Fisher's exact test on the window's counts against the baseline's, as many
 * as the weighted ones are worth (see `effectiveTotal`: a span that stands for a hundred is one that was looked at), both divided by how much more the baseline's own windows vary than chance would let them; Benjamini-Hochberg over all operations and both signals.
 */
export function judgeAnomalies(operations: readonly OperationCounts[], { falseDiscoveryRate, unheeded }: AnomalyLimits): AnomalyVerdict {
  const tested = operations.flatMap((operation) => ANOMALY_SIGNALS.flatMap((signal) => testOf(operation, signal) ?? []));
  const rates = benjaminiHochberg(tested.map(({ pValue }) => pValue));
  const judged = tested.map((test, index) => ({ ...test, qValue: rates[index] ?? 1 }));
  return {
    anomalies: judged.filter((test) => test.qValue <= falseDiscoveryRate && isLarge(test, unheeded.get(anomalyKey(test)) ?? 0)).map(({ service, operation, signal, qValue, usualP95Ns, words }) => ({ service, operation, signal, qValue, usualP95Ns, words })),
    calm: new Set(judged.filter(({ pValue }) => pValue > CALM).map(anomalyKey)),
  };
}

interface Tested extends Omit<Anomaly, 'qValue'> {
  readonly pValue: number;
  readonly affected: number;
  readonly share: number;
  readonly usualShare: number;
  readonly isLonger: boolean;
}

/** Undefined where there are too few requests, or nothing to compare with. */
function testOf({ service, operation, usualP95Ns, p95Ns, windows }: OperationCounts, signal: AnomalySignal): Tested | undefined {
  const now = windows.find(({ baseline }) => baseline === undefined);
  const past = baselineOf(windows);
  if (now === undefined || past === undefined) return undefined;
  const measured = past.windows.map((window) => measure([window], signal));
  const [present, usual] = [measure([now], signal), measure(past.windows, signal)];
  if (present.requests < MIN_REQUESTS) return undefined;
  const dispersion = dispersionOf(measured, usual.share);
  const pValue = fisherGreater({ k1: present.affected / dispersion, n1: present.requests / dispersion, k2: usual.affected / dispersion, n2: usual.requests / dispersion });
  const [{ affected, share }, { share: usualShare }] = [present, usual];
  const words = signal === 'errors'
    ? `${formatPercent(share, 1)} of its requests fail, ${formatPercent(usualShare, 1)} ${BASELINE_WORDS[past.kind]}`
    : `its 95th percentile is ${formatLatency(p95Ns)}, ${formatLatency(usualP95Ns)} as a rule; ${formatPercent(share, 0)} of its requests are slower than that, ${formatPercent(usualShare, 0)} ${BASELINE_WORDS[past.kind]}`;
  return { service, operation, signal, usualP95Ns, pValue, affected, share, usualShare, isLonger: signal === 'errors' || p95Ns >= LEAST_SLOWER * usualP95Ns, words };
}

/** Of some windows together: the share as it is, and so many requests as would know it as well if each stood for itself. */
function measure(windows: readonly WindowCount[], signal: AnomalySignal): { readonly share: number; readonly affected: number; readonly requests: number } {
  const [bad, badSquared] = signal === 'errors' ? [sum(windows.map(({ errors }) => errors)), sum(windows.map(({ errorsSquared }) => errorsSquared))] : [sum(windows.map(({ slow }) => slow)), sum(windows.map(({ slowSquared }) => slowSquared))];
  const [all, allSquared] = [sum(windows.map(({ requests }) => requests)), sum(windows.map(({ requestsSquared }) => requestsSquared))];
  const requests = effectiveTotal({ bad, badSquared, good: all - bad, goodSquared: allSquared - badSquared, events: 0, unknownWeight: 0 });
  const share = all > 0 ? bad / all : 0;
  return { share, affected: share * requests, requests };
}

function isLarge({ affected, share, usualShare, isLonger }: Tested, unheeded: number): boolean {
  const times = Math.min(MOST_TIMES, LEAST_TIMES * QUIETER ** unheeded);
  return isLonger && affected >= MIN_AFFECTED && share >= Math.min(1, times * usualShare) && share >= usualShare + LEAST_MORE * (times / LEAST_TIMES);
}

/** The most seasonal baseline that has windows enough. */
function baselineOf(windows: readonly WindowCount[]): { readonly kind: BaselineKind; readonly windows: readonly WindowCount[] } | undefined {
  for (const kind of ['week', 'day', 'recent'] as const) {
    const own = windows.filter(({ baseline, requests }) => baseline === kind && requests > 0);
    const days = new Set(own.map(({ fromMs }) => Math.floor(fromMs / DAY_MS)));
    if (own.length >= MIN_WINDOWS && days.size >= MIN_DAYS[kind]) return { kind, windows: own };
  }
  return undefined;
}

/** Pearson's statistic over its degrees of freedom: 1 where windows differ by chance alone, more where failures come in bursts or every day is another. */
function dispersionOf(windows: readonly { readonly affected: number; readonly requests: number }[], share: number): number {
  if (share <= 0 || share >= 1) return 1;
  const statistic = sum(windows.map(({ affected, requests }) => (affected - requests * share) ** 2 / (requests * share * (1 - share))));
  return Math.max(1, statistic / (windows.length - 1));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
