import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { formatSpan } from '../lib/format.js';
import { formatCount } from './evidence-gate.js';
import type { ExcludedMinutes } from './excluded-minutes.js';
import type { CountSeries } from './minute-series.js';
import { minuteOf } from './minute-series.js';
import type { CoverageOf } from './window-reading.js';

/** Exporters send every few seconds and retry for minutes: a shorter gap is no news, however busy the service. */
const SHORTEST_GAP_MINUTES = 5;
/** A month has thousands of gaps; by luck alone one in ten million may be taken for the end of all traces. */
const STOPPED_SIGNIFICANCE = 1e-7;
/** So many earlier stretches are compared; more would only remember a service that has changed since. */
const STRETCHES = 4;
const DAY = DAY_MS / MINUTE_MS;
const WEEK = 7 * DAY;
/** Of an earlier stretch so much must have been covered: what Tocsin did not hear says nothing. */
const COVERAGE_FLOOR = 0.9;

/** What of a series tells silence from its end. */
type HistorySeries = Pick<CountSeries, 'sum' | 'firstMinute' | 'lastMinute' | 'exactFromMinute' | 'limits'>;

/** Nothing has come for a while: is that how the service is, or have its traces stopped? */
export interface Silence {
  readonly forMs: number;
  /** Chance of such a silence if traffic were as it was in the earlier stretches; 1 where there are none to compare with. */
  readonly pValue: number;
  readonly stopped: boolean;
  /** "nothing for 40 min; the same time of the 4 weeks before saw 118 events: traces have stopped". */
  readonly words: string;
}

export interface SilenceInput {
  readonly nowMs: number;
  readonly coverage: CoverageOf;
  /** Minutes that say nothing about the service: a silence begins after them. */
  readonly excluded?: ExcludedMinutes | undefined;
}

/**
 * Compares the silence since the last event with the same stretch of earlier weeks (of earlier days for a service younger than a
 * week, of the time just before for one younger than a day). Were the rate the same, each of the N events of k stretches had the
 * chance 1/(k + 1) to fall into this one; none did: p = (k / (k + 1))^N, exact and with the uncertainty of a short history in it.
 * A stretch that was silent before may be silent again, so each of the earlier ones must have had an event.
 */
export function readSilence(series: HistorySeries, { nowMs, coverage, excluded }: SilenceInput): Silence | undefined {
  const { firstMinute, lastMinute } = series;
  if (firstMinute === undefined || lastMinute === undefined) return undefined;
  const to = minuteOf(nowMs);
  const from = silentFrom(lastMinute + 1, to, excluded);
  if (to - from < SHORTEST_GAP_MINUTES) return undefined;
  const { counts, unit } = earlierStretches({ from, to, firstMinute: Math.max(firstMinute, to - series.limits.windowMinutes) }, series, coverage);
  const events = counts.reduce((sum, count) => sum + count, 0);
  const pValue = counts.length === 0 ? 1 : (counts.length / (counts.length + 1)) ** events;
  const heard = coverage(from, to) >= COVERAGE_FLOOR;
  const stopped = heard && counts.every((count) => count > 0) && pValue < STOPPED_SIGNIFICANCE;
  const forMs = (to - from) * MINUTE_MS;
  return { forMs, pValue, stopped, words: inWords({ forMs, counts, unit, events, heard, stopped }) };
}

/** After the last event, and after the last minute that was excluded since. */
function silentFrom(from: number, to: number, excluded: ExcludedMinutes | undefined): number {
  if (excluded === undefined || excluded.count(from, to) === 0) return from;
  return Math.max(from, ...excluded.stretches(from, to).map((stretch) => stretch.to));
}

interface Gap {
  readonly from: number;
  readonly to: number;
  /** Of what is kept. */
  readonly firstMinute: number;
}

type Unit = 'week' | 'day' | 'stretch';

/** Events of the stretches that lie whole within the history and were covered, latest first. */
function earlierStretches({ from, to, firstMinute }: Gap, series: HistorySeries, coverage: CoverageOf): { readonly counts: readonly number[]; readonly unit: Unit } {
  const length = to - from;
  const [step, unit]: readonly [number, Unit] = from - WEEK >= firstMinute && length < WEEK ? [WEEK, 'week'] : from - DAY >= firstMinute && length < DAY ? [DAY, 'day'] : [length, 'stretch'];
  const counts: number[] = [];
  for (let back = 1; back <= STRETCHES; back += 1) {
    const [start, end] = [from - back * step, to - back * step];
    if (start < firstMinute) break;
    if (coverage(start, end) >= COVERAGE_FLOOR) counts.push(eventsBetween(series, start, end));
  }
  return { counts, unit };
}

/** Older minutes are kept as hours: then it is the share of the hours around. */
function eventsBetween(series: HistorySeries, start: number, end: number): number {
  if (start >= series.exactFromMinute) return series.sum(start, end).events;
  const [first, last] = [start - (start % 60), end + ((60 - (end % 60)) % 60)];
  return (series.sum(first, last).events * (end - start)) / (last - first);
}

function inWords({ forMs, counts, unit, events, heard, stopped }: { readonly forMs: number; readonly counts: readonly number[]; readonly unit: Unit; readonly events: number; readonly heard: boolean; readonly stopped: boolean }): string {
  const start = `nothing for ${formatSpan(forMs)}`;
  if (!heard) return `${start}, but Tocsin was not listening all the time`;
  if (counts.length === 0) return `${start}, and no history to compare it with`;
  const many = counts.length === 1 ? '' : `${counts.length} `;
  const when = unit === 'stretch' ? `as long before that, ${many === '' ? 'once' : `${counts.length} times`},` : `the same time of the ${many}${unit}${many === '' ? '' : 's'} before`;
  const compared = `${start}; ${when} saw ${formatCount(events)} event${events === 1 ? '' : 's'}`;
  return stopped ? `${compared}: traces have stopped` : `${compared}: not yet unusual`;
}
