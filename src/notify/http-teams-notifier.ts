import type { Clock } from '../lib/clock.js';
import { systemClock } from '../lib/system-clock.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { postForDelivery } from './http-transport.js';
import { teamsCard } from './teams-card.js';

export interface TeamsNotifierOptions {
  /** Of a workflow that begins with "When a Teams webhook request is received". */
  readonly url: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Adaptive cards by a Teams workflow. Nothing there tells a repeat from news, so a repeat after an unknown outcome says that it is one. */
export class HttpTeamsNotifier implements Notifier {
  readonly #options: TeamsNotifierOptions;

  constructor(options: TeamsNotifierOptions) {
    this.#options = options;
  }

  notify(notification: Notification): Promise<DeliveryResult> {
    const { url, timeoutMs, clock = systemClock } = this.#options;
    return postForDelivery({ url, headers: {}, body: teamsCard(notification), timeoutMs, nowMs: clock.nowMs() });
  }
}
