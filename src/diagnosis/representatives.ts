import type { Slo } from '../config/slo.js';
import { formatLatency, formatSpan } from '../lib/format.js';
import type { ErrorSignature } from '../signature/error-signature.js';
import { operationName } from '../signature/operation.js';
import { endNs } from '../signature/root-error.js';
import { compareSpans } from '../trace/compare-spans.js';
import type { Span } from '../trace/span.js';
import { cohortHint } from './cohort-hint.js';
import { budgetLedger } from './budget-ledger.js';
import { compareCohorts } from './compare-cohorts.js';
import { chooseTraces, type Choice } from './choose-traces.js';
import type { Evidence, RepresentativeTrace } from './evidence.js';
import { failureKinds } from './failure-kinds.js';
import { eventOf, findingOf, peerDirectory, usualTimes, type EventTrace, type Finding } from './finding.js';
import { findPatterns } from './pattern/find-patterns.js';
import { originsOf } from './origins.js';
import { groupBy, mostFrequentPlace, suspectInWords, weightOf } from './suspect.js';
import { culpritAgainst, diagnoseEvents, explainedBy } from './culprit-against.js';
import { alikeTrace, reasonFor, requestName } from './trace-reasons.js';
import { buildTraceTree } from './trace-tree.js';

export type { EventTrace } from './finding.js';

/** More traces than this say nothing new and cost time while a page waits. */
export const MAX_EXAMINED = 200;
/** Nearer than this nobody cares which came first. */
const SAME_TIME_MS = 1_000;

export interface EvidenceInput {
  /** A sample of the traces whose events were bad in the firing tier's long window; the first MAX_EXAMINED are looked at. */
  readonly badTraces: readonly EventTrace[];
  /** Traces with good events of the same SLO, near in time; `badSpanId` is the good event's span. */
  readonly healthyTraces: readonly EventTrace[];
  /** All bad events of the window, as stored (unweighted). */
  readonly badEvents: number;
  /** The part of the whole budget that they used up. */
  readonly burned?: number;
  readonly nowMs: number;
  /** Left out where there is no budget that anything could be charged to. */
  readonly slo?: Slo;
}

/**
 * The proof for a page: which traces to open and why, what failed, where it began and whom it hit.
 * A pure function of what it is given: the same traces in any order give the same evidence.
 */
export function chooseEvidence(input: EvidenceInput): Evidence {
  const healthy = inOrder(input.healthyTraces).slice(0, MAX_EXAMINED);
  const findings = examine(inOrder(input.badTraces).slice(0, MAX_EXAMINED), healthy);
  const clusters = groupBy(findings, (finding) => finding.key);
  const suspect = mostFrequentPlace(findings);
  const hint = suspect && cohortHint(suspect.findings.map((finding) => finding.trace), comparable(healthy, suspect.findings), suspect.place.caller ?? suspect.place.service);
  const diagnosis = suspect && diagnoseEvents(findings.map((finding) => finding.trace), comparable(healthy, findings));
  const culprit = suspect && culpritAgainst(suspect, diagnosis);
  const chosen = chooseTraces(failureKinds(clusters));
  const twin = chosen[0] && healthyTwin(chosen[0].shape.finding, healthy, findings);
  const words = { findings, badEvents: input.badEvents, common: chosen[0]?.kind };
  return {
    takenAtMs: input.nowMs,
    badEvents: input.badEvents,
    examined: findings.length,
    traces: [
      ...chosen.map((choice) => ({ ...representative(choice.shape.finding.trace, { role: choice.role, reason: reasonFor(choice, words) }), ...standsFor(choice, findings) })),
      ...(twin === undefined ? [] : [representative(twin.trace, { role: 'healthy', reason: twin.reason })]),
    ],
    signature: signatureOfCluster(clusters[0]),
    suspect: culprit?.reason ?? (suspect && suspectInWords(suspect, findings, hint)),
    suspectPlace: culprit === undefined ? suspect && { service: suspect.place.service, operation: suspect.place.operation } : { service: culprit.service, operation: culprit.operation },
    origins: originsOf(clusters),
    ...(input.slo === undefined ? {} : { ledger: budgetLedger(findings, input.burned, input.slo.indicator.groupBy?.map(({ text }) => text)) }),
    ...(diagnosis === undefined ? {} : { explainedBy: explainedBy(diagnosis) }),
    comparison: compareCohorts(findings.map((finding) => finding.trace), comparable(healthy, findings)),
    patterns: findPatterns(findings.map((finding) => finding.trace), comparable(healthy, findings)),
    cohort: culprit === undefined ? hint : undefined,
  };
}

