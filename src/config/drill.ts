import type { Location } from '../lib/problem.js';
import type { Severity } from './slo.js';

/** When a drill is due: so long after the last one, or at times of the clock on the wall. */
export type DrillSchedule = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string };

/** Test alerts to receivers, so that a broken one is noticed before it is needed. `kind: Drill`. */
export interface DrillRule {
  readonly name: string;
  /** Names in routing.yaml: each is drilled by itself. */
  readonly receivers: readonly string[];
  readonly schedule: DrillSchedule;
  /** A message that took longer came late: it counts against the target. */
  readonly withinMs: number;
  /** Share of the drills of DRILL_WINDOW_MS that must arrive in time. */
  readonly target: number;
  /** Names in routing.yaml: who hears that a receiver is broken. Never through the broken one. */
  readonly tell: readonly string[];
  readonly severity: Severity;
  readonly at: Location;
}
