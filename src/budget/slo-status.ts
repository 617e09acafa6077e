import type { Severity, Slo, Tier } from '../config/slo.js';
import type { SloGroup } from '../sli/slo-group.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, formatDuration } from '../lib/duration.js';
import { periodAt, type Period } from './calendar-window.js';
import { overDispersion } from './dispersion.js';
import { leadingBudget, projection, SHORTEST_PROJECTED_MS, type SeenTime } from './error-budget.js';
import { weighEvidence } from './evidence-gate.js';
import { evidenceShare, type EvidenceShare } from './evidence-share.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { minuteOf, type CountSeries, type SliceTotals } from './minute-series.js';
import type { TierReading, WindowReading } from './readings.js';
import { budgetInterval, samplingWarning } from './sampling-honesty.js';
import { readSilence, type Silence } from './silence.js';
import { wilsonInterval } from './wilson.js';
import { endMinuteOf, readSpan, readWindow, type CoverageOf, type ReadingContext } from './window-reading.js';

export type { TierReading, WindowReading } from './readings.js';

/** What exclusions take out of the SLO's window. */
export interface ExcludedBudget {
  /** Minutes of the window that count for nothing. */
  readonly minutes: number;
  /** Events of the window that count for nothing, by exclusion. */
  readonly events: readonly { readonly name: string; readonly good: number; readonly bad: number }[];
  /** The budget as it would be if all of that counted; where slices are counted, if the minutes did. */
  readonly budgetWithout: number | undefined;
  /** Name of the exclusion in force now. */
  readonly now: string | undefined;
}

export type SloState = 'ok' | 'ticket' | 'page' | 'no-data';

/** One SLO at one moment: pure function of slices, rules and now. */
export interface SloStatus {
  readonly slo: string;
  readonly atMs: number;
  readonly sli: number | undefined;
  /** 95 % interval of the SLI (Wilson, on effective n). */
  readonly confidence: { readonly low: number; readonly high: number } | undefined;
  /** The same interval on the scale of the remaining budget. */
  readonly budgetConfidence?: { readonly low: number; readonly high: number } | undefined;
  /** Weighted events of the window; unknown in old records. */
  readonly events?: number;
  /** Signed: 1 untouched, 0 spent, below 0 overspent. 1 - (1-SLI)/(1-target) over the SLO's window. */
  readonly errorBudgetRemaining: number | undefined;
  /** For young services: the budget that is left if the recent rate of traffic is projected over the whole window. */
  readonly projectedBudgetRemaining: number | undefined;
  /** Less than a day of history. */
  readonly young: boolean;
  readonly historyMs: number;
  /** `5m` → 1.2; every window of the policy's tiers and the SLO's own window. Undefined without events. */
  readonly burnRates: Readonly<Record<string, number | undefined>>;
  readonly tiers: readonly TierReading[];
  readonly state: SloState;
  /** The firing tier with the highest severity, fastest first. */
  readonly firing: TierReading | undefined;
  /** Time until the remaining budget is gone at the burn of the firing (else shortest) tier's long window; undefined when not burning. */
  readonly exhaustionMs: number | undefined;
  /** Share of the window's minutes since Tocsin first ran in which it was up and no sender reported loss. */
  readonly coverage: number;
  /** How much of the traffic the SLI stands on; absent in old records. */
  readonly evidence?: EvidenceShare;
  /** Share of events whose weight was not known. */
  readonly unknownWeightShare: number;
  /** What is wrong with the weights, in a sentence (sampling-honesty.ts). */
  readonly samplingWarning?: string | undefined;
  /** How many errors come together when one comes (dispersion.ts): 1 for independent errors. Every effective n is divided by it. */
  readonly dispersion?: number;
  /** Set while nothing has come for some minutes: is it how the service is, or have its traces stopped? */
  readonly silence?: Silence | undefined;
  /** Events per hour over the SLO's window, or over as much of it as there is history. */
  readonly eventsPerHour?: number;
  /** What exclusions take out of the SLO's window (excluded-budget.ts); absent where it has none. */
  readonly excluded?: ExcludedBudget | undefined;
  /** Where the SLO counts groups apart: each of them, those that burn fastest first. */
  readonly groups?: readonly SloStatus[];
  /** Of one group: which. */
  readonly group?: SloGroup;
  /** Effective events since the last minute with a bad one, and how long that is: what recovery is judged by. */
  readonly sinceLastBad?: { readonly total: number; readonly durationMs: number };
}

export const SEVERITY_RANK: Readonly<Record<Severity, number>> = { ticket: 1, page: 2 };

/** Windows that dashboards ask for whatever the policy's tiers are: those of Sloth's recording rules (slo:sli_error:ratio_rate5m …). */
export const USUAL_WINDOWS_MS: readonly number[] = [5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS];

/** Bursts are kept out of the dispersion by looking only before the longest page window; this long where a policy has no page. */
const DEFAULT_BURST_MS = 6 * HOUR_MS;

