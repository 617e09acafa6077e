import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { MAX_DISPERSION, overDispersion } from './dispersion.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { randomOf } from './random-source.js';
import { seriesLimits } from './slice-index.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const FROM = minuteOf(NOW - 30 * DAY_MS);
const TO_HOUR = Math.floor((NOW - 6 * HOUR_MS) / HOUR_MS);

/** Thirty days of `perMinute` requests, with failures placed by `failuresAt`. */
function history(perMinute: number, failuresAt: (minute: number) => number, weight = 1): MinuteSeries {
  const series = new MinuteSeries(seriesLimits(buildSlo()));
  for (let minute = FROM; minute < minuteOf(NOW); minute += 1) {
    const bad = Math.min(perMinute, failuresAt(minute));
    series.add(minuteOfEvents(minute, { good: perMinute - bad, bad, weight }));
  }
  return series;
}

describe('the over-dispersion of a history', () => {
  test.each([10, 200])('is about 1 for independent errors at %d requests a minute', (perMinute) => {
    const random = randomOf(7);
    const dispersion = overDispersion(history(perMinute, () => random.binomial(perMinute, 0.001)), TO_HOUR);
    expect(dispersion).toBeGreaterThanOrEqual(1);
    expect(dispersion).toBeLessThan(1.25);
  });

  test('is about the size of the clusters in which errors come', () => {
    const random = randomOf(7);
    const dispersion = overDispersion(history(100, () => (random.next() < 0.01 ? 5 : 0)), TO_HOUR);
    expect(dispersion).toBeGreaterThan(4.2);
    expect(dispersion).toBeLessThan(6);
  });

  test('is the same when every event stands for a hundred', () => {
    const [one, many] = [1, 100].map((weight) => {
      const random = randomOf(7);
      return overDispersion(history(100, () => (random.next() < 0.01 ? 5 : 0), weight), TO_HOUR);
    });
    expect(many).toBeCloseTo(one!, 6);
  });

  test('does not learn from an earlier outage', () => {
    const random = randomOf(7);
    const outageAt = minuteOf(NOW - 2 * DAY_MS);
    const series = history(100, (minute) => (minute >= outageAt && minute < outageAt + 60 ? 100 : random.binomial(100, 0.0005)));
    expect(overDispersion(series, TO_HOUR)).toBeLessThan(1.25);
  });

  test('is 1 without history, and never asks for more than its limit', () => {
    expect(overDispersion(new MinuteSeries(seriesLimits(buildSlo())), TO_HOUR)).toBe(1);
    const random = randomOf(7);
    expect(overDispersion(history(1_000, () => (random.next() < 0.002 ? 500 : 0)), TO_HOUR)).toBe(MAX_DISPERSION);
  });

  test('is computed again when a late slice changes the history', () => {
    const series = history(100, (minute) => (minute % 97 === 0 ? 1 : 0));
    const before = overDispersion(series, TO_HOUR);
    for (let minute = FROM; minute < TO_HOUR * 60; minute += 97) series.add(minuteOfEvents(minute, { bad: 9 }));
    expect(overDispersion(series, TO_HOUR)).toBeGreaterThan(before + 3);
  });
});

test('errors that always come five at a time are worth a fifth', () => {
  const random = randomOf(7);
  const series = history(100, () => (random.next() < 0.01 ? 5 : 0));
  const status = evaluateSlo(buildSlo(), series, { nowMs: NOW, coverage: fullCoverage });
  expect(status.dispersion).toBeGreaterThan(4);
  expect(status.tiers[0]!.long.effectiveTotal * status.dispersion!).toBeCloseTo(status.tiers[0]!.long.total, 6);
  expect(status.tiers[0]!.evidence.words).toMatch(/worth .* independent ones/);
});

describe('a burst cannot veto its own page', () => {
  test('a total outage pages at once, whatever it looks like against a quiet history', () => {
    const random = randomOf(7);
    const series = history(100, () => random.binomial(100, 0.0005));
    const pagedAfter = [1, 2, 3].find((minute) => {
      series.add(minuteOfEvents(minuteOf(NOW) + minute - 1, { bad: 100 }));
      return evaluateSlo(buildSlo(), series, { nowMs: NOW + minute * MINUTE_MS - 1, coverage: fullCoverage }).state === 'page';
    });
    expect(pagedAfter).toBe(1);
  });

  test('a total outage of a bursty service pages within minutes', () => {
    const random = randomOf(7);
    const series = history(10, () => (random.next() < 0.004 ? 8 : 0));
    expect(overDispersion(series, TO_HOUR)).toBeGreaterThan(5);
    const pagedAfter = [1, 2, 3, 4, 5].find((minute) => {
      series.add(minuteOfEvents(minuteOf(NOW) + minute - 1, { bad: 10 }));
      return evaluateSlo(buildSlo(), series, { nowMs: NOW + minute * MINUTE_MS - 1, coverage: fullCoverage }).state === 'page';
    });
    expect(pagedAfter).toBeLessThanOrEqual(4);
  });
});
