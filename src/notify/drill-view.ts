import { DAY_MS } from '../lib/duration.js';
import type { Result } from '../lib/result.js';
import { DRILL_WINDOW_MS, deliveryMs, outcomeOf, runInWords, type DrillRun, type DrillStatus } from './drill.js';

/** Why no drill was started. */
export interface DrillRefusal {
  readonly kind: 'not-found' | 'under-way';
  readonly message: string;
}

/** What is started: those that are named, or all that the rules know. */
export interface DrillWish {
  readonly receivers: readonly string[] | undefined;
  readonly by: string;
}

/** Port of what people and programs ask of drills. */
export interface DrillActions {
  statuses(): Promise<readonly DrillStatus[]>;
  start(wish: DrillWish): Promise<Result<readonly DrillRun[], DrillRefusal>>;
}

/** As the API and `tocsin drill --json` tell it. Names are promises. */
export function drillJson({ drill, receiver, withinMs, target, nextAtMs, last, runs, inTime, sli, budgetRemaining }: DrillStatus): Readonly<Record<string, unknown>> {
  return {
    drill, receiver, deliveredWithinSeconds: withinMs / 1_000, target, windowDays: DRILL_WINDOW_MS / DAY_MS, next: nextAtMs === undefined ? null : isoTime(nextAtMs), runs, inTime,
    sli: sli ?? null, budgetRemaining: budgetRemaining ?? null, last: last === undefined ? null : drillRunJson(last),
  };
}

export function drillRunJson(run: DrillRun): Readonly<Record<string, unknown>> {
  const tookMs = deliveryMs(run);
  return {
    id: run.id, drill: run.drill, receiver: run.receiver, by: run.by, startedAt: isoTime(run.startedAtMs), outcome: outcomeOf(run), settled: run.endedAtMs !== undefined, seconds: tookMs === undefined ? null : tookMs / 1_000,
    words: runInWords(run),
    integrations: run.results.map(({ integration, outcome, deliveredAtMs, reason }) => ({ integration, outcome, deliveredAt: deliveredAtMs === undefined ? null : isoTime(deliveredAtMs), reason: reason ?? null })),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
