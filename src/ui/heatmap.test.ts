import { expect, test } from 'vitest';
import { heatmapView, type HeatmapArea } from './heatmap.js';

test('a cell leads to its times and durations; the lowest row holds whatever is shorter too', () => {
  const areas: HeatmapArea[] = [];
  const everything = { times: undefined, minNs: undefined, maxNs: undefined };
  heatmapView({ columns: 10, fromMs: 0, stepMs: 60_000, cells: [{ column: 3, row: 0, spans: 1, errors: 0 }, { column: 4, row: 40, spans: 1, errors: 0 }] }, everything, (area) => {
    areas.push(area);
    return '';
  });
  expect(areas).toEqual([{ fromMs: 180_000, toMs: 240_000, minDuration: '', maxDuration: '0.000001ms' }, { fromMs: 240_000, toMs: 300_000, minDuration: '1.048576ms', maxDuration: '1.48291ms' }]);
});
