import type { HeldOpening } from '../incident/held-opening.js';
import type { Incident } from '../incident/incident.js';
import type { PostedAlert } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import type { AlertId, IncidentId, SilenceId } from '../lib/ids.js';
import type { Delivery } from '../notify/delivery.js';
import type { DrillRun } from '../notify/drill.js';
import type { Decision, NotificationGroup } from '../notify/notification-group.js';

/** What alerting remembers between two ticks. */
export interface AlertingMemory {
  /** All that are not resolved, oldest first. */
  readonly openIncidents: readonly Incident[];
  readonly groups: readonly NotificationGroup[];
  /** Incidents that are over, which a group has not told of yet. */
  readonly endedIncidents: readonly Incident[];
  /** Ended within WINDOW_MAX_MS before the last end, the youngest end last. */
  readonly recentlyEnded: readonly Incident[];
  readonly posted: readonly PostedAlert[];
  readonly silences: readonly Silence[];
  /** Oldest first. */
  readonly drills: readonly DrillRun[];
  readonly held: readonly HeldOpening[];
}

/** What one tick (or one action of a person) changes, saved in one transaction or not at all. */
export interface EvaluationChanges {
  /** Whole incidents with their alerts and timelines; the store replaces by id. */
  readonly incidents: readonly Incident[];
  readonly deliveries: readonly Delivery[];
  /** Replaced by key and receiver. */
  readonly groups?: readonly NotificationGroup[];
  readonly removedGroups?: readonly NotificationGroup[];
  readonly decisions?: readonly Decision[];
  /** Replaced by id. */
  readonly posted?: readonly PostedAlert[];
  readonly removedPosted?: readonly AlertId[];
  readonly silences?: readonly Silence[];
  readonly removedSilences?: readonly SilenceId[];
  readonly drills?: readonly DrillRun[];
  readonly removedDrills?: readonly IncidentId[];
  /** Replaced by key. */
  readonly held?: readonly HeldOpening[];
  readonly noLongerHeld?: readonly string[];
}

/** Port of the tick. Adapters: DuckDB, memory; one contract suite for both. */
export interface EvaluationStore {
  /** At the start, and after a save that failed. */
  loadMemory(): Promise<AlertingMemory>;
  /** Refuses (throws) a second incident that is not resolved for a key: the store enforces one open incident per key. */
  save(changes: EvaluationChanges): Promise<void>;
}
