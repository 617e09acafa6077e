import type { AgentCounters } from './agent-counters.js';
import { JoinTable } from './join-table.js';
import { OpenNodes } from './open-nodes.js';
import type { TraceId } from './otlp/id.js';
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

/**
 * Finds out which request made which call. A parent is only set where there is no other possibility; where there are a few, they become
 * links. A request is a possibility while it is open, so a parent always encloses the start of its child.
 */
export class Correlator {
  /** Open requests, by process and by the thread that read them. */
  readonly #byProcess = new Map<number, OpenNodes>();
  readonly #byThread = new Map<number, OpenNodes>();
  /** Processes in which one thread reads a request and another one answers it (Go, pools): there a thread works for several requests in turn. */
  readonly #handOver = new Set<number>();
  /** Client nodes, by what the other end of their connection knows too. */
  readonly #joins = new JoinTable();
  readonly #counters: Pick<AgentCounters, 'parentLimit'>;

  constructor(counters: Pick<AgentCounters, 'parentLimit'>) {
    this.#counters = counters;
  }

  begin(node: SpanNode): void {
    if (node.kind === 'server') this.#beginServer(node);
    else this.#beginClient(node);
  }

  /** The thread that sends the last of an answer. */
  answered(node: SpanNode, { tgid, tid }: { readonly tgid: number; readonly tid: number }): void {
    if (node.kind !== 'server' || tgid !== node.tgid || tid === node.tid) return;
    if (this.#handOver.size >= MAX_JOINS) this.#handOver.clear();
    this.#handOver.add(tgid);
  }

  end(node: SpanNode): void {
    if (node.kind !== 'server') return;
    this.join(node);
    this.withdraw(node);
  }

  /** The other end of a server node's connection. Asked at its end, and again when it is told: the client's end may be heard after the server's. */
  join(node: SpanNode): void {
    if (node.kind !== 'server' || node.parent !== undefined || node.joinKey === undefined) return;
    const client = this.#joins.get(node.joinKey);
    if (client === undefined || client.connection === node.connection || !fits(client, node)) return;
    if (node.traceId !== undefined && !joinsTrace(client, node.traceId)) return;
    node.parent = client;
    node.basis = 'connection';
    this.#joins.delete(node.joinKey);
  }

  /** Whether the process has an open request that came with this very context: then whoever sends it on only passes it through. */
  passesOn(tgid: number, { traceId, spanId }: { readonly traceId: string; readonly spanId: string }): SpanNode | undefined {
    return this.#byProcess.get(tgid)?.find(({ remote }) => remote?.traceId === traceId && remote.spanId === spanId);
  }

  /** Whether the process is answering somebody who sends telemetry: a proxy or a collector. */
  carriesTelemetry(tgid: number): boolean {
    return this.#byProcess.get(tgid)?.find(({ exchange }) => exchange.protocol === 'http' && exchange.isTelemetry) !== undefined;
  }

  /** Its end may have been missed: it is no possibility any more. */
  withdraw(node: SpanNode): void {
    this.#byProcess.get(node.tgid)?.remove(node);
    this.#byThread.get(node.tid)?.remove(node);
  }

  forgetProcess(tgid: number): void {
    for (const node of this.#byProcess.get(tgid)?.all() ?? []) this.#byThread.get(node.tid)?.remove(node);
    this.#byProcess.delete(tgid);
    this.#handOver.delete(tgid);
  }

  prune(nowNs: number): void {
    forgetIdle(this.#byProcess);
    forgetIdle(this.#byThread);
    const kept = this.#joins.all().filter(({ hasEnded, exchange }) => !(hasEnded && exchange.endNs < nowNs - JOIN_KEPT_NS) && exchange.startNs >= nowNs - MAX_OPEN_NS);
    this.#counters.parentLimit += Math.max(0, kept.length - MAX_JOINS);
    if (kept.length < this.#joins.size || kept.length > MAX_JOINS) this.#joins.reset(kept.length > MAX_JOINS ? latest(kept) : kept);
  }

  #beginServer(node: SpanNode): void {
    const hasRoom = openNodesOf(this.#byProcess, node.tgid).add(node);
    openNodesOf(this.#byThread, node.tid).add(node);
    if (!hasRoom) this.#counters.parentLimit += 1;
  }

  #beginClient(node: SpanNode): void {
    if (this.#joins.size < 2 * MAX_JOINS) this.#joins.add(node);
    else if (node.joinKey !== undefined) this.#counters.parentLimit += 1;
    if (node.parent !== undefined) return;
    const open = this.#byProcess.get(node.tgid);
    if (open === undefined) return;
    const onThread = this.#handOver.has(node.tgid) && open.count > 1 ? undefined : this.#byThread.get(node.tid);
    const sole = onThread?.sole;
    if (sole !== undefined && sole.tgid === node.tgid) {
      node.parent = sole;
      node.basis = 'thread';
      return;
    }
    const named = sameRequestId(open, node);
    if (named !== undefined) {
      node.parent = named;
      node.basis = 'request-id';
      return;
    }
    node.candidates = candidatesAmong(onThread !== undefined && onThread.count > 0 ? onThread : open);
  }
}

/**
 * Whether the client is of that trace, or its own begins with it and has not been told: what the server called may have been told before the client's
 * end was heard. A parent in another trace would be none.
 */
function joinsTrace(client: SpanNode, traceId: TraceId): boolean {
  if (client.traceId === undefined && client.parent === undefined && client.remote === undefined) client.traceId = traceId;
  return client.traceId === traceId;
}

/** The server cannot have heard the request long before it was sent; clocks are the same, but the two ends are noted one after the other. */
const SLACK_NS = 5e6;

function fits(client: SpanNode, server: SpanNode): boolean {
  const { startNs } = server.exchange;
  // One that had its answer by then is another: the places of the two ends differ where one of them was seen later.
  if (client.hasEnded && client.exchange.endNs < startNs) return false;
  return client.exchange.startNs <= startNs + SLACK_NS && startNs - client.exchange.startNs < MAX_TRANSFER_NS;
}

function sameRequestId(open: OpenNodes, { exchange }: SpanNode): SpanNode | undefined {
  if (exchange.protocol !== 'http' || exchange.requestId === undefined) return undefined;
  const { requestId } = exchange;
  return open.findSole((node) => node.exchange.protocol === 'http' && node.exchange.requestId === requestId);
}

function candidatesAmong(open: OpenNodes): readonly Candidate[] {
  if (open.count === 0 || open.count > MAX_CANDIDATES) return NOBODY;
  return open.all().map((node) => ({ node, weight: 1 / open.count }));
}

function openNodesOf(lists: Map<number, OpenNodes>, key: number): OpenNodes {
  let list = lists.get(key);
  if (list === undefined) {
    list = new OpenNodes();
    lists.set(key, list);
  }
  return list;
}

function latest(nodes: SpanNode[]): SpanNode[] {
  return nodes.sort((left, right) => right.exchange.startNs - left.exchange.startNs).slice(0, MAX_JOINS);
}

function forgetIdle(lists: Map<number, OpenNodes>): void {
  for (const [key, list] of lists) if (list.count === 0) lists.delete(key);
}
