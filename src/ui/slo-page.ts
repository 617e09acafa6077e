import type { SloStatus, TierReading } from '../budget/slo-status.js';
import { formatDuration } from '../lib/duration.js';
import { formatBurn, formatPercent } from '../lib/format.js';
import type { HistoryView } from '../query/history-view.js';
import type { SloView } from '../query/slo-view.js';
import { chart, type Chart } from './chart.js';
import { formatNumber, STATE_WORDS, stateSentence } from './words.js';

export interface BudgetBar {
  readonly remaining: number | undefined;
  /** Percent of the bar that is filled; an overspent budget fills it in another colour. */
  readonly filled: number;
  readonly level: 'good' | 'low' | 'spent' | 'unknown';
  readonly isProjected: boolean;
}

const LOW_BUDGET = 0.25;

/** The budget that leads: for a young service the projected one. */
export function budgetBar(status: SloStatus): BudgetBar {
  const projected = status.young ? status.projectedBudgetRemaining : undefined;
  const remaining = projected ?? status.errorBudgetRemaining;
  const filled = remaining === undefined ? 0 : Math.round(Math.min(1, Math.abs(remaining)) * 1_000) / 10;
  const level = remaining === undefined ? 'unknown' : remaining <= 0 ? 'spent' : remaining < LOW_BUDGET ? 'low' : 'good';
  return { remaining, filled, level, isProjected: projected !== undefined };
}

export function sloPage(view: SloView, history: HistoryView): Record<string, unknown> {
  const { slo, status } = view;
  return {
    slo,
    status,
    stateWords: STATE_WORDS[status.state],
    sentence: stateSentence(status, slo),
    budget: budgetBar(status),
    window: formatDuration(slo.windowMs),
    outcome: slo.indicator.bad === undefined ? { word: 'Good', text: slo.indicator.good?.text ?? '' } : { word: 'Bad', text: slo.indicator.bad.text },
    tiers: status.tiers.map(tierRow),
    charts: [budgetChart(view, history), burnChart(view, history), errorChart(view, history)],
  };
}

function tierRow(reading: TierReading): Record<string, unknown> {
  const { tier, long, short } = reading;
  return {
    severity: tier.severity,
    factor: tier.factor,
    long: formatDuration(tier.longMs),
    short: formatDuration(tier.shortMs),
    longBurn: long.burnRate,
    shortBurn: short.burnRate,
    longExceeded: (long.burnRate ?? 0) > tier.factor,
    shortExceeded: (short.burnRate ?? 0) > tier.factor,
    firing: reading.firing,
    words: reading.firing ? `Firing: ${reading.evidence.words}` : reading.exceeded ? `Not firing: ${reading.evidence.words}` : `Quiet: ${reading.evidence.words}`,
  };
}

function budgetChart({ slo }: SloView, history: HistoryView): Chart {
  return chart({
    title: `Error budget left over ${formatDuration(slo.windowMs)}`,
    times: history.points.map((point) => point.atMs),
    series: [{ label: 'budget left', style: 'good', values: history.points.map((point) => point.budgetRemaining), area: true }],
    format: (value) => formatPercent(value, 1),
    atLeast: [0, 1],
  });
}

function burnChart({ slo }: SloView, history: HistoryView): Chart {
  const factorOf = (windowMs: number): number | undefined => slo.policy.tiers.find((tier) => tier.longMs === windowMs)?.factor;
  return chart({
    title: 'Burn rate by window, with the threshold of each',
    times: history.points.map((point) => point.atMs),
    series: history.burnWindowsMs.map((windowMs, index) => ({ label: formatDuration(windowMs), style: `c${index}`, values: history.points.map((point) => point.burnRates[index]) })),
    thresholds: history.burnWindowsMs.flatMap((windowMs, index) => {
      const factor = factorOf(windowMs);
      return factor === undefined ? [] : [{ value: factor, label: `${formatBurn(factor)} ${formatDuration(windowMs)}`, style: `c${index}` }];
    }),
    format: formatBurn,
    scale: 'log',
    atLeast: [0, 20],
  });
}

function errorChart({ slo }: SloView, history: HistoryView): Chart {
  const step = formatDuration(history.stepMinutes * 60_000);
  return chart({
    title: `Error ratio per ${step}`,
    times: history.points.map((point) => point.atMs),
    series: [{ label: 'error ratio', style: 'bad', values: history.points.map((point) => point.errorRatio), area: true }],
    thresholds: [{ value: 1 - slo.target, label: `allowed ${formatPercent(1 - slo.target)}`, style: 'allowed' }],
    format: (value) => `${formatNumber(Number((value * 100).toPrecision(3)))} %`,
    atLeast: [0, (1 - slo.target) * 2],
  });
}