export interface EvaluationInput {
  readonly nowMs: number;
  /** `CoverageIndex.share` bound to the live index; `fullCoverage` where nothing can be missing. */
  readonly coverage: CoverageOf;
  /** First minute with data of this SLO, where the store knows an earlier one than the series. */
  readonly firstMinute?: number;
  /** Instead of what the history says: simulations of a gate without the correction set 1. */
  readonly dispersion?: number;
}

/** One SLO now: budget, burn rates and tiers. Pure; costs some tens of microseconds whatever the traffic. */
export function evaluateSlo(slo: Slo, series: CountSeries, input: EvaluationInput): SloStatus {
  const dispersion = input.dispersion ?? overDispersion(series, burstStartHour(slo, input.nowMs));
  const context: ReadingContext = {
    series, nowMs: input.nowMs, target: slo.target, coverage: input.coverage, dispersion, ...(slo.method === undefined ? {} : { sliceMinutes: slo.method.sliceMinutes }),
  };
  const period = slo.calendar === undefined ? undefined : periodAt(slo.calendar, input.nowMs);
  const windows = readWindows(slo, context, period);
  const { reading: whole, totals } = windows.get(slo.windowMs)!;
  const tiers = slo.policy.tiers.map((tier) => readTier(slo, tier, { windows, context }));
  const firing = tiers.filter((tier) => tier.firing).sort(mostUrgentFirst)[0];
  const confidence = confidenceOf(whole);
  const historyMs = Math.min(historyOf(series, input), period === undefined ? Infinity : input.nowMs - period.startMs);
  const lengthMs = period === undefined ? slo.windowMs : period.endMs - period.startMs;
  const budget = readBudget(whole, { lengthMs, historyMs, silentMs: silenceOf(series, input) });
  return {
    slo: slo.name,
    atMs: input.nowMs,
    sli: whole.errorRatio === undefined ? undefined : 1 - whole.errorRatio,
    events: whole.total,
    confidence,
    budgetConfidence: budgetInterval(confidence, slo.target),
    ...budget,
    burnRates: Object.fromEntries([...windows].map(([windowMs, { reading }]) => [formatDuration(windowMs), reading.burnRate])),
    tiers,
    state: whole.total === 0 ? 'no-data' : (firing?.tier.severity ?? 'ok'),
    firing,
    exhaustionMs: exhaustion({ budget, lengthMs, leftMs: period === undefined ? undefined : period.endMs - input.nowMs }, (firing ?? shortest(tiers))?.long.burnRate),
    coverage: whole.coverage ?? 1,
    evidence: evidenceShare(slo.method === undefined && slo.composite === undefined ? totals : undefined, whole.coverage ?? 1),
    unknownWeightShare: totals.events > 0 ? totals.unknownWeight / totals.events : 0,
    samplingWarning: samplingWarning(totals),
    silence: readSilence(series, { ...input, excluded: slo.exclusions === undefined ? undefined : excludedMinutesOf(slo.exclusions) }),
    dispersion,
    ...(whole.total === 0 ? {} : { eventsPerHour: (whole.total * HOUR_MS) / seenOf(slo, budget) }),
    sinceLastBad: sinceLastBad(context, slo.windowMs),
  };
}

/** The minutes of the SLO's window as of now: [fromMinute, toMinute). */
export function windowMinutes(slo: Slo, nowMs: number): { readonly fromMinute: number; readonly toMinute: number } {
  const toMinute = minuteOf(nowMs) + 1;
  return { fromMinute: slo.calendar === undefined ? toMinute - Math.round(slo.windowMs / MINUTE_MS) : minuteOf(periodAt(slo.calendar, nowMs).startMs), toMinute };
}

/** How much of the window has been seen. */
function seenOf(slo: Slo, { historyMs }: Budget): number {
  return Math.min(slo.windowMs, Math.max(historyMs, SHORTEST_PROJECTED_MS));
}

type Windows = ReadonlyMap<number, { readonly reading: WindowReading; readonly totals: SliceTotals }>;

/** Every window once, shortest first: tiers share windows, and each is one pass over the series. The SLO's own may begin with the calendar. */
function readWindows(slo: Slo, context: ReadingContext, period: Period | undefined): Windows {
  const usual = USUAL_WINDOWS_MS.filter((windowMs) => windowMs <= slo.windowMs);
  const lengths = new Set([...usual, ...slo.policy.tiers.flatMap((tier) => [tier.shortMs, tier.longMs]), slo.windowMs]);
  const windows = new Map([...lengths].sort((left, right) => left - right).map((windowMs) => [windowMs, readWindow(context, windowMs)]));
  if (period !== undefined) windows.set(slo.windowMs, readSpan(context, { fromMinute: minuteOf(period.startMs), toMinute: endMinuteOf(context), windowMs: slo.windowMs }));
  return windows;
}

