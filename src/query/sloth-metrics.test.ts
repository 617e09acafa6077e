import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { requireOrSkip } from '../../test/support/require.js';
import { MinuteSeries, minuteOf } from '../budget/minute-series.js';
import { seriesLimits } from '../budget/slice-index.js';
import { buildSlo, minuteOfEvents, WORKBOOK_POLICY } from '../budget/slo-builder.js';
import { evaluateSlo } from '../budget/slo-status.js';
import { fullCoverage } from '../budget/window-reading.js';
import type { Slo } from '../config/slo.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { PrometheusMetrics } from '../pipeline/prometheus-metrics.js';
import { SloEventCounter } from '../pipeline/slo-event-counter.js';
import { prometheusDuration, slothFamilies, slothIdLabels, type SlothInput } from './sloth-metrics.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const SLO = buildSlo({ labels: { team: 'payments', 'app.kubernetes.io/part-of': 'shop' } });
const TRACE = { traceId: 'c0ffee00c0ffee00c0ffee00c0ffee00', spanId: 'c0ffee00c0ffee00', atMs: NOW - 5_000 };

/** Ten requests a minute for a day, of which one in a hundred fails from the last hour on. */
function inputOf(slo: Slo): SlothInput {
  const series = new MinuteSeries(seriesLimits(slo));
  for (let minute = minuteOf(NOW - DAY_MS); minute < minuteOf(NOW); minute += 1) {
    series.add(minuteOfEvents(minute, minute >= minuteOf(NOW - HOUR_MS) ? { good: 99, bad: 1 } : { good: 100 }));
  }
  return { slo, status: evaluateSlo(slo, series, { nowMs: NOW - 1, coverage: fullCoverage }) };
}

const FIRING = { labels: { slo: SLO.name, alertname: 'ErrorBudgetBurn' }, severity: 'page', firing: true } as unknown as ConditionSignal;
const OPTIONS = { version: '0.1.0', firing: [FIRING] };

async function exposed(accept?: string): Promise<string> {
  const metrics = new PrometheusMetrics();
  const events = new SloEventCounter();
  events.committed([{ sliceKey: 'key', eventMinute: 1, arrivalMinute: 1, good: 99, bad: 1, goodSquared: 99, badSquared: 1, events: 100, unknownWeight: 0, lastBad: TRACE }]);
  metrics.breachToNotification.observe({ labels: { integration: 'slack' }, value: 1.25, exemplarLabels: { trace_id: TRACE.traceId } });
  metrics.addFamilies(() => slothFamilies([inputOf(SLO)], OPTIONS));
  metrics.addSource({ name: 'tocsin_slo_events_total', help: 'Events.', type: 'counter', labelNames: ['sloth_id', 'sloth_service', 'sloth_slo', 'outcome'], collect: () => events.rows([{ slo: SLO, sliceKey: 'key' }], slothIdLabels) });
  return (await metrics.expose(accept)).text;
}

describe("Sloth's metrics", () => {
  const families = new Map(slothFamilies([inputOf(SLO)], OPTIONS).map((family) => [family.name, family.samples]));
  const labels = { app_kubernetes_io_part_of: 'shop', team: 'payments', sloth_id: 'checkout-checkout-availability', sloth_service: 'checkout', sloth_slo: 'checkout-availability' };

  test('are all there, under their names', () => {
    expect([...families.keys()].sort()).toEqual([
      'ALERTS', 'slo:current_burn_rate:ratio', 'slo:error_budget:ratio', 'slo:objective:ratio', 'slo:period_burn_rate:ratio', 'slo:period_error_budget_remaining:ratio',
      ...['1d', '1h', '2h', '30d', '30m', '3d', '5m', '6h'].map((window) => `slo:sli_error:ratio_rate${window}`), 'slo:time_period:days', 'sloth_slo_info',
    ]);
  });

  test.each([
    ['slo:sli_error:ratio_rate5m', 0.01, { ...labels, sloth_window: '5m' }],
    ['slo:sli_error:ratio_rate1d', 0.01 / 24, { ...labels, sloth_window: '1d' }],
    ['slo:objective:ratio', 0.999, labels],
    ['slo:error_budget:ratio', 0.001, labels],
    ['slo:time_period:days', 30, labels],
    ['slo:current_burn_rate:ratio', 10, labels],
    ['slo:period_burn_rate:ratio', 10 / 24, labels],
    ['slo:period_error_budget_remaining:ratio', 1 - 10 / 24, labels],
    ['sloth_slo_info', 1, { ...labels, sloth_mode: 'tocsin', sloth_objective: '99.9', sloth_spec: 'openslo/v1', sloth_version: '0.1.0' }],
    ['ALERTS', 1, { ...labels, alertname: 'ErrorBudgetBurn', alertstate: 'firing', sloth_severity: 'page' }],
  ])('%s is %d, with its labels', (name, value, expected) => {
    const [sample, ...others] = families.get(name) ?? [];
    expect(others).toEqual([]);
    expect(sample?.value).toBeCloseTo(value, 3);
    expect(sample?.labels).toEqual(expected);
  });

  test('have no series where there were no events, rather than a NaN that spoils sums', () => {
    const empty = slothFamilies([{ slo: SLO, status: undefined }], { ...OPTIONS, firing: [] }).map(({ name }) => name);
    expect(empty).toEqual(['slo:objective:ratio', 'slo:error_budget:ratio', 'slo:time_period:days', 'sloth_slo_info']);
  });

  test('have the windows that dashboards ask for also where the policy has others, and the period as Prometheus writes it', () => {
    const slo = buildSlo({ windowMs: 28 * DAY_MS, policy: { ...WORKBOOK_POLICY, tiers: [{ severity: 'page', longMs: 4 * HOUR_MS, shortMs: HOUR_MS / 3, factor: 9 }] } });
    const names = slothFamilies([inputOf(slo)], OPTIONS).map(({ name }) => name).filter((name) => name.startsWith('slo:sli_error'));
    expect(names).toEqual(['5m', '30m', '1h', '2h', '6h', '1d', '3d', '4w'].map((window) => `slo:sli_error:ratio_rate${window}`));
  });
});

