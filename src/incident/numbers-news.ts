import { leadingBudget } from '../budget/error-budget.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { ConditionSignal } from './condition-signal.js';
import { BUDGET_STEPS, UPDATE_INTERVAL_MS } from './incident-policy.js';
import type { Alert, Incident } from './incident.js';
import { formatPercent } from '../lib/format.js';
import { conditionInWords, readingDigest } from './words.js';

export interface NumbersNews {
  readonly text: string;
  /** A step of the budget was crossed: told at once. */
  readonly urgent: boolean;
}

/** What the new numbers are worth: news at once, news because the last is long enough ago, or nothing. */
export function numbersNews(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): NumbersNews | undefined {
  const told = new Map(incident.alerts.map((alert) => [alert.id, alert]));
  let changed: ConditionSignal | undefined;
  for (const signal of signals) {
    const { alertId, firing, reading } = signal;
    const alert = told.get(alertId);
    if (!firing || reading === undefined) continue;
    const step = isFiring(alert) ? crossedStep(alert.reading, signal) : undefined;
    if (step !== undefined) return { text: step, urgent: true };
    if (alert?.reading === undefined || readingDigest(alert.reading) !== readingDigest(reading)) changed ??= signal;
  }
  if (changed === undefined || nowMs - lastToldMs(incident) < UPDATE_INTERVAL_MS) return undefined;
  return { text: `Now ${conditionInWords(changed) ?? 'with new numbers'}.`, urgent: false };
}

function isFiring(alert: Alert | undefined): alert is Alert {
  return alert?.status === 'firing';
}

/** The lowest step that the budget fell below since it was last told, by the same measure. Climbing back is no news. */
function crossedStep(before: SloStatus | undefined, signal: ConditionSignal): string | undefined {
  // A service that comes of age is measured by another yardstick from then on, which spends nothing.
  const from = before === undefined ? undefined : signal.reading?.young === true ? leadingBudget(before) : before.errorBudgetRemaining;
  const to = signal.reading === undefined ? undefined : leadingBudget(signal.reading);
  if (from === undefined || to === undefined) return undefined;
  const crossed = BUDGET_STEPS.filter((step) => from > step && to <= step).at(-1);
  if (crossed === undefined) return undefined;
  const words = conditionInWords(signal) ?? '';
  return crossed === 0 ? `The error budget is spent: ${words}.` : `Less than ${formatPercent(crossed)} of the error budget left: ${words}.`;
}

function lastToldMs(incident: Incident): number {
  const told = incident.timeline.findLast((entry) => entry.kind === 'opened' || entry.kind === 'upgraded' || entry.kind === 'updated');
  return told?.atMs ?? incident.startedAtMs;
}
