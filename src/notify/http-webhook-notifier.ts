import type { Dispatcher } from 'undici';
import type { Clock } from '../lib/clock.js';
import { ok } from '../lib/result.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { standardWebhookHeaders } from './standard-webhooks.js';
import { webhookBody } from './webhook-body.js';
import { renderBody, type BodyTemplate } from './webhook-template.js';

export interface WebhookNotifierOptions {
  readonly url: string;
  /** 0: all. */
  readonly maxAlerts: number;
  /** Value of the header Authorization. */
  readonly authorization?: string;
  /** Bytes of the Standard Webhooks secret. */
  readonly secret?: Uint8Array;
  /** A body of one's own instead of Alertmanager's. */
  readonly template?: BodyTemplate;
  readonly dispatcher?: Dispatcher;
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
    const { url, maxAlerts, timeoutMs, authorization, secret, template, dispatcher, clock = systemClock } = this.#options;
    const usual = webhookBody(notification, maxAlerts);
    const rendered = template === undefined ? ok(JSON.stringify(usual)) : renderBody(template, usual);
    // Tried again for a day: time to mend the template.
    if (!rendered.ok) return Promise.resolve({ kind: 'retryable', reason: `the template of the body failed: ${rendered.error}`, retryAfterMs: undefined });
    const body = rendered.value;
    const nowMs = clock.nowMs();
    const headers = {
      ...standardWebhookHeaders({ id: notification.delivery.id, timestampSeconds: Math.floor(nowMs / 1_000), body }, secret),
      ...(authorization === undefined ? {} : { authorization }),
      ...(template === undefined ? {} : { 'content-type': template.contentType }),
    };
    return postForDelivery({ url, headers, body, timeoutMs, nowMs, dispatcher });
  }
}
