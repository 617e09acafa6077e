import type { AgentPolicy } from './agent-policy.js';
import { LINK_ATTRIBUTES } from './otlp-span.js';
import type { TraceId } from './otlp/id.js';
import type { ProtobufWriter } from './otlp/protobuf-writer.js';
import { writeAttribute } from './otlp/write-attribute.js';
import type { ProcessFacts } from './process-facts.js';
import type { Redactor } from './redaction.js';
import { resourceOf, type Host } from './resource.js';
import { sample } from './sampling.js';
import { Describer, errorTypeOf, statusMessageOf } from './span-attributes.js';
import { resourceHead, type ResourceHead, type SpanBatch } from './span-batch.js';
import type { SpanNode } from './span-node.js';
import type { Tracer } from './tracer.js';
import { Wording } from './wording.js';

/** OTLP's span flags: W3C's `sampled`, then whether the parent's being remote is known, and whether it is. */
const SAMPLED = 0x01;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
/** A parent's parent and so on; longer chains would be a defect. */
const MAX_DEPTH = 64;

const KIND = { server: 2, client: 3 } as const;
const ERROR = 2;
const MAX_SERVICES = 256;

export interface TellerPorts {
  /** The last 14 of its digits are random. */
  readonly newTraceId: () => TraceId;
  readonly redactor: Redactor;
}

/** Who spans come from. */
interface Source {
  readonly service: string;
  readonly head: ResourceHead;
  readonly server: Describer;
  readonly client: Describer;
}

/** Decides what each finished exchange belongs to and whether it is told, and puts it into words. A changed policy needs another teller. */
export class Teller {
  readonly #tracer: Tracer;
  readonly #host: Host;
  readonly #policy: AgentPolicy;
  readonly #ports: TellerPorts;
  readonly #sources = new WeakMap<ProcessFacts, Source>();
  readonly #describers = new Map<string, Pick<Source, 'server' | 'client'>>();

  constructor(tracer: Tracer, { host, policy, ports }: { readonly host: Host; readonly policy: AgentPolicy; readonly ports: TellerPorts }) {
    this.#tracer = tracer;
    this.#host = host;
    this.#policy = policy;
    this.#ports = ports;
  }

  /** Adds what is to be told of the exchange to the batch. */
  tell(node: SpanNode, batch: SpanBatch): void {
    const { counters } = this.#tracer;
    if (this.#isInstrumented(node)) {
      counters.instrumented += 1;
      return;
    }
    const source = this.#sourceOf(node);
    if (!this.#span(batch.writer, source, node)) return;
    batch.add(source.head);
    counters.spans += 1;
    if (node.exchange.protocol === 'postgresql' && node.exchange.isForgotten) counters.statementLimit += 1;
  }

  /** Whether nothing that is heard later can change what it belongs to. */
  isSettled(node: SpanNode): boolean {
    return this.#isSettled(node, 0);
  }

  #isSettled(node: SpanNode, depth: number): boolean {
    if (node.traceId !== undefined) return true;
    this.#tracer.correlator.join(node);
    const { parent, candidates } = node;
    if (parent === undefined && node.kind === 'server') return node.joinKey === undefined;
    if (parent !== undefined && (depth >= MAX_DEPTH || !this.#isSettled(parent, depth + 1))) return false;
    for (const candidate of candidates) if (depth >= MAX_DEPTH || !this.#isSettled(candidate.node, depth + 1)) return false;
    return true;
  }

  #isInstrumented({ tgid }: SpanNode): boolean {
    return !this.#policy.tracesInstrumented && this.#tracer.processes.of(tgid).sdk.isThere;
  }

  /** Whether others can belong to it: nobody ever sees a span of the rest. */
  #isTold(node: SpanNode): boolean {
    return !node.isSilent && !this.#isInstrumented(node);
  }

  /** Whether others can be of its trace: where only its protocol is switched off, what it calls is. */
  #isFollowed(node: SpanNode): boolean {
    return !node.hidesCalls && !this.#isInstrumented(node);
  }

