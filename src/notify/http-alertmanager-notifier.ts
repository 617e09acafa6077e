import type { Clock } from '../lib/clock.js';
import { DAY_MS } from '../lib/duration.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { incidentUrl } from './links.js';

/**
 * Alertmanager ends what is not posted again: without an end after its resolve_timeout, with one at that moment. So firing alerts go out
 * with an end that each repeat moves on; it only comes true where Tocsin is gone.
 */
export const FORWARDED_FOR_MS = DAY_MS;

export interface AlertmanagerNotifierOptions {
  /** Base of the Alertmanager, with a slash at the end. */
  readonly url: string;
  readonly authorization?: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Posts alerts to another Alertmanager (API v2). It knows them by their labels, so a repeat changes nothing there. */
export class HttpAlertmanagerNotifier implements Notifier {
  readonly #options: AlertmanagerNotifierOptions;

  constructor(options: AlertmanagerNotifierOptions) {
    this.#options = options;
  }

  notify(notification: Notification): Promise<DeliveryResult> {
    const { url, authorization, timeoutMs, clock = systemClock } = this.#options;
    const nowMs = clock.nowMs();
    return postForDelivery({
      url: new URL('api/v2/alerts', url).href, headers: authorization === undefined ? {} : { authorization }, body: JSON.stringify(alertsOf(notification, nowMs)), timeoutMs, nowMs,
    });
  }
}

function alertsOf({ delivery, publicUrl, runbook }: Notification, nowMs: number): readonly Readonly<Record<string, unknown>>[] {
  return delivery.group.alerts.map((alert) => ({
    labels: alert.labels,
    annotations: runbook === undefined ? alert.annotations : { runbook_url: runbook.url, ...alert.annotations },
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: new Date(alert.endsAtMs ?? nowMs + FORWARDED_FOR_MS).toISOString(),
    generatorURL: alert.generatorUrl ?? incidentUrl(publicUrl, alert.incidentId),
  }));
}
