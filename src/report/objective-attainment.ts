import { periodAt } from '../budget/calendar-window.js';
import { allowedRatio, projection, type SeenTime } from '../budget/error-budget.js';
import { countedFor, SliceIndex, type SliceRule } from '../budget/slice-index.js';
import { minuteOf, type SliceDelta, type SliceTotals } from '../budget/minute-series.js';
import type { Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { readGroupKey, type SloGroup } from '../sli/slo-group.js';
import type { ReportWindow } from './quality-reader.js';

/** What an SLO's good and bad are: its events, slices of time, or the parts of a composite objective. */
export type CountedThings = 'events' | 'slices' | 'parts';

/** What an SLO did in the time of the report. */
export interface ObjectiveAttainment {
  readonly slo: string;
  readonly displayName: string;
  readonly service: string;
  readonly owner: string | undefined;
  /** The composite objective that it is a part of. */
  readonly partOf: string | undefined;
  /** Of one group of its events: which. */
  readonly group: string | undefined;
  readonly target: number;
  readonly counts: CountedThings;
  /** Weighted events of the time, or slices. */
  readonly events: number;
  /** Good / all; undefined where there was nothing. */
  readonly attained: number | undefined;
  /** Bad of the time / what the budget of the SLO's own window allows; undefined where there was nothing. */
  readonly budgetSpent: number | undefined;
  /** A young service: the budget is that of the whole window, if traffic goes on as it has. */
  readonly isProjected: boolean;
}

export interface Counted {
  readonly good: number;
  readonly bad: number;
  /** With events; undefined without any. */
  readonly firstMinute?: number | undefined;
  readonly lastMinute?: number | undefined;
}

/** Sums by slice key. */
export type CountsByKey = ReadonlyMap<string, Counted>;

/** A budget that the time took from: that of the rolling window which ends with it, or of each period of a calendar that it is in. */
export interface BudgetStretch {
  /** Of the window until it or the time ends: from these events the budget is. */
  readonly whole: ReportWindow;
  /** The part of the time that spent from it. */
  readonly own: ReportWindow;
  /** Of the whole window. */
  readonly lengthMs: number;
}

/** What simple sums need: of the time, of all that came before its end, and of the stretches. */
export interface TimeCounts {
  readonly own: CountsByKey;
  readonly ever: CountsByKey;
  readonly stretches: readonly (BudgetStretch & { readonly ownCounts: CountsByKey; readonly wholeCounts: CountsByKey })[];
}

export function budgetStretches({ windowMs, calendar }: Pick<Slo, 'windowMs' | 'calendar'>, { fromMs, toMs }: ReportWindow): BudgetStretch[] {
  if (calendar === undefined) return [{ whole: { fromMs: toMs - windowMs, toMs }, own: { fromMs, toMs }, lengthMs: windowMs }];
  const stretches: BudgetStretch[] = [];
  for (let atMs = fromMs; atMs < toMs;) {
    const { startMs, endMs } = periodAt(calendar, atMs);
    const untilMs = Math.min(endMs, toMs);
    stretches.push({ whole: { fromMs: startMs, toMs: untilMs }, own: { fromMs: atMs, toMs: untilMs }, lengthMs: endMs - startMs });
    atMs = endMs;
  }
  return stretches;
}

/** Of groups those that did worst: the whole is in the table already. */
const GROUPS_SHOWN = 5;

/** Slices, parts and excluded minutes are judged minute by minute; simple sums are enough for all other SLOs. */
export function isJudgedByMinutes({ slo: { method, composite, exclusions } }: SliceRule): boolean {
  return method !== undefined || composite !== undefined || exclusions !== undefined;
}

export function sumAttainment({ slo, sliceKey }: SliceRule, { own, ever, stretches }: TimeCounts): ObjectiveAttainment[] {
  const of = (key: string, group?: SloGroup): ObjectiveAttainment => attainmentOf({
    slo, group: group?.text, counts: 'events', own: own.get(key) ?? NONE,
    spent: stretches.map((stretch) => {
      const whole = stretch.wholeCounts.get(key) ?? NONE;
      return { target: slo.target, bad: stretch.ownCounts.get(key)?.bad ?? 0, whole, times: projection(seenTime(stretch, ever.get(key)?.firstMinute, whole.lastMinute)) };
    }),
  });
  const groups = slo.indicator.groupBy === undefined ? [] : [...own.keys()].flatMap((key) => {
    const { sliceKey: of_, group } = readGroupKey(key);
    return of_ === sliceKey && group !== undefined ? [of(key, group)] : [];
  });
  return [of(sliceKey), ...groups.filter(({ attained }) => attained !== undefined).sort((left, right) => (left.attained ?? 1) - (right.attained ?? 1)).slice(0, GROUPS_SHOWN)];
}

/** The time of which `minuteAttainment` needs the minutes: all windows, and enough before them to tell a young service. */
export function minutesWindow({ slo }: SliceRule, window: ReportWindow): ReportWindow {
  return { fromMs: Math.min(window.fromMs, window.toMs - DAY_MS, ...budgetStretches(slo, window).map(({ whole }) => whole.fromMs)), toMs: window.toMs };
}

/** @param minutes of the slice keys that `countedFor` names, in the time that `minutesWindow` says. */
export function minuteAttainment(rule: SliceRule, window: ReportWindow, minutes: readonly (SliceDelta & { readonly sliceKey: string })[]): ObjectiveAttainment {
  const { slo, parts } = rule;
  const index = new SliceIndex();
  const { fromMs, toMs } = minutesWindow(rule, window);
  const wide = withWindow(rule, toMs - fromMs);
  index.track(wide);
  index.add(minutes);
  const sum = (of: SliceRule, time: ReportWindow): SliceTotals => index.judged(of).sum(minuteOf(time.fromMs), minuteOf(time.toMs));
  const judged = index.judged(wide);
  const own = sum(wide, window);
  // Each part spends the common budget at its weight, as the burn rates add up; a slice of them is good or bad as a whole.
  const spenders = slo.method === undefined && wide.parts !== undefined ? wide.parts : [{ ...wide, weight: 1 }];
  const spent = budgetStretches(slo, window).flatMap((stretch) => {
    const times = projection(seenTime(stretch, judged.firstMinute, judged.lastMinute));
    return spenders.map((each) => ({ target: each.slo.target, weight: each.weight, bad: sum(each, stretch.own).bad, whole: sum(each, stretch.whole), times }));
  });
  return { ...attainmentOf({ slo, group: undefined, counts: slo.method !== undefined ? 'slices' : parts === undefined ? 'events' : 'parts', own, spent }), ...(slo.method === undefined && parts !== undefined ? { events: own.events } : {}) };
}

/** Slice keys whose minutes have to be read. */
export function keysOf(rule: SliceRule): string[] {
  return countedFor(rule).map(({ sliceKey }) => sliceKey);
}

const NONE: Counted = { good: 0, bad: 0 };

/** What was spent of one budget. */
interface Spent {
  readonly target: number;
  readonly weight?: number;
  readonly bad: number;
  /** Events that the budget is from. */
  readonly whole: Counted;
  /** The projection of a young service. */
  readonly times: number | undefined;
}

interface Sums {
  readonly slo: SliceRule['slo'];
  readonly group: string | undefined;
  readonly counts: CountedThings;
  readonly own: Counted;
  readonly spent: readonly Spent[];
}

function attainmentOf({ slo: { name, displayName, service, owner, partOf, target }, group, counts, own, spent }: Sums): ObjectiveAttainment {
  const events = own.good + own.bad;
  const shares = spent.flatMap(({ target: promised, weight = 1, bad, whole, times = 1 }) => {
    const allowed = (whole.good + whole.bad) * allowedRatio(promised) * times;
    return allowed > 0 ? [(weight * bad) / allowed] : [];
  });
  const budgetSpent = shares.length === 0 ? undefined : shares.reduce((sum, share) => sum + share, 0);
  return { slo: name, displayName, service, owner, partOf, group, target, counts, events, attained: events > 0 ? own.good / events : undefined, budgetSpent, isProjected: budgetSpent !== undefined && spent.some(({ times }) => times !== undefined) };
}

/** As it was when the stretch ended. */
function seenTime({ whole, lengthMs }: BudgetStretch, firstMinute: number | undefined, lastMinute: number | undefined): SeenTime {
  const beganMs = Math.max(whole.fromMs, (firstMinute ?? -Infinity) * MINUTE_MS);
  return { lengthMs, historyMs: whole.toMs - beganMs, silentMs: lastMinute === undefined ? 0 : Math.max(0, whole.toMs - (lastMinute + 1) * MINUTE_MS) };
}

/** The series keeps what all windows ask for. */
function withWindow({ slo, sliceKey, parts }: SliceRule, windowMs: number): SliceRule {
  const rolling = ({ calendar: _calendar, ...rest }: Slo): Slo => ({ ...rest, windowMs });
  return { slo: rolling(slo), sliceKey, ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, slo: rolling(part.slo) })) }) };
}
