import { MINUTE_MS } from '../lib/duration.js';
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatch, type SpanKind } from '../trace/span-batch.js';
import { SpanKeys } from '../trace/span-fingerprints.js';
import { coarseBucketOf } from './latency-bucket.js';
import { OperationLimiter, OTHER_OPERATION } from './operation-limiter.js';
import { peerOf } from './peer-name.js';
import type { EdgeKind, GraphSlice } from './slice.js';
import { SliceTable } from './slice-table.js';

/** Halves of calls that wait for the other, in each of two generations: some 20 MB. The older ones go when there are more. */
export const MAX_WAITING_HALVES = 65_536;
/** Servers' halves that wait for one client; a message rarely has more consumers. */
const MAX_SERVERS_PER_CLIENT = 64;
/** Names of databases and of others' services that are kept apart for one client; further ones are `other`. */
const MAX_PEERS_PER_SERVICE = 100;

const CODE = Object.fromEntries(SPAN_KINDS.map((kind, index) => [kind, index])) as Record<SpanKind, number>;
const STATUS_ERROR = SPAN_STATUSES.indexOf('error');

/** One side of a call. */
interface Half {
  readonly isClient: boolean;
  readonly service: string;
  readonly isMessaging: boolean;
  readonly eventMinute: number;
  readonly durationNs: number;
  readonly failed: boolean;
  readonly weight: number;
  /** What a client calls the other side, for when that has no span. */
  readonly peer: string;
  /** A producer's half stays after its first answer: a message can have several consumers. */
  met: boolean;
  /** Another server's half that waits for the same client. */
  readonly next: Half | undefined;
  /** How many there are with it. */
  readonly rank: number;
}

/**
 * Which service called which, from all spans: the client's span is the parent of the server's. Halves that come in different batches wait for
 * each other in memory, for one to two minutes; a client's half that is left alone then is a call to someone who sends no spans. A restart loses
 * the halves that wait: calls whose spans came on both sides of it are missing. Calls to databases need no other half.
 */
export class GraphCounter {
  readonly #keys = new SpanKeys();
  readonly #parents = new SpanKeys();
  /** By the client's span. Two generations, because a map that is emptied from its front is searched from its front each time. */
  #young = new Map<number, Half>();
  #old = new Map<number, Half>();
  #minute = -Infinity;
  readonly #peers = new OperationLimiter(MAX_PEERS_PER_SERVICE);
  readonly #maxWaiting: number;
  #slices = new SliceTable(0);

  constructor(maxWaiting = MAX_WAITING_HALVES) {
    this.#maxWaiting = maxWaiting;
  }

  /** Halves that wait for the other. */
  get waiting(): number {
    return this.#young.size + this.#old.size;
  }

  count(batch: SpanBatch, arrivalMinute: number): GraphSlice[] {
    this.#slices = new SliceTable(arrivalMinute);
    this.#peers.startBatch(arrivalMinute);
    this.#age(arrivalMinute);
    this.#keys.load(batch.traceIds, batch.spanIds);
    this.#parents.load(batch.traceIds, batch.parentSpanIds);
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kinds[row]!;
      if (kind === CODE.client || kind === CODE.producer) this.#client(batch, row);
      else if ((kind === CODE.server || kind === CODE.consumer) && hasParent(batch, row)) this.#server(batch, row);
    }
    return this.#slices.slices;
  }

  #client(batch: SpanBatch, row: number): void {
    const peer = peerOf(batch, row);
    const half = halfOf(batch, row, { isClient: true, peer: peer.name, next: undefined });
    if (peer.isDatabase) {
      this.#toPeer(half, 'database');
      return;
    }
    const key = this.#keys.of(row);
    for (let server = this.#find(key); server !== undefined; server = server.next) {
      if (server.isClient) continue;
      half.met = true;
      this.#meet(half, server);
    }
    if (half.met && !half.isMessaging) this.#forget(key);
    else this.#wait(key, half);
  }

  #server(batch: SpanBatch, row: number): void {
    const key = this.#parents.of(row);
    const waiting = this.#find(key);
    if (waiting?.isClient === true) {
      waiting.met = true;
      this.#meet(waiting, halfOf(batch, row, { isClient: false, peer: '', next: undefined }));
      if (!waiting.isMessaging) this.#forget(key);
      return;
    }
    const next = waiting !== undefined && waiting.rank < MAX_SERVERS_PER_CLIENT ? waiting : undefined;
    this.#wait(key, halfOf(batch, row, { isClient: false, peer: '', next }));
  }

  #find(key: number): Half | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  #forget(key: number): void {
    if (!this.#young.delete(key)) this.#old.delete(key);
  }

  #wait(key: number, half: Half): void {
    if (this.#young.size >= this.#maxWaiting) this.#turn(this.#minute);
    this.#old.delete(key);
    this.#young.set(key, half);
  }

  /** Once a minute; what is older than that after a pause goes too. */
  #age(arrivalMinute: number): void {
    const minutes = arrivalMinute - this.#minute;
    for (let turn = 0; turn < Math.min(minutes, 2); turn += 1) this.#turn(arrivalMinute);
  }

  /** The older halves have waited long enough, and the younger ones become the older. */
  #turn(arrivalMinute: number): void {
    for (const half of this.#old.values()) if (half.isClient && !half.met && half.peer !== '') this.#toPeer(half, 'external');
    this.#old = this.#young;
    this.#young = new Map();
    this.#minute = arrivalMinute;
  }

  #meet(client: Half, server: Half): void {
    const { eventMinute, weight, durationNs } = server;
    const slice = this.#slices.of({ client: client.service, server: server.service, kind: server.isMessaging ? 'messaging' : 'call', eventMinute, bucket: coarseBucketOf(durationNs) });
    add(slice, { weight, failed: client.failed || server.failed, clientNs: client.durationNs, serverNs: durationNs });
  }

  #toPeer(client: Half, kind: EdgeKind): void {
    const { service, eventMinute, weight, durationNs, failed } = client;
    const server = this.#peers.admits(service, client.peer) ? client.peer : OTHER_OPERATION;
    const slice = this.#slices.of({ client: service, server, kind, eventMinute, bucket: coarseBucketOf(durationNs) });
    add(slice, { weight, failed, clientNs: durationNs, serverNs: 0 });
  }
}

function add(slice: GraphSlice, { weight, failed, clientNs, serverNs }: { weight: number; failed: boolean; clientNs: number; serverNs: number }): void {
  slice.calls += weight;
  if (failed) slice.failed += weight;
  slice.clientNs += weight * clientNs;
  slice.serverNs += weight * serverNs;
}

function halfOf(batch: SpanBatch, row: number, rest: Pick<Half, 'isClient' | 'peer' | 'next'>): Half {
  const kind = batch.kinds[row]!;
  return {
    isClient: rest.isClient, service: batch.resources[batch.resourceIndex[row]!]!.serviceName, isMessaging: kind === CODE.producer || kind === CODE.consumer,
    eventMinute: Math.floor(batch.endMs[row]! / MINUTE_MS), durationNs: batch.durationNs[row]!, failed: batch.statuses[row] === STATUS_ERROR,
    weight: batch.weights[row]!, peer: rest.peer, met: false, next: rest.next, rank: (rest.next?.rank ?? 0) + 1,
  };
}

function hasParent({ parentSpanIds }: SpanBatch, row: number): boolean {
  for (let at = row * 8; at < row * 8 + 8; at += 1) if (parentSpanIds[at] !== 0) return true;
  return false;
}
