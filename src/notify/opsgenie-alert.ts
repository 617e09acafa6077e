import type { Notification } from './delivery.js';
import { groupDigest, pagingActionOf } from './paging-action.js';
import { plainMessage, tracesInWords, type PlainMessage } from './plain-message.js';
import type { OpsgenieConfig } from './receiver-configs.js';
import { leadOf } from './message-parts.js';
import { shorten } from './slack-mrkdwn.js';

/** Opsgenie's limits. */
const MESSAGE_MAX = 130;
const DESCRIPTION_MAX = 15_000;
const TAGS_MAX = 20;
const NOTE_MAX = 25_000;

export type OpsgenieAlertOptions = Pick<OpsgenieConfig, 'priority' | 'responders' | 'tags'>;

export interface OpsgenieRequest {
  readonly method: 'POST' | 'PUT';
  /** Below the base of the API. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request; two where a ticket became a page: an alert that is open there already keeps its priority otherwise. */
export function opsgenieRequests(notification: Notification, options: OpsgenieAlertOptions): readonly [OpsgenieRequest, ...OpsgenieRequest[]] {
  const { delivery } = notification;
  const message = plainMessage(notification);
  const alias = groupDigest(delivery.group.key);
  const to = (action: string): string => `v2/alerts/${alias}/${action}?identifierType=alias`;
  const note = { source: 'Tocsin', user: 'Tocsin', note: shorten(message.news ?? message.headline, NOTE_MAX) };
  const action = pagingActionOf(delivery);
  switch (action) {
    case 'resolve': return [{ method: 'POST', path: to('close'), body: note }];
    case 'acknowledge': return [{ method: 'POST', path: to('acknowledge'), body: note }];
    case 'note': return [{ method: 'POST', path: to('notes'), body: note }];
    case 'trigger': {
      const create: OpsgenieRequest = { method: 'POST', path: 'v2/alerts', body: { alias, ...alertOf(notification, message, options) } };
      if (delivery.transition.kind === 'opened') return [create];
      return [create, { method: 'PUT', path: to('priority'), body: { priority: priorityOf(notification, options) } }, { method: 'POST', path: to('notes'), body: note }];
    }
  }
}

function alertOf(notification: Notification, message: PlainMessage, { priority, responders, tags }: OpsgenieAlertOptions): Readonly<Record<string, unknown>> {
  const { incident } = notification.delivery.transition;
  const labels = leadOf(incident)?.labels ?? {};
  return {
    message: shorten(message.headline, MESSAGE_MAX), description: shorten(descriptionOf(message), DESCRIPTION_MAX), source: 'Tocsin', priority: priorityOf(notification, { priority }),
    details: { ...labels, incident: incident.id, url: message.incident.url }, ...(labels['service'] === undefined ? {} : { entity: labels['service'] }),
    ...(responders.length === 0 ? {} : { responders }), ...(tags.length === 0 ? {} : { tags: tags.slice(0, TAGS_MAX) }),
  };
}

function priorityOf({ delivery }: Notification, { priority }: Pick<OpsgenieAlertOptions, 'priority'>): string {
  const { isDrill, severity } = delivery.transition.incident;
  if (isDrill === true) return 'P5';
  return priority ?? (severity === 'page' ? 'P1' : 'P3');
}

function descriptionOf({ words, facts, traces, runbook, incident, others }: PlainMessage): string {
  return [
    words, ...facts.map(({ name, value }) => `${name}: ${value}`), '', incident.url,
    ...traces.flatMap(tracesInWords), ...others.map(({ label, url }) => `In the same group: ${label} ${url}`),
    ...(runbook === undefined ? [] : ['', `Runbook: ${runbook.label} ${runbook.url}`, runbook.markdown]),
  ].filter((line) => line !== undefined).join('\n');
}
