import { isBrokenEdge, isSkewed } from '../diagnosis/trace-flaws.js';
import { EXAMPLES_MAX, type FactTable, type QualityFact } from './quality-fact.js';
import type { FoundFinding } from './quality-finding.js';
import type { QualityThresholds } from '../config/quality-rule.js';
import { FEW, isPattern } from './pattern.js';
import { percent, whole } from './words.js';

const NS_PER_MS = 1e6;
const SECOND_MS = 1_000;

/** What breaks traces apart or out of order: context, clocks, missing parents, missing ends. */
export function findChainFindings(table: FactTable, thresholds: QualityThresholds): FoundFinding[] {
  return [
    ...table.of('broken-context').flatMap((fact) => brokenContext(fact, table)), ...clockSkews(table),
    ...table.of('orphans').flatMap(orphans), ...table.of('traces').flatMap((fact) => partialTraces(fact, thresholds)), ...table.of('rootless').flatMap(rootless),
    ...table.of('after-parent').flatMap(afterParent), ...table.of('unanswered-call').flatMap((fact) => blindSpot(fact, table)),
  ];
}

function brokenContext({ service, subject: callee, bad, value: chance, examples }: QualityFact, table: FactTable): FoundFinding[] {
  const whole_ = table.get('edge', service, callee)?.n ?? 0;
  const calls = whole_ + bad;
  if (!isBrokenEdge({ broken: bad, calls, chance })) return [];
  return [{
    kind: 'broken-context', severity: 'high', service: callee, edge: { caller: service, callee }, about: service, affected: bad, of: calls, examples,
    title: `The trace breaks between ${service} and ${callee}`,
    detail: `${whole(bad)} of ${whole(calls)} calls from ${service} have no span of ${callee} under them, while ${callee} began a trace of its own for the same method and path. Alerts on ${service} cannot show what failed in ${callee}.`,
    cause: `The header traceparent does not arrive at ${callee}: a proxy between the two strips it, ${service} calls with a client that is not instrumented for it, or ${callee} reads another format of the header.`,
    fix: { where: `environment of ${service} and ${callee}; then let proxies pass traceparent, tracestate and baggage`, language: 'sh', text: `OTEL_PROPAGATORS=tracecontext,baggage\n# nginx between them:  proxy_set_header traceparent $http_traceparent;\n#                      proxy_set_header tracestate  $http_tracestate;` },
  }];
}

/** Calls of one service to another across two hosts, and how far the clock of the answering one is ahead. */
interface SkewedCalls {
  readonly fact: QualityFact;
  readonly caller: string;
  readonly callee: string;
  readonly callerHost: string;
  readonly calleeHost: string;
  readonly offsetMs: number;
}

const CALLS_NAMED = 3;

/** One for each pair of hosts, however many services call each other across it, and in whichever direction. */
function clockSkews(table: FactTable): FoundFinding[] {
  const pairs = new Map<string, SkewedCalls[]>();
  for (const calls of table.of('clock-skew').flatMap(skewedCalls)) {
    const pair = hostsOf(calls);
    pairs.set(pair, [...(pairs.get(pair) ?? []), calls]);
  }
  return [...pairs.values()].map((calls) => clockSkew(calls.sort((left, right) => right.fact.n - left.fact.n || left.callee.localeCompare(right.callee) || left.caller.localeCompare(right.caller))));
}

function skewedCalls(fact: QualityFact): SkewedCalls[] {
  const { service: caller, subject, n, bad, value } = fact;
  const [callee = '', callerHost = '', calleeHost = ''] = JSON.parse(subject) as string[];
  const offsetMs = bad === 0 ? 0 : value / bad / NS_PER_MS;
  return callerHost === calleeHost || !isSkewed({ outside: bad, calls: n, offsetMs }) ? [] : [{ fact, caller, callee, callerHost, calleeHost, offsetMs }];
}

function hostsOf({ callerHost, calleeHost }: Pick<SkewedCalls, 'callerHost' | 'calleeHost'>): string {
  return [callerHost, calleeHost].sort().join(' ');
}

/** @param all calls across the same two hosts, most first. */
function clockSkew(all: readonly SkewedCalls[]): FoundFinding {
  const [first] = all as [SkewedCalls, ...SkewedCalls[]];
  const { caller, callee, callerHost, calleeHost } = first;
  const sum = (of: (fact: QualityFact) => number): number => all.reduce((total, { fact }) => total + of(fact), 0);
  const [n, bad] = [sum((fact) => fact.n), sum((fact) => fact.bad)];
  // Calls the other way see the same difference with the other sign.
  const offsetMs = all.reduce((total, calls) => total + calls.fact.bad * (calls.callerHost === callerHost ? calls.offsetMs : -calls.offsetMs), 0) / bad;
  const size = Math.abs(offsetMs) >= SECOND_MS ? `${(Math.abs(offsetMs) / SECOND_MS).toFixed(1)} s` : `${Math.round(Math.abs(offsetMs))} ms`;
  const named = all.slice(0, CALLS_NAMED).map((calls) => `from ${calls.caller} to ${calls.callee}`);
  return {
    kind: 'clock-skew', severity: Math.abs(offsetMs) >= SECOND_MS ? 'high' : 'medium', service: callee, edge: { caller, callee }, about: hostsOf(first), affected: bad, of: n, examples: all.flatMap(({ fact }) => fact.examples).slice(0, EXAMPLES_MAX),
    title: `The clock of ${calleeHost} is ${size} ${offsetMs > 0 ? 'ahead of' : 'behind'} that of ${callerHost}`,
    detail: `In ${whole(bad)} of ${whole(n)} calls ${named.join(', ')}${all.length > CALLS_NAMED ? ` and between ${all.length - CALLS_NAMED} more pairs of services` : ''} the answer lies outside of the call. Order and durations across the two hosts mislead, and failures are counted in the wrong minute.`,
    cause: `The clock of one of the two hosts is not kept by NTP, or was stopped (a paused virtual machine).`,
    fix: { where: `both hosts, ${callerHost} and ${calleeHost}`, language: 'sh', text: 'chronyc tracking        # System time: how far from NTP\nsudo systemctl enable --now chronyd && sudo chronyc makestep' },
  };
}

