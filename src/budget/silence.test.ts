import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { randomOf } from './random-source.js';
import { readSilence, type Silence } from './silence.js';
import { seriesLimits } from './slice-index.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';
import { fullCoverage, type CoverageOf } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12);

/** A service that answers `perHour` requests, for `days` until the silence begins. */
function service(perHour: (minute: number) => number, { days, seed = 7 }: { readonly days: number; readonly seed?: number }): MinuteSeries {
  const random = randomOf(seed);
  const series = new MinuteSeries(seriesLimits(buildSlo()));
  for (let minute = minuteOf(NOW - days * DAY_MS); minute < minuteOf(NOW); minute += 1) {
    const good = random.poisson(perHour(minute) / 60);
    if (good > 0) series.add(minuteOfEvents(minute, { good }));
  }
  // As in life: minutes older than three days are hours by now.
  series.trim(minuteOf(NOW));
  return series;
}

function minutesUntilStopped(series: MinuteSeries, limit = 24 * 60, coverage: CoverageOf = fullCoverage): number | undefined {
  for (let minutes = 1; minutes <= limit; minutes += 1) if (readSilence(series, { nowMs: NOW + minutes * MINUTE_MS, coverage })?.stopped === true) return minutes;
  return undefined;
}

const after = (series: MinuteSeries, minutes: number, coverage: CoverageOf = fullCoverage): Silence | undefined => readSilence(series, { nowMs: NOW + minutes * MINUTE_MS, coverage });

describe('traces that stopped', () => {
  test.each([
    // perHour, at least, at most: about ln(1e-7) / -rate, and never before five minutes.
    [6, 120, 300], [30, 25, 60], [600, 5, 8], [60_000, 5, 6],
  ])('at %d requests an hour are told after %d to %d minutes', (perHour, least, most) => {
    const found = minutesUntilStopped(service(() => perHour, { days: 29 }));
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(most);
  });

  test('are judged by the same time of earlier weeks: a quiet night is no news', () => {
    const officeHours = (minute: number): number => (Math.floor(minute / 60) % 24 >= 7 && Math.floor(minute / 60) % 24 < 12 ? 600 : 0);
    const series = service(officeHours, { days: 29 });
    expect(minutesUntilStopped(series, 18 * 60)).toBeUndefined();
    // At seven the next morning traffic should be back; every hour of its silence counts from then on.
    expect(minutesUntilStopped(series)).toBeGreaterThan(19 * 60);
  });

  test('are judged by earlier days while the service is younger than a week, and by the time before while younger than a day', () => {
    expect(after(service(() => 600, { days: 3 }), 20)?.words).toMatch(/^nothing for 20 min; the same time of the 3 days before saw \d+ events: traces have stopped$/);
    expect(after(service(() => 600, { days: 0.5 }), 20)?.words).toMatch(/^nothing for 20 min; as long before that, 4 times, saw \d+ events: traces have stopped$/);
  });

  test('are not told of a service that has been silent before at this time', () => {
    const skips = (minute: number): number => (minute >= minuteOf(NOW - 7 * DAY_MS) && minute < minuteOf(NOW - 7 * DAY_MS + 6 * HOUR_MS) ? 0 : 600);
    expect(minutesUntilStopped(service(skips, { days: 29 }), 300)).toBeUndefined();
  });

  test('are not told while Tocsin itself was not listening', () => {
    const series = service(() => 600, { days: 29 });
    const deaf: CoverageOf = (from) => (from >= minuteOf(NOW) - 60 ? 0.5 : 1);
    expect(minutesUntilStopped(series, 120, deaf)).toBeUndefined();
    expect(after(series, 30, deaf)?.words).toBe('nothing for 30 min, but Tocsin was not listening all the time');
  });

  test('never before five minutes, never without history', () => {
    expect(after(service(() => 60_000, { days: 29 }), 4)).toBeUndefined();
    expect(readSilence(new MinuteSeries(seriesLimits(buildSlo())), { nowMs: NOW, coverage: fullCoverage })).toBeUndefined();
    const first = new MinuteSeries(seriesLimits(buildSlo()));
    first.add(minuteOfEvents(minuteOf(NOW) - 1, { good: 1_000 }));
    expect(after(first, 60)).toMatchObject({ stopped: false, words: 'nothing for 60 min, and no history to compare it with' });
  });

  test('are told of a living service at no time of a month', () => {
    for (const perHour of [6, 30, 120]) {
      const series = new MinuteSeries(seriesLimits(buildSlo()));
      const random = randomOf(perHour);
      let told = 0;
      for (let offset = 0; offset < 30 * 1_440; offset += 1) {
        const minute = minuteOf(NOW) + offset;
        const good = random.poisson(perHour / 60);
        if (good > 0) series.add(minuteOfEvents(minute, { good }));
        else if (readSilence(series, { nowMs: (minute + 1) * MINUTE_MS, coverage: fullCoverage })?.stopped === true) told += 1;
      }
      expect(told, `${perHour}/h`).toBe(0);
    }
  });
});
