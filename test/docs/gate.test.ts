import { expect, test } from 'vitest';
import { MinuteSeries, minuteOf } from '../../src/budget/minute-series.js';
import { judgeRelease } from '../../src/budget/release-gate.js';
import { seriesLimits } from '../../src/budget/slice-index.js';
import { buildSlo, minuteOfEvents } from '../../src/budget/slo-builder.js';
import { evaluateSlo } from '../../src/budget/slo-status.js';
import { fullCoverage } from '../../src/budget/window-reading.js';
import { gateText } from '../../src/cli/gate-command.js';
import { DEFAULT_GATE } from '../../src/config/release-gate.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import { blocksOf, SLO as PAGE } from './documents.js';

const NOW = Date.UTC(2026, 10, 20, 12);

test('the gate prints what docs/slo.md shows', () => {
  const slo = buildSlo({ target: 0.99 });
  const series = new MinuteSeries(seriesLimits(slo));
  for (let minute = minuteOf(NOW - 3 * DAY_MS); minute < minuteOf(NOW); minute += 1) {
    const bad = minute >= minuteOf(NOW - HOUR_MS) ? 30 : 0;
    series.add(minuteOfEvents(minute, { good: 100 - bad, bad }));
  }
  const counts = { version: '1.4.2', bad: 432, total: 2_000, firstSeenMs: NOW - 20 * MINUTE_MS, lastSeenMs: NOW };
  const verdict = judgeRelease({ slo, status: evaluateSlo(slo, series, { nowMs: NOW - 1, coverage: fullCoverage }), gate: DEFAULT_GATE, version: { name: '1.4.2', counts } });
  expect(`${gateText({ slo: slo.name, ...verdict })}\n`).toBe(blocksOf(PAGE).find(({ label }) => label === 'gate')?.text);
});
