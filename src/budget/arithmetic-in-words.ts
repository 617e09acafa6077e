import type { Slo } from '../config/slo.js';
import { DAY_MS, HOUR_MS, formatDuration } from '../lib/duration.js';
import { formatBurn, formatPercent, formatSpan } from '../lib/format.js';
import { leadingBudget } from './error-budget.js';
import type { TierReading } from './readings.js';
import type { SloStatus } from './slo-status.js';

/** One line for people: "burning 21x with 71 % of the 30-day budget left: gone in 24 h". */
export function headline(status: SloStatus, slo: Slo): string {
  const remaining = leadingBudget(status);
  if (remaining === undefined) return `no requests ${slo.calendar === undefined ? `in the last ${formatSpan(slo.windowMs)}` : `since the ${budgetName(slo)} began`}: nothing to measure`;
  const burn = burnOf(status);
  const budget = `${status.projectedBudgetRemaining === undefined ? '' : 'projected '}${budgetName(slo)} budget`;
  const text = burn === undefined || burn === 0 ? budgetLeft(remaining, budget) : `burning ${formatBurn(burn)} ${burningWith(remaining, budget)}`;
  return `${text}${goneIn(status, remaining)}${youngNote(status, slo)}`;
}

/** Why one tier fires: "22x over 1h and 25x over 5m; 14.4x would spend 2 % of the 30-day budget in 60 min". */
export function tierInWords(reading: TierReading, slo: Slo): string {
  const { tier, long, short } = reading;
  const share = formatPercent((tier.factor * tier.longMs) / slo.windowMs);
  const burns = [long, short].map((window) => `${window.burnRate === undefined ? 'nothing' : formatBurn(window.burnRate)} over ${formatDuration(window.windowMs)}`);
  return `${burns.join(' and ')}; ${formatBurn(tier.factor)} would spend ${share} of the ${budgetName(slo)} budget in ${formatSpan(tier.longMs)}`;
}

/** The burn a person should hear first: the firing tier's long window, else the shortest tier's. */
export function burnOf(status: SloStatus): number | undefined {
  const shortest = [...status.tiers].sort((left, right) => left.tier.longMs - right.tier.longMs)[0];
  return (status.firing ?? shortest)?.long.burnRate;
}

/** `30-day`; of a calendar window its unit: `calendar-month`, `3-month calendar`. */
export function budgetName({ windowMs, calendar }: Pick<Slo, 'windowMs' | 'calendar'>): string {
  if (calendar === undefined) return windowName(windowMs);
  return calendar.count === 1 ? `calendar-${calendar.unit}` : `${calendar.count}-${calendar.unit} calendar`;
}

/** `30-day`, `12-hour`, `90m`. */
export function windowName(windowMs: number): string {
  if (windowMs % DAY_MS === 0) return `${windowMs / DAY_MS}-day`;
  if (windowMs % HOUR_MS === 0) return `${windowMs / HOUR_MS}-hour`;
  return formatDuration(windowMs);
}

function burningWith(remaining: number, budget: string): string {
  if (remaining > 0) return `with ${budgetShare(remaining)} of the ${budget} left`;
  return remaining === 0 ? `with the ${budget} spent` : `with the ${budget} overspent by ${budgetShare(-remaining)}`;
}

function budgetLeft(remaining: number, budget: string): string {
  if (remaining > 0) return `${budgetShare(remaining)} of the ${budget} left`;
  return remaining === 0 ? `the ${budget} is spent` : `the ${budget} is overspent by ${budgetShare(-remaining)}`;
}

function goneIn(status: SloStatus, remaining: number): string {
  return status.exhaustionMs === undefined || remaining <= 0 ? '' : `: gone in ${formatSpan(status.exhaustionMs)}`;
}

function youngNote(status: SloStatus, slo: Slo): string {
  if (status.young && slo.calendar !== undefined) return ` (counted for ${formatSpan(status.historyMs)} of this ${budgetName(slo)})`;
  return status.young ? ` (young service: ${formatSpan(status.historyMs)} of history)` : '';
}

/** Whole percents, but never 100 % while something is spent and never 0 % while something is left. */
export function budgetShare(ratio: number): string {
  return formatPercent(ratio, ratio > 0.99 && ratio < 1 ? 2 : ratio < 0.01 ? 2 : 0);
}
