import type { Delivery, DeliveryResult, Notification, Notifier } from './delivery.js';
import { SlackApi, type SlackAnswer, type SlackApiOptions, type SlackFailure } from './slack-api.js';
import { mrkdwn, type SlackMessage } from './slack-blocks.js';
import { incidentMessage, threadReply } from './slack-message.js';
import { SlackMessageFinder } from './slack-message-finder.js';
import { blocksWereRefused, parentIsGone, refusalResult } from './slack-refusals.js';

export interface SlackNotifierOptions extends SlackApiOptions {
  /** Name with `#` or id, as in routing.yaml. */
  readonly channel: string;
  /** Whether the thread is told that it is over. The message itself always shows it. */
  readonly sendResolved: boolean;
  /** What is pressed below the message reaches Tocsin. */
  readonly takesPresses?: boolean;
}

interface Parent {
  readonly channel: string;
  readonly ts: string;
}

/** Keeps Slack from resolving names in our texts into mentions and links. */
const PLAIN = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false } as const;
const SENT_AGAIN = 'Sent again: Slack did not confirm the first attempt, and Tocsin may not look (scope channels:history).';

/**
 * One message per incident in the channel, edited in place; news goes into its thread. A post whose outcome is unknown is looked for
 * before it is repeated, and where that is not possible the repeat says so.
 */
export class SlackNotifier implements Notifier {
  readonly #api: SlackApi;
  readonly #finder: SlackMessageFinder;
  readonly #options: SlackNotifierOptions;

  constructor(options: SlackNotifierOptions) {
    this.#options = options;
    this.#api = new SlackApi(options);
    this.#finder = new SlackMessageFinder(this.#api);
  }

  async notify(notification: Notification): Promise<DeliveryResult> {
    const parent = parentOf(notification.previousReceipt);
    if (parent === undefined) return this.#postParent(notification);
    const answer = await this.#send('chat.update', { ...parent, ...PLAIN }, incidentMessage(notification, this.#options));
    if (answer.ok) return this.#reply(notification, parent);
    if (answer.failure.kind === 'refused' && parentIsGone(answer.failure.error)) return this.#postParent(notification);
    return this.#resultOf(answer.failure);
  }

  async #postParent(notification: Notification): Promise<DeliveryResult> {
    const { delivery } = notification;
    const { channel } = this.#options;
    let message = incidentMessage(notification, this.#options);
    if (delivery.ambiguous === true) {
      const search = await this.#finder.inChannel(channel, delivery.id, delivery.createdAtMs);
      if (search.kind === 'found') return { kind: 'delivered', receipt: { channel: search.channel, ts: search.ts } };
      if (search.kind === 'unknown') return this.#resultOf(search.failure);
      if (search.kind === 'blind') message = sentAgain(message);
    }
    const answer = await this.#send('chat.postMessage', { channel, ...PLAIN, metadata: metadataOf(delivery) }, message);
    if (!answer.ok) return this.#resultOf(answer.failure);
    const receipt = { channel: String(answer.body['channel']), ts: String(answer.body['ts']) };
    this.#finder.remember(channel, receipt.channel);
    return { kind: 'delivered', receipt };
  }

  async #reply(notification: Notification, parent: Parent): Promise<DeliveryResult> {
    const delivered: DeliveryResult = { kind: 'delivered', receipt: { ...parent } };
    const { delivery } = notification;
    const reply = delivery.transition.kind === 'resolved' && !this.#options.sendResolved ? undefined : threadReply(notification);
    if (reply === undefined) return delivered;
    if (delivery.ambiguous === true) {
      const search = await this.#finder.inThread(parent, delivery.id);
      if (search.kind === 'found') return delivered;
      if (search.kind === 'unknown') return this.#resultOf(search.failure);
    }
    const answer = await this.#api.call('chat.postMessage', {
      channel: parent.channel, thread_ts: parent.ts, reply_broadcast: reply.broadcast, text: reply.text, ...PLAIN, metadata: metadataOf(delivery),
    });
    return answer.ok ? delivered : this.#resultOf(answer.failure);
  }

  /** A page must get through: what Slack does not take as blocks goes out as text. */
  async #send(method: string, args: Readonly<Record<string, unknown>>, message: SlackMessage): Promise<SlackAnswer> {
    const answer = await this.#api.call(method, { ...args, ...message });
    if (answer.ok || answer.failure.kind !== 'refused' || !blocksWereRefused(answer.failure.error)) return answer;
    return this.#api.call(method, { ...args, text: message.text });
  }

  #resultOf(failure: SlackFailure): DeliveryResult {
    switch (failure.kind) {
      case 'refused': return refusalResult(failure.error, this.#options.channel);
      case 'rate-limited': return { kind: 'retryable', reason: 'Slack limits the rate of messages', retryAfterMs: failure.retryAfterMs };
      case 'unreachable': return { kind: 'retryable', reason: failure.reason, retryAfterMs: undefined, ambiguous: failure.ambiguous };
    }
  }
}

function parentOf(receipt: Readonly<Record<string, string>> | undefined): Parent | undefined {
  const { channel, ts } = receipt ?? {};
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
}

function metadataOf(delivery: Delivery): { readonly event_type: string; readonly event_payload: Readonly<Record<string, string>> } {
  return { event_type: 'tocsin_delivery', event_payload: { delivery_id: delivery.id, incident_id: delivery.incidentId, kind: delivery.transition.kind } };
}

function sentAgain(message: SlackMessage): SlackMessage {
  return { ...message, blocks: [...message.blocks, { type: 'context', elements: [mrkdwn(SENT_AGAIN)] }] };
}
