import { createHash } from 'node:crypto';
import type { Delivery } from './delivery.js';

/** What a message does at a service that keeps one alert of its own per notification group. */
export type PagingAction = 'trigger' | 'acknowledge' | 'resolve' | 'note';

/** `note`: worth writing down there, and no reason to ring. */
export function pagingActionOf({ transition, group }: Pick<Delivery, 'transition' | 'group'>): PagingAction {
  if (!group.alerts.some(({ status }) => status === 'firing')) return 'resolve';
  switch (transition.kind) {
    // Who took one of several incidents has not taken the others.
    case 'acknowledged': return group.otherIncidents.length === 0 ? 'acknowledge' : 'note';
    case 'resolved':
    case 'updated':
    case 'alerts-resolved': return 'note';
    case 'opened':
    case 'upgraded':
    case 'alerts-added':
    case 'unmuted':
    case 'repeated':
    case 'escalated': return 'trigger';
  }
}

/** Alertmanager's key at PagerDuty and Opsgenie, so that a receiver that moves to Tocsin keeps its open alerts. Stable as long as the group is: with `group_by: [incident]`, per incident. */
export function groupDigest(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}
