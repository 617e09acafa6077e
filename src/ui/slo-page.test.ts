import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import { sampleIncident, sampleReading } from '../incident/sample-incident.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { NOTHING_BURNED } from '../query/burned-view.js';
import { sliceKeyOf, type HistoryView } from '../query/history-view.js';
import { sloHistory } from '../query/slo-history.js';
import type { Chart } from './chart.js';
import { budgetBar, sloPage } from './slo-page.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const WINDOW = { fromMs: NOW - HOUR_MS, toMs: NOW };
const slo = buildSlo({ target: 0.99 });

function historyOf(bad: number): HistoryView {
  const counts = Array.from({ length: 60 }, (_, index) => ({ minute: (NOW - HOUR_MS) / MINUTE_MS + index, good: 100 - bad, bad }));
  return { window: WINDOW, stepMinutes: 1, burnWindowsMs: [HOUR_MS], points: sloHistory(counts, { ...WINDOW, target: slo.target, windowMs: slo.windowMs, burnWindowsMs: [HOUR_MS], stepMinutes: 1 }) };
}

test('the budget chart of a young SLO ends where its projected budget is', () => {
  const burn = 5;
  const projected = 1 - (burn * HOUR_MS) / slo.windowMs;
  const status = sampleReading({ young: true, historyMs: HOUR_MS, projectedBudgetRemaining: projected, errorBudgetRemaining: 1 - burn });
  const [budget] = sloPage({ slo, status }, historyOf(burn))['charts'] as [Chart];
  expect(budget.title).toContain('projected');
  expect(budget.lines[0]?.last).toBe('99.31 %');
  expect(projected).toBeCloseTo(0.9931, 4);
});

test('groups and exclusions of a young SLO lead with the projected budget too', () => {
  const young = { young: true, errorBudgetRemaining: -99, projectedBudgetRemaining: 0.9 };
  const group = { ...sampleReading({ young: true, errorBudgetRemaining: -9, projectedBudgetRemaining: 0.99 }), group: { text: 'region=eu', names: [], values: {} } };
  const status = sampleReading({ ...young, groups: [group], excluded: { events: [], minutes: 3, budgetWithout: -199, now: undefined } });
  const page = sloPage({ slo, status }, historyOf(1));
  expect(page['groups']).toMatchObject({ rows: [{ budget: 0.99, isProjected: true }] });
  expect(page['exclusions']).toMatchObject({ budgetWith: 0.9, budgetWithout: expect.closeTo(0.8, 9) as number });
});

test('with history the chart shows the standard budget, below zero when overspent', () => {
  const [budget] = sloPage({ slo, status: sampleReading({ young: false }) }, historyOf(2))['charts'] as [Chart];
  expect(budget.title).not.toContain('projected');
  expect(budget.lines[0]?.last).toBe('-100 %');
});

test('what happened around the SLO marks its charts and fills its log, and who burned it is ranked', () => {
  const burned = { bad: 100, byVersion: [{ label: '1.4.2', bad: 1_234.6, total: 9_000, share: 0.8, errorRatio: 0.137 }], byOperation: [], deployments: [{ atMs: NOW - 40 * MINUTE_MS, service: 'checkout', version: '1.4.2' }, { atMs: NOW - DAY_MS, service: 'checkout', version: '1.4.1' }] };
  const incident = sampleIncident({ startedAtMs: NOW - 10 * MINUTE_MS, timeline: [{ atMs: NOW - 10 * MINUTE_MS, kind: 'opened', actor: 'tocsin', text: 'burning 21x' }, { atMs: NOW - 10 * MINUTE_MS + 1, kind: 'notified', actor: 'tocsin', text: 'Slack' }] });
  const page = sloPage({ slo, status: sampleReading({}) }, historyOf(2), { burned, incidents: [incident], revisions: [] }) as unknown as { charts: Chart[]; events: { words: string; text: string; href?: string }[]; burned: { parts: { rows: unknown[] }[] } };
  for (const { markers } of page.charts) {
    expect(markers.map(({ label, style, anchor }) => [label, style, anchor])).toEqual([['1.4.2', 'deployment', 'start'], ['page', 'page', 'end']]);
    expect(markers[0]?.x).toBeCloseTo(100 / 3, 0);
  }
  expect(page.events.map(({ words, text, href }) => [words, text, href?.startsWith('/incidents/') ?? false])).toEqual([['Opened', 'burning 21x', true], ['Deployed', 'checkout 1.4.2', false], ['Deployed', 'checkout 1.4.1', false]]);
  expect(page.burned.parts[0]?.rows).toEqual([{ label: '1.4.2', bad: '1,235', share: 0.8, errorRatio: 0.137 }]);
});

