import type { Severity } from '../config/slo.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { Evidence } from '../diagnosis/evidence.js';
import type { TraceHealth } from '../diagnosis/trace-health.js';
import type { CauseLink } from './cause.js';
import type { AlertId, IncidentId } from '../lib/ids.js';

export type Labels = Readonly<Record<string, string>>;

/** One labelled condition, as Alertmanager knows it. */
export interface Alert {
  readonly id: AlertId;
  /** `alertname`, `slo`, `service`, `severity`, `incident` and the SLO's own labels. */
  readonly labels: Labels;
  /** `summary`, `description`, `runbook_url`. */
  readonly annotations: Labels;
  readonly severity: Severity;
  readonly status: 'firing' | 'resolved';
  readonly startsAtMs: number;
  readonly endsAtMs: number | undefined;
  readonly updatedAtMs: number;
  /** The SLO's arithmetic as of the last change; undefined for posted alerts. */
  readonly reading: SloStatus | undefined;
  /** Display name of its SLO; undefined for alerts of other kinds, and in what older versions stored. */
  readonly sloTitle?: string;
  readonly incidentId: IncidentId;
  /** Where a posted alert says it comes from. */
  readonly generatorUrl?: string;
  /** Receivers that it goes to, whatever the routes of routing.yaml say: a drill tests one, and its failure must not depend on it. */
  readonly direct?: readonly string[];
}

export type IncidentStatus = 'open' | 'acknowledged' | 'resolved';

export type TimelineKind = 'opened' | 'upgraded' | 'alert-joined' | 'alert-resolved' | 'updated' | 'acknowledged' | 'silenced' | 'resolved' | 'escalated' | 'notified' | 'note';

export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: TimelineKind;
  /** Person, token or `tocsin`. */
  readonly actor: string;
  readonly text: string;
}

/** How far those who should take an incident have been called. */
export interface Escalation {
  readonly policy: string;
  /** When its first receiver was told. */
  readonly startedAtMs: number;
  /** Steps of this round that were taken. */
  readonly taken: number;
  /** Rounds that are over. */
  readonly round: number;
  /** The next step, or once it is acknowledged the next reminder; undefined: nothing more. */
  readonly nextAtMs: number | undefined;
  readonly acknowledged?: boolean;
  /** Why the step that is due waits. */
  readonly held?: string;
}

/** A set of alerts with one cause. At most one incident that is not resolved exists per key. */
export interface Incident {
  readonly id: IncidentId;
  /** Decided once, at opening: `slo:checkout-availability`. */
  readonly key: string;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly title: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly acknowledgedBy: string | undefined;
  readonly alerts: readonly Alert[];
  readonly evidence: Evidence | undefined;
  /** How well its services were traced when it opened; undefined where nobody knew, and in incidents of older versions. */
  readonly traceHealth?: TraceHealth;
  /** Name of the runbook (file name without `.md`). */
  readonly runbook: string | undefined;
  readonly timeline: readonly TimelineEntry[];
  /** Set once an escalation policy watches it. */
  readonly escalation?: Escalation;
  /** Why alerts of others are in it: what showed that they have one cause. Oldest first. */
  readonly causes?: readonly CauseLink[];
  /** Since when nothing fires in an incident that flaps, and is kept open for that. */
  readonly quietSinceMs?: number;
  /** The incident that it became part of, which ended it. */
  readonly mergedInto?: IncidentId;
  /** What made a threshold of occurrences let it open: a sentence. */
  readonly openedBecause?: string;
  /** Nothing is wrong: a receiver is tested. Such an incident is made up for its messages, and never stored among those that happened. */
  readonly isDrill?: boolean;
}

/**
 * What a message tells. The first five are news of the incident itself; the others are Alertmanager's, about the alerts of a
 * notification group: some joined, some ended, a silence or a mute time ended while they fired, nothing changed for `repeat_interval`; or nobody acknowledged.
 */
export type TransitionKind = 'opened' | 'upgraded' | 'updated' | 'acknowledged' | 'resolved' | 'alerts-added' | 'alerts-resolved' | 'unmuted' | 'repeated' | 'escalated';

/** News about an incident that receivers should hear: what changed, and the incident as it was then. */
export interface Transition {
  readonly kind: TransitionKind;
  readonly incident: Incident;
  readonly atMs: number;
  /** One sentence for an `updated` that is worth more than new numbers: "Error budget below 25 %". */
  readonly news?: string;
  /** When the span that crossed the threshold was received; only where it is known. */
  readonly breachReceivedAtMs?: number;
  /** A person did it and looks at the message: it is told without waiting for the group's next turn. */
  readonly atOnce?: boolean;
  /** For those who follow the conversation, also behind a silence: news of the silence itself, or what somebody wrote. It rings nobody. */
  readonly threadOnly?: boolean;
  /** The alerts that `news` says have joined: a group that has them tells it at its turn. */
  readonly joined?: readonly AlertId[];
}
