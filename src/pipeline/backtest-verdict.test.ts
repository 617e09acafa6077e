import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { compareResults, scoreOf, type LabelledIncident } from './backtest-verdict.js';
import type { BacktestResult } from './backtest.js';
import type { ReplayedIncident } from './replay.js';

function incident(slo: string, openedMinute: number, more: { readonly paged?: number | false; readonly resolved?: number } = {}): ReplayedIncident {
  const { paged = openedMinute, resolved } = more;
  return {
    slo, service: slo.split('-')[0] ?? '', severity: paged === false ? 'ticket' : 'page', openedAtMs: openedMinute * MINUTE_MS, pagedAtMs: paged === false ? undefined : paged * MINUTE_MS,
    resolvedAtMs: resolved === undefined ? undefined : resolved * MINUTE_MS, atStart: false, summary: '',
  };
}

function label(title: string, from: number, to: number, about: Partial<LabelledIncident> = {}): LabelledIncident {
  return { title, slo: undefined, service: undefined, startedAtMs: from * MINUTE_MS, endedAtMs: to * MINUTE_MS, ...about };
}

function result(incidents: readonly ReplayedIncident[]): BacktestResult {
  return { name: 'rules', incidents, statuses: [], bases: [], minutesJudged: 0, pagesBetween: undefined };
}

describe('the score against labelled incidents', () => {
  test('counts true and false pages, detected and missed incidents, and the time to the first page', () => {
    const replayed = [incident('pay-up', 104, { resolved: 130 }), incident('shop-up', 110, { resolved: 140 }), incident('pay-up', 300, { resolved: 320 }), incident('cart-up', 400, { paged: false, resolved: 460 })];
    const score = scoreOf(replayed, [label('bank down', 100, 130), label('cart slow', 395, 450), label('nobody noticed', 900, 910)]);
    expect(score).toMatchObject({ pages: 3, tickets: 1, truePages: 2, precision: 2 / 3, recall: 1 / 3, medianDetectionMs: 4 * MINUTE_MS });
    expect(score.detections.map(({ pagedAfterMs, toldAfterMs }) => [pagedAfterMs, toldAfterMs])).toEqual([[4 * MINUTE_MS, 4 * MINUTE_MS], [undefined, 5 * MINUTE_MS], [undefined, undefined]]);
  });

  test.each([
    ['another service', label('x', 100, 130, { service: 'cart' }), 0],
    ['its service', label('x', 100, 130, { service: 'pay' }), 1],
    ['another SLO', label('x', 100, 130, { slo: 'pay-fast' }), 0],
    ['its SLO', label('x', 100, 130, { slo: 'pay-up' }), 1],
    ['an incident that was over before the page', label('x', 80, 103), 0],
    ['one that people noticed just after the page ended', label('x', 135, 150), 1],
    ['one long after', label('x', 200, 210), 0],
  ])('a page about %s', (_about, labelled, detected) => {
    expect(scoreOf([incident('pay-up', 104, { resolved: 130 })], [labelled]).truePages).toBe(detected);
  });

  test('a page that was up already counts as detected at once, and one that never ended counts for whatever follows', () => {
    expect(scoreOf([incident('pay-up', 10)], [label('x', 100, 130)]).detections[0]?.pagedAfterMs).toBe(0);
  });

  test('without pages there is no precision, without labels no recall', () => {
    expect(scoreOf([], [])).toMatchObject({ precision: undefined, recall: undefined, medianDetectionMs: undefined });
  });
});

describe('the comparison of two rule sets', () => {
  test('pairs pages that overlap, and says what is new, gone, earlier', () => {
    const baseline = result([incident('pay-up', 104, { resolved: 130 }), incident('cart-up', 500, { resolved: 520 })]);
    const proposed = result([incident('pay-up', 100, { resolved: 128 }), incident('cart-up', 700), incident('shop-up', 110), incident('shop-up', 400)]);
    const comparison = compareResults(proposed, baseline);
    expect(comparison.onlyProposed.map(({ slo, openedAtMs }) => [slo, openedAtMs / MINUTE_MS])).toEqual([['cart-up', 700], ['shop-up', 110], ['shop-up', 400]]);
    expect(comparison.onlyBaseline.map(({ slo }) => slo)).toEqual(['cart-up']);
    expect(comparison.shared.map(({ earlierMs }) => earlierMs)).toEqual([4 * MINUTE_MS]);
    expect(comparison.sentence).toBe('This change would have sent 2 pages more (4 instead of 2), and the one that both send 4 min earlier.');
  });

  test.each([
    [[], [], 'This change would have sent as many pages as before (0).'],
    [[incident('a', 10)], [], 'This change would have sent 1 page more (1 instead of 0).'],
    [[], [incident('a', 10), incident('b', 10)], 'This change would have sent 2 pages fewer (0 instead of 2).'],
    [[incident('a', 10), incident('b', 70)], [incident('a', 10), incident('b', 10)], 'This change would have sent as many pages as before (2), and the 2 that both send 30 min later (median).'],
    [[incident('a', 10)], [incident('a', 10)], 'This change would have sent as many pages as before (1), and the one that both send at the same time.'],
  ])('is said in one sentence', (proposed, baseline, sentence) => {
    expect(compareResults(result(proposed), result(baseline)).sentence).toBe(sentence);
  });

  test('a ticket is no page', () => {
    expect(compareResults(result([incident('a', 10, { paged: false })]), result([incident('a', 10)])).onlyBaseline).toHaveLength(1);
    expect(compareResults(result([incident('a', 10, { paged: 40 })]), result([incident('a', 10)])).medianEarlierMs).toBe(-HOUR_MS / 2);
  });
});
