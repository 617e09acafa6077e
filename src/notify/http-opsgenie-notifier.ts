import type { Clock } from '../lib/clock.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { opsgenieRequests, type OpsgenieAlertOptions } from './opsgenie-alert.js';

export interface OpsgenieNotifierOptions extends OpsgenieAlertOptions {
  /** Base of the API with a slash at the end. */
  readonly url: string;
  readonly apiKey: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Opsgenie's Alert API, which others speak as well. Every request names the alert by its alias, so a repeat after an unknown outcome changes nothing there. */
export class HttpOpsgenieNotifier implements Notifier {
  readonly #options: OpsgenieNotifierOptions;

  constructor(options: OpsgenieNotifierOptions) {
    this.#options = options;
  }

  async notify(notification: Notification): Promise<DeliveryResult> {
    const { url, apiKey, timeoutMs, clock = systemClock } = this.#options;
    const [first, ...more] = opsgenieRequests(notification, this.#options);
    const send = ({ method, path, body }: typeof first): Promise<DeliveryResult> =>
      postForDelivery({ method, url: new URL(path, url).href, headers: { authorization: `GenieKey ${apiKey}` }, body: JSON.stringify(body), timeoutMs, nowMs: clock.nowMs() });
    let result = await send(first);
    for (const request of more) {
      if (result.kind !== 'delivered') return result;
      result = await send(request);
    }
    return result;
  }
}
