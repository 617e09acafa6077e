import { newCounters, type AgentCounters } from './agent-counters.js';
import { isExcludedPath, type AgentPolicy } from './agent-policy.js';
import { connectionOf, Stream, type Connection } from './connection.js';
import { Correlator } from './correlator.js';
import { ExcludedProcesses } from './excluded-processes.js';
import { takesUnreadRequests, type Followed } from './followed.js';
import type { CloseFrame, DataFrame, FrameHeader, FrameSink, OpenFrame, TextKind } from './frames.js';
import { joinKeyOf } from './join-key.js';
import { countLostEvents } from './loss-report.js';
import { readProcessFacts } from './process-facts.js';
import { Processes, type TracedProcess } from './processes.js';
import { http1 } from './protocols/http1.js';
import { postgres } from './protocols/postgres.js';
import type { AbandonReason, Exchange, ExchangeSink, Protocol } from './protocols/protocol.js';
import { lastsWithConnection } from './protocols/redis-commands.js';
import { redis } from './protocols/redis.js';
import { Recent } from './recent.js';
import type { SpanId } from './otlp/id.js';
import { wideOf, type Wide } from './otlp/protobuf-writer.js';
import type { Candidate, SpanNode } from './span-node.js';
import type { TraceContext } from './trace-context.js';
import { Wishes } from './wishes.js';

/** Followed at once; the loader's own limit is of the same order. */
const MAX_CONNECTIONS = 65_536;
/** Bytes that all parsers together hold. */
const MAX_HELD_BYTES = 16 << 20;
/** An answer that could not be seen ending has ended when nothing was said for so long. */
const SETTLE_NS = 5e9;
/**
 * After so long without a word a connection's CLOSE may have been lost. Where events were lost since and something is open on it, it is forgotten. So many of
 * the others are kept all the same: pools rest, and what was prepared on a connection is not said again.
 */
const SILENT_NS = 900e9;
const MAX_SILENT = 4_096;
/** Connections that the loader was told something about in the last moments. */
const MAX_RECENT = 4_096;
const OTLP_GRPC_PORT = 4_317;
const NOBODY: readonly Candidate[] = [];

/** What the tracer tells outside. */
export interface TracerPorts {
  readonly newSpanId: () => SpanId;
  /** A line for the loader: `policy 17 off`. */
  readonly command: (line: string) => void;
  /** An exchange has ended, and nothing about it but its place in a trace will change. */
  readonly finished: (node: SpanNode) => void;
}

/** Exchanges without an end are counted by why. `closed`: the connection was forgotten without a close frame. */
const LOST_BY = { hole: 'abandonedHole', limit: 'abandonedLimit', 'not-the-protocol': 'abandonedNotTheProtocol', closed: 'forgotten' } as const;

/** From frames to finished exchanges with their place in a trace. Pure: time comes with the frames. */
export class Tracer implements FrameSink {
  readonly counters: AgentCounters = newCounters();
  readonly processes = new Processes(this.counters);
  readonly correlator = new Correlator(this.counters);
  readonly #ports: TracerPorts;
  readonly #connections = new Map<number, Followed>();
  readonly #excludedProcesses: ExcludedProcesses;
  readonly #wishes: Wishes;
  readonly #protocols: readonly Protocol[];
  #policy: AgentPolicy;
  readonly #asked = new Recent(MAX_RECENT);
  /** Connections that the loader was told to leave alone. */
  readonly #left = new Recent(MAX_RECENT);
  /** Realtime minus monotonic, nanoseconds. */
  #clockOffset: Wide = { high: 0, low: 0 };
  #nowNs = 0;
  #losses: unknown;
  #lostEvents = 0;
  /** When the loader last told that events were lost, and whether `tidy` has seen to it. */
  #lossNs = 0;
  #isLossNew = false;

  constructor(policy: AgentPolicy, ports: TracerPorts) {
    this.#policy = policy;
    this.#ports = ports;
    this.#excludedProcesses = new ExcludedProcesses(ports.command);
    this.#wishes = new Wishes(policy);
    this.#protocols = [http1(this.#wishes), postgres(this.#wishes), redis(this.#wishes)];
  }

  get clockOffset(): Wide {
    return this.#clockOffset;
  }

  get nowNs(): number {
    return this.#nowNs;
  }

  get losses(): unknown {
    return this.#losses;
  }

