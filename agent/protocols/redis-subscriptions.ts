import { isConfirmation, isMessage, isSubscribing } from './redis-commands.js';
import type { RedisExchange } from './redis-exchange.js';

/** `left`: what is subscribed then, by the server's count; undefined where it was not seen. */
interface Confirmation {
  readonly kind: string;
  readonly left: number | undefined;
}

/** Shard channels are counted apart; of the others, patterns and channels are counted together. */
type Kind = 'channels' | 'patterns' | 'shards';

/**
 * What one connection has subscribed to. In RESP2 published messages look like replies, so it matters whether any can come; and a command that
 * names no channel is confirmed once for each that there was.
 */
export class Subscriptions {
  readonly #open: Record<Kind, number> = { channels: 0, patterns: 0, shards: 0 };
  /** How many confirmations a command still waits for; 0: until nothing of its kind is left. */
  readonly #awaited = new WeakMap<RedisExchange, number>();
  /** Commands that were confirmed in part. */
  readonly #begun = new WeakSet<RedisExchange>();

  /** Messages may come. */
  get areOpen(): boolean {
    return this.#open.channels + this.#open.patterns + this.#open.shards > 0;
  }

  asked(exchange: RedisExchange): void {
    if (isSubscribing(exchange.command)) this.#awaited.set(exchange, exchange.argumentCount);
  }

  /** Whether a confirmation may be meant as one: a list of texts may begin with such a word as well. */
  expects(exchange: RedisExchange | undefined): boolean {
    return this.areOpen || exchange === undefined || this.#awaited.has(exchange);
  }

  /** Whether a command that names no channel got all of its confirmations, as what comes now is the next one's: not everything that was subscribed need have been seen. */
  isOver(exchange: RedisExchange | undefined, { type, first }: { readonly type: string; readonly first: string | undefined }): boolean {
    if (exchange === undefined || this.#awaited.get(exchange) !== 0 || !this.#begun.has(exchange)) return false;
    return isConfirmation(first) ? first.toUpperCase() !== exchange.command : type !== '>' && !isMessage(first);
  }

  /** Whether it was the last one that `exchange` waits for. */
  confirmed({ kind, left }: Confirmation, exchange: RedisExchange | undefined): boolean {
    const of = kindOf(kind);
    this.#open[of] = Math.max(0, (left ?? 0) - (of === 'channels' ? this.#open.patterns : of === 'patterns' ? this.#open.channels : 0));
    const awaited = exchange === undefined ? undefined : this.#awaited.get(exchange);
    if (exchange === undefined || awaited === undefined || exchange.command !== kind.toUpperCase()) return false;
    this.#begun.add(exchange);
    if (awaited === 0) return this.#open[of] === 0;
    this.#awaited.set(exchange, awaited - 1);
    if (awaited > 1) return false;
    this.#awaited.delete(exchange);
    return true;
  }

  reset(): void {
    Object.assign(this.#open, { channels: 0, patterns: 0, shards: 0 });
  }
}

function kindOf(word: string): Kind {
  const letter = word.charAt(0).toLowerCase();
  return letter === 'p' ? 'patterns' : word.toLowerCase().startsWith('ss') || word.toLowerCase().startsWith('sun') ? 'shards' : 'channels';
}
