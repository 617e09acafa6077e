import type { AlertId, DeliveryId, IncidentId } from '../lib/ids.js';
import type { Decision, DecisionOutcome, NotificationGroup } from './notification-group.js';

export interface DecisionNote {
  readonly integration?: string;
  readonly outcome: DecisionOutcome;
  readonly reason: string;
  readonly deliveryId?: DeliveryId;
}

/** Decisions of one group, each written down when it is another one than before. */
export class DecisionLog {
  readonly decisions: Decision[] = [];
  readonly #group: NotificationGroup;
  readonly #nowMs: number;
  readonly #decided: Map<string, string>;

  constructor(group: NotificationGroup, nowMs: number) {
    this.#group = group;
    this.#nowMs = nowMs;
    this.#decided = new Map(Object.entries(group.decided));
  }

  note({ alertId, incidentId }: { readonly alertId: AlertId; readonly incidentId: IncidentId }, { integration = '', outcome, reason, deliveryId }: DecisionNote): void {
    const key = `${alertId} ${integration}`;
    const said = `${outcome} ${reason}`;
    if (outcome !== 'sent' && this.#decided.get(key) === said) return;
    this.#decided.set(key, said);
    const { key: groupKey, route, receiver } = this.#group;
    this.decisions.push({ atMs: this.#nowMs, incidentId, alertId, groupKey, route, receiver, integration, outcome, reason, deliveryId });
  }

  /** What stays known: decisions about those that are still there. */
  decided(members: ReadonlyMap<AlertId, unknown>): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#decided].filter(([key]) => members.has(key.slice(0, key.indexOf(' ')) as AlertId)));
  }
}
