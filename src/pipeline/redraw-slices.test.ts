import { expect, test } from 'vitest';
import { compiled, FAST_PAGE } from '../../test/support/timeline-rules.js';
import { minuteOfEvents } from '../budget/slo-builder.js';
import { buildSlo } from '../budget/slo-builder.js';
import { randomOf } from '../budget/random-source.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { backtest } from './backtest.js';
import { isSampled, redraw } from './redraw-slices.js';
import type { ReplayHistory } from './replay-history.js';
import type { ArrivedSlice } from './replay.js';

const START = Math.floor(Date.UTC(2026, 10, 20) / MINUTE_MS);
const slice = (minute: number, counts: Parameters<typeof minuteOfEvents>[1]): ArrivedSlice => ({ ...minuteOfEvents(minute, counts), sliceKey: 'key', arrivalMinute: minute });

test('spans that were all kept leave nothing to chance', () => {
  const whole = slice(START, { good: 90, bad: 10 });
  expect(isSampled(whole)).toBe(false);
  expect(redraw(whole, randomOf(1))).toEqual(whole);
});

test('a sample of one in ten is moved by the variance of weighted counting, n·w·(w - 1)', () => {
  const sampled = slice(START, { good: 400, bad: 100, weight: 10 });
  expect(isSampled(sampled)).toBe(true);
  const random = randomOf(7);
  const bad = Array.from({ length: 4_000 }, () => redraw(sampled, random).bad);
  const mean = bad.reduce((sum, each) => sum + each, 0) / bad.length;
  const variance = bad.reduce((sum, each) => sum + (each - mean) ** 2, 0) / bad.length;
  console.log(`seed 7: mean ${mean.toFixed(1)} (1000 expected), variance ${variance.toFixed(0)} (9000 expected)`);
  expect(Math.abs(mean - 1_000)).toBeLessThan(8);
  expect(Math.abs(variance / 9_000 - 1)).toBeLessThan(0.1);
});

test('thin counts keep their mean too, and never fall below zero', () => {
  const random = randomOf(11);
  const bad = Array.from({ length: 20_000 }, () => redraw(slice(START, { bad: 1, weight: 20 }), random).bad);
  expect(Math.min(...bad)).toBeGreaterThanOrEqual(0);
  expect(Math.abs(bad.reduce((sum, each) => sum + each, 0) / bad.length - 20)).toBeLessThan(0.6);
});

test('pages counted from a sample have an interval, and it holds more than one number where the sample is thin', async () => {
  const [slo] = compiled([buildSlo({ target: 0.99, policy: { ...FAST_PAGE, evidence: { ...FAST_PAGE.evidence, enabled: false } } })]);
  // Six bursts that are just about pages: 15 of 100 in an hour of 1,000 requests, each failure standing for twenty.
  const recounted = Array.from({ length: 36 * 60 }, (_, offset) => {
    const burst = offset % 360 >= 300 && offset % 360 < 309;
    return { ...minuteOfEvents(START + offset, burst ? { good: 1, bad: 1, weight: 20 } : { good: 1, weight: 20 }), sliceKey: slo!.sliceKey, arrivalMinute: START + offset };
  });
  const history: ReplayHistory = {
    extent: () => Promise.resolve({ firstMinutes: new Map(), firstSpanMinute: START, covered: [[START, START + 36 * 60]] }),
    slices: () => Promise.resolve([]),
    recount: ({ fromMinute, toMinute }) => Promise.resolve(recounted.filter(({ arrivalMinute }) => arrivalMinute >= fromMinute && arrivalMinute < toMinute)),
  };
  const [result] = await backtest({ history, ruleSets: [{ name: 'rules', slos: [slo!] }], fromMs: START * MINUTE_MS, toMs: START * MINUTE_MS + 36 * HOUR_MS, imported: false });
  const [least, most] = result!.pagesBetween ?? [0, 0];
  console.log(`${result!.incidents.length} pages, ${least} to ${most} in other samples`);
  expect(least).toBeLessThan(most);
  expect(result!.incidents.length).toBeGreaterThanOrEqual(least);
  expect(result!.incidents.length).toBeLessThanOrEqual(most);
  expect(result!.bases).toMatchObject([{ sampled: true, exactFromMs: undefined }]);
});
