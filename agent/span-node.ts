import type { SpanId, TraceId } from './otlp/id.js';
import type { Exchange } from './protocols/protocol.js';
import type { TraceContext } from './trace-context.js';
import type { Connection } from './connection.js';

/** How it is known what a span belongs to; exported as `tocsin.parent.basis`. In order of trust: reference of the design, and docs/agent.md. */
export type Basis = 'header' | 'connection' | 'request-id' | 'thread';

/** A request that may belong to the span, without anybody being able to tell. */
export interface Candidate {
  readonly node: SpanNode;
  /** One divided by the number of candidates. */
  readonly weight: number;
}

/**
 * One exchange as seen from one end of its connection: a SERVER or a CLIENT span to be. Its trace is decided when the first span of the
 * trace is told, because both ends of a connection are heard in any order.
 */
export interface SpanNode {
  readonly kind: 'server' | 'client';
  readonly exchange: Exchange;
  readonly connection: Connection;
  /** Process and thread that read the request or sent it: a connection may be used by others than the one that it was first seen with. */
  readonly tgid: number;
  readonly tid: number;
  readonly spanId: SpanId;
  readonly scheme: 'http' | 'https';
  /** Client node → the server node of the same process that made the call; server node → the client node at the other end. */
  parent: SpanNode | undefined;
  basis: Basis | undefined;
  candidates: readonly Candidate[];
  /** What the request's headers say, where that is to be used; or those of the request above it that is not told. */
  remote: TraceContext | undefined;
  /** Other ends of this connection look for it by this. */
  readonly joinKey: number | string | undefined;
  traceId: TraceId | undefined;
  /** Not to be told, and nothing that belongs to it: excluded, or done by an SDK already. */
  isSilent: boolean;
  /** Nor is what it calls: it is excluded, not only its protocol switched off. */
  hidesCalls: boolean;
  hasEnded: boolean;
  /** Why there is no answer, where the connection went away without one. */
  failure: 'connection_closed' | 'connection_reset' | undefined;
  /** A server whose client did not wait for the answer: no failure of the server (HTTP's status would be 4xx, nginx logs 499). */
  isClientGone: boolean;
}
