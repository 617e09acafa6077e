import { countedFor, SliceIndex, type SliceRule } from '../budget/slice-index.js';
import { minuteOf, type SliceDelta } from '../budget/minute-series.js';
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
}

export interface GoodAndBad {
  readonly good: number;
  readonly bad: number;
}

/** Of groups those that did worst: the whole is in the table already. */
const GROUPS_SHOWN = 5;

/** Slices, parts and excluded minutes are judged minute by minute; simple sums are enough for all other SLOs. */
export function isJudgedByMinutes({ slo: { method, composite, exclusions } }: SliceRule): boolean {
  return method !== undefined || composite !== undefined || exclusions !== undefined;
}

/** @param own and `whole`: sums by slice key, of the time and of the SLO's own window up to its end. */
export function sumAttainment({ slo, sliceKey }: SliceRule, own: ReadonlyMap<string, GoodAndBad>, whole: ReadonlyMap<string, GoodAndBad>): ObjectiveAttainment[] {
  const of = (key: string, group?: SloGroup): ObjectiveAttainment => attainmentOf({ slo, group: group?.text, counts: 'events', own: own.get(key) ?? NONE, whole: whole.get(key) ?? NONE });
  const groups = slo.indicator.groupBy === undefined ? [] : [...own.keys()].flatMap((key) => {
    const { sliceKey: of_, group } = readGroupKey(key);
    return of_ === sliceKey && group !== undefined ? [of(key, group)] : [];
  });
  return [of(sliceKey), ...groups.filter(({ attained }) => attained !== undefined).sort((left, right) => (left.attained ?? 1) - (right.attained ?? 1)).slice(0, GROUPS_SHOWN)];
}

/** @param minutes of the slice keys that `countedFor` names, from the beginning of the earlier of the SLO's own window and the time. */
export function minuteAttainment(rule: SliceRule, window: ReportWindow, minutes: readonly (SliceDelta & { readonly sliceKey: string })[]): ObjectiveAttainment {
  const { slo, parts } = rule;
  const index = new SliceIndex();
  const wide = withWindow(rule, Math.max(slo.windowMs, window.toMs - window.fromMs));
  index.track(wide);
  index.add(minutes);
  const [fromMinute, toMinute] = [minuteOf(window.fromMs), minuteOf(window.toMs)];
  const sumsOf = (of: SliceRule): { own: GoodAndBad; whole: GoodAndBad } => ({ own: index.judged(of).sum(fromMinute, toMinute), whole: index.judged(of).sum(minuteOf(window.toMs - slo.windowMs), toMinute) });
  if (parts === undefined || slo.method !== undefined) return attainmentOf({ slo, group: undefined, counts: slo.method === undefined ? 'events' : 'slices', ...sumsOf(wide) });
  const { own } = sumsOf(wide);
  // Each part spends the common budget at its weight, as the burn rates add up.
  const spent = (wide.parts ?? []).flatMap((part) => {
    const { budgetSpent } = attainmentOf({ slo: part.slo, group: undefined, counts: 'events', ...sumsOf(part) });
    return budgetSpent === undefined ? [] : [part.weight * budgetSpent];
  });
  const events = index.judged(wide).sum(fromMinute, toMinute).events;
  return { ...attainmentOf({ slo, group: undefined, counts: 'parts', own, whole: NONE }), events, budgetSpent: spent.length === 0 ? undefined : spent.reduce((sum, each) => sum + each, 0) };
}

/** Slice keys whose minutes have to be read. */
export function keysOf(rule: SliceRule): string[] {
  return countedFor(rule).map(({ sliceKey }) => sliceKey);
}

const NONE: GoodAndBad = { good: 0, bad: 0 };

interface Sums {
  readonly slo: SliceRule['slo'];
  readonly group: string | undefined;
  readonly counts: CountedThings;
  readonly own: GoodAndBad;
  readonly whole: GoodAndBad;
}

function attainmentOf({ slo: { name, displayName, service, owner, partOf, target }, group, counts, own, whole }: Sums): ObjectiveAttainment {
  const events = own.good + own.bad;
  const allowed = (whole.good + whole.bad) * (1 - target);
  return { slo: name, displayName, service, owner, partOf, group, target, counts, events, attained: events > 0 ? own.good / events : undefined, budgetSpent: allowed > 0 ? own.bad / allowed : undefined };
}

/** The series keeps what the longer of the two times asks for. */
function withWindow({ slo, sliceKey, parts }: SliceRule, windowMs: number): SliceRule {
  return { slo: { ...slo, windowMs }, sliceKey, ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, slo: { ...part.slo, windowMs } })) }) };
}
