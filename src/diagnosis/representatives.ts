import type { Slo } from '../config/slo.js';
import { formatLatency, formatPercent, formatSpan, formatTime } from '../lib/format.js';
import type { ErrorSignature } from '../signature/error-signature.js';
import { operationName } from '../signature/operation.js';
import { endNs, placeInWords } from '../signature/root-error.js';
import type { Span } from '../trace/span.js';
import { cohortHint } from './cohort-hint.js';
import { budgetLedger } from './budget-ledger.js';
import { compareCohorts } from './compare-cohorts.js';
import type { Evidence, RepresentativeTrace, TraceRole } from './evidence.js';
import { eventOf, findingOf, peerDirectory, usualTimes, type EventTrace, type Finding } from './finding.js';
import { medoid } from './medoid.js';
import { findPatterns } from './pattern/find-patterns.js';
import { originsOf } from './origins.js';
import { groupBy, mostFrequentPlace, plural, suspectInWords, weightOf } from './suspect.js';
import { culpritAgainst, diagnoseEvents, explainedBy } from './culprit-against.js';
import { buildTraceTree } from './trace-tree.js';

export type { EventTrace } from './finding.js';

/** More traces than this say nothing new and cost time while a page waits. */
export const MAX_EXAMINED = 200;

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
  const chosen = chooseBad(findings, clusters);
  const twin = chosen[0] && healthyTwin(chosen[0].finding, healthy, findings);
  const words = { findings, clusters, badEvents: input.badEvents };
  return {
    takenAtMs: input.nowMs,
    badEvents: input.badEvents,
    examined: findings.length,
    traces: [
      ...chosen.map((choice) => representative(choice.finding.trace, { role: choice.role, reason: reasonFor(choice, { ...words, chosen }) }, shareOf(choice.finding, words))),
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

function compareSpans(left: Span, right: Span): number {
  if (left.startNs !== right.startNs) return left.startNs < right.startNs ? -1 : 1;
  return left.traceId < right.traceId ? -1 : left.traceId > right.traceId ? 1 : left.spanId < right.spanId ? -1 : 1;
}

/** What each bad event says about itself, beside healthy ones of the same time. */
export function examine(bad: readonly EventTrace[], healthy: readonly EventTrace[]): readonly Finding[] {
  const context = { usual: usualTimes(healthy), peers: peerDirectory([...bad, ...healthy]) };
  return bad.map((trace) => findingOf(trace, context)).filter((finding) => finding !== undefined);
}

interface Choice {
  readonly finding: Finding;
  readonly role: TraceRole;
  /** Further roles that this trace fills because there was no other to fill them. */
  readonly also: readonly TraceRole[];
}

/** Distinct traces, the most telling first. Earliest and slowest are facts; the most common one is chosen from the rest where there is one. */
function chooseBad(findings: readonly Finding[], clusters: readonly (readonly Finding[])[]): readonly Choice[] {
  const first = findings[0];
  const largest = clusters[0];
  if (first === undefined || largest === undefined) return [];
  const taken = new Set([traceId(first)]);
  const take = (finding: Finding | undefined): Finding | undefined => {
    if (finding !== undefined) taken.add(traceId(finding));
    return finding;
  };
  const free = (from: readonly Finding[]): readonly Finding[] => from.filter((finding) => !taken.has(traceId(finding)));
  const slowest = take(slowestOf(free(findings)));
  const common = take(medoid(free(largest)));
  const newest = take(newestVariant(clusters, free));
  const choices: Choice[] = [{ finding: first, role: 'first', also: [] }];
  if (slowest !== undefined) choices.push({ finding: slowest, role: 'slowest', also: [] });
  if (newest !== undefined) choices.push({ finding: newest, role: 'newest', also: [] });
  if (common !== undefined) return [{ finding: common, role: 'most-common', also: [] }, ...choices];
  // All traces of the largest cluster are shown already: one of them is the most common failure as well.
  const stand = choices.find((choice) => choice.finding.key === largest[0]?.key) ?? choices[0]!;
  return [{ finding: stand.finding, role: 'most-common', also: [stand.role] }, ...choices.filter((choice) => choice !== stand)];
}

function slowestOf(findings: readonly Finding[]): Finding | undefined {
  return findings.reduce<Finding | undefined>((best, each) => (best === undefined || each.event.durationNs > best.event.durationNs ? each : best), undefined);
}

/** The kind of failure that appeared last, where there is more than one; its latest trace. */
function newestVariant(clusters: readonly (readonly Finding[])[], free: (from: readonly Finding[]) => readonly Finding[]): Finding | undefined {
  const latest = clusters.slice(1).reduce<readonly Finding[] | undefined>(
    (best, each) => (best === undefined || compareSpans(each[0]!.event, best[0]!.event) > 0 ? each : best), undefined);
  return latest && free(latest).at(-1);
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

/** A weighted share that differs less from the plain one is not worth a word. */
const SAME_SHARE = 0.005;
/** Nearer than this nobody cares which came first. */
const SAME_TIME_MS = 1_000;

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
  const reason = `Healthy twin: the same ${operationName(nearest.event)} ${when} went well in ${formatLatency(nearest.event.durationNs)}`;
  return { trace: nearest.trace, reason: `${reason} (${formatLatency(finding.event.durationNs)} when ${finding.kind === 'failed' ? 'it failed' : 'it was slow'})` };
}

interface ReasonContext {
  readonly findings: readonly Finding[];
  readonly clusters: readonly (readonly Finding[])[];
  readonly chosen: readonly Choice[];
  readonly badEvents: number;
}

const ROLE_WORDS: Readonly<Record<Exclude<TraceRole, 'most-common' | 'healthy'>, string>> = { first: 'the first', slowest: 'the slowest', newest: 'the newest' };

/** "Most common failure: 41 of 57 failed like this (CardDeclined in payment POST /charge)". */
function reasonFor(choice: Choice, context: ReasonContext): string {
  const { finding, role } = choice;
  const noun = finding.kind === 'failed' ? 'failure' : 'slow request';
  const share = shareInWords(finding, context);
  switch (role) {
    case 'most-common':
      return `${mostCommonHead(choice, context)}: ${share} (${what(finding)})${sampleNote(context)}`;
    case 'first':
      return `First ${noun}, at ${formatTime(Number(finding.event.startNs / 1_000_000n))}: ${share}`;
    case 'slowest':
      return `Slowest ${finding.kind === 'failed' ? noun : 'request'}${isSlowest(finding, context) ? '' : ' besides the first'}, ${formatLatency(finding.event.durationNs)}: ${share}`;
    case 'newest':
      return `Newest kind of ${noun}: ${share} (${what(finding)})`;
    case 'healthy':
      return 'Healthy twin';
  }
}

function isSlowest(finding: Finding, { findings }: ReasonContext): boolean {
  return findings.every((other) => other.event.durationNs <= finding.event.durationNs);
}

function mostCommonHead(choice: Choice, context: ReasonContext): string {
  const noun = choice.finding.kind === 'failed' ? 'failure' : 'slow path';
  if (context.chosen.length === 1) return `The only bad trace that is stored, so the most common ${noun}`;
  const also = choice.also.map((role) => (role in ROLE_WORDS ? ROLE_WORDS[role as keyof typeof ROLE_WORDS] : role)).join(' and ');
  return also === '' ? `Most common ${noun}` : `Most common ${noun}, and ${also}`;
}

function shareInWords(finding: Finding, context: ReasonContext): string {
  const { findings } = context;
  const count = clusterOf(finding, context).length;
  const share = shareOf(finding, context);
  const weighted = Math.abs(share - count / findings.length) < SAME_SHARE ? '' : `, which stand for ${formatPercent(share, 0)} of all,`;
  if (finding.kind === 'slow') return `${count} of ${findings.length}${weighted} spent most of the extra time in ${placeInWords(finding.place)}`;
  return `${count} of ${findings.length}${weighted} failed like this`;
}

/** The bad events that went wrong like this one. */
function clusterOf(finding: Finding, { clusters }: Pick<ReasonContext, 'clusters'>): readonly Finding[] {
  return clusters.find((cluster) => cluster[0]?.key === finding.key) ?? [finding];
}

function shareOf(finding: Finding, context: Pick<ReasonContext, 'clusters' | 'findings'>): number {
  return weightOf(clusterOf(finding, context)) / weightOf(context.findings);
}

function what(finding: Finding): string {
  if (finding.signature === undefined) return formatLatency(finding.event.durationNs);
  const { type, message } = finding.signature;
  return `${type}${message === '' ? '' : `: ${message.split('\n')[0]}`} in ${placeInWords(finding.place)}`;
}

/** Said where it could mislead: a sample instead of all, fewer traces than a page should show. */
function sampleNote({ findings, chosen, badEvents }: ReasonContext): string {
  const sample = badEvents > findings.length ? `; ${findings.length} of ${badEvents} bad events were looked at` : '';
  const few = chosen.length < 3 && chosen.length > 1 ? `; only ${chosen.length} bad ${plural(chosen.length, 'trace')} ${chosen.length === 1 ? 'is' : 'are'} stored` : '';
  return sample + few;
}

function signatureOfCluster(cluster: readonly Finding[] | undefined): ErrorSignature | undefined {
  const signature = cluster?.[0]?.signature;
  return signature && { ...signature, count: cluster.length };
}

function representative(trace: EventTrace, { role, reason }: Pick<RepresentativeTrace, 'role' | 'reason'>, share?: number): RepresentativeTrace {
  const ordered = [...trace.spans].sort(compareSpans);
  // While the true root is still on its way, the topmost span names the trace: clocks that count milliseconds let a child begin first.
  const { roots } = buildTraceTree(trace.spans);
  const root = (roots.find(({ span }) => span.parentSpanId === '') ?? roots[0]!).span;
  const start = ordered[0]!.startNs;
  const end = ordered.reduce((latest, span) => (endNs(span) > latest ? endNs(span) : latest), start);
  return {
    traceId: root.traceId, spanId: trace.badSpanId, role, reason, ...(share === undefined ? {} : { share }), rootService: root.serviceName, rootName: operationName(root),
    startMs: Number(start / 1_000_000n), durationNs: Number(end - start),
  };
}

function traceId(finding: Finding): string {
  return finding.event.traceId;
}
