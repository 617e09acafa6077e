import type { SloStatus } from '../budget/slo-status.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { isFew } from '../incident/attach-evidence.js';
import { CAUSE_EVENTS_MIN, LATE_EVIDENCE_MS } from '../incident/incident-policy.js';
import type { Incident } from '../incident/incident.js';
import { SECOND_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';

/** Between two attempts for one incident: what took too long just now will hardly be quick in the next second. */
const AGAIN_AFTER_MS = 15 * SECOND_MS;

/** Kinds of incident that have traces; what others posted, or the disk says, has none. */
const WITH_TRACES = /^(?:slo|signature|anomaly):/;

/** Told without its traces, or without what was around them: changes, calls, the beginning. */
export function isUnproven({ key, status, evidence, startedAtMs }: Pick<Incident, 'key' | 'status' | 'evidence' | 'startedAtMs'>, nowMs: number): boolean {
  if (status === 'resolved' || !WITH_TRACES.test(key)) return false;
  if (evidence === undefined) return nowMs - startedAtMs < LATE_EVIDENCE_MS;
  return evidence.snapshot === undefined && nowMs - evidence.takenAtMs < LATE_EVIDENCE_MS;
}

/** So many times the failures that were there when it was told: what so few could not show may be seen now. */
const GROWN = 3;

/** Told with so few failures that they show little, and there are enough by now: it is worth a second look. `status` is that of its SLO now. */
export function hasGrown({ status: state, evidence, alerts }: Pick<Incident, 'status' | 'evidence' | 'alerts'>, status: SloStatus | undefined, nowMs: number): boolean {
  if (state === 'resolved' || evidence === undefined || !isFew(evidence) || nowMs - evidence.takenAtMs >= LATE_EVIDENCE_MS) return false;
  const told = alerts.find(({ reading }) => reading !== undefined && reading.slo === status?.slo)?.reading;
  // Counts are weighted, what was looked at is not: both counts together say how much more there is to look at.
  const growth = badOf(status) / badOf(told);
  return growth >= GROWN && growth * evidence.examined >= CAUSE_EVENTS_MIN;
}

function badOf(status: SloStatus | undefined): number {
  return status?.firing?.long.bad ?? NaN;
}

/** Looks for what pages went out without, beside the ticks and one at a time: ticks do not wait for it, and an outage does not load the store with its own evidence. */
export class LateEvidence {
  readonly #found = new Map<IncidentId, Evidence>();
  readonly #startedAtMs = new Map<IncidentId, number>();
  #running: Promise<void> | undefined;

  /** Does nothing while another look is under way, or this one was tried just now. `look` must not throw. */
  lookFor(id: IncidentId, look: () => Promise<Evidence | undefined>, nowMs: number): void {
    if (this.#running !== undefined || this.#found.has(id) || nowMs - (this.#startedAtMs.get(id) ?? -Infinity) < AGAIN_AFTER_MS) return;
    this.#startedAtMs.set(id, nowMs);
    this.#running = look().then((evidence) => {
      if (evidence !== undefined) this.#found.set(id, evidence);
    }).finally(() => {
      this.#running = undefined;
    });
  }

  /** What was found for it meanwhile; once. */
  take(id: IncidentId): Evidence | undefined {
    const evidence = this.#found.get(id);
    this.#found.delete(id);
    return evidence;
  }

  /** Forgets all others: they are over, or have what they need. */
  retain(ids: ReadonlySet<IncidentId>): void {
    for (const map of [this.#found, this.#startedAtMs]) for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
  }
}
