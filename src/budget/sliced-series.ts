import type { SliceMethod } from '../config/slo.js';
import { MinuteSeries, type SeriesLimits, type SliceTotals } from './minute-series.js';

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

/**
 * Slices of whole minutes, counted as events: the series behind Timeslices and RatioTimeslices, kept from the events' own series.
 * A late event changes the verdict of its slice and nothing else; slices begin at multiples of their length since 1970.
 */
export class SlicedSeries {
  readonly series: MinuteSeries;
  readonly #events: MinuteSeries;
  readonly #method: SliceMethod;

  constructor(events: MinuteSeries, method: SliceMethod, limits: SeriesLimits) {
    this.#events = events;
    this.#method = method;
    this.series = new MinuteSeries(limits);
    const { firstMinute, lastMinute } = events;
    if (firstMinute === undefined || lastMinute === undefined) return;
    for (let minute = firstMinute; minute <= lastMinute; minute += method.sliceMinutes) this.touch(minute);
    this.touch(lastMinute);
  }

  /** Events of this minute changed. */
  touch(minute: number): void {
    const { sliceMinutes } = this.#method;
    const eventMinute = minute - (minute % sliceMinutes);
    const events = this.#events.sum(eventMinute, eventMinute + sliceMinutes);
    const now = judgeSlice(events, this.#method);
    const before = this.series.sum(eventMinute, eventMinute + 1);
    const [good, bad] = [now.good - before.good, now.bad - before.bad];
    const unknown = events.events > 0 ? events.unknownWeight / events.events : 0;
    if (good === 0 && bad === 0 && unknown === before.unknownWeight) return;
    const isNew = before.events === 0;
    this.series.add({ eventMinute, good, bad, goodSquared: good, badSquared: bad, events: isNew ? 1 : 0, unknownWeight: unknown - before.unknownWeight });
  }
}
