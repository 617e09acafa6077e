import { describe, expect, test } from 'vitest';
import type { Severity } from '../config/slo.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { CoverageIndex } from './coverage-index.js';
import { isFiring, type FiringBefore, type FiringDecision } from './firing.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { seriesLimits } from './slice-index.js';
import { WORKBOOK_POLICY, buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo } from './slo-status.js';
import { fullCoverage, type CoverageOf } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const SLO = buildSlo();
const FAST_ONLY = buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: WORKBOOK_POLICY.tiers.slice(0, 1) } });

/** An SLO that lives minute by minute, and the alert over it. */
class Story {
  readonly series = new MinuteSeries(seriesLimits(SLO));
  nowMs = NOW;
  before: FiringBefore | undefined;
  coverage: CoverageOf = fullCoverage;

  constructor(goodPerMinute: number, readonly slo = SLO) {
    for (let minute = minuteOf(NOW - 4 * DAY_MS); minute < minuteOf(NOW); minute += 1) this.series.add(minuteOfEvents(minute, { good: goodPerMinute }));
  }

  minute(counts: { good?: number; bad?: number }): FiringDecision {
    this.series.add(minuteOfEvents(minuteOf(this.nowMs), counts));
    this.nowMs += MINUTE_MS;
    const decision = isFiring(evaluateSlo(this.slo, this.series, { nowMs: this.nowMs - 1, coverage: this.coverage }), this.before);
    const severity = decision.severity;
    if (severity !== this.before?.severity) this.before = severity === undefined ? undefined : { severity, sinceMs: this.nowMs };
    return decision;
  }

  /** Minutes until the alert is at `severity`; undefined when it is not within `limit`. */
  until(severity: Severity | undefined, counts: { good?: number; bad?: number }, limit = 600): number | undefined {
    for (let minute = 1; minute <= limit; minute += 1) if (this.minute(counts).severity === severity) return minute;
    return undefined;
  }
}