function readTier(slo: Slo, tier: Tier, { windows, context }: { readonly windows: Windows; readonly context: ReadingContext }): TierReading {
  const long = windows.get(tier.longMs)!.reading;
  const short = windows.get(tier.shortMs)!.reading;
  const exceeded = (long.burnRate ?? 0) > tier.factor && (short.burnRate ?? 0) > tier.factor;
  const evidence = weighEvidence({ long, short, tier, target: slo.target, policy: slo.policy.evidence });
  if (tier.afterMs === undefined || !exceeded) return { tier, long, short, exceeded, evidence, firing: exceeded && evidence.passed };
  const forMs = exceededFor(tier, context);
  return { tier, long, short, exceeded, evidence, firing: evidence.passed && forMs >= tier.afterMs, ...(forMs < tier.afterMs ? { waitedMs: forMs } : {}) };
}

/** How long both windows have burned too fast, by whole minutes, looking no further back than the tier asks. From slices alone, so that it is the same after a restart and in a backtest. */
function exceededFor(tier: Tier, context: ReadingContext): number {
  const afterMs = tier.afterMs ?? 0;
  for (let backMs = MINUTE_MS; backMs <= afterMs; backMs += MINUTE_MS) {
    const then = { ...context, nowMs: context.nowMs - backMs };
    if (![tier.longMs, tier.shortMs].every((windowMs) => (readWindow(then, windowMs).reading.burnRate ?? 0) > tier.factor)) return backMs - MINUTE_MS;
  }
  return afterMs;
}

/** Highest severity first, then the faster tier: what suppresses the others of the same SLO. */
function mostUrgentFirst(left: TierReading, right: TierReading): number {
  return SEVERITY_RANK[right.tier.severity] - SEVERITY_RANK[left.tier.severity] || right.tier.factor - left.tier.factor;
}

function shortest(tiers: readonly TierReading[]): TierReading | undefined {
  return [...tiers].sort((left, right) => left.tier.longMs - right.tier.longMs)[0];
}

function historyOf(series: CountSeries, input: EvaluationInput): number {
  const firstMinute = Math.min(series.firstMinute ?? Infinity, input.firstMinute ?? Infinity);
  return Number.isFinite(firstMinute) ? Math.max(0, input.nowMs - firstMinute * MINUTE_MS) : 0;
}

type Budget = Pick<SloStatus, 'errorBudgetRemaining' | 'projectedBudgetRemaining' | 'young' | 'historyMs'>;

/** How long nothing has come. */
function silenceOf(series: CountSeries, { nowMs }: EvaluationInput): number {
  return series.lastMinute === undefined ? 0 : Math.max(0, nowMs - (series.lastMinute + 1) * MINUTE_MS);
}

function readBudget(whole: WindowReading, seen: SeenTime): Budget {
  const { historyMs } = seen;
  const times = projection(seen);
  const young = times !== undefined;
  if (whole.burnRate === undefined) return { errorBudgetRemaining: undefined, projectedBudgetRemaining: undefined, young, historyMs };
  return { errorBudgetRemaining: 1 - whole.burnRate, projectedBudgetRemaining: times === undefined ? undefined : 1 - whole.burnRate / times, young, historyMs };
}

interface Spending {
  readonly budget: Budget;
  readonly lengthMs: number;
  /** Until a calendar window ends. */
  readonly leftMs: number | undefined;
}

function exhaustion({ budget, lengthMs, leftMs }: Spending, burnRate: number | undefined): number | undefined {
  const remaining = leadingBudget(budget);
  if (remaining === undefined || burnRate === undefined || burnRate <= 0) return undefined;
  const goneInMs = Math.max(0, (remaining * lengthMs) / burnRate);
  // A calendar window ends with what is left of it. At a burn of 1 or less a rolling one gets back what it spends: its budget is never gone.
  return (leftMs === undefined ? burnRate > 1 : goneInMs < leftMs) ? goneInMs : undefined;
}

function confidenceOf(whole: WindowReading): SloStatus['confidence'] {
  return whole.errorRatio === undefined ? undefined : wilsonInterval(1 - whole.errorRatio, whole.effectiveTotal);
}

function burstStartHour(slo: Slo, nowMs: number): number {
  const pageWindows = slo.policy.tiers.filter((tier) => tier.severity === 'page').map((tier) => tier.longMs);
  return Math.floor((nowMs - Math.max(DEFAULT_BURST_MS, ...pageWindows)) / HOUR_MS);
}

function sinceLastBad(context: ReadingContext, windowMs: number): SloStatus['sinceLastBad'] {
  const toMinute = endMinuteOf(context);
  const oldest = Math.max(toMinute - Math.round(windowMs / MINUTE_MS), context.series.firstMinute ?? toMinute);
  const fromMinute = (context.series.lastBadMinute(oldest, toMinute) ?? oldest - 1) + 1;
  if (fromMinute >= toMinute) return { total: 0, durationMs: 0 };
  const { reading } = readWindow(context, (toMinute - fromMinute) * MINUTE_MS);
  return { total: reading.effectiveTotal, durationMs: context.nowMs - fromMinute * MINUTE_MS };
}
