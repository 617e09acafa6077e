import { describe, expect, test } from 'vitest';
import { DEFAULT_GATE, type ReleaseGateRule } from '../config/release-gate.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { judgeRelease, type GateVerdict, type VersionCounts } from './release-gate.js';
import { seriesLimits } from './slice-index.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const SLO = buildSlo({ target: 0.99 });

interface Story {
  /** Failures among a hundred requests a minute, over the last three days, and over the last hour. */
  readonly before?: number;
  readonly lately?: number;
  readonly gate?: ReleaseGateRule;
  readonly version?: { readonly name: string; readonly counts: VersionCounts | undefined };
  readonly silent?: boolean;
}

function judged({ before = 0, lately = before, gate = DEFAULT_GATE, version, silent = false }: Story): GateVerdict {
  const series = new MinuteSeries(seriesLimits(SLO));
  for (let minute = minuteOf(NOW - 3 * DAY_MS); minute < minuteOf(NOW) && !silent; minute += 1) {
    const bad = minute >= minuteOf(NOW - HOUR_MS) ? lately : before;
    series.add(minuteOfEvents(minute, { good: 100 - bad, bad }));
  }
  return judgeRelease({ slo: SLO, status: evaluateSlo(SLO, series, { nowMs: NOW - 1, coverage: fullCoverage }), gate, ...(version === undefined ? {} : { version }) });
}

function counts(bad: number, total: number): VersionCounts {
  return { version: '1.4.2', bad, total, firstSeenMs: NOW - 20 * MINUTE_MS, lastSeenMs: NOW };
}

describe('the default gate', () => {
  test('is open while the budget is there and nothing fires', () => {
    expect(judged({})).toEqual({ verdict: 'open', gate: 'default', reasons: [], version: undefined, sentence: 'open: 100 % of the 30-day budget is left, nothing fires' });
  });

  test('closes when the budget is overspent', () => {
    const { verdict, sentence, reasons } = judged({ before: 1.5 });
    expect({ verdict, sentence }).toEqual({ verdict: 'closed', sentence: 'closed: the 30-day budget is overspent by 50 %, below 0 %' });
    expect(reasons[0]).toMatchObject({ action: 'freeze', note: expect.stringContaining('only fixes') });
  });

  test('closes while a page is firing, though budget is left', () => {
    const { verdict, sentence } = judged({ lately: 30 });
    expect({ verdict, sentence }).toEqual({ verdict: 'closed', sentence: 'closed: a page is firing: burning 30x' });
  });

  test('warns in the last quarter of the budget, and stays open', () => {
    expect(judged({ before: 0.8 })).toMatchObject({ verdict: 'open', sentence: 'open, with a warning: 20 % of the 30-day budget is left, below 25 %', reasons: [{ action: 'warn' }] });
  });

  test('warns where nothing was measured: silence is no permission', () => {
    expect(judged({ silent: true })).toMatchObject({ verdict: 'open', sentence: 'open, with a warning: no event in the last 30 days' });
  });

  test('counts what a version burned against the budget of the whole window', () => {
    // 4,320 minutes of 100 requests at 99 % allow 4,320 failures.
    const { version, sentence, verdict } = judged({ before: 0.2, version: { name: '1.4.2', counts: counts(432, 2_000) } });
    expect(version?.budgetShare).toBeCloseTo(0.1, 6);
    expect(version?.burnRate).toBeCloseTo(21.6, 6);
    expect(verdict).toBe('open');
    expect(sentence).toBe('open, with a warning: version 1.4.2 burned 10 % of the budget, 10 % or more; version 1.4.2 since 2026-11-20 11:40:00 UTC: 432 of 2,000 failed at 21.6x, 10 % of the budget');
  });

  test('says when nothing is known of the version', () => {
    expect(judged({ version: { name: '9.9', counts: undefined } })).toMatchObject({ verdict: 'open', version: undefined, sentence: 'open: 100 % of the 30-day budget is left, nothing fires; no span of version 9.9 is stored' });
  });
});

describe('steps of a gate of one\'s own', () => {
  const gate = (...steps: ReleaseGateRule['steps']): ReleaseGateRule => ({ name: 'strict', description: '', slos: [], steps, at: undefined });

  test('are all looked at; those that freeze come first', () => {
    const steps = gate(
      { when: { kind: 'budget-below', share: 0.9 }, action: 'warn', note: 'careful' },
      { when: { kind: 'version-burned', share: 0.05 }, action: 'freeze', note: 'go back' },
    );
    expect(judged({ before: 0.3, gate: steps, version: { name: '1.4.2', counts: counts(432, 1_000) } }).reasons.map(({ action, note }) => `${action}: ${note}`)).toEqual(['freeze: go back', 'warn: careful']);
  });

  test('a page counts as burning where a ticket is asked for, not the other way round', () => {
    const burning = (severity: 'page' | 'ticket'): GateVerdict => judged({ lately: 30, gate: gate({ when: { kind: 'burning', severity }, action: 'freeze', note: '' }) });
    expect([burning('page').verdict, burning('ticket').verdict]).toEqual(['closed', 'closed']);
    const slow = judged({ before: 4, gate: gate({ when: { kind: 'burning', severity: 'page' }, action: 'freeze', note: '' }) });
    expect(slow.verdict).toBe('open');
  });
});
