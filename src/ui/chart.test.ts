import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chart, linearTicks, sparkline, type ChartInput } from './chart.js';

const NOON = Date.UTC(2026, 10, 20, 12);
const input = (changes: Partial<ChartInput> & { readonly values: readonly (number | undefined)[] }): ChartInput => ({
  title: 'Errors', times: changes.values.map((_, index) => NOON + index * 60_000), series: [{ label: 'errors', style: 'bad', values: changes.values, area: true }], format: String, atLeast: [0, 1], ...changes,
});

test('ticks are few, round and span the range', () => {
  expect(linearTicks(0, 1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(linearTicks(-0.3, 1)).toEqual([-0.5, 0, 0.5, 1]);
  fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, spread) => {
    const ticks = linearTicks(low, low + spread);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(7);
  }));
});

test('a moment without events is a gap, not a zero', () => {
  const { lines } = chart(input({ values: [1, 1, undefined, 1, 1] }));
  expect(lines[0]?.path.match(/M/g)).toHaveLength(2);
  expect(chart(input({ values: [undefined, undefined] })).empty).toBe(true);
});

test('a burn-rate axis keeps 1, 10 and 100 apart and holds the thresholds', () => {
  const { gridLines, thresholds } = chart(input({ values: [0, 300], scale: 'log', atLeast: [0, 20], thresholds: [{ value: 14.4, label: 'page', style: 'c0' }] }));
  expect(gridLines.map((line) => line.label)).toEqual(['0', '1', '10', '100']);
  const y = (label: string): number => gridLines.find((line) => line.label === label)?.y ?? NaN;
  expect(thresholds[0]?.y).toBeGreaterThan(y('100'));
  expect(thresholds[0]?.y).toBeLessThan(y('10'));
});

test('times are round: full hours over hours, dates over days; one of them says the zone', () => {
  const ticks = (hours: number): string[] => chart({ ...input({ values: [1, 1] }), times: [NOON + 300_000, NOON + 300_000 + hours * 3_600_000] }).timeTicks.map((tick) => tick.label);
  expect(ticks(6)).toEqual(['13:00 UTC', '14:00', '15:00', '16:00', '17:00', '18:00']);
  expect(ticks(24)).toEqual(['18:00 UTC', '11-21', '06:00', '12:00']);
  expect(ticks(24 * 6)).toEqual(['11-21 UTC', '11-22', '11-23', '11-24', '11-25', '11-26']);
});

test('what is under the pointer is said in words, in order', () => {
  expect(JSON.parse(chart(input({ values: [1, undefined] })).moments)).toEqual([[0, '2026-11-20 12:00 UTC · errors 1'], [100, '2026-11-20 12:01 UTC · errors –']]);
});

test('a sparkline stays in its box', () => {
  expect(sparkline([0, 5, 10]).path).toBe('M0 23L50 12L100 1');
  expect(sparkline([3]).path).toBe('');
});

test('markers stand where they happened; neighbours take turns so that their labels can be read; what is outside is left out', () => {
  const at = (atMs: number, label: string): { atMs: number; label: string; style: string } => ({ atMs, label, style: 'deployment' });
  const { markers } = chart({ title: 't', times: [0, 1_000], series: [], format: String, atLeast: [0, 1], markers: [at(900, 'late'), at(100, '1.0'), at(150, '1.1'), at(2_000, 'after')] });
  expect(markers.map(({ x, label, anchor, y }) => [x, label, anchor, y])).toEqual([[10, '1.0', 'start', 10], [15, '1.1', 'start', 22], [90, 'late', 'end', 10]]);
});