  /** Also holds for connections that are open. What is under way where from now on nothing is seen is not told. */
  usePolicy(policy: AgentPolicy): void {
    this.#policy = policy;
    this.#wishes.use(policy);
    for (const { facts } of this.processes.all()) this.#excludedProcesses.judge(facts, policy.excludeExecutables);
    for (const followed of this.#connections.values()) if (followed.open.some((node) => this.#isExcluded(node))) this.#beginAnew(followed);
  }

  /** Its end will not be seen, or would be taken for something else. */
  #isExcluded({ tgid, connection }: SpanNode): boolean {
    return this.#excludedProcesses.has(tgid) || this.#isExcludedPort(connection);
  }

  #beginAnew(followed: Followed): void {
    const { connection, plain, tls, open } = followed;
    for (const node of open) this.#silence(node);
    plain.close(this.#nowNs);
    tls?.close(this.#nowNs);
    followed.plain = this.#stream({ connection, open, isTls: false });
    followed.tls = undefined;
  }

  #silence(node: SpanNode): void {
    if (node.isSilent) return;
    node.isSilent = node.hidesCalls = true;
    this.counters.excluded += 1;
  }

  /** Once a second or so: ends and forgets what is over. */
  tidy(): void {
    let held = 0;
    const silent: number[] = [];
    for (const [cookie, { plain, tls, openedNs, open }] of this.#connections) {
      plain.settle(this.#nowNs - SETTLE_NS);
      tls?.settle(this.#nowNs - SETTLE_NS);
      held += plain.heldBytes + (tls?.heldBytes ?? 0);
      const lastNs = Math.max(openedNs, plain.lastNs, tls?.lastNs ?? 0);
      const isDoubtful = open.length > 0 && lastNs <= this.#lossNs;
      if (isDoubtful && this.#isLossNew) for (const node of open) this.correlator.withdraw(node);
      if (held > MAX_HELD_BYTES && plain.heldBytes + (tls?.heldBytes ?? 0) > 0) {
        held -= plain.heldBytes + (tls?.heldBytes ?? 0);
        this.counters.memoryLimit += 1;
        this.#leave(cookie);
        this.#forget(cookie);
      } else if (lastNs < this.#nowNs - SILENT_NS) {
        if (isDoubtful) this.#forget(cookie);
        else silent.push(cookie);
      }
    }
    for (const cookie of silent.slice(0, -MAX_SILENT)) this.#forget(cookie);
    this.#isLossNew = false;
    this.#asked.age();
    this.#left.age();
    this.correlator.prune(this.#nowNs);
    this.processes.prune(this.#nowNs);
  }

  open(frame: OpenFrame): void {
    this.#nowNs = Math.max(this.#nowNs, frame.timeNs);
    if (this.#isExcludedPort(frame) || this.#excludedProcesses.has(frame.tgid)) {
      this.counters.excluded += 1;
      this.#leaveWhileExcluded(frame.cookie);
      return;
    }
    // A program that talks gRPC to the port of OTLP, in plain text or not, has an SDK.
    const isOpaque = frame.nominated === 'http2' || frame.nominated === 'tls';
    if (isOpaque && frame.role === 'client' && frame.remotePort === OTLP_GRPC_PORT) this.processes.of(frame.tgid).sdk.prove();
    const known = this.#connections.get(frame.cookie);
    if (known !== undefined && known.connection.tgid === frame.tgid && known.connection.role === frame.role) return;
    if (known === undefined && this.#connections.size >= MAX_CONNECTIONS) {
      this.counters.connectionLimit += 1;
      this.#leave(frame.cookie);
      return;
    }
    if (known !== undefined) this.#forget(frame.cookie);
    const connection = connectionOf(frame);
    this.counters.connections += 1;
    const open: SpanNode[] = [];
    this.#connections.set(frame.cookie, { connection, plain: this.#stream({ connection, open, isTls: false }), tls: undefined, openedNs: frame.timeNs, isOpaque, open });
  }

  data(frame: DataFrame): void {
    this.#nowNs = Math.max(this.#nowNs, frame.timeNs);
    this.counters.dataFrames += 1;
    const followed = this.#connections.get(frame.cookie);
    if (followed === undefined) {
      // What was under way when it was excluded.
      if (this.#excludedProcesses.has(frame.tgid) || this.#left.has(frame.cookie)) return;
      this.counters.unknownConnection += 1;
      this.#askFor(frame.cookie);
      return;
    }
    const stream = frame.isPlaintextOfTls ? (followed.tls ??= this.#stream({ ...followed, isTls: true })) : followed.plain;
    if (stream.isDone) return;
    stream.handle(frame);
    // A connection may turn to TLS (SSLRequest), whose plaintext comes as another stream.
    if (stream.isDone && frame.nominated !== 'tls' && stream.protocol?.name !== 'postgresql') this.#ports.command(`policy ${frame.cookie} off`);
  }

  /** Its announcement was lost, or it was forgotten: with the next one its bytes mean something again. */
  #askFor(cookie: number): void {
    if (this.#asked.has(cookie) || this.#asked.isFull) return;
    this.#asked.add(cookie);
    this.#ports.command(`policy ${cookie} announce`);
  }

  /** Not to be followed: what is under way of it is not asked for. */
  #leave(cookie: number): void {
    this.#left.add(cookie);
    this.#ports.command(`policy ${cookie} off`);
  }

  /** The loader leaves it alone by its port or its process. When it is let in again it has to be announced anew. */
  #leaveWhileExcluded(cookie: number): void {
    // Said already, and here it is again: the loader has no more room for what is excluded.
    if (this.#left.has(cookie)) this.#leave(cookie);
    else {
      this.#left.add(cookie);
      this.#ports.command(`policy ${cookie} announce`);
    }
  }

  end(): void {
    // The close follows, or the other direction goes on; nothing is to be done for a half-closed connection.
  }

  close(frame: CloseFrame): void {
    this.#nowNs = Math.max(this.#nowNs, frame.timeNs);
    const followed = this.#connections.get(frame.cookie);
    if (followed === undefined) return;
    this.#closing = frame;
    followed.plain.close(frame.timeNs);
    followed.tls?.close(frame.timeNs);
    this.#closing = undefined;
    this.#connections.delete(frame.cookie);
  }

  /** The close frame being handled. */
  #closing: CloseFrame | undefined;

  process(frame: FrameHeader & { readonly what: 'exec' | 'exit' | 'fork' }): void {
    // Of a new one too: the end of whose number it was may have been lost.
    this.#excludedProcesses.forget(frame.tgid);
    if (frame.what === 'exit') {
      this.processes.exited(frame.tgid, frame.timeNs);
      this.correlator.forgetProcess(frame.tgid);
    }
  }

  clock({ realtimeNs, monotonicNs, timeNs }: { readonly realtimeNs: bigint; readonly monotonicNs: bigint; readonly timeNs: number }): void {
    this.#clockOffset = wideOf(realtimeNs - monotonicNs);
    this.#nowNs = Math.max(this.#nowNs, timeNs);
  }

  text(kind: TextKind, json: unknown, atNs: number): void {
    if (kind === 'loss') this.#lost(json, atNs);
    if (kind !== 'process') return;
    const facts = readProcessFacts(json);
    if (facts === undefined) return;
    this.#excludedProcesses.judge(this.processes.learn(facts), this.#policy.excludeExecutables);
  }

  /** An end may be among what was lost: what said nothing since is looked at again. */
  #lost(losses: unknown, atNs: number): void {
    const lostEvents = countLostEvents(losses);
    this.#losses = losses;
    if (lostEvents <= this.#lostEvents) return;
    this.#lostEvents = lostEvents;
    this.#lossNs = atNs;
    this.#isLossNew = true;
  }

  #stream({ connection, open, isTls }: Pick<Followed, 'connection' | 'open'> & { readonly isTls: boolean }): Stream {
    return new Stream({ connection, isTls, protocols: this.#protocols, sinkFor: (stream) => this.#sink(stream, open) });
  }

  #sink(stream: Stream, open: SpanNode[]): ExchangeSink {
    return {
      begin: (exchange) => { open.push(this.#begin(stream, exchange)); },
      end: (exchange) => this.#end(take(open, exchange), stream.current),
      abandon: (exchange, reason) => this.#abandon(take(open, exchange), reason),
    };
  }

  #begin(stream: Stream, exchange: Exchange): SpanNode {
    const { connection } = stream;
    const { tgid, tid } = stream.current ?? { tgid: connection.tgid, tid: 0 };
    const process = this.processes.of(tgid);
    const kind = connection.role === 'client' ? 'client' : 'server';
    const context = exchange.protocol === 'http' ? exchange.context : undefined;
    const passing = kind === 'client' && context !== undefined ? this.correlator.passesOn(tgid, context) : undefined;
    const node: SpanNode = {
      kind, exchange, connection, tgid, tid, spanId: this.#ports.newSpanId(), scheme: stream.isTls ? 'https' : 'http',
      parent: passing, basis: passing === undefined ? undefined : 'header', candidates: NOBODY, remote: kind === 'server' || (passing === undefined && this.#policy.tracesInstrumented) ? context : undefined, joinKey: joinKeyOf(stream, exchange),
      traceId: undefined, isSilent: this.#isSwitchedOff(exchange), hidesCalls: this.#isLeftOut(exchange, connection), hasEnded: false, failure: undefined, isClientGone: false,
    };
    if (node.remote !== undefined) node.basis = 'header';
    this.#noticeSdk(node, process);
    this.correlator.begin(node);
    if (node.parent?.hidesCalls === true) node.hidesCalls = true;
    if (node.hidesCalls) node.isSilent = true;
    if (node.isSilent) this.counters.excluded += 1;
    this.counters.begun += 1;
    return node;
  }

  /** A context that came with no request was made by an SDK, whose own span it names; telemetry is sent by one, unless it is only passed on. */
  #noticeSdk(node: SpanNode, { sdk }: TracedProcess): void {
    const { exchange, tgid } = node;
    if (node.kind !== 'client' || exchange.protocol !== 'http') return;
    if (exchange.isTelemetry && !this.correlator.carriesTelemetry(tgid)) sdk.prove();
    if (node.parent !== undefined) sdk.passedOnContext();
    else if (exchange.context !== undefined) this.#noticeContext(node, exchange.context);
    else if (!exchange.isTelemetry) sdk.sentNoContext();
  }

  /** Nobody was seen to give it that one. */
  #noticeContext(node: SpanNode, context: TraceContext): void {
    const { sdk } = this.processes.of(node.tgid);
    if (!sdk.isThere && !takesUnreadRequests(this.#connections.values(), node.tgid)) sdk.sentOwnContext();
    if (this.#policy.tracesInstrumented) return;
    if (sdk.isThere) node.isSilent = true;
    else {
      node.remote = context;
      node.basis = 'header';
    }
  }

  #isSwitchedOff({ protocol }: Exchange): boolean {
    return protocol === 'http' ? !this.#policy.http : !this.#policy.databases;
  }

  #isLeftOut(exchange: Exchange, connection: Connection): boolean {
    return this.#isExcludedPort(connection) || (exchange.protocol === 'http' && (exchange.isTelemetry || isExcludedPath(exchange.path, this.#policy.excludePaths)));
  }

  #isExcludedPort({ localPort, remotePort }: Pick<Connection, 'localPort' | 'remotePort'>): boolean {
    return this.#policy.excludePorts.includes(localPort) || this.#policy.excludePorts.includes(remotePort);
  }

  #end(node: SpanNode | undefined, by: DataFrame | undefined): void {
    if (node === undefined) return;
    if (by?.direction === 'send') this.correlator.answered(node, by);
    this.#ended(node);
    this.counters.exchanges += 1;
    this.#finish(node);
  }

  #abandon(node: SpanNode | undefined, reason: AbandonReason): void {
    if (node === undefined) return;
    this.#ended(node);
    // A subscription that ends with its connection is none the worse for it.
    const { exchange } = node;
    if (reason === 'no-reply' || (reason === 'closed' && exchange.protocol === 'redis' && lastsWithConnection(exchange.command))) this.counters.withoutAnswer += 1;
    else if (reason === 'closed' && this.#closing !== undefined) this.#cutOff(node, this.#closing);
    else if (this.#isInstrumented(node)) this.counters.instrumented += 1;
    else if (!node.isSilent) this.counters[LOST_BY[reason]] += 1;
  }

  #cutOff(node: SpanNode, { timeNs, error, isByPeer }: CloseFrame): void {
    this.counters.exchanges += 1;
    node.exchange.endNs = timeNs;
    node.isClientGone = node.kind === 'server' && isByPeer;
    if (!node.isClientGone) node.failure = error === 0 ? 'connection_closed' : 'connection_reset';
    // Its process runs a program now that is left alone.
    if (this.#isExcluded(node)) this.#silence(node);
    this.#finish(node);
  }

  /** Its own spans tell of it. */
  #isInstrumented({ tgid, isSilent }: SpanNode): boolean {
    return !isSilent && !this.#policy.tracesInstrumented && this.processes.of(tgid).sdk.isThere;
  }

  #ended(node: SpanNode): void {
    node.hasEnded = true;
    this.correlator.end(node);
  }

  #finish(node: SpanNode): void {
    if (!node.isSilent) this.#ports.finished(node);
  }

  /** At the agent's end: what waits for its answer now will not be told. */
  stop(): void {
    for (const cookie of this.#connections.keys()) this.#forget(cookie);
  }

  #forget(cookie: number): void {
    const followed = this.#connections.get(cookie);
    if (followed === undefined) return;
    this.#connections.delete(cookie);
    // Without a close frame nothing that is open is told.
    followed.plain.close(this.#nowNs);
    followed.tls?.close(this.#nowNs);
  }
}

function take(open: SpanNode[], exchange: Exchange): SpanNode | undefined {
  if (open[0]?.exchange === exchange) return open.shift();
  const index = open.findIndex((node) => node.exchange === exchange);
  return index === -1 ? undefined : open.splice(index, 1)[0];
}
