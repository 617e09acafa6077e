import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { MinuteSeries } from '../../src/budget/minute-series.js';
import { randomOf } from '../../src/budget/random-source.js';
import { seriesLimits } from '../../src/budget/slice-index.js';
import { buildSlo, minuteOfEvents, WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import { evaluateSlo } from '../../src/budget/slo-status.js';
import { fullCoverage } from '../../src/budget/window-reading.js';
import { formatDuration, MINUTE_MS } from '../../src/lib/duration.js';
import { requireOrSkip } from '../support/require.js';

/**
 * The same counts through Tocsin and through Prometheus with rules in Sloth's shape, compared at every step by Prometheus itself:
 * our verdicts are a series of their own there, and a rule says where the two differ.
 */
const SEED = 20_261_120;
const WARM_UP = 4_320 + 60; // The longest window, 3d, and a little.
const JUDGED = 1_440;
/** Prometheus evaluates this often: each step looks at three days of samples. */
const STEP = 5;
const LAST = WARM_UP + JUDGED - STEP;
const START_MINUTE = 29_900_000;
const ALLOWED = 0.001;
const SLO = buildSlo();
const UNGATED = buildSlo({ policy: { ...WORKBOOK_POLICY, evidence: { ...WORKBOOK_POLICY.evidence, enabled: false } } });

interface Minute {
  readonly good: number;
  readonly bad: number;
}

/** A day after three quiet ones: a slow leak, short spikes, an hour of silence, an outage, and traffic that sinks to nothing at night. */
function traffic(): Minute[] {
  const random = randomOf(SEED);
  return Array.from({ length: WARM_UP + JUDGED }, (_, index) => {
    const at = index - WARM_UP;
    const silent = at >= 300 && at < 360;
    const total = silent ? 0 : random.poisson(20 * (1 + 0.9 * Math.sin((2 * Math.PI * index) / 1_440)));
    const outage = at >= 1_300 && at < 1_320;
    const leak = at >= 600 && at < 1_200;
    const spike = at >= 0 && at % 240 < 2;
    const bad = random.binomial(total, outage ? 0.8 : spike ? 0.3 : leak ? 0.004 : 0.0004);
    return { good: total - bad, bad };
  });
}

interface Verdicts {
  /** 1 where any page tier exceeds its factor in both windows, as Sloth's page alert does. */
  readonly page: readonly number[];
  readonly ticket: readonly number[];
  /** The same with the evidence gate. */
  readonly gatedPage: readonly number[];
  readonly gatedTicket: readonly number[];
}

/** Tocsin's verdict at the end of every minute. */
function judged(minutes: readonly Minute[]): Verdicts {
  const series = new MinuteSeries(seriesLimits(SLO));
  const verdicts = { page: [] as number[], ticket: [] as number[], gatedPage: [] as number[], gatedTicket: [] as number[] };
  for (const [index, counts] of minutes.entries()) {
    const minute = START_MINUTE + index;
    series.add(minuteOfEvents(minute, counts));
    const input = { nowMs: (minute + 1) * MINUTE_MS - 1, coverage: fullCoverage };
    const [plain, gated] = index < WARM_UP ? [[], []] : [evaluateSlo(UNGATED, series, input).tiers, evaluateSlo(SLO, series, input).tiers];
    const any = (tiers: typeof plain, severity: string): number => Number(tiers.some((tier) => tier.tier.severity === severity && tier.firing));
    verdicts.page.push(any(plain, 'page'));
    verdicts.ticket.push(any(plain, 'ticket'));
    verdicts.gatedPage.push(any(gated, 'page'));
    verdicts.gatedTicket.push(any(gated, 'ticket'));
  }
  return verdicts;
}

/** A counter that grows by the minute's events; its sample at minute n holds everything up to the end of that minute. */
function counter(values: readonly number[]): string {
  let sum = 1;
  return values.map((value) => String(sum += value)).join(' ');
}

/** Sloth's rules for this SLO: a ratio for each window, then the two alerts of google-30d.yaml, without `for`. */
function rules(): unknown {
  const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];
  const ratio = (window: string): string => `slo:sli_error:ratio_rate${window}`;
  const tiers = (severity: string): string => WORKBOOK_POLICY.tiers.filter((tier) => tier.severity === severity)
    .map(({ longMs, shortMs, factor }) => `((${ratio(formatDuration(shortMs))} > (${factor} * ${ALLOWED})) and (${ratio(formatDuration(longMs))} > (${factor} * ${ALLOWED})))`).join(' or ');
  const firing = (severity: string): string => `count(${tiers(severity)}) or vector(0)`;
  return {
    groups: [{
      name: 'sloth-slo', interval: `${STEP}m`,
      rules: [
        ...windows.map((window) => ({ record: ratio(window), expr: `sum(rate(errors_total[${window}])) / sum(rate(requests_total[${window}]))` })),
        // Sloth's shortcut for long windows: the mean of the five-minute ratios.
        { record: 'mean_of_ratios:1d', expr: `sum_over_time(${ratio('5m')}[1d]) / count_over_time(${ratio('5m')}[1d])` },
        { record: 'prometheus:page', expr: `clamp_max(${firing('page')}, 1)` }, { record: 'prometheus:ticket', expr: `clamp_max(${firing('ticket')}, 1)` },
        { record: 'differs:page', expr: 'abs(prometheus:page - on() tocsin_page)' }, { record: 'differs:ticket', expr: 'abs(prometheus:ticket - on() tocsin_ticket)' },
        // The gate may only hold back what Prometheus would fire, never add to it.
        { record: 'added:page', expr: '(tocsin_gated_page > bool on() prometheus:page) or vector(0)' }, { record: 'added:ticket', expr: '(tocsin_gated_ticket > bool on() prometheus:ticket) or vector(0)' },
        { record: 'held:page', expr: 'prometheus:page > bool on() tocsin_gated_page' },
      ],
    }],
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Over the steps that are judged. */
const atSteps = (verdicts: readonly number[]): number => sum(verdicts.filter((_, index) => index >= WARM_UP && index <= LAST && index % STEP === 0));

test.skipIf(!requireOrSkip('promtool', 'apt-get install prometheus'))('Prometheus with rules in the shape of Sloth has the same verdict at every step; the evidence gate only ever holds back', () => {
  const minutes = traffic();
  const verdicts = judged(minutes);
  const range = `[${LAST - WARM_UP}m]`;
  const page = atSteps(verdicts.page);
  const held = page - atSteps(verdicts.gatedPage);
  console.log(`seed ${SEED}: of ${JUDGED / STEP} steps ${page} page and ${atSteps(verdicts.ticket)} have a ticket by thresholds alone; the gate holds back ${held} steps of pages`);
  expect(Math.min(held, page - held)).toBeGreaterThan(0);
  const lastDay = minutes.slice(LAST - 1_439, LAST + 1);
  const ours = sum(lastDay.map(({ bad }) => bad)) / sum(lastDay.map(({ good, bad }) => good + bad));
  const expressions: readonly (readonly [string, number])[] = [
    [`sum_over_time(differs:page${range})`, 0], [`sum_over_time(differs:ticket${range})`, 0], [`count_over_time(differs:page${range})`, JUDGED / STEP],
    [`sum_over_time(added:page${range})`, 0], [`sum_over_time(added:ticket${range})`, 0],
    [`sum_over_time(prometheus:page${range})`, page], [`sum_over_time(prometheus:ticket${range})`, atSteps(verdicts.ticket)], [`sum_over_time(held:page${range})`, held],
    // Ratios are the same to six digits (promtool compares without tolerance) where Prometheus sums events …
    ['floor(slo:sli_error:ratio_rate1d * 1000000 + 0.5)', Math.round(ours * 1e6)],
    // … and NaN, which differs from itself, where a long window is the mean of ratios, as Sloth makes it: one silent hour spoils the day.
    ['mean_of_ratios:1d != bool mean_of_ratios:1d', 1],
  ];
  const tests = expressions.map(([expr, value]) => ({ expr: `sum(${expr})`, eval_time: `${LAST}m`, exp_samples: [{ labels: '{}', value }] }));
  expect(promtool(minutes, verdicts, tests)).toContain('SUCCESS');
}, 300_000);

function promtool(minutes: readonly Minute[], verdicts: Verdicts, tests: readonly unknown[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-differential-'));
  const series = (name: string, values: string): unknown => ({ series: name, values });
  try {
    writeFileSync(join(directory, 'rules.yaml'), stringify(rules()));
    writeFileSync(join(directory, 'test.yaml'), stringify({
      rule_files: ['rules.yaml'], evaluation_interval: `${STEP}m`,
      tests: [{
        interval: '1m', promql_expr_test: tests,
        input_series: [
          series('errors_total', counter(minutes.map(({ bad }) => bad))), series('requests_total', counter(minutes.map(({ good, bad }) => good + bad))),
          series('tocsin_page', verdicts.page.join(' ')), series('tocsin_ticket', verdicts.ticket.join(' ')),
          series('tocsin_gated_page', verdicts.gatedPage.join(' ')), series('tocsin_gated_ticket', verdicts.gatedTicket.join(' ')),
        ],
      }],
    }));
    const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(directory, 'test.yaml')], { encoding: 'utf8' });
    return `${stdout}${stderr}`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
