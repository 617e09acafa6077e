import type { IncidentChange } from '../incident/advance.js';
import type { HeldOpening } from '../incident/held-opening.js';
import type { PostedAlert } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import type { DrillRun } from '../notify/drill.js';

/** What a tick, a poster or a person changes. */
export interface AlertingChange extends IncidentChange {
  readonly posted?: readonly PostedAlert[];
  readonly silences?: readonly Silence[];
  readonly drills?: readonly DrillRun[];
  readonly held?: readonly HeldOpening[];
  /** Keys. */
  readonly noLongerHeld?: readonly string[];
}
