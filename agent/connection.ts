import type { DataFrame, Direction, OpenFrame, Role } from './frames.js';
import type { Piece, Protocol, ProtocolParser, Side, ExchangeSink } from './protocols/protocol.js';

/** What is known of a connection, as seen from one of its ends. */
export interface Connection {
  readonly cookie: number;
  readonly tgid: number;
  readonly network: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly family: 4 | 6;
  readonly isFromStart: boolean;
  readonly firstSequence: number;
  role: Role;
}

export function connectionOf(frame: OpenFrame): Connection {
  const { cookie, tgid, network, localAddress, localPort, remoteAddress, remotePort, family, isFromStart, firstSequence, role } = frame;
  return { cookie, tgid, network, localAddress, localPort, remoteAddress, remotePort, family, isFromStart, firstSequence, role };
}

export interface StreamOptions {
  readonly connection: Connection;
  readonly protocols: readonly Protocol[];
  readonly isTls: boolean;
  readonly sinkFor: (stream: Stream, protocol: Protocol) => ExchangeSink;
}

/** Calls without a nomination before a stream is given up. */
const MAX_TRIES = 8;
const NOTHING = Buffer.alloc(0);
const SILENT = -1;
/** What is being fed, in one object that is used again: parsers keep none. */
const piece: { -readonly [Key in keyof Piece]: Piece[Key] } = { bytes: NOTHING, atNs: 0.5, missing: 0.5 };

function pieceOf(bytes: Buffer, atNs: number, missing: number): Piece {
  piece.bytes = bytes;
  piece.atNs = atNs;
  piece.missing = missing;
  return piece;
}

/** The bytes of one connection, or the plaintext of one: puts pieces into their place, finds the protocol, and feeds its parser. */
export class Stream {
  readonly connection: Connection;
  readonly isTls: boolean;
  readonly #options: StreamOptions;
  /** Where the next call of each direction begins; -1: that one has been silent so far. */
  #expectedReceived = SILENT;
  #expectedSent = SILENT;
  #parser: ProtocolParser | undefined;
  #protocol: Protocol | undefined;
  #tries = 0;
  #gaveUp = false;
  /** TCP sequence number of the first request byte that the parser saw; undefined where it is not known. */
  #requestBase: number | undefined;
  /** The frame being handled: whose thread it is. */
  current: DataFrame | undefined;
  lastNs = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.isTls = options.isTls;
  }

  /** Nothing more can be read here. */
  get isDone(): boolean {
    return this.#gaveUp || this.#parser?.isDone === true;
  }

  get protocol(): Protocol | undefined {
    return this.#protocol;
  }

  get heldBytes(): number {
    return this.#parser?.heldBytes ?? 0;
  }

  /** TCP sequence number of a request, which both ends of a connection know; undefined for plaintext of TLS. */
  sequenceOf(requestOffset: number): number | undefined {
    return this.#requestBase === undefined ? undefined : (this.#requestBase + requestOffset) >>> 0;
  }

  handle(frame: DataFrame): void {
    if (this.isDone) return;
    this.lastNs = frame.timeNs;
    this.current = frame;
    const hole = this.#place(frame);
    if (hole === 'before') return;
    if (this.#parser === undefined && !this.#open(frame)) return;
    const side = this.#sideOf(frame.direction);
    if (side === 'request' && this.#requestBase === undefined && !this.isTls && frame.tcpSequence !== 0) this.#requestBase = frame.tcpSequence - (Number.isFinite(hole) ? hole : 0);
    if (hole > 0) this.#parser?.feed(side, pieceOf(NOTHING, frame.timeNs, hole));
    this.#feed(side, frame);
  }

  close(atNs: number): void {
    this.#parser?.close(atNs);
  }

  settle(beforeNs: number): void {
    this.#parser?.settle(beforeNs);
  }

  /** Bytes missing before this frame, or `before` where it holds nothing new. */
  #place(frame: DataFrame): number | 'before' {
    const { direction, position, total } = frame;
    const expected = direction === 'send' ? this.#expectedSent : this.#expectedReceived;
    const isFirst = expected === SILENT;
    const end = position + total;
    if (!isFirst && end <= expected && total > 0) return 'before';
    if (direction === 'send') this.#expectedSent = end;
    else this.#expectedReceived = end;
    if (frame.hasHoleBefore && (isFirst || position === expected)) return isFirst ? 0 : Number.POSITIVE_INFINITY;
    const from = isFirst ? (this.connection.isFromStart || this.isTls ? 0 : position) : expected;
    const missed = position - from;
    // Overlaps were not seen to happen; what overlaps is not understood.
    return missed < 0 ? Number.POSITIVE_INFINITY : missed;
  }

  #open(frame: DataFrame): boolean {
    if (frame.head.length === 0) return false;
    const found = this.#nominate(frame);
    if (found === undefined) {
      this.#tries += 1;
      this.#gaveUp = this.#tries >= MAX_TRIES;
      return false;
    }
    const isFromStart = (this.connection.isFromStart || this.isTls) && frame.position === 0 && this.#isFirst(frame.direction);
    this.#protocol = found;
    this.#parser = found.open(this.#options.sinkFor(this, found), { isFromStart });
    return true;
  }

  /** Whether the other direction has been silent so far. */
  #isFirst(direction: Direction): boolean {
    return (direction === 'send' ? this.#expectedReceived : this.#expectedSent) === SILENT;
  }

  #nominate(frame: DataFrame): Protocol | undefined {
    const { protocols } = this.#options;
    const byKernel = protocols.find(({ name }) => name === frame.nominated);
    for (const protocol of byKernel === undefined ? protocols : [byKernel, ...protocols]) {
      for (const side of this.#sidesOf(frame)) {
        if (!protocol.nominate(side, frame.head)) continue;
        if (this.connection.role === 'unknown') this.connection.role = (side === 'request') === (frame.direction === 'send') ? 'client' : 'server';
        return protocol;
      }
    }
    return undefined;
  }

  #sidesOf(frame: DataFrame): readonly Side[] {
    if (this.connection.role === 'unknown' && frame.role !== 'unknown') this.connection.role = frame.role;
    return this.connection.role === 'unknown' ? ['request', 'response'] : [this.#sideOf(frame.direction)];
  }

  #sideOf(direction: Direction): Side {
    return (this.connection.role === 'client') === (direction === 'send') ? 'request' : 'response';
  }

  #feed(side: Side, frame: DataFrame): void {
    const { head, tail, total, timeNs } = frame;
    this.#parser?.feed(side, pieceOf(head, timeNs, total - head.length - tail.length));
    if (tail.length > 0) this.#parser?.feed(side, pieceOf(tail, timeNs, 0));
  }
}
