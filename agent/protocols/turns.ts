import { MAX_PENDING } from './limits.js';
import type { AbandonReason, Exchange, ExchangeSink, Piece, Side, StreamStart } from './protocol.js';

/** What a protocol knows by looks, without knowing where in the stream it is. */
export interface Looks {
  /** These bytes, at the beginning of a piece, begin a request. */
  readonly isRequest: (bytes: Buffer) => boolean;
  readonly isResponse: (bytes: Buffer) => boolean;
  /** An answer ends with these bytes. */
  readonly isEnd: (bytes: Buffer) => boolean;
}

/**
 * Who is to speak on a connection: requests that wait for their answer, first in, first out, and whether each side's place in its stream is
 * known. After a hole a side is adrift: its bytes mean nothing until a piece begins like a request and nothing is owed, or like an answer to a
 * request that began after the hole. An answer whose end fell into a hole ends with its last byte before the next request.
 */
export class Turns<E extends Exchange> {
  readonly #sink: ExchangeSink;
  readonly #looks: Looks;
  readonly #pending: E[] = [];
  #isRequestAdrift: boolean;
  #isResponseAdrift: boolean;
  /** Its answer began, a hole followed: only time will tell where it ended. */
  #unseen: E | undefined;
  #failures = 0;
  lastNs = 0;

  constructor(sink: ExchangeSink, looks: Looks, { isFromStart }: StreamStart) {
    this.#sink = sink;
    this.#looks = looks;
    this.#isRequestAdrift = !isFromStart;
    this.#isResponseAdrift = !isFromStart;
  }

  get failures(): number {
    return this.#failures;
  }

  get isResponseAdrift(): boolean {
    return this.#isResponseAdrift;
  }

  /** The place in the answers is lost, and no request began since. */
  get owesNothingSinceHole(): boolean {
    return this.#isResponseAdrift && (this.#pending.length === 0 || this.#unseen !== undefined);
  }

  /** The request whose answer is due. */
  get first(): E | undefined {
    return this.#pending[0];
  }

  get waiting(): number {
    return this.#pending.length;
  }

  /** Whether a piece is to be read. Brings a side that is adrift back where the piece allows it. */
  admits(side: Side, piece: Piece): boolean {
    this.lastNs = Math.max(this.lastNs, piece.atNs);
    return side === 'request' ? this.#admitsRequest(piece) : this.#admitsResponse(piece);
  }

  #admitsRequest({ bytes }: Piece): boolean {
    if (!this.#isRequestAdrift) return true;
    const owesNothing = this.#pending.length === 0 || this.#unseen !== undefined;
    if (!owesNothing || !this.#looks.isRequest(bytes)) return false;
    this.#isRequestAdrift = false;
    return true;
  }

  #admitsResponse({ bytes, atNs, missing }: Piece): boolean {
    if (!this.#isResponseAdrift) return true;
    if (this.#unseen !== undefined) {
      this.#unseen.endNs = atNs;
      if (missing === 0 && this.#looks.isEnd(bytes)) this.endUnseen();
      return false;
    }
    if (this.#pending.length === 0 || !this.#looks.isResponse(bytes)) return false;
    this.#isResponseAdrift = false;
    return true;
  }

  /** False where too many wait already: the connection is not understood. */
  begin(exchange: E): boolean {
    this.endUnseen();
    if (this.#pending.length >= MAX_PENDING) {
      this.abandonAll('limit', exchange.startNs);
      return false;
    }
    this.#pending.push(exchange);
    this.#sink.begin(exchange);
    return true;
  }

  /** The answer of the first one ended. */
  end(atNs: number): void {
    const exchange = this.#pending.shift();
    if (exchange === undefined) return;
    exchange.endNs = atNs;
    this.#failures = 0;
    this.#sink.end(exchange);
  }

  /** The first one gets no answer, and that is how it should be. */
  drop(reason: AbandonReason, atNs: number): void {
    const exchange = this.#pending.shift();
    if (exchange !== undefined) this.#sink.abandon(exchange, reason, atNs);
  }

  endUnseen(): void {
    if (this.#unseen === undefined) return;
    this.#unseen = undefined;
    const first = this.#pending[0];
    if (first !== undefined) this.end(first.endNs);
  }

  abandonAll(reason: AbandonReason, atNs: number): void {
    this.#unseen = undefined;
    for (const exchange of this.#pending.splice(0)) this.#sink.abandon(exchange, reason, atNs);
  }

  /**
   * The place in the requests is lost. `keepsPending`: what was begun is understood, only its rest is not; otherwise requests may have gone
   * by unseen, and answers cannot be told apart any more.
   */
  loseRequests(why: 'hole' | 'wrong', { atNs, keepsPending }: { readonly atNs: number; readonly keepsPending: boolean }): void {
    if (why === 'wrong') this.#failures += 1;
    this.#isRequestAdrift = true;
    // What went by unseen was sent behind its answer.
    this.endUnseen();
    if (keepsPending || this.#pending.length === 0) return;
    this.abandonAll(why === 'hole' ? 'hole' : 'not-the-protocol', atNs);
    this.#isResponseAdrift = true;
  }

  /** The place in the answers is lost. `hasBegun`: what is known of the first answer is enough to tell about it. */
  loseResponses(why: 'hole' | 'wrong', { atNs, hasBegun }: { readonly atNs: number; readonly hasBegun: boolean }): void {
    if (why === 'wrong') this.#failures += 1;
    this.#isResponseAdrift = true;
    const first = this.#pending[0];
    if (why === 'hole' && hasBegun && this.#pending.length === 1 && first !== undefined) {
      first.isCut = true;
      first.endNs = atNs;
      this.#unseen = first;
      return;
    }
    this.abandonAll(why === 'hole' ? 'hole' : 'not-the-protocol', atNs);
  }

  settle(beforeNs: number): void {
    if (this.#unseen !== undefined && this.lastNs < beforeNs) this.endUnseen();
  }

  close(atNs: number): void {
    this.endUnseen();
    this.abandonAll('closed', atNs);
  }
}
