import type { Incident } from '../incident/incident.js';
import type { SilencesInForce } from '../incident/silence.js';
import type { AlertId, IncidentId } from '../lib/ids.js';
import { AlertView } from './alert-view.js';
import type { Delivery } from './delivery.js';
import { GroupTurn, type RoutedMembers, type TurnInput } from './group-turn.js';
import { groupId, timingOf, type Decision, type NotificationGroup } from './notification-group.js';

export interface GroupingInput extends TurnInput {
  readonly silences: SilencesInForce;
  readonly groups: Iterable<NotificationGroup>;
  /** All that are open, those that have just ended, and those that groups still refer to. */
  readonly incidents: readonly Incident[];
}

export interface GroupingChange {
  /** Only those that changed, whole. */
  readonly groups: readonly NotificationGroup[];
  readonly removed: readonly NotificationGroup[];
  readonly deliveries: readonly Delivery[];
  readonly decisions: readonly Decision[];
}

/**
 * One step of all notification groups: who joins, who is muted, whose turn it is, who is told. A pure function of what was saved and `now`;
 * the same step again, after its result was saved, tells nobody anything. Semantics: Alertmanager's, where docs/alerting.md names no exception.
 */
export function advanceGroups(input: GroupingInput): GroupingChange {
  const view = new AlertView(input.incidents, input);
  const routed = membersByGroup(view);
  const turns: GroupTurn[] = [];
  for (const group of input.groups) {
    const id = groupId(group);
    turns.push(new GroupTurn(view, input, { group, routed: routed.get(id) }));
    routed.delete(id);
  }
  for (const members of routed.values()) turns.push(new GroupTurn(view, input, { group: newGroup(members, input.nowMs), routed: members }));
  const results = turns.map((turn) => turn.run());
  return {
    groups: results.flatMap(({ group }) => group ?? []),
    removed: results.flatMap(({ removed }) => removed ?? []),
    deliveries: results.flatMap(({ deliveries }) => deliveries),
    decisions: results.flatMap(({ decisions }) => decisions),
  };
}

type Collected = RoutedMembers & { readonly members: Map<AlertId, IncidentId> };

function membersByGroup(view: AlertView): Map<string, RoutedMembers> {
  const groups = new Map<string, Collected>();
  for (const { alert, incident } of view.alerts.values()) {
    if (alert.status !== 'firing') continue;
    for (const match of view.routesOf(alert)) {
      const id = groupId({ key: match.groupKey, receiver: match.receiver });
      const known = groups.get(id);
      if (known === undefined) groups.set(id, { match, members: new Map([[alert.id, incident.id]]) });
      else known.members.set(alert.id, incident.id);
    }
  }
  return groups;
}

function newGroup({ match }: RoutedMembers, nowMs: number): NotificationGroup {
  return {
    key: match.groupKey, receiver: match.receiver, route: match.path, labels: match.groupLabels, timing: timingOf(match), createdAtMs: nowMs,
    nextFlushMs: nowMs + match.groupWaitMs, flushed: false, members: {}, muted: {}, told: {}, decided: {},
  };
}
