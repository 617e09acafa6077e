import type { Intake } from './intake.js';
import { MAX_FAILURES } from './limits.js';
import type { Exchange, Piece, ProtocolParser, Side } from './protocol.js';
import type { Turns } from './turns.js';

/** A connection on which requests are answered in the order in which they were sent: what the parsers of such protocols have alike. */
export abstract class Conversation<E extends Exchange> implements ProtocolParser {
  protected readonly turns: Turns<E>;
  protected abstract readonly request: Intake;
  protected abstract readonly response: Intake;
  #isDone = false;

  protected constructor(turns: Turns<E>) {
    this.turns = turns;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get heldBytes(): number {
    return this.request.heldBytes + this.response.heldBytes;
  }

  feed(side: Side, piece: Piece): void {
    if (this.#isDone) return;
    const intake = side === 'request' ? this.request : this.response;
    if (this.turns.admits(side, piece)) intake.feed(piece);
    else intake.ignore(piece);
    if (this.turns.failures > MAX_FAILURES) this.giveUp(piece.atNs);
  }

  settle(beforeNs: number): void {
    this.turns.settle(beforeNs);
  }

  close(atNs: number): void {
    this.beforeClose();
    this.turns.close(atNs);
    this.#isDone = true;
  }

  /** Ends what the end of the connection ends. */
  protected beforeClose(): void {
    // Most protocols say themselves where an answer ends.
  }

  /** A request begins. Where too many wait already, the connection is not understood. */
  protected begin(exchange: E): void {
    if (!this.turns.begin(exchange)) this.#stop();
  }

  /** From here on the connection carries something else, or nothing that is understood. */
  protected giveUp(atNs: number): void {
    this.turns.abandonAll('not-the-protocol', atNs);
    this.#stop();
  }

  /** Also reads nothing more of the piece that is being fed. */
  #stop(): void {
    this.#isDone = true;
    this.request.reset();
    this.response.reset();
  }
}