function orphans({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.01)) return [];
  return [{
    kind: 'orphans', severity: bad > 0.05 * n ? 'medium' : 'low', service, about: '', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the spans of ${service} have no parent in their trace`,
    detail: `${whole(bad)} of ${whole(n)} spans name a parent that was not stored. What called ${service} is not known for them.`,
    cause: 'The caller does not export to the same place, its exporter drops spans when its queue is full, or each side samples by itself.',
    fix: { where: `environment of the callers of ${service}`, language: 'sh', text: 'OTEL_TRACES_SAMPLER=parentbased_always_on\nOTEL_BSP_MAX_QUEUE_SIZE=8192   # default 2048: full queues drop spans' },
  }];
}

function partialTraces({ service, n, bad, examples }: QualityFact, { partialTraces: limit }: QualityThresholds): FoundFinding[] {
  if (!isPattern({ n, bad }, limit)) return [];
  return [{
    kind: 'partial-traces', severity: 'medium', service, about: '', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the traces that begin at ${service} are incomplete`,
    detail: `In ${whole(bad)} of ${whole(n)} traces a parent is missing or a sender dropped a part. Up to ${percent(limit, 1)} is normal.`,
    cause: 'Spans were lost on the way: full queues, a restarted Collector without a persistent queue, or services that sample by themselves.',
    fix: { where: 'OpenTelemetry Collector', language: 'yaml', text: 'exporters:\n  otlp/tocsin:\n    sending_queue: { enabled: true, queue_size: 10000, storage: file_storage }\n    retry_on_failure: { enabled: true, max_elapsed_time: 0s }\nextensions:\n  file_storage: { directory: /var/lib/otelcol }' },
  }];
}

function rootless({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.01)) return [];
  return [{
    kind: 'rootless-traces', severity: 'medium', service, about: '', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the traces first seen at ${service} have no root`,
    detail: `${whole(bad)} of ${whole(n)} traces have no span without a parent: where they began is not known, so trace latency and journeys are wrong.`,
    cause: `A gateway or browser in front of ${service} starts traces but exports them elsewhere, or is sampled apart.`,
    fix: { where: `the gateway in front of ${service}`, language: 'text', text: `Let the gateway export to this Tocsin too, or let it not create trace headers (Envoy: remove "tracing:"; Istio: Telemetry with disableSpanReporting and no traceparent).` },
  }];
}

function afterParent({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.01)) return [];
  return [{
    kind: 'after-parent', severity: 'low', service, about: '', affected: bad, of: n, examples,
    title: `Spans of ${service} start after their parent has ended`,
    detail: `${whole(bad)} of ${whole(n)} spans within one process began more than 1 ms after their parent's end. The parent is shorter than its work.`,
    cause: 'Work is started without being waited for, or a span is ended too early (before a stream is read, before a callback).',
    fix: { where: `code of ${service}`, language: 'js', text: "// Work that outlives its request is a trace of its own, linked to it:\ntracer.startActiveSpan('send receipt', { root: true, links: [{ context: trace.getActiveSpan().spanContext() }] }, work);" },
  }];
}

/** Names that only the world outside has: nothing can be instrumented there. */
const PUBLIC_NAME = /\.(?!local$|internal$|svc$|cluster$|lan$|corp$|home$)[a-z]{2,}$/i;

function blindSpot({ service, subject: peer, bad, examples }: QualityFact, table: FactTable): FoundFinding[] {
  if (PUBLIC_NAME.test(peer)) return [];
  const isKnown = table.get('spans', peer) !== undefined;
  // A peer by address: calls of the same caller that are answered by somebody's spans show that others behind it are instrumented.
  const answered = table.of('edge').filter((edge) => edge.service === service).reduce((sum, edge) => sum + edge.n, 0);
  if (!isPattern({ n: bad + answered, bad }, 0.05, 2 * FEW)) return [];
  return [{
    kind: 'blind-spot', severity: 'low', service, edge: { caller: service, callee: peer }, about: peer, affected: bad, of: bad + answered, examples,
    title: `${peer} is called by ${service} and has no spans${isKnown ? ' in these traces' : ''}`,
    detail: `${whole(bad)} calls from ${service} to ${peer} end without a span of the other side. An incident there looks like one of ${service}.`,
    cause: isKnown ? `${peer} is instrumented, but its spans for these calls were lost or sampled away.` : `${peer} is not instrumented, or exports elsewhere.`,
    fix: { where: `environment of ${peer}, or its host for the eBPF agent`, language: 'sh', text: `OTEL_SERVICE_NAME=${peer} OTEL_EXPORTER_OTLP_ENDPOINT=http://tocsin:4318   # with an OpenTelemetry SDK\nsudo tocsin agent                                                        # without touching it` },
  }];
}
