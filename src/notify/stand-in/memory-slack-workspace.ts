import { stableHash } from '../../lib/stable-hash.js';
import type { SlackBlock } from '../slack-blocks.js';
import { checkMessage, jsonArgument } from './slack-checks.js';

export interface SlackMessageKept {
  readonly channel: string;
  readonly channelName: string;
  readonly ts: string;
  /** Set on replies: ts of the parent. */
  readonly threadTs: string | undefined;
  /** A reply that is shown in the channel as well. */
  readonly broadcast: boolean;
  text: string;
  blocks: readonly SlackBlock[];
  metadata: unknown;
  /** ts of the last edit. */
  editedTs: string | undefined;
  edits: number;
}

export interface WorkspaceOptions {
  /** Bot token that is accepted; any `xoxb-…` when left out. */
  readonly token?: string;
  /** The only channels there are; when left out, a channel exists as soon as it is named. */
  readonly channels?: readonly string[];
  readonly nowMs: () => number;
}

type Args = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

const PAGE_SIZE_DEFAULT = 100;
const BOT = { user: 'U0TOCSIN', bot_id: 'B0TOCSIN', team: 'Stand-in', team_id: 'T0STANDIN' };

/** A Slack workspace with state: channels, messages, threads. Answers what Slack's Web API would. */
export class MemorySlackWorkspace {
  readonly #options: WorkspaceOptions;
  /** Id → name without `#`. */
  readonly #channels = new Map<string, string>();
  readonly #messages: SlackMessageKept[] = [];
  #lastTs = 0;
  /** Grows with every change: pages ask whether there is news. */
  revision = 0;

  constructor(options: WorkspaceOptions) {
    this.#options = options;
    for (const channel of options.channels ?? []) this.#create(channel);
  }

  /** In order of posting. */
  get messages(): readonly SlackMessageKept[] {
    return this.#messages;
  }

  get channels(): ReadonlyMap<string, string> {
    return this.#channels;
  }

  call(method: string, args: Args, token: string | undefined): Answer {
    const refused = this.#refuseToken(token);
    if (refused !== undefined) return refused;
    switch (method) {
      case 'auth.test': return { ok: true, url: 'https://stand-in.slack.com/', user_id: BOT.user, ...BOT };
      case 'chat.postMessage': return this.#post(args);
      case 'chat.update': return this.#update(args);
      case 'conversations.history': return this.#history(args);
      case 'conversations.replies': return this.#replies(args);
      case 'conversations.list': return { ok: true, channels: [...this.#channels].map(([id, name]) => ({ id, name, is_channel: true })), response_metadata: { next_cursor: '' } };
      default: return no('unknown_method');
    }
  }

  #refuseToken(token: string | undefined): Answer | undefined {
    if (token === undefined || token === '') return no('not_authed');
    const accepted = this.#options.token === undefined ? token.startsWith('xoxb-') : token === this.#options.token;
    return accepted ? undefined : no('invalid_auth');
  }

  #post(args: Args): Answer {
    const channel = this.#channelOf(args['channel']);
    if (channel === undefined) return no('channel_not_found');
    const checked = checkMessage(args);
    if ('error' in checked) return no(checked.error);
    const threadTs = typeof args['thread_ts'] === 'string' ? args['thread_ts'] : undefined;
    if (threadTs !== undefined && this.#find(channel, threadTs) === undefined) return no('thread_not_found');
    const message: SlackMessageKept = {
      channel, channelName: this.#channels.get(channel) ?? '', ts: this.#nextTs(), threadTs, broadcast: String(args['reply_broadcast']) === 'true',
      ...checked, metadata: jsonArgument(args['metadata']), editedTs: undefined, edits: 0,
    };
    this.#messages.push(message);
    this.revision += 1;
    return { ok: true, channel, ts: message.ts, message: this.#shown(message, true) };
  }

  /** Takes the channel's id only, as Slack does. */
  #update(args: Args): Answer {
    const channel = String(args['channel']);
    if (!this.#channels.has(channel)) return no('channel_not_found');
    const message = this.#find(channel, String(args['ts']));
    if (message === undefined) return no('message_not_found');
    const checked = checkMessage(args);
    if ('error' in checked) return no(checked.error);
    Object.assign(message, checked, { editedTs: this.#nextTs(), edits: message.edits + 1 });
    if (args['metadata'] !== undefined) message.metadata = jsonArgument(args['metadata']);
    this.revision += 1;
    return { ok: true, channel, ts: message.ts, text: message.text, message: this.#shown(message, true) };
  }

  /** Newest first, without replies that were not broadcast. */
  #history(args: Args): Answer {
    const channel = String(args['channel']);
    if (!this.#channels.has(channel)) return no('channel_not_found');
    const shown = this.#messages.filter((message) => message.channel === channel && (message.threadTs === undefined || message.broadcast));
    return this.#page(shown.toReversed(), args);
  }

  #replies(args: Args): Answer {
    const channel = String(args['channel']);
    const parent = this.#find(channel, String(args['ts']));
    if (parent === undefined) return no('thread_not_found');
    return this.#page(this.#messages.filter((message) => message.channel === channel && (message === parent || message.threadTs === parent.ts)), args);
  }

  #page(messages: readonly SlackMessageKept[], args: Args): Answer {
    const oldest = Number(args['oldest'] ?? 0);
    const limit = Number(args['limit'] ?? PAGE_SIZE_DEFAULT);
    const from = Number(args['cursor'] ?? 0);
    const matching = messages.filter((message) => Number(message.ts) > oldest);
    const page = matching.slice(from, from + limit).map((message) => this.#shown(message, String(args['include_all_metadata']) === 'true'));
    const more = from + limit < matching.length;
    return { ok: true, messages: page, has_more: more, response_metadata: { next_cursor: more ? String(from + limit) : '' } };
  }

  #shown(message: SlackMessageKept, withMetadata: boolean): Readonly<Record<string, unknown>> {
    return {
      type: 'message', ...BOT, ts: message.ts, text: message.text, blocks: message.blocks,
      ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
      ...(withMetadata && message.metadata !== undefined ? { metadata: message.metadata } : {}),
      ...(message.editedTs === undefined ? {} : { edited: { user: BOT.user, ts: message.editedTs } }),
    };
  }

  #find(channel: string, ts: string): SlackMessageKept | undefined {
    return this.#messages.find((message) => message.channel === channel && message.ts === ts);
  }

  /** Removes a message as a person would by hand. */
  delete(ts: string): void {
    const index = this.#messages.findIndex((message) => message.ts === ts);
    if (index !== -1) this.#messages.splice(index, 1);
    this.revision += 1;
  }

  #channelOf(named: unknown): string | undefined {
    const channel = typeof named === 'string' ? named.replace(/^#/, '') : '';
    if (this.#channels.has(channel)) return channel;
    for (const [id, name] of this.#channels) if (name === channel) return id;
    return channel === '' || this.#options.channels !== undefined ? undefined : this.#create(channel);
  }

  #create(channel: string): string {
    const name = channel.replace(/^#/, '');
    const id = `C0${stableHash([name], 9).toUpperCase()}`;
    this.#channels.set(id, name);
    return id;
  }

  /** Microseconds, never the same twice. */
  #nextTs(): string {
    this.#lastTs = Math.max(this.#options.nowMs() * 1_000, this.#lastTs + 1);
    return `${String(Math.floor(this.#lastTs / 1_000_000))}.${String(this.#lastTs % 1_000_000).padStart(6, '0')}`;
  }
}

function no(error: string): Answer {
  return { ok: false, error };
}