// model.Duration.String of github.com/prometheus/common, and the names of Sloth's own examples.
test.each([[30, '30d'], [28, '4w'], [7, '1w'], [90, '90d'], [365, '1y'], [1 / 24, '1h'], [1.5, '1d12h'], [1 / 288, '5m'], [0, '0s']])('%d days are written %s', (days, text) => {
  expect(prometheusDuration(days * DAY_MS)).toBe(text);
});

describe.skipIf(!requireOrSkip('promtool', 'apt-get install prometheus'))('Prometheus itself', () => {
  test('has nothing to say against the text but the colons, which the names of recording rules must have', async () => {
    const { stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: await exposed(), encoding: 'utf8' });
    const complaints = stderr.split('\n').filter((line) => line !== '' && !/^slo:\S+ metric names should not contain ':'$/.test(line));
    // Node's own gauges, which prom-client names.
    expect(complaints.filter((line) => !/^(nodejs_|process_)/.test(line))).toEqual([]);
    expect([0, 3]).toContain(status);
  });

  test('reads the OpenMetrics text, exemplars and all', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-metrics-'));
    try {
      const text = await exposed('application/openmetrics-text; version=1.0.0');
      expect(text).toMatch(new RegExp(`^tocsin_slo_events_total\\{.*outcome="bad"\\} 1 # \\{trace_id="${TRACE.traceId}",span_id="${TRACE.spanId}"\\} 1 `, 'm'));
      expect(text).toMatch(new RegExp(`^tocsin_breach_to_notification_seconds_bucket\\{le="2",integration="slack"\\} 1 # \\{trace_id="${TRACE.traceId}"\\} 1.25 `, 'm'));
      // promtool takes OpenMetrics only as history: each sample with a time.
      const timed = text.replaceAll(/^([^#\s{]+(?:\{.*?\})?) (\S+)((?: # .*)?)$/gm, `$1 $2 ${NOW / 1_000}$3`);
      writeFileSync(join(directory, 'metrics.txt'), timed);
      expect(execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(directory, 'metrics.txt'), join(directory, 'blocks')], { encoding: 'utf8' })).toContain('BLOCK ULID');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("evaluates the expressions of Sloth's public dashboards on it", async () => {
    const series = (await exposed()).split('\n').filter((line) => /^(slo:|sloth_|ALERTS)/.test(line)).map((line) => ({ series: line.slice(0, line.lastIndexOf(' ')), values: `${line.slice(line.lastIndexOf(' ') + 1)}x120` }));
    const id = '{sloth_id="checkout-checkout-availability"}';
    const selector = '{sloth_service="checkout",sloth_slo="checkout-availability"}';
    // Whole numbers, because promtool compares without tolerance. Grafana 14348 and 14643: burn-down of the month, budget left, burn against the budget, worst SLOs, firing alerts.
    const expressions: readonly [string, number, string][] = [
      [`1 - (sum_over_time((slo:sli_error:ratio_rate1h${selector} * on() group_left() (month() == bool vector(1)))[1h:10m]) / on(sloth_id) (slo:error_budget:ratio${selector} * on() group_left() (24 * days_in_month())))`, 1 - (0.01 * 7) / (0.001 * 24 * 31), id],
      [`slo:sli_error:ratio_rate1h${selector} / on(sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio${selector}`, 10, '{app_kubernetes_io_part_of="shop",sloth_id="checkout-checkout-availability",sloth_service="checkout",sloth_slo="checkout-availability",sloth_window="1h",team="payments"}'],
      ['sum(slo:period_error_budget_remaining:ratio) by (sloth_id)', 1 - 10 / 24, id],
      ['topk(1, max by (sloth_id) (slo:current_burn_rate:ratio))', 10, id],
      ['max(sloth_slo_info) by (sloth_id)', 1, id],
      ['count by (sloth_id) (ALERTS{sloth_id!="", alertstate="firing", sloth_severity="page"})', 1, id],
      ['max by (sloth_id) (slo:time_period:days)', 30, id],
    ];
    const file = {
      evaluation_interval: '1m', rule_files: [],
      tests: [{ interval: '1m', input_series: series, promql_expr_test: expressions.map(([expr, value, labels]) => ({ expr: `floor((${expr}) * 10000 + 0.5)`, eval_time: '60m', exp_samples: [{ labels, value: Math.round(value * 10_000) }] })) }],
    };
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-promql-'));
    try {
      writeFileSync(join(directory, 'test.yaml'), stringify(file));
      const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(directory, 'test.yaml')], { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).toContain('SUCCESS');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
