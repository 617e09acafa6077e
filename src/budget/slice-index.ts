import type { SliceMethod, Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { periodLimitMs } from './calendar-window.js';
import { CompositeSeries, CompositeSlices } from './composite-series.js';
import { excludedKeyOf, groupNames, readGroupKey, type SloGroup } from '../sli/slo-group.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { JudgedSeries } from './judged-series.js';
import { MinuteSeries, minuteOf, type CountSeries, type SeriesLimits, type SliceDelta } from './minute-series.js';

/** Late spans and clocks that differ: minutes are kept exact for this much longer than the longest tier asks. */
const DETAIL_SLACK_MINUTES = 60;

/** For slices that arrive before their rule is known: the workbook's policy over 30 days. */
const DEFAULT_LIMITS: SeriesLimits = { windowMinutes: (30 * DAY_MS) / MINUTE_MS, detailMinutes: (3 * DAY_MS) / MINUTE_MS + DETAIL_SLACK_MINUTES };

/** How far back an SLO looks, and how far back exactly to the minute. */
export function seriesLimits(slo: Slo): SeriesLimits {
  const longestMs = Math.max(0, ...slo.policy.tiers.map((tier) => tier.longMs + (tier.afterMs ?? 0)));
  return {
    windowMinutes: Math.ceil(Math.max(slo.calendar === undefined ? slo.windowMs : periodLimitMs(slo.calendar), longestMs) / MINUTE_MS),
    detailMinutes: Math.ceil(longestMs / MINUTE_MS) + DETAIL_SLACK_MINUTES,
  };
}

/** Groups of one SLO in memory, each of them up to 150 KB. */
const MAX_KNOWN_GROUPS = 100;

/** An SLO and where its slices are. */
export interface SliceRule {
  readonly slo: Slo;
  readonly sliceKey: string;
  /** Of a composite objective: the slices are theirs. */
  readonly parts?: readonly (Pick<SliceRule, 'slo' | 'sliceKey'> & { readonly weight: number })[];
}

/** The rules whose slices are counted for this one; parts of a composite objective look as far back as the whole. */
export function countedFor({ slo, sliceKey, parts }: SliceRule): readonly { readonly slo: Slo; readonly sliceKey: string }[] {
  return parts === undefined ? [{ slo, sliceKey }] : parts.map((part) => ({ sliceKey: part.sliceKey, slo: { ...part.slo, policy: slo.policy } }));
}

interface KnownComposite {
  readonly partKeys: ReadonlySet<string>;
  readonly slices: CompositeSlices;
}

/** The slices of every SLO, by slice key. Filled from the store at start, then by each commit's deltas. */
export class SliceIndex {
  readonly #series = new Map<string, MinuteSeries>();
  /** By slice key, then by what is made of its events: for SLOs that count slices instead of events, or exclude minutes. */
  readonly #judged = new Map<string, Map<string, JudgedSeries>>();
  /** By slice key of the whole SLO: the groups that were met, by their own slice keys. */
  readonly #groups = new Map<string, Map<string, SloGroup>>();
  /** Composite objectives that count slices, by slice key and what is left out. */
  readonly #composites = new Map<string, KnownComposite>();

  get size(): number {
    return this.#series.size;
  }

  /** Makes room for an SLO before its slices come. */
  track(rule: SliceRule): void {
    for (const { sliceKey, slo } of countedFor(rule)) this.#trackOne(sliceKey, slo);
    if (rule.parts !== undefined) this.judged(rule);
  }

  #trackOne(sliceKey: string, slo: Slo): void {
    const limits = seriesLimits(slo);
    for (const groupKey of this.#groups.get(sliceKey)?.keys() ?? []) this.series(groupKey).widen(limits);
    const series = this.#series.get(sliceKey) ?? new MinuteSeries(limits);
    series.widen(limits);
    this.#series.set(sliceKey, series);
    if (isJudgedApart(slo)) this.#judgedSeries(sliceKey, slo);
  }

  /** What the SLO is judged by: its events, or slices of them, without the minutes that are excluded; of a composite objective, those of its parts under one budget. */
  judged(rule: SliceRule): CountSeries {
    if (rule.parts === undefined) return this.#judgedOne(rule.sliceKey, rule.slo);
    if (rule.slo.method !== undefined) return this.#compositeSlices(rule, rule.slo.method).series;
    return new CompositeSeries(rule.parts.map(({ slo, sliceKey, weight }) => ({ slo, weight, series: this.#judgedOne(sliceKey, slo) })));
  }

  /** The same of one group of it; of all where it is not counted apart any more. */
  judgedOf(rule: SliceRule, group: SloGroup | undefined): CountSeries {
    return (group && this.groups(rule).find((each) => each.group.text === group.text)?.series) ?? this.judged(rule);
  }

  /** The groups of an SLO that counts them apart, each with what it is judged by. */
  groups({ sliceKey, slo }: Pick<SliceRule, 'sliceKey' | 'slo'>): { readonly group: SloGroup; readonly sliceKey: string; readonly series: CountSeries }[] {
    const { groupBy } = slo.indicator;
    if (groupBy === undefined) return [];
    const names = groupNames(groupBy.map(({ text }) => text)).join('\n');
    return [...(this.#groups.get(sliceKey) ?? [])].filter(([, group]) => group.names.join('\n') === names).map(([key, group]) => ({ group, sliceKey: key, series: this.#judgedOne(key, slo) }));
  }

  /** What was taken out of an SLO's events, by exclusion. */
  excludedEvents({ sliceKey, slo }: Pick<SliceRule, 'sliceKey' | 'slo'>): { readonly name: string; readonly series: MinuteSeries }[] {
    return (slo.excludedEvents ?? []).map(({ name }) => ({ name, series: this.series(excludedKeyOf(sliceKey, name)) }));
  }

  #judgedOne(sliceKey: string, slo: Slo): MinuteSeries {
    return isJudgedApart(slo) ? this.#judgedSeries(sliceKey, slo).series : this.series(sliceKey);
  }

  #compositeSlices(rule: SliceRule, method: SliceMethod): CompositeSlices {
    const key = `${rule.sliceKey} ${judgedKey(rule.slo)}`;
    const known = this.#composites.get(key);
    if (known !== undefined) return known.slices;
    const parts = (rule.parts ?? []).map(({ slo, sliceKey, weight }) => ({ weight, series: this.#judgedOne(sliceKey, { ...slo, policy: rule.slo.policy }) }));
    const slices = new CompositeSlices(parts, { sliceMinutes: method.sliceMinutes, isRatio: method.kind === 'ratio-timeslices' }, seriesLimits(rule.slo));
    this.#composites.set(key, { partKeys: new Set(rule.parts?.map(({ sliceKey }) => sliceKey)), slices });
    return slices;
  }

  /** A changed rule looks further back, or counts slices, or leaves out minutes, of what is kept as hours by now: only the store still knows those minutes. */
  needsHistory(sliceKey: string, slo: Slo): boolean {
    const series = this.#series.get(sliceKey);
    if (series === undefined || series.exactFromMinute === 0) return false;
    const { windowMinutes, detailMinutes } = seriesLimits(slo);
    const isNew = isJudgedApart(slo) && this.#judged.get(sliceKey)?.has(judgedKey(slo)) !== true;
    return isNew || windowMinutes > series.limits.windowMinutes || detailMinutes > series.limits.detailMinutes;
  }

  /**
   * Rules that are new in memory, with what the store has of them and of their groups. What is there of their keys already came after they
   * had been taken out, and is among the rows.
   */
  begin(rules: readonly SliceRule[], rows: readonly (SliceDelta & { readonly sliceKey: string })[]): void {
    const begun = new Set(rules.map(({ sliceKey }) => sliceKey));
    const isBegun = ({ sliceKey }: { readonly sliceKey: string }): boolean => begun.has(readGroupKey(sliceKey).sliceKey);
    for (const key of this.#series.keys()) {
      if (!isBegun({ sliceKey: key })) continue;
      this.#series.delete(key);
      this.#judged.delete(key);
      this.#groups.delete(key);
    }
    for (const rule of rules) this.track(rule);
    this.add(rows.filter(isBegun));
  }

  /**
   * What of the rules' slices has to be read from the store again, of keys that are known. Slices of a composite objective are laid on each
   * other minute by minute: where it is new, or one of its parts is read again, all of its parts are.
   */
  deepened(rules: readonly SliceRule[], known: ReadonlySet<string>): { readonly sliceKey: string; readonly slo: Slo }[] {
    const counted = rules.flatMap(countedFor).filter(({ sliceKey }) => known.has(sliceKey));
    const found = new Set(counted.filter(({ sliceKey, slo }) => this.needsHistory(sliceKey, slo)).map(({ sliceKey }) => sliceKey));
    for (const { parts, slo, sliceKey } of rules) {
      if (parts === undefined || slo.method === undefined) continue;
      const isTouched = !known.has(sliceKey) || parts.some((part) => found.has(part.sliceKey));
      for (const part of parts) if (isTouched && (this.#series.get(part.sliceKey)?.exactFromMinute ?? 0) > 0) found.add(part.sliceKey);
    }
    return counted.filter(({ sliceKey }) => found.has(sliceKey));
  }

  /** Builds a series anew: older minutes from rows of the store, the rest from memory, where commits have gone on meanwhile. */
  restore(sliceKey: string, slo: Slo, rows: Iterable<SliceDelta>): void {
    const before = this.series(sliceKey);
    const fresh = new MinuteSeries(before.limits);
    fresh.widen(seriesLimits(slo));
    for (const row of rows) if (row.eventMinute < before.exactFromMinute) fresh.add(row);
    for (let minute = before.exactFromMinute; minute <= (before.lastMinute ?? -1); minute += 1) {
      const totals = before.sum(minute, minute + 1);
      if (totals.events > 0) fresh.add({ ...totals, eventMinute: minute });
    }
    this.#series.set(sliceKey, fresh);
    this.#judged.delete(sliceKey);
    for (const [key, { partKeys }] of this.#composites) if (partKeys.has(sliceKey)) this.#composites.delete(key);
    this.#trackOne(sliceKey, slo);
  }

  /** Takes rows of `slo_slices` in any order; a late one lands in its own minute. */
  add(slices: Iterable<SliceDelta & { readonly sliceKey: string }>): void {
    for (const slice of slices) {
      if (!this.series(slice.sliceKey).add(slice)) continue;
      const judged = this.#judged.get(slice.sliceKey);
      if (judged === undefined) continue;
      for (const each of judged.values()) each.add(slice);
      for (const { partKeys, slices: composite } of this.#composites.values()) if (partKeys.has(slice.sliceKey)) composite.add(slice);
    }
  }

  /** Never undefined: an SLO without a slice has an empty series. */
  series(sliceKey: string): MinuteSeries {
    let series = this.#series.get(sliceKey);
    if (series === undefined) {
      series = new MinuteSeries(this.#noteGroup(sliceKey) ?? DEFAULT_LIMITS);
      this.#series.set(sliceKey, series);
    }
    return series;
  }

  /** A group looks as far back as its SLO. */
  #noteGroup(key: string): SeriesLimits | undefined {
    const { sliceKey, group } = readGroupKey(key);
    if (group === undefined) return this.#series.get(sliceKey)?.limits;
    const known = this.#groups.get(sliceKey) ?? new Map<string, SloGroup>();
    this.#groups.set(sliceKey, known.set(key, group));
    return this.#series.get(sliceKey)?.limits;
  }

  /** Groups come and go (versions, tenants): of each SLO those that were met last are kept. */
  #dropOldGroups(): void {
    for (const groups of this.#groups.values()) {
      if (groups.size <= MAX_KNOWN_GROUPS) continue;
      const byAge = [...groups.keys()].sort((left, right) => (this.series(right).lastMinute ?? 0) - (this.series(left).lastMinute ?? 0));
      for (const key of byAge.slice(MAX_KNOWN_GROUPS)) {
        groups.delete(key);
        this.#series.delete(key);
        this.#judged.delete(key);
      }
    }
  }

  /** Forgets series whose rules are gone, and what was made of them for rules that changed. */
  retain(rules: readonly SliceRule[]): void {
    const sliceKeys = new Set(rules.map(({ sliceKey }) => sliceKey));
    const isKept = (key: string): boolean => sliceKeys.has(readGroupKey(key).sliceKey);
    for (const key of this.#series.keys()) if (!isKept(key)) this.#series.delete(key);
    for (const key of this.#groups.keys()) if (!sliceKeys.has(key)) this.#groups.delete(key);
    const judgedKeys = new Set(rules.flatMap((rule) => [rule.slo, withoutExclusions(rule).slo].map((each) => `${rule.sliceKey} ${judgedKey(each)}`)));
    for (const [sliceKey, judged] of this.#judged) {
      for (const key of judged.keys()) if (!judgedKeys.has(`${readGroupKey(sliceKey).sliceKey} ${key}`)) judged.delete(key);
      if (judged.size === 0) this.#judged.delete(sliceKey);
    }
    for (const key of this.#composites.keys()) if (!judgedKeys.has(key)) this.#composites.delete(key);
  }

  /** Frees minutes that no window reaches any more. Cheap; call it about once an hour. */
  trim(nowMs: number): void {
    const nowMinute = minuteOf(nowMs);
    this.#dropOldGroups();
    for (const series of this.#series.values()) series.trim(nowMinute);
    for (const judged of this.#judged.values()) for (const { series } of judged.values()) series.trim(nowMinute);
    for (const { slices } of this.#composites.values()) slices.series.trim(nowMinute);
  }

  #judgedSeries(sliceKey: string, slo: Slo): JudgedSeries {
    const known = this.#judged.get(sliceKey) ?? new Map<string, JudgedSeries>();
    this.#judged.set(sliceKey, known);
    const key = judgedKey(slo);
    let judged = known.get(key);
    if (judged === undefined) {
      const excluded = slo.exclusions === undefined ? undefined : excludedMinutesOf(slo.exclusions);
      judged = new JudgedSeries(this.series(sliceKey), { method: slo.method, excluded }, seriesLimits(slo));
      known.set(key, judged);
    }
    judged.series.widen(seriesLimits(slo));
    return judged;
  }
}

function isJudgedApart({ method, exclusions }: Slo): boolean {
  return method !== undefined || exclusions !== undefined;
}

/** The rule as it would be if every minute counted. */
export function withoutExclusions({ slo: { exclusions: _, ...slo }, sliceKey, parts }: SliceRule): SliceRule {
  return { slo, sliceKey, ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, slo: withoutExclusions(part).slo })) }) };
}

/** Who excluded something and why changes no number. */
function judgedKey({ method, exclusions = [] }: Slo): string {
  return JSON.stringify([method ?? null, exclusions.map(({ window }) => window)]);
}
