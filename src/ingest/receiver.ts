import type { Clock } from '../lib/clock.js';
import type { Absorber } from './absorber.js';
import type { ByteBudget } from './byte-budget.js';
import type { IngestCounters } from './ingest-counters.js';

export interface ReceiverLimits {
  /** One request, before and after decompression. OTLP recommends 64 MiB. */
  readonly bodyBytes: number;
  /** All requests that are being read or wait for their commit, after decompression, with 64 KiB each for themselves; used where no `budget` is given. */
  readonly bytesInFlight: number;
  /** Of each receiver. */
  readonly connections: number;
  /** Streams that one gRPC connection may have open. */
  readonly streamsPerConnection: number;
  /** A sender that takes longer to send its headers, or its whole request, is cut off: slow requests must not hold connections. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** HTTP connections are closed after this long without a request. */
  readonly idleTimeoutMs: number;
  /** gRPC connections are meant to stay, but not for ever where nothing comes. */
  readonly idleConnectionMs: number;
  /** How long `close` waits for requests in flight. */
  readonly drainMs: number;
  /** What senders are told when there is no room. */
  readonly retryAfterMs: number;
}

const MIB = 1_048_576;

export const RECEIVER_LIMITS: ReceiverLimits = {
  bodyBytes: 64 * MIB,
  // What the store lets wait for its commit: then the shares of the senders are what decides who waits.
  bytesInFlight: 64 * MIB,
  connections: 1_024,
  streamsPerConnection: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 75_000,
  idleConnectionMs: 300_000,
  drainMs: 10_000,
  retryAfterMs: 1_000,
};

export type Authorization =
  | { readonly kind: 'allowed'; readonly who: string }
  | { readonly kind: 'denied'; readonly status: 'unauthenticated' | 'forbidden'; readonly message: string };

/** Judges the value of the `Authorization` header (gRPC: metadata `authorization`). */
export type Authorize = (headerValue: string | undefined) => Authorization;

export interface ReceiverOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly absorber: Absorber;
  /** Everybody is allowed where it is absent. */
  readonly authorize?: Authorize;
  readonly limits?: Partial<ReceiverLimits>;
  /** Share one between the receivers of a process. */
  readonly budget?: ByteBudget;
  readonly counters?: IngestCounters;
  /** PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly clock?: Clock;
  /** Told when the absorber throws, which is a bug; the sender gets a retryable answer. */
  readonly onFault?: (error: unknown) => void;
}

export interface Receiver {
  readonly host: string;
  /** The port that was bound. */
  readonly port: number;
  /** Stops accepting, lets requests in flight finish, and then closes. */
  close(): Promise<void>;
}

/** The address cannot be listened on. The message says what to do. */
export class ListenError extends Error {
  readonly code: 'port-in-use' | 'cannot-listen';
  readonly host: string;
  readonly port: number;

  constructor(what: { readonly host: string; readonly port: number; readonly setting: string; readonly cause: string }) {
    const inUse = what.cause.includes('EADDRINUSE');
    const address = `${what.host}:${what.port}`;
    super(
      inUse
        ? `port ${what.port} on ${what.host} is in use: stop the program that listens there, or choose another port with ${what.setting}`
        : `cannot listen on ${address} (${what.cause}): choose another address with TOCSIN_OTLP_HOST or ${what.setting}`,
    );
    this.name = 'ListenError';
    this.code = inUse ? 'port-in-use' : 'cannot-listen';
    this.host = what.host;
    this.port = what.port;
  }
}