  #sourceOf({ tgid }: SpanNode): Source {
    const { facts } = this.#tracer.processes.of(tgid);
    const known = this.#sources.get(facts);
    if (known !== undefined) return known;
    const { attributes: resource, count } = resourceOf(facts, this.#host, this.#ports.redactor);
    this.#tracer.counters.redacted += count;
    const service = String(resource.find(([key]) => key === 'service.name')?.[1] ?? '');
    const source: Source = { service, head: resourceHead(resource, this.#host.agentVersion), ...this.#describersOf(service) };
    this.#sources.set(facts, source);
    return source;
  }

  #describersOf(service: string): Pick<Source, 'server' | 'client'> {
    const known = this.#describers.get(service);
    if (known !== undefined) return known;
    const { conventions } = this.#policy;
    const describer = (kind: 'server' | 'client'): Describer =>
      new Describer(new Wording({ service, kind, conventions, redactor: this.#ports.redactor, counters: this.#tracer.counters }), this.#policy);
    const describers = { server: describer('server'), client: describer('client') };
    if (this.#describers.size >= MAX_SERVICES) this.#describers.clear();
    this.#describers.set(service, describers);
    return describers;
  }

  /** Whether it is told. */
  #span(writer: ProtobufWriter, source: Source, node: SpanNode): boolean {
    const { exchange } = node;
    const traceId = this.#place(node, 0);
    const errorType = errorTypeOf(node);
    const { isKept, traceState, keptReason } = sample({ traceId, remote: rootOf(node).remote, isError: errorType !== undefined, durationNs: exchange.endNs - exchange.startNs }, this.#policy.sampling);
    if (!isKept) {
      this.#tracer.counters.sampledOut += 1;
      return false;
    }
    const offset = this.#tracer.clockOffset;
    const span = writer.open(2);
    writer.traceId(1, traceId);
    writer.spanId(2, node.spanId);
    if (traceState !== '') writer.text(3, traceState);
    const parentId = node.parent?.spanId ?? node.remote?.spanId;
    if (parentId !== undefined) writer.spanId(4, parentId);
    writer.varint(6, KIND[node.kind]);
    writer.fixed64(7, offset, exchange.startNs);
    writer.fixed64(8, offset, Math.max(exchange.endNs, exchange.startNs));
    source[node.kind].write(writer, node, { errorType, keptReason });
    for (const { node: candidate, weight } of node.candidates) if (this.#isTold(candidate)) this.#link(writer, candidate, weight);
    if (errorType !== undefined) this.#error(writer, node, source.service);
    writer.fixed32(16, flagsOf(node));
    writer.close(span);
    return true;
  }

  #error(writer: ProtobufWriter, node: SpanNode, service: string): void {
    const message = this.#ports.redactor.text(statusMessageOf(node, this.#policy), service);
    const status = writer.open(15);
    if (message !== '') writer.text(2, message);
    writer.varint(3, ERROR);
    writer.close(status);
  }

  /** Settles the trace of a span and of everything above it. */
  #place(node: SpanNode, depth: number): TraceId {
    if (node.traceId !== undefined) return node.traceId;
    this.#tracer.correlator.join(node);
    const { parent, remote } = node;
    let traceId: TraceId | undefined = remote?.traceId;
    if (parent !== undefined && depth < MAX_DEPTH) {
      const parentTrace = this.#isFollowed(parent) ? this.#place(parent, depth + 1) : undefined;
      // A header that names another trace than the other end of the connection has the last word: somebody meant it.
      if (parentTrace === undefined || (remote !== undefined && parentTrace !== remote.traceId)) {
        node.parent = undefined;
        node.basis = remote === undefined ? undefined : 'header';
      } else {
        traceId = parentTrace;
        if (!this.#isTold(parent)) passOver(node, parent);
      }
    }
    node.traceId = traceId ?? this.#ports.newTraceId();
    return node.traceId;
  }

  #link(writer: ProtobufWriter, candidate: SpanNode, weight: number): void {
    const link = writer.open(13);
    writer.traceId(1, this.#place(candidate, 0));
    writer.spanId(2, candidate.spanId);
    writeAttribute(writer, LINK_ATTRIBUTES, ['tocsin.link.basis', 'guess']);
    writeAttribute(writer, LINK_ATTRIBUTES, ['tocsin.link.weight', weight]);
    writer.close(link);
  }
}

/** The nearest that is told, or was told elsewhere, takes the place of a parent that is not told. */
function passOver(node: SpanNode, { parent, remote }: SpanNode): void {
  node.parent = parent;
  node.remote ??= remote;
  if (parent === undefined && node.remote === undefined) node.basis = undefined;
}

function rootOf(node: SpanNode): SpanNode {
  let root = node;
  for (let depth = 0; root.parent !== undefined && depth < MAX_DEPTH; depth += 1) root = root.parent;
  return root;
}

function flagsOf({ parent, remote, kind }: SpanNode): number {
  if (parent !== undefined) return SAMPLED | HAS_IS_REMOTE | (kind === 'server' ? IS_REMOTE : 0);
  return remote === undefined ? SAMPLED : SAMPLED | HAS_IS_REMOTE | IS_REMOTE;
}