test('bad events are dots on the line of the error ratio, at their own time, and open their trace', () => {
  const exemplar = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), service: 'shop', operation: 'GET /', durationNs: 812e6 };
  const [, , errors] = sloPage({ slo, status: sampleReading({}) }, historyOf(2), { burned: NOTHING_BURNED, incidents: [], revisions: [], exemplars: [{ ...exemplar, endMs: NOW - 30 * MINUTE_MS - 1 }, { ...exemplar, endMs: NOW - 2 * HOUR_MS }] })['charts'] as [Chart, Chart, Chart];
  expect(errors.points).toHaveLength(1);
  expect(errors.points[0]).toMatchObject({ href: `/traces/${exemplar.traceId}?span=${exemplar.spanId}`, words: 'shop GET /, 812 ms: a bad event, its trace', style: 'bad' });
  expect(errors.points[0]?.x).toBeCloseTo(50, 1);
  const rising = historyOf(2);
  const steep = { ...rising, points: rising.points.map((point, index) => ({ ...point, errorRatio: index / 100 })) };
  const [, , slope] = sloPage({ slo, status: sampleReading({}) }, steep, { burned: NOTHING_BURNED, incidents: [], revisions: [], exemplars: [30.5, 30, 31].map((minutes) => ({ ...exemplar, endMs: NOW - minutes * MINUTE_MS })) })['charts'] as [Chart, Chart, Chart];
  const [between, later, earlier] = slope.points.map(({ y }) => y) as [number, number, number];
  expect(between).toBeCloseTo((earlier + later) / 2, 1);
});

test.each([
  [{ young: false, errorBudgetRemaining: 0.71 }, { filled: 71, level: 'good', isProjected: false }],
  [{ young: false, errorBudgetRemaining: 0.2 }, { filled: 20, level: 'low', isProjected: false }],
  [{ young: false, errorBudgetRemaining: -3 }, { filled: 100, level: 'spent', isProjected: false }],
  [{ young: true, errorBudgetRemaining: -3, projectedBudgetRemaining: 0.98, historyMs: DAY_MS / 2 }, { filled: 98, level: 'good', isProjected: true }],
  [{ young: false, errorBudgetRemaining: undefined }, { filled: 0, level: 'unknown', isProjected: false }],
])('the bar of %j is %j', (changes, bar) => {
  expect(budgetBar(sampleReading(changes))).toMatchObject(bar);
});

test('what is excluded is listed, the next and the latest, with what it spares; earlier definitions too', () => {
  const window = { kind: 'once', fromMs: NOW - 2 * MINUTE_MS, toMs: NOW + 8 * MINUTE_MS } as const;
  const excluding = { ...slo, exclusions: [{ name: 'later', window: { kind: 'once' as const, fromMs: NOW + DAY_MS, toMs: NOW + DAY_MS + 60 * MINUTE_MS } }, { name: 'upgrade', window }, { name: 'too far', window: { kind: 'once' as const, fromMs: NOW + 9 * DAY_MS, toMs: NOW + 10 * DAY_MS } }]
    .map((each) => ({ by: 'ann', reason: 'database', ...each })) };
  const status = sampleReading({ atMs: NOW, errorBudgetRemaining: 0.9, excluded: { events: [], minutes: 3, budgetWithout: 0.2, now: 'upgrade' } });
  const counted = { firstMs: NOW - DAY_MS, lastMs: NOW, good: 30, bad: 10 };
  const page = sloPage({ slo: excluding, status }, historyOf(2), { burned: NOTHING_BURNED, incidents: [], revisions: [{ sliceKey: `${slo.name}@0badcafe`, definition: undefined, counted }, { sliceKey: sliceKeyOf(slo), definition: undefined, counted }] });
  expect(page['exclusions']).toMatchObject({
    now: 'upgrade', forMs: 3 * MINUTE_MS, budgetWithout: 0.2, budgetWith: 0.9,
    rows: [{ name: 'later', isNow: false, length: '1h' }, { name: 'upgrade', isNow: true, length: '10m', by: 'ann', reason: 'database' }],
  });
  expect(page['earlier']).toEqual([{ revision: '0badcafe', total: undefined, outcome: 'bad', part: undefined, fromMs: NOW - DAY_MS, toMs: NOW, events: '40', sli: 0.75 }]);
  expect(sloPage({ slo, status: sampleReading({}) }, historyOf(2))).toMatchObject({ exclusions: undefined, earlier: [] });
  // An SLO that was counted from stored spans says how far back it reaches.
  const definition = { total: '{ }', polarity: 'bad', part: '{ }', firstInForceMs: NOW - 60 * MINUTE_MS } as const;
  const notesOf = (storedFromMs: number | undefined): unknown => sloPage({ slo, status: sampleReading({}) }, historyOf(2), { burned: NOTHING_BURNED, incidents: [], revisions: [{ sliceKey: sliceKeyOf(slo), definition, counted: { ...counted, ...(storedFromMs === undefined ? {} : { storedFromMs }) } }] })['notes'];
  expect(notesOf(NOW - DAY_MS)).toEqual([expect.stringMatching(/^Counted since .*, and before that from the spans that were stored then, back to /)]);
  expect(notesOf(undefined)).toEqual([]);
});

test('how many must fail is read in thousands', () => {
  const { tiers } = sloPage({ slo, status: sampleReading({ eventsPerHour: 90_000 }) }, historyOf(2)) as unknown as { readonly tiers: readonly { readonly toFire?: string }[] };
  expect(tiers[0]?.toFire).toMatch(/^\d+,\d{3}$/);
});
