import type { Incident } from '../incident/incident.js';
import type { Delivery } from '../notify/delivery.js';

/** What one tick (or one action of a person) changes, saved in one transaction or not at all. */
export interface EvaluationChanges {
  /** Whole incidents with their alerts and timelines; the store replaces by id. */
  readonly incidents: readonly Incident[];
  readonly deliveries: readonly Delivery[];
}

/** Port of the tick. Adapters: DuckDB, memory; one contract suite for both. */
export interface EvaluationStore {
  /** All incidents that are not resolved, with their alerts. */
  loadOpenIncidents(): Promise<readonly Incident[]>;
  /** Refuses (throws) a second incident that is not resolved for a key: the store enforces one open incident per key. */
  save(changes: EvaluationChanges): Promise<void>;
}
