import type { Clock } from '../lib/clock.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { standardWebhookHeaders } from './standard-webhooks.js';
import { webhookBody } from './webhook-body.js';

export interface WebhookNotifierOptions {
  readonly url: string;
  /** 0: all. */
  readonly maxAlerts: number;
  /** Value of the header Authorization. */
  readonly authorization?: string;
  /** Bytes of the Standard Webhooks secret. */
  readonly secret?: Uint8Array;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Posts Alertmanager's body. A repeat after an unknown outcome carries the same `webhook-id`, so receivers can drop it. */
export class HttpWebhookNotifier implements Notifier {
  readonly #options: WebhookNotifierOptions;

  constructor(options: WebhookNotifierOptions) {
    this.#options = options;
  }

  notify(notification: Notification): Promise<DeliveryResult> {
    const { url, maxAlerts, timeoutMs, authorization, secret, clock = systemClock } = this.#options;
    const body = JSON.stringify(webhookBody(notification, maxAlerts));
    const nowMs = clock.nowMs();
    const headers = {
      ...standardWebhookHeaders({ id: notification.delivery.id, timestampSeconds: Math.floor(nowMs / 1_000), body }, secret),
      ...(authorization === undefined ? {} : { authorization }),
    };
    return postForDelivery({ url, headers, body, timeoutMs, nowMs });
  }
}