describe('an alert', () => {
  test('fires at once, and ends the short window after a total outage is over, going on as a ticket where that tier still burns', () => {
    const story = new Story(100);
    expect(story.until('page', { bad: 100 })).toBe(1);
    for (let minute = 0; minute < 9; minute += 1) expect(story.minute({ bad: 100 }).severity).toBe('page');
    // Ten minutes of outage also exceed the 6h/30m page, which needs 30 minutes to clear.
    expect(story.until('ticket', { good: 100 })).toBe(30);
    expect(story.until(undefined, { good: 100 }, 24 * 60)).toBeDefined();
  });

  test('lives at least five minutes', () => {
    const story = new Story(1_000);
    expect(story.until('page', { bad: 1_000 })).toBe(1);
    const ended = story.until(undefined, { good: 20_000 }) ?? story.until('ticket', { good: 20_000 });
    expect(ended).toBeGreaterThanOrEqual(5);
  });

  test('does not end because a changed indicator has counted a little and nothing bad yet', () => {
    const series = new MinuteSeries(seriesLimits(SLO));
    const before = { severity: 'page', sinceMs: NOW - 30 * MINUTE_MS, failingRatio: 0.1 } as const;
    const decide = (good: number): boolean => {
      series.add(minuteOfEvents(minuteOf(NOW) - 1, { good }));
      return isFiring(evaluateSlo(SLO, series, { nowMs: NOW, coverage: fullCoverage }), before).firing;
    };
    // 0.9^28 is just above, 0.9^29 below 0.05.
    expect(decide(1)).toBe(true);
    expect(decide(27)).toBe(true);
    expect(decide(1)).toBe(false);
  });

  test('does not end because one request of a quiet service went well', () => {
    const story = new Story(1, FAST_ONLY);
    expect(story.until('page', { bad: 1 })).toBeLessThanOrEqual(3);
    for (let minute = 0; minute < 27; minute += 1) story.minute(minute % 2 === 0 ? { bad: 1 } : { good: 1 });
    // Silence for the short window, then a single good request: a third of the last hour failed, one success is no recovery.
    for (let minute = 0; minute < 5; minute += 1) expect(story.minute({}).severity).toBe('page');
    expect(story.minute({ good: 1 })).toMatchObject({ firing: true, reason: 'held: 1 good since the last failure is too few to say that it is over' });
    expect(story.until(undefined, { good: 1 })).toBeGreaterThan(5);
  });

  test('does not flap while one request in ten fails at two requests a minute', () => {
    const story = new Story(2);
    let changes = 0;
    let severity: Severity | undefined;
    for (let minute = 0; minute < 300; minute += 1) {
      const decision = story.minute(minute % 5 === 0 ? { good: 1, bad: 1 } : { good: 2 });
      if (decision.severity !== severity) changes += 1;
      severity = decision.severity;
    }
    expect(severity).toBe('page');
    expect(changes).toBe(1);
  });

  test('never resolves on missing data: no traffic holds it, a Tocsin that was down holds it', () => {
    const silent = new Story(100);
    silent.until('page', { bad: 100 });
    for (let minute = 0; minute < 120; minute += 1) expect(silent.minute({}).firing).toBe(true);

    const down = new Story(100);
    down.until('page', { bad: 100 });
    for (let minute = 0; minute < 10; minute += 1) down.minute({ bad: 100 });
    const uptime = new CoverageIndex();
    for (let minute = minuteOf(NOW - DAY_MS); minute < minuteOf(NOW) + 5; minute += 1) uptime.markCovered(minute);
    down.coverage = (from, to) => uptime.share(from, to);
    for (let minute = 0; minute < 60; minute += 1) {
      const decision = down.minute({ good: 100 });
      expect(decision.severity).toBe('page');
      if (minute > 40) expect(decision.reason).toMatch(/data incomplete, .* is covered and 90 % is needed to resolve/);
    }
    down.coverage = fullCoverage;
    expect(down.minute({ good: 100 }).severity).not.toBe('page');
  });

  test('may fire on the evidence there is while coverage is low', () => {
    const story = new Story(100);
    story.coverage = () => 0.1;
    expect(story.until('page', { bad: 100 })).toBe(1);
  });

  test('is upgraded at once when a ticket becomes a page', () => {
    const story = new Story(1_000);
    expect(story.until('ticket', { good: 996, bad: 4 }, 2_000)).toBeDefined();
    expect(story.until('page', { good: 500, bad: 500 })).toBeLessThanOrEqual(3);
  });

  test('says why: what burns, what is held, what is over', () => {
    const story = new Story(100);
    expect(story.minute({ good: 100 }).reason).toBe('no tier is exceeded');
    expect(story.minute({ bad: 100 }).reason).toMatch(/^burning 16\.\dx over 1h and 2\d\dx over 5m, over 14\.4x; 100 of .* failed: evidence/);
    expect(story.minute({ good: 100 }).reason).toMatch(/^(burning|held: )/);
    expect(new Story(0).minute({}).reason).toBe('no data');
  });

  test('says when burn is there but evidence is not', () => {
    const story = new Story(0);
    for (let minute = 0; minute < 30; minute += 1) story.minute({ good: 1 });
    expect(story.minute({ bad: 1 }).reason).toMatch(/^over 14.4x but 1 of 31 failed: not yet evidence/);
  });
});

describe('coverage', () => {
  test('is the share of minutes since Tocsin first ran', () => {
    const uptime = new CoverageIndex();
    expect(uptime.share(0, 10)).toBe(0);
    const start = minuteOf(NOW - HOUR_MS);
    for (let minute = start; minute < start + 60; minute += 1) if (minute - start < 30 || minute - start >= 45) uptime.markCovered(minute);
    expect(uptime.share(start - 10_000, start + 60)).toBe(0.75);
    uptime.markUncovered(start);
    expect(uptime.share(start, start + 60)).toBeCloseTo(44 / 60, 9);
    uptime.trim(start + 2 * 1_440);
    expect(uptime.share(start, start + 60)).toBe(0);
  });
});
