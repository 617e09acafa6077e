import type { DeliveryId } from '../lib/ids.js';
import type { SlackAnswer, SlackApi, SlackFailure } from './slack-api.js';

const PAGE_SIZE = 100;
/** A busy channel has a few hundred messages in the minutes between an attempt and its retry. */
const PAGES_MAX = 5;
const CHANNEL_PAGE_SIZE = 1_000;
/** Our clock and Slack's differ. */
const CLOCK_SKEW_MS = 60_000;
const CHANNEL_ID = /^[CGD][A-Z0-9]{6,}$/;

export type Search =
  | { readonly kind: 'found'; readonly channel: string; readonly ts: string }
  | { readonly kind: 'absent' }
  /** Slack does not let us look: missing scopes, unknown channel. */
  | { readonly kind: 'blind' }
  /** Slack does not answer now. */
  | { readonly kind: 'unknown'; readonly failure: SlackFailure };

interface Message {
  readonly ts?: string;
  readonly metadata?: { readonly event_payload?: { readonly delivery_id?: string } };
}

/** Finds a message that an attempt of ours may have left, by the delivery id in its metadata. Slack has no idempotency key. */
export class SlackMessageFinder {
  readonly #api: SlackApi;
  readonly #channelIds = new Map<string, string>();

  constructor(api: SlackApi) {
    this.#api = api;
  }

  /** Posting answers with the id; looking it up by name takes a scope that many apps do not have. */
  remember(channel: string, id: string): void {
    this.#channelIds.set(channel, id);
  }

  async inChannel(channel: string, id: DeliveryId, sinceMs: number): Promise<Search> {
    const channelId = await this.#channelId(channel);
    if (typeof channelId !== 'string') return channelId;
    const oldest = String((sinceMs - CLOCK_SKEW_MS) / 1_000);
    return this.#search('conversations.history', { channel: channelId, oldest }, id);
  }

  async inThread(parent: { readonly channel: string; readonly ts: string }, id: DeliveryId): Promise<Search> {
    return this.#search('conversations.replies', parent, id);
  }

  async #search(method: string, where: { readonly channel: string; readonly ts?: string; readonly oldest?: string }, id: DeliveryId): Promise<Search> {
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await this.#api.call(method, { ...where, limit: PAGE_SIZE, include_all_metadata: true, ...(cursor === '' ? {} : { cursor }) });
      if (!answer.ok) return failed(answer.failure);
      const messages = (answer.body['messages'] ?? []) as readonly Message[];
      const ts = messages.find((message) => message.metadata?.event_payload?.delivery_id === id)?.ts;
      if (ts !== undefined) return { kind: 'found', channel: where.channel, ts };
      cursor = nextCursor(answer);
      if (cursor === '') return { kind: 'absent' };
    }
    return { kind: 'blind' };
  }

  async #channelId(channel: string): Promise<string | Search> {
    if (CHANNEL_ID.test(channel)) return channel;
    const known = this.#channelIds.get(channel);
    if (known !== undefined) return known;
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await this.#api.call('conversations.list', { types: 'public_channel,private_channel', limit: CHANNEL_PAGE_SIZE, ...(cursor === '' ? {} : { cursor }) });
      if (!answer.ok) return failed(answer.failure);
      for (const { id, name } of (answer.body['channels'] ?? []) as readonly { id: string; name: string }[]) this.#channelIds.set(`#${name}`, id).set(name, id);
      const found = this.#channelIds.get(channel);
      if (found !== undefined) return found;
      cursor = nextCursor(answer);
      if (cursor === '') break;
    }
    return { kind: 'blind' };
  }
}

function failed(failure: SlackFailure): Search {
  return failure.kind === 'refused' ? { kind: 'blind' } : { kind: 'unknown', failure };
}

function nextCursor(answer: SlackAnswer): string {
  if (!answer.ok) return '';
  const metadata = answer.body['response_metadata'] as { readonly next_cursor?: string } | undefined;
  return metadata?.next_cursor ?? '';
}
