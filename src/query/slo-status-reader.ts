import type { SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';

/** What the tick found last. Statuses live in memory: the next tick makes new ones. */
export interface SloStatusReader {
  /** One per SLO, in the order of the rules; empty until the first tick. */
  statuses(): readonly SloStatus[];
  slo(name: string): Slo | undefined;
}
