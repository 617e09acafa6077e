import type { HttpExchange } from './http-exchange.js';
import type { RedisExchange } from './redis-exchange.js';
import type { SqlExchange } from './sql-exchange.js';

/** Which way bytes go: towards the server or back. Whose side the traced process is on does not matter to a parser. */
export type Side = 'request' | 'response';

/** What one call moved, as far as it was seen. Never kept by a parser: the buffer may be overwritten afterwards. */
export interface Piece {
  readonly bytes: Buffer;
  /** When it was moved, nanoseconds of the monotonic clock. */
  readonly atNs: number;
  /** So many bytes follow `bytes` that nobody saw; `Infinity` where not even their number is known. */
  readonly missing: number;
}

/** One request and its answer. A parser begins it when it knows what is asked, and fills in the rest as it comes. */
export type Exchange = HttpExchange | SqlExchange | RedisExchange;

/** Why an exchange has no end. */
export type AbandonReason = 'hole' | 'limit' | 'not-the-protocol' | 'closed' | 'no-reply';

/** Where a parser tells what it found. Called while bytes are fed, so whoever feeds knows the thread. */
export interface ExchangeSink {
  begin(exchange: Exchange): void;
  end(exchange: Exchange): void;
  /** It was begun and will not end. `closed` is a fact about the service (the answer never came); the others are about what was captured. */
  abandon(exchange: Exchange, reason: AbandonReason, atNs: number): void;
}

/** Reads one connection. Never throws, whatever the bytes are. */
export interface ProtocolParser {
  feed(side: Side, piece: Piece): void;
  /** The connection is gone, or nothing will be heard of it any more. */
  close(atNs: number): void;
  /** Ends what seems to be over but could not be seen ending, when nothing was said since `beforeNs`. */
  settle(beforeNs: number): void;
  /** True once the connection carries something else for the rest of its life (an upgrade, TLS, replication) or was given up. */
  readonly isDone: boolean;
  /** Bytes held until more come. */
  readonly heldBytes: number;
}

export type ProtocolName = 'http' | 'postgresql' | 'redis';

export interface StreamStart {
  /** The first piece of each side begins at the first byte of the connection. */
  readonly isFromStart: boolean;
}

/** What later protocols plug into: nominate by first bytes, then open a parser that is fed and emits. */
export interface Protocol {
  readonly name: ProtocolName;
  /** Whether a side that begins with these bytes may be this protocol. Only a nomination: an exchange is the proof. */
  nominate(side: Side, bytes: Buffer): boolean;
  open(sink: ExchangeSink, start: StreamStart): ProtocolParser;
}
