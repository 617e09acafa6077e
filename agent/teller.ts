import type { AgentPolicy } from './agent-policy.js';
import { withOlderNames } from './older-names.js';
import type { AttributePairs, OtlpSpan, PlainValue, ResourceSpans, SpanLink } from './otlp-span.js';
import type { ProcessFacts } from './process-facts.js';
import type { RedactAttributes } from './redaction.js';
import { resourceOf, type Host } from './resource.js';
import { sample } from './sampling.js';
import { Describer } from './span-attributes.js';
import type { SpanNode } from './span-node.js';
import type { Tracer } from './tracer.js';

/** OTLP's span flags: W3C's `sampled`, then whether the parent's being remote is known, and whether it is. */
const SAMPLED = 0x01;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
/** A parent's parent and so on; longer chains would be a defect. */
const MAX_DEPTH = 64;

export interface TellerPorts {
  /** 32 hexadecimal digits, the last 14 of them random. */
  readonly newTraceId: () => string;
  readonly redact: RedactAttributes;
}

/** Decides what each finished exchange belongs to and whether it is told, and puts it into words. */
export class Teller {
  readonly #tracer: Tracer;
  readonly #host: Host;
  readonly #ports: TellerPorts;
  readonly #describer = new Describer();
  readonly #resources = new WeakMap<ProcessFacts, AttributePairs>();

  constructor(tracer: Tracer, host: Host, ports: TellerPorts) {
    this.#tracer = tracer;
    this.#host = host;
    this.#ports = ports;
  }

  tell(nodes: readonly SpanNode[], policy: AgentPolicy): ResourceSpans[] {
    const groups = new Map<AttributePairs, OtlpSpan[]>();
    for (const node of nodes) {
      if (this.#isInstrumented(node, policy)) {
        this.#tracer.counters.instrumented += 1;
        continue;
      }
      const resource = this.#resourceOf(node);
      const span = this.#span(node, resource, policy);
      if (span === undefined) continue;
      const group = groups.get(resource);
      if (group === undefined) groups.set(resource, [span]);
      else group.push(span);
    }
    return Array.from(groups, ([resource, spans]) => ({ resource, spans }));
  }

  #isInstrumented({ connection }: SpanNode, policy: AgentPolicy): boolean {
    return !policy.tracesInstrumented && this.#tracer.processes.of(connection.tgid).isInstrumented;
  }

  #resourceOf({ connection }: SpanNode): AttributePairs {
    const { facts } = this.#tracer.processes.of(connection.tgid);
    const known = this.#resources.get(facts);
    if (known !== undefined) return known;
    const resource = resourceOf(facts, this.#host);
    this.#resources.set(facts, resource);
    return resource;
  }

  #span(node: SpanNode, resource: AttributePairs, policy: AgentPolicy): OtlpSpan | undefined {
    const traceId = this.#place(node, policy, 0);
    const service = String(resource.find(([key]) => key === 'service.name')?.[1] ?? '');
    const described = this.#describer.describe(node, service, policy);
    const { counters, clockOffsetNs } = this.#tracer;
    const { exchange } = node;
    const { isKept, traceState, keptReason } = sample({ traceId, remote: rootOf(node).remote, isError: described.isError, durationNs: exchange.endNs - exchange.startNs }, policy.sampling);
    if (!isKept) {
      counters.sampledOut += 1;
      return undefined;
    }
    counters.spans += 1;
    if (keptReason !== undefined) described.attributes.push(['tocsin.kept.reason', keptReason]);
    described.attributes.push(...capturedOf(node));
    const redacted = this.#ports.redact(withOlderNames(described.attributes, policy.conventions, node.kind), service);
    counters.redacted += redacted.count;
    return {
      traceId, spanId: node.spanId, parentSpanId: node.parent?.spanId ?? node.remote?.spanId ?? '', traceState, flags: flagsOf(node),
      name: described.name, kind: node.kind, attributes: redacted.attributes, isError: described.isError, statusMessage: described.statusMessage,
      startNs: clockOffsetNs + BigInt(Math.round(exchange.startNs)), endNs: clockOffsetNs + BigInt(Math.round(Math.max(exchange.endNs, exchange.startNs))),
      links: node.candidates.map(({ node: candidate, weight }) => this.#link(candidate, weight, policy)),
    };
  }

  /** Settles the trace of a span and of everything above it. */
  #place(node: SpanNode, policy: AgentPolicy, depth: number): string {
    if (node.traceId !== undefined) return node.traceId;
    this.#tracer.correlator.join(node);
    const { parent, remote } = node;
    let traceId = remote?.traceId;
    if (parent !== undefined && depth < MAX_DEPTH) {
      const parentTrace = parent.isSilent || this.#isInstrumented(parent, policy) ? undefined : this.#place(parent, policy, depth + 1);
      // A header that names another trace than the other end of the connection has the last word: somebody meant it.
      if (parentTrace === undefined || (remote !== undefined && parentTrace !== remote.traceId)) {
        node.parent = undefined;
        node.basis = remote === undefined ? undefined : 'header';
      } else {
        traceId = parentTrace;
      }
    }
    node.traceId = traceId ?? this.#ports.newTraceId();
    return node.traceId;
  }

  #link(candidate: SpanNode, weight: number, policy: AgentPolicy): SpanLink {
    return { traceId: this.#place(candidate, policy, 0), spanId: candidate.spanId, attributes: [['tocsin.link.basis', 'guess'], ['tocsin.link.weight', weight]] };
  }
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

/** Headers and bodies, where they were asked for. */
function capturedOf({ exchange }: SpanNode): [string, PlainValue][] {
  if (exchange.protocol !== 'http') return [];
  const pairs: [string, PlainValue][] = [];
  for (const [name, value] of exchange.requestHeaders) pairs.push([`http.request.header.${name}`, [value]]);
  for (const [name, value] of exchange.responseHeaders) pairs.push([`http.response.header.${name}`, [value]]);
  if (exchange.requestBody.length > 0) pairs.push(['http.request.body.content', exchange.requestBody.toString('utf8')]);
  if (exchange.responseBody.length > 0) pairs.push(['http.response.body.content', exchange.responseBody.toString('utf8')]);
  return pairs;
}
