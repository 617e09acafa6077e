import type { SloStatus } from '../budget/slo-status.js';
import type { Severity } from '../config/slo.js';
import type { AlertId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';
import type { Labels } from './incident.js';

/** What evaluate says about one condition now. A condition without a signal is unknown, and unknown never resolves anything. */
export interface ConditionSignal {
  /** Key of the incident that this condition belongs to: `slo:checkout-availability`. */
  readonly key: string;
  /** `alertIdOf(labels)`. */
  readonly alertId: AlertId;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly severity: Severity;
  /** What is wrong, for people: the SLO's display name. */
  readonly title: string;
  /** Of an SLO's alert: its display name, the group's with it where it is of one. */
  readonly sloTitle?: string;
  /** With hysteresis and the recovery freeze already applied. */
  readonly firing: boolean;
  readonly reading?: SloStatus;
  /** Name of the runbook. */
  readonly runbook?: string;
  /** When the span that crossed the threshold was received, where that is known: start of the measured latency to Slack. */
  readonly breachReceivedAtMs?: number;
  /** Posted alerts say themselves when they began and ended, and where they come from. */
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  readonly generatorUrl?: string;
  /** See `Alert.direct`. */
  readonly direct?: readonly string[];
}

/** Id of the alert with these labels: 64 bits, as Alertmanager's fingerprint has. The label `incident` is added later and does not count. */
export function alertIdOf(labels: Labels): AlertId {
  const names = Object.keys(labels).filter((name) => name !== 'incident').sort();
  return stableHash(names.flatMap((name) => [name, labels[name] ?? ''])) as AlertId;
}