/** By start of the event, then trace id: no answer depends on the order in which a store reads. */
function inOrder(traces: readonly EventTrace[]): readonly EventTrace[] {
  const keyed = traces.map((trace) => ({ trace, event: eventOf(trace) }));
  return keyed.filter((each): each is { trace: EventTrace; event: Span } => each.event !== undefined)
    .sort((left, right) => compareSpans(left.event, right.event)).map((each) => each.trace);
}

/** What each bad event says about itself, beside healthy ones of the same time. */
export function examine(bad: readonly EventTrace[], healthy: readonly EventTrace[]): readonly Finding[] {
  const context = { usual: usualTimes(healthy), peers: peerDirectory([...bad, ...healthy]) };
  return bad.map((trace) => findingOf(trace, context)).filter((finding) => finding !== undefined);
}

/** Healthy requests of the same operation as the bad ones; all of them where there are too few. */
function comparable(healthy: readonly EventTrace[], findings: readonly Finding[]): readonly EventTrace[] {
  const operations = new Set(findings.map(({ event }) => operationKey(event)));
  const same = healthy.filter((trace) => operations.has(operationKey(eventOf(trace)!)));
  return same.length >= 5 ? same : healthy;
}

function operationKey(span: Span): string {
  return JSON.stringify([span.serviceName, operationName(span), span.kind]);
}

/** The good request of the same operation nearest in time, from a trace in which nothing went wrong that is shown. */
function healthyTwin(finding: Finding, healthy: readonly EventTrace[], findings: readonly Finding[]): { readonly trace: EventTrace; readonly reason: string } | undefined {
  const bad = new Set(findings.map(traceId));
  const distance = (span: Span): bigint => (span.startNs > finding.event.startNs ? span.startNs - finding.event.startNs : finding.event.startNs - span.startNs);
  let nearest: { readonly trace: EventTrace; readonly event: Span } | undefined;
  for (const trace of healthy) {
    const event = eventOf(trace)!;
    if (operationKey(event) !== operationKey(finding.event) || bad.has(event.traceId)) continue;
    if (nearest === undefined || distance(event) < distance(nearest.event)) nearest = { trace, event };
  }
  if (nearest === undefined) return undefined;
  const apartMs = Number(distance(nearest.event)) / 1e6;
  const side = nearest.event.startNs > finding.event.startNs ? 'later' : 'earlier';
  const when = apartMs < SAME_TIME_MS ? 'at the same time' : `${formatSpan(apartMs)} ${side}`;
  const reason = `Healthy twin: the same ${requestName(nearest.event)} ${when} went well in ${formatLatency(nearest.event.durationNs)}`;
  return { trace: nearest.trace, reason: `${reason} (${formatLatency(finding.event.durationNs)} when ${finding.kind === 'failed' ? 'it failed' : 'it was slow'})` };
}

function signatureOfCluster(cluster: readonly Finding[] | undefined): ErrorSignature | undefined {
  const signature = cluster?.[0]?.signature;
  return signature && { ...signature, count: cluster.length };
}

function standsFor({ kind, alike, shape }: Choice, findings: readonly Finding[]): Pick<RepresentativeTrace, 'share' | 'key' | 'alike'> {
  return { share: kind.weight / weightOf(findings), key: shape.finding.key, ...(alike.length === 0 ? {} : { alike: alike.map(alikeTrace) }) };
}

function representative(trace: EventTrace, { role, reason }: Pick<RepresentativeTrace, 'role' | 'reason'>): RepresentativeTrace {
  const ordered = [...trace.spans].sort(compareSpans);
  // While the true root is still on its way, the topmost span names the trace: clocks that count milliseconds let a child begin first.
  const { roots } = buildTraceTree(trace.spans);
  const root = (roots.find(({ span }) => span.parentSpanId === '') ?? roots[0]!).span;
  const start = ordered[0]!.startNs;
  const end = ordered.reduce((latest, span) => (endNs(span) > latest ? endNs(span) : latest), start);
  return {
    traceId: root.traceId, spanId: trace.badSpanId, role, reason, rootService: root.serviceName, rootName: operationName(root),
    startMs: Number(start / 1_000_000n), durationNs: Number(end - start),
  };
}

function traceId(finding: Finding): string {
  return finding.event.traceId;
}
