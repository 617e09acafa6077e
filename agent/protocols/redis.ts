import { Conversation } from './conversation.js';
import { Intake, MORE, WRONG, type Units } from './intake.js';
import { MAX_HELD_BYTES } from './limits.js';
import type { ExchangeSink, Protocol, StreamStart } from './protocol.js';
import { commandName, hasSubcommand, subcommandName } from './redis-command-names.js';
import { endsReplies, holdsSecrets, isConfirmation, isMessage } from './redis-commands.js';
import type { RedisExchange } from './redis-exchange.js';
import { Subscriptions } from './redis-subscriptions.js';
import { numberOf, ReplyReader, type Reply } from './redis-replies.js';
import { Turns, type Looks } from './turns.js';
import { Words } from './words.js';
import { endOfLine, latin1, utf8 } from './text.js';

export interface RedisWishes {
  /** Bytes of the arguments of one command to keep; 0: none. */
  readonly argumentBytes: number;
}

const MAX_WORD = 64;
const MAX_ARGUMENTS = 1 << 20;
const INLINE = /^[A-Za-z][A-Za-z]{1,20}(?: [^\r\n]{0,1024})?\r\n/;
/** Inline commands of people and of redis-benchmark; anything else is too much like text. */
const INLINE_START = /^(?:PING|ECHO|INFO|QUIT|SET|GET|INCR|DEL|EXISTS|TTL|KEYS|DBSIZE|SELECT)[ \r]/i;
const REQUEST_START = /^\*[1-9]\d{0,6}\r\n\$\d{1,3}\r\n[A-Za-z]/;
const REQUEST_PREFIX = /^\*(?:[1-9]\d{0,6}(?:\r(?:\n(?:\$(?:\d{1,3}(?:\r\n?)?)?)?)?)?)?$/;
const RESPONSE_START = /^(?:\+[^\r\n]*|-[A-Z]+ [^\r\n]*|-[A-Z]+|:[-+]?\d+|[$*%~>|!=](?:-1|\d{1,10})|_|#[tf]|,[^\r\n]+|\([-+]?\d+)\r\n/;
const RESPONSE_PREFIX = /^(?:\+[^\r\n]*|-(?:[A-Z][^\r\n]*)?|[:$*%~>|!=(][-+]?\d*|_|#[tf]?|,[^\r\n]*)\r?$/;
const START_LENGTH = 256;

function startOf(bytes: Buffer): string {
  return latin1(bytes, 0, Math.min(bytes.length, START_LENGTH));
}

const looks: Looks = {
  isRequest: (bytes) => REQUEST_START.test(startOf(bytes)) || REQUEST_PREFIX.test(startOf(bytes)) || INLINE_START.test(startOf(bytes)),
  isResponse: (bytes) => RESPONSE_START.test(startOf(bytes)) || RESPONSE_PREFIX.test(startOf(bytes)),
  isEnd: () => false,
};

/** Redis and what speaks its protocol: RESP2, RESP3, pipelines, subscriptions. */
export function redis(wishes: RedisWishes): Protocol {
  const words = new Words();
  return {
    name: 'redis',
    nominate: (side, bytes) => (side === 'request' ? looks.isRequest(bytes) : looks.isResponse(bytes)),
    open: (sink, start) => new RedisParser(sink, { wishes, words, start }),
  };
}

/** A command that is being read. */
interface Reading {
  readonly startNs: number;
  readonly offset: number;
  readonly count: number;
  /** Words of the command's name, then kept arguments. */
  readonly words: string[];
  index: number;
  keptBytes: number;
  /** Length of the argument whose bytes come next; -1: its header does. */
  length: number;
}

class RedisParser extends Conversation<RedisExchange> {
  readonly #wishes: RedisWishes;
  readonly #words: Words;
  protected readonly request: Intake;
  protected readonly response: Intake;
  readonly #replies: ReplyReader;
  readonly #subscriptions = new Subscriptions();
  #reading: Reading | undefined;
  #database: number | undefined;
  #hasAnswered = false;

  constructor(sink: ExchangeSink, { wishes, words, start }: { readonly wishes: RedisWishes; readonly words: Words; readonly start: StreamStart }) {
    super(new Turns(sink, looks, start));
    this.#wishes = wishes;
    this.#words = words;
    this.#database = start.isFromStart ? 0 : undefined;
    this.request = new Intake(this.#requestUnits());
    this.response = new Intake(this.#responseUnits());
    this.#replies = new ReplyReader(this.#words, (count) => this.response.skip(count), (reply) => this.#replied(reply));
  }

  #requestUnits(): Units {
    return {
      unit: (bytes, from, atNs) => (this.#reading === undefined ? this.#commandStart(bytes, from, atNs) : this.#argument(bytes, from, this.#reading)),
      cut: () => WRONG,
      passed: () => undefined,
      passedAll: () => {
        if (this.#reading !== undefined) this.#nextArgument(this.#reading);
      },
      lost: (why, atNs) => {
        const reading = this.#reading;
        this.#reading = undefined;
        // Its name and the number of its arguments were said first. Replies come in order: those to what the hole hides are nobody's.
        if (why === 'hole' && reading !== undefined && reading.words.length > 0) this.#command(reading);
        this.turns.loseRequests(why, { atNs, keepsPending: why === 'hole' });
      },
    };
  }

  #responseUnits(): Units {
    return {
      unit: (bytes, from) => {
        this.#hasAnswered = this.turns.first !== undefined;
        return this.#replies.unit(bytes, from);
      },
      cut: () => WRONG,
      passed: () => undefined,
      passedAll: () => this.#replies.passedAll(),
      lost: (why, atNs) => {
        // A hole between two replies hides whole ones; one inside a reply only its end.
        const hasBegun = this.#hasAnswered && this.#replies.isInside;
        this.#replies.reset();
        this.#hasAnswered = false;
        this.turns.loseResponses(why, { atNs, hasBegun });
      },
    };
  }

  #commandStart(bytes: Buffer, from: number, atNs: number): number {
    const end = endOfLine(bytes, from);
    if (end === -1) return bytes.length - from < MAX_HELD_BYTES && looksLikeLine(bytes[from]!) ? MORE : WRONG;
    if (bytes[from] !== 0x2a) return this.#inline(latin1(bytes, from, Math.min(end + 2, from + 2 * START_LENGTH)), { took: end + 2 - from, atNs });
    const count = numberOf(this.#words.of(bytes, from + 1, Math.min(end, from + 12)));
    if (count === undefined || count > MAX_ARGUMENTS) return WRONG;
    if (count > 0) this.#reading = { startNs: atNs, offset: this.request.offset, count, words: [], index: 0, keptBytes: 0, length: -1 };
    return end + 2 - from;
  }

  #inline(line: string, { took, atNs }: { readonly took: number; readonly atNs: number }): number {
    if (line === '\r\n') return took;
    if (!INLINE.test(line)) return WRONG;
    const words = line.trim().split(/ +/);
    this.#command({ startNs: atNs, offset: this.request.offset, count: words.length, words: words.slice(0, 2), index: 0, keptBytes: 0, length: -1 });
    return took;
  }

  #argument(bytes: Buffer, from: number, reading: Reading): number {
    if (reading.length === -1) return this.#argumentLength(bytes, from, reading);
    const wanted = this.#wanted(reading);
    if (bytes.length - from < wanted) return MORE;
    if (wanted > 0) {
      reading.words.push(reading.index === 0 ? this.#words.of(bytes, from, from + wanted) : utf8(bytes, from, from + wanted));
      if (reading.index > 0) reading.keptBytes += wanted;
    }
    this.request.skip(reading.length + 2 - wanted);
    return wanted;
  }

  #argumentLength(bytes: Buffer, from: number, reading: Reading): number {
    const end = endOfLine(bytes, from);
    if (end === -1) return bytes.length - from < MAX_WORD && bytes[from] === 0x24 ? MORE : WRONG;
    const length = numberOf(this.#words.of(bytes, from + 1, Math.min(end, from + 12)));
    if (bytes[from] !== 0x24 || length === undefined) return WRONG;
    reading.length = length;
    // A text of which nothing is wanted is passed over at once.
    if (this.#wanted(reading) === 0) this.request.skip(length + 2);
    return end + 2 - from;
  }

  #wanted({ index, length, words, keptBytes }: Reading): number {
    if (index === 0) return Math.min(length, MAX_WORD);
    const command = (words[0] ?? '').toUpperCase();
    const isPartOfName = index === 1 && (hasSubcommand(command) || command === 'SELECT');
    return Math.min(length, isPartOfName ? MAX_WORD : Math.max(0, this.#wishes.argumentBytes - keptBytes));
  }

  #nextArgument(reading: Reading): void {
    reading.length = -1;
    reading.index += 1;
    if (reading.index < reading.count) return;
    this.#reading = undefined;
    this.#command(reading);
  }

  #command({ startNs, offset, count, words }: Reading): void {
    const name = commandName(words[0] ?? '');
    const isLong = hasSubcommand(name) && words[1] !== undefined;
    const command = isLong ? `${name} ${subcommandName(name, words[1] ?? '')}` : name;
    const keeps = this.#wishes.argumentBytes > 0 && !holdsSecrets(command);
    const exchange: RedisExchange = {
      protocol: 'redis', startNs, endNs: startNs, requestOffset: offset, isCut: false, command, errorPrefix: undefined, database: this.#database,
      argumentCount: count - (isLong ? 2 : 1), arguments: keeps ? words.slice(isLong ? 2 : 1) : [],
    };
    if (name === 'SELECT') this.#database = numberOf(words[1] ?? '');
    if (name === 'RESET') this.#database = 0;
    this.#subscriptions.asked(exchange);
    if (endsReplies(name) || command === 'CLIENT REPLY') this.giveUp(this.request.nowNs);
    else this.begin(exchange);
  }

  #replied({ type, first, last, errorPrefix }: Reply): void {
    if (this.#subscriptions.isOver(this.turns.first, { type, first })) this.turns.end(this.turns.first?.endNs ?? 0);
    const exchange = this.turns.first;
    if (isConfirmation(first) && (type === '>' || this.#subscriptions.expects(exchange))) {
      if (exchange !== undefined) exchange.endNs = this.response.nowNs;
      if (this.#subscriptions.confirmed({ kind: first, left: last }, exchange)) this.turns.end(this.response.nowNs);
      return;
    }
    if (type === '>' || (type === '*' && isMessage(first) && this.#subscriptions.areOpen)) return;
    this.#hasAnswered = false;
    if (exchange === undefined) return;
    if (exchange.command === 'RESET') this.#subscriptions.reset();
    exchange.errorPrefix = errorPrefix;
    if (exchange.command === 'SELECT' && errorPrefix !== undefined) this.#database = undefined;
    this.turns.end(this.response.nowNs);
  }
}

function looksLikeLine(byte: number): boolean {
  return byte === 0x2a || byte === 0x0d || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
