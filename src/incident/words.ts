import { leadingBudget } from '../budget/error-budget.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { Severity } from '../config/slo.js';
import { parseDuration } from '../lib/duration.js';
import type { Alert, Labels } from './incident.js';
import { formatBurn, formatPercent, formatSpan } from '../lib/format.js';

/** Burn rate of the window that decides: the firing tier's long one, else the shortest that has events. */
export function leadingBurn(reading: SloStatus): { readonly rate: number; readonly window: string } | undefined {
  const byLength = Object.entries(reading.burnRates).sort(([left], [right]) => lengthOf(left) - lengthOf(right));
  const long = reading.firing?.long;
  if (long?.burnRate !== undefined) return { rate: long.burnRate, window: formatSpan(long.windowMs) };
  for (const [window, rate] of byLength) if (rate !== undefined) return { rate, window: formatSpan(lengthOf(window)) };
  return undefined;
}

/** `burning 21x, 71 % of the error budget left, gone in 24 h`. */
export function burnInWords(reading: SloStatus): string {
  const burn = leadingBurn(reading);
  const budget = leadingBudget(reading);
  const words: string[] = [];
  if (burn !== undefined) words.push(`burning ${formatBurn(burn.rate)}`);
  if (budget !== undefined) words.push(budgetInWords(budget, reading.young));
  if (burn !== undefined && burn.rate > 1 && budget !== undefined && budget > 0 && reading.exhaustionMs !== undefined) words.push(`gone in ${formatSpan(reading.exhaustionMs)}`);
  return words.length === 0 ? 'no events to judge by' : words.join(', ');
}

export function budgetInWords(budget: number, young: boolean): string {
  const name = young ? 'projected error budget (young service)' : 'error budget';
  return budget >= 0 ? `${formatPercent(budget, 1)} of the ${name} left` : `${name} overspent by ${formatPercent(-budget, 1)}`;
}

export function severityInWords(severity: Severity): string {
  return severity === 'page' ? 'Page' : 'Ticket';
}

/** Alert name of an SLO that burns its budget; that it does needs no saying where the SLO is named. */
export const BURN_ALERT = 'ErrorBudgetBurn';

/** Alert name of a rule on an error signature. */
export const SIGNATURE_ALERT = 'ErrorSignature';

/** What an alert is called in a sentence: by its SLO's title where it has one, else by its labels. */
export function alertName({ id, labels, reading, sloTitle }: Pick<Alert, 'id' | 'labels' | 'reading' | 'sloTitle'>): string {
  const name = labels['alertname'] ?? id;
  if (sloTitle !== undefined) return `${name === BURN_ALERT ? '' : `${name} `}"${sloTitle}"`;
  return [name, labels['slo'] ?? labels['instance'], reading?.group === undefined ? undefined : `(${reading.group.text})`].filter((part) => part !== undefined).join(' ');
}

/**
 * The arithmetic of a condition in words. Its summary says it best, because who wrote it knows the SLO's window;
 * the reading alone is the fallback.
 */
export function conditionInWords(condition: { readonly title: string; readonly annotations: Labels; readonly reading?: SloStatus }): string | undefined {
  const summary = condition.annotations['summary'];
  if (summary !== undefined && summary !== '') return summary.startsWith(`${condition.title}: `) ? summary.slice(condition.title.length + 2) : summary;
  return condition.reading === undefined ? undefined : burnInWords(condition.reading);
}

/** What a reader would see of the reading: two readings with equal digests are no news to each other. */
export function readingDigest(reading: SloStatus): string {
  return `${reading.slo}: ${burnInWords(reading)}`;
}

function lengthOf(window: string): number {
  const parsed = parseDuration(window);
  return parsed.ok ? parsed.value : Number.POSITIVE_INFINITY;
}
