import { excludedMinutesOf, type ExcludedStretch } from '../budget/excluded-minutes.js';
import { minuteOf } from '../budget/minute-series.js';
import { windowMinutes } from '../budget/slo-status.js';
import type { EventExclusion } from '../config/exclusion.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import type { ExclusionChange } from './slo-revision-reader.js';
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
    excludedEvents: eventExclusions(view).map(({ exclusion: { name, by, reason, match, fromMs, toMs }, good, bad }) => ({
      name, by, reason, match: match.text, from: fromMs === undefined ? null : new Date(fromMs).toISOString(), to: toMs === undefined ? null : new Date(toMs).toISOString(), goodEvents: good, badEvents: bad,
    })),
    exclusions: exclusionStretches(view).map(({ from, to, exclusion: { name, by, reason } }) => ({ name, by, reason, from: isoOf(from), to: isoOf(to) })),
  };
}

/** Exclusions of events, with what they took out of the SLO's window. */
export function eventExclusions({ slo, status }: SloView): { readonly exclusion: EventExclusion; readonly good: number; readonly bad: number }[] {
  return (slo.excludedEvents ?? []).map((exclusion) => {
    const { good, bad } = status.excluded?.events.find(({ name }) => name === exclusion.name) ?? { good: 0, bad: 0 };
    return { exclusion, good, bad };
  });
}

/** The answer of `GET /api/v1/slos/{name}/exclusions`. */
export function exclusionLogJson(slo: string, log: readonly ExclusionChange[]): Record<string, unknown> {
  return {
    name: slo,
    changes: log.map(({ atMs, exclusion, change, by, reason, what, budgetBefore, budgetAfter }) => ({
      at: new Date(atMs).toISOString(), exclusion, change, by, reason, what, errorBudgetRemainingBefore: budgetBefore ?? null, errorBudgetRemainingAfter: budgetAfter ?? null,
    })),
  };
}

function isoOf(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString();
}
