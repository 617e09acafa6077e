import { excludedMinutesOf, type ExcludedStretch } from '../budget/excluded-minutes.js';
import { minuteOf } from '../budget/minute-series.js';
import { windowMinutes } from '../budget/slo-status.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import type { SloView } from './slo-view.js';

/** Who plans the week wants to see what is coming. */
const AHEAD_MS = 7 * DAY_MS;
/** A daily window over a year. */
const MAX_STRETCHES = 400;

/** Stretches that are excluded within the SLO's window, and in the week to come; oldest first. */
export function exclusionStretches({ slo, status }: SloView): readonly ExcludedStretch[] {
  if (slo.exclusions === undefined) return [];
  const { fromMinute } = windowMinutes(slo, status.atMs);
  return excludedMinutesOf(slo.exclusions).stretches(fromMinute, minuteOf(status.atMs + AHEAD_MS)).slice(-MAX_STRETCHES);
}

/** The part of `GET /api/v1/slos/{name}` that says what does not count. */
export function exclusionsJson(view: SloView): Record<string, unknown> {
  const { excluded } = view.status;
  return {
    excludedMinutes: excluded?.minutes ?? 0,
    errorBudgetRemainingWithoutExclusions: excluded?.budgetWithout ?? null,
    exclusions: exclusionStretches(view).map(({ from, to, exclusion: { name, by, reason } }) => ({ name, by, reason, from: isoOf(from), to: isoOf(to) })),
  };
}

function isoOf(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString();
}
