import type { Clock } from '../lib/clock.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { pagerdutyRequest } from './pagerduty-event.js';

export interface PagerdutyNotifierOptions {
  /** `https://events.pagerduty.com/v2/enqueue` or its European sister. */
  readonly url: string;
  readonly routingKey: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Events API v2. All events of a group carry the same `dedup_key`, so a repeat after an unknown outcome changes nothing there. */
export class HttpPagerdutyNotifier implements Notifier {
  readonly #options: PagerdutyNotifierOptions;

  constructor(options: PagerdutyNotifierOptions) {
    this.#options = options;
  }

  notify(notification: Notification): Promise<DeliveryResult> {
    const { url, routingKey, timeoutMs, clock = systemClock } = this.#options;
    const { kind, body } = pagerdutyRequest(notification, routingKey);
    return postForDelivery({ url: kind === 'change' ? new URL('change/enqueue', url).href : url, headers: {}, body: JSON.stringify(body), timeoutMs, nowMs: clock.nowMs() });
  }
}
