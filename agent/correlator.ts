import type { Candidate, SpanNode } from './span-node.js';

/** More candidates than this say nothing (reference: at most three). */
const MAX_CANDIDATES = 3;
const MAX_JOINS = 16_384;
/** The server's end is heard, and its answer told, soon after the client's. */
const JOIN_KEPT_NS = 1e9;
/** A request that took longer to arrive is another one with the same number. */
const MAX_TRANSFER_NS = 10e9;
const MAX_OPEN_NS = 600e9;
const NOBODY: readonly Candidate[] = [];
/** Open requests of one process that are looked through; with more of them nothing can be told apart anyway. */
const MAX_OPEN = 4_096;

/**
 * Finds out which request made which call. A parent is only set where there is no other possibility; where there are a few, they become
 * links. A request is a possibility while it is open, so a parent always encloses the start of its child.
 */
export class Correlator {
  /** Open requests, by process and by the thread that read them. */
  readonly #byProcess = new Map<number, SpanNode[]>();
  readonly #byThread = new Map<number, SpanNode[]>();
  /** Client nodes, by what the other end of their connection knows too; in the order in which they began. */
  readonly #joins = new Map<number | string, SpanNode>();

  begin(node: SpanNode): void {
    if (node.kind === 'server') this.#beginServer(node);
    else this.#beginClient(node);
  }

  end(node: SpanNode): void {
    if (node.kind !== 'server') return;
    this.join(node);
    remove(this.#byProcess, node.tgid, node);
    remove(this.#byThread, node.tid, node);
  }

  /** The other end of a server node's connection. Asked at its end, and again when it is told: the client's end may be heard after the server's. */
  join(node: SpanNode): void {
    if (node.kind !== 'server' || node.parent !== undefined || node.joinKey === undefined) return;
    const client = this.#joins.get(node.joinKey);
    if (client === undefined || client.connection === node.connection || !fits(client, node)) return;
    node.parent = client;
    node.basis = 'connection';
    this.#joins.delete(node.joinKey);
  }

  /** Whether the process has an open request that came with this very context: then whoever sends it on only passes it through. */
  passesOn(tgid: number, { traceId, spanId }: { readonly traceId: string; readonly spanId: string }): SpanNode | undefined {
    for (const node of this.#byProcess.get(tgid) ?? []) if (node.remote?.traceId === traceId && node.remote.spanId === spanId) return node;
    return undefined;
  }

  /** Whether the process is answering somebody who sends telemetry: a proxy or a collector. */
  carriesTelemetry(tgid: number): boolean {
    for (const { exchange } of this.#byProcess.get(tgid) ?? []) if (exchange.protocol === 'http' && exchange.isTelemetry) return true;
    return false;
  }

  forgetProcess(tgid: number): void {
    for (const node of this.#byProcess.get(tgid) ?? []) remove(this.#byThread, node.tid, node);
    this.#byProcess.delete(tgid);
  }

  prune(nowNs: number): void {
    forgetIdle(this.#byProcess);
    forgetIdle(this.#byThread);
    for (const [key, node] of this.#joins) {
      if (this.#joins.size > MAX_JOINS || (node.hasEnded && node.exchange.endNs < nowNs - JOIN_KEPT_NS) || node.exchange.startNs < nowNs - MAX_OPEN_NS) this.#joins.delete(key);
    }
  }

  #beginServer(node: SpanNode): void {
    add(this.#byProcess, node.tgid, node);
    add(this.#byThread, node.tid, node);
  }

  #beginClient(node: SpanNode): void {
    if (node.joinKey !== undefined && this.#joins.size < 2 * MAX_JOINS) this.#joins.set(node.joinKey, node);
    if (node.parent !== undefined) return;
    const onThread = this.#byThread.get(node.tid);
    const sole = onThread?.length === 1 ? onThread[0] : undefined;
    if (sole !== undefined && sole.tgid === node.tgid) {
      node.parent = sole;
      node.basis = 'thread';
      return;
    }
    const open = this.#byProcess.get(node.tgid);
    if (open === undefined) return;
    const named = sameRequestId(open, node);
    if (named !== undefined) {
      node.parent = named;
      node.basis = 'request-id';
      return;
    }
    node.candidates = candidatesAmong(onThread !== undefined && onThread.length > 0 ? onThread : open);
  }
}

/** The server cannot have heard the request long before it was sent; clocks are the same, but the two ends are noted one after the other. */
const SLACK_NS = 5e6;

function fits(client: SpanNode, server: SpanNode): boolean {
  return client.exchange.startNs <= server.exchange.startNs + SLACK_NS && server.exchange.startNs - client.exchange.startNs < MAX_TRANSFER_NS;
}

function sameRequestId(open: readonly SpanNode[], { exchange }: SpanNode): SpanNode | undefined {
  if (exchange.protocol !== 'http' || exchange.requestId === undefined) return undefined;
  const same = open.filter((node) => node.exchange.protocol === 'http' && node.exchange.requestId === exchange.requestId);
  return same.length === 1 ? same[0] : undefined;
}

function candidatesAmong(open: readonly SpanNode[]): readonly Candidate[] {
  if (open.length === 0 || open.length > MAX_CANDIDATES) return NOBODY;
  return open.map((node) => ({ node, weight: 1 / open.length }));
}

function add(lists: Map<number, SpanNode[]>, key: number, node: SpanNode): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [node]);
  else if (list.length < MAX_OPEN) list.push(node);
}

/** A list that is empty stays: the next request of its thread comes soon. */
function remove(lists: Map<number, SpanNode[]>, key: number, node: SpanNode): void {
  const list = lists.get(key);
  if (list === undefined) return;
  const index = list.indexOf(node);
  if (index !== -1) list.splice(index, 1);
}

function forgetIdle(lists: Map<number, SpanNode[]>): void {
  for (const [key, list] of lists) if (list.length === 0) lists.delete(key);
}
