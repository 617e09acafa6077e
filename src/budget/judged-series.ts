import type { SliceMethod } from '../config/slo.js';
import type { ExcludedMinutes } from './excluded-minutes.js';
import { addTotals, MinuteSeries, noSlices, type SeriesLimits, type SliceDelta, type SliceTotals } from './minute-series.js';

/** What a slice is worth: one good, one bad, or a part of each. */
export interface SliceVerdict {
  readonly good: number;
  readonly bad: number;
}

const NO_EVENTS: SliceVerdict = { good: 0, bad: 0 };
/** 0.95 of 20 events is 19, whatever the last bit of the quotient says. */
const ROUNDING = 1e-12;

/** One slice by its events. A slice without events is neither good nor bad: zero events is not 100 %. */
export function judgeSlice({ good, bad }: Pick<SliceTotals, 'good' | 'bad'>, method: SliceMethod): SliceVerdict {
  const total = good + bad;
  if (total <= 0) return NO_EVENTS;
  if (method.kind === 'ratio-timeslices') return { good: good / total, bad: bad / total };
  if (method.kind === 'mean-timeslices') return bad <= good * (1 + ROUNDING) ? { good: 1, bad: 0 } : { good: 0, bad: 1 };
  return good / total >= method.sliceTarget - ROUNDING ? { good: 1, bad: 0 } : { good: 0, bad: 1 };
}

/** What an SLO is judged by, where that is not simply its events. */
export interface JudgedBy {
  readonly method: SliceMethod | undefined;
  readonly excluded: ExcludedMinutes | undefined;
}

/**
 * The series that an SLO is judged by, kept from its events' own series: without the minutes that are excluded, and where it counts slices
 * (Timeslices, RatioTimeslices), with slices as events. A late event changes its minute, or the verdict of its slice, and nothing else;
 * slices begin at multiples of their length since 1970.
 */
export class JudgedSeries {
  readonly series: MinuteSeries;
  readonly #events: MinuteSeries;
  readonly #judgedBy: JudgedBy;

  constructor(events: MinuteSeries, judgedBy: JudgedBy, limits: SeriesLimits) {
    this.#events = events;
    this.#judgedBy = judgedBy;
    this.series = new MinuteSeries(limits);
    const { firstMinute, lastMinute } = events;
    if (firstMinute === undefined || lastMinute === undefined) return;
    if (judgedBy.method === undefined) {
      for (let minute = firstMinute; minute <= lastMinute; minute += 1) this.#count({ ...events.sum(minute, minute + 1), eventMinute: minute });
      return;
    }
    for (let minute = firstMinute; minute <= lastMinute; minute += judgedBy.method.sliceMinutes) this.#judge(minute, judgedBy.method);
    this.#judge(lastMinute, judgedBy.method);
  }

  /** The events' series has taken this. */
  add(delta: SliceDelta): void {
    const { method } = this.#judgedBy;
    if (method === undefined) this.#count(delta);
    else this.#judge(delta.eventMinute, method);
  }

  #count(delta: SliceDelta): void {
    if (delta.events === 0 && delta.good === 0 && delta.bad === 0) return;
    if (this.#judgedBy.excluded?.has(delta.eventMinute) !== true) this.series.add(delta);
  }

  #judge(minute: number, method: SliceMethod): void {
    const { sliceMinutes } = method;
    const eventMinute = minute - (minute % sliceMinutes);
    const events = this.#eventsOf(eventMinute, sliceMinutes);
    const now = judgeSlice(events, method);
    const before = this.series.sum(eventMinute, eventMinute + 1);
    const [good, bad] = [now.good - before.good, now.bad - before.bad];
    const unknown = events.events > 0 ? events.unknownWeight / events.events : 0;
    if (good === 0 && bad === 0 && unknown === before.unknownWeight) return;
    const isNew = before.events === 0;
    this.series.add({ eventMinute, good, bad, goodSquared: good, badSquared: bad, events: isNew ? 1 : 0, unknownWeight: unknown - before.unknownWeight });
  }

  /** Of the minutes of a slice that count. */
  #eventsOf(firstMinute: number, minutes: number): SliceTotals {
    const { excluded } = this.#judgedBy;
    if (excluded === undefined || excluded.count(firstMinute, firstMinute + minutes) === 0) return this.#events.sum(firstMinute, firstMinute + minutes);
    const totals = noSlices();
    for (let minute = firstMinute; minute < firstMinute + minutes; minute += 1) if (!excluded.has(minute)) addTotals(totals, this.#events.sum(minute, minute + 1));
    return totals;
  }
}
