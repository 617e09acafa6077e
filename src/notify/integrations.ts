import type { Receiver } from './receiver-configs.js';

/** One way in which a receiver is told: the second of its webhooks is `webhook[1]`. */
export interface Integration {
  readonly name: string;
  /** Whether it hears of ended alerts. */
  readonly tellsResolved: boolean;
  /** It can change what it sent: new numbers are worth an edit there, and bother nobody. */
  readonly updatesInPlace: boolean;
}

export type IntegrationKind = 'slack' | 'webhook' | 'pagerduty' | 'teams' | 'opsgenie' | 'email' | 'alertmanager';

export function integrationName(kind: IntegrationKind, index: number): string {
  return `${kind}[${String(index)}]`;
}

/**
 * A Slack message is updated in place whatever happens, `send_resolved` or not: it must never show a fire that is out
 * (the setting decides whether the thread is told).
 */
export function integrationsOf(receiver: Receiver): readonly Integration[] {
  return [
    ...receiver.slacks.map((_config, index) => ({ name: integrationName('slack', index), tellsResolved: true, updatesInPlace: true })),
    ...listeners('webhook', receiver.webhooks),
    ...listeners('pagerduty', receiver.pagerduties),
    ...listeners('teams', receiver.teams),
    ...listeners('opsgenie', receiver.opsgenies),
    ...listeners('email', receiver.emails),
    ...listeners('alertmanager', receiver.alertmanagers),
  ];
}

function listeners(kind: IntegrationKind, configs: readonly { readonly sendResolved: boolean }[]): Integration[] {
  return configs.map(({ sendResolved }, index) => ({ name: integrationName(kind, index), tellsResolved: sendResolved, updatesInPlace: false }));
}
