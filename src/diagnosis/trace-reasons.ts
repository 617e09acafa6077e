import { formatLatency, formatPercent, formatTime } from '../lib/format.js';
import { operationName } from '../signature/operation.js';
import { placeInWords } from '../signature/root-error.js';
import type { Span } from '../trace/span.js';
import type { AlikeShape, Choice } from './choose-traces.js';
import type { AlikeTrace, TraceRole } from './evidence.js';
import type { FailureKind } from './failure-kinds.js';
import type { Finding } from './finding.js';
import type { Shape } from './medoid.js';
import { weightOf } from './suspect.js';

/** A weighted share that differs less from the plain one is not worth a word. */
const SAME_SHARE = 0.005;

export interface ReasonContext {
  readonly common: FailureKind | undefined;
  /** All bad events that were looked at. */
  readonly findings: readonly Finding[];
  /** Those that there were. */
  readonly badEvents: number;
}

const ROLE_WORDS: Readonly<Record<TraceRole, string>> = { 'most-common': 'the most common', first: 'the first', slowest: 'the slowest', newest: 'the newest kind', healthy: 'healthy' };

/** "Most common failure: 41 of 57 failed like this (CardDeclined in payment POST /charge)". */
export function reasonFor(choice: Choice, context: ReasonContext): string {
  const { event, kind } = choice.shape.finding;
  const noun = kind === 'failed' ? 'failure' : 'slow request';
  const share = shareInWords(choice, context);
  const also = choice.also.map((role) => (role === 'first' ? `the first, at ${timeOf(choice)}` : ROLE_WORDS[role])).join(' and ');
  const and = also === '' ? '' : `, and ${also}`;
  switch (choice.role) {
    case 'most-common':
      return `${mostCommonHead(choice, { ...context, and })}: ${share} (${what(choice)})${sampleNote(context)}`;
    case 'first':
      return `First ${noun}, at ${timeOf(choice)}${and}: ${share}${detail(choice, context)}`;
    case 'slowest':
      return `Slowest ${kind === 'failed' ? noun : 'request'}, ${formatLatency(event.durationNs)} in ${requestName(event)}${and}: ${share}${detail(choice, context)}`;
    case 'newest':
      return `Newest kind of ${noun}: ${share} (${what(choice)})`;
    case 'healthy':
      return 'Healthy twin';
  }
}

/** The request that counted, by service: the trace, whose duration stands beside its link, may be that of a caller and longer. */
export function requestName(event: Span): string {
  return `${event.serviceName} ${operationName(event)}`;
}

function timeOf({ shape: { finding: { event } } }: Choice): string {
  return formatTime(Number(event.startNs / 1_000_000n));
}

/** "The first of these was at 2026-11-20 14:03:07 UTC". */
export function alikeTrace({ shape: { finding: { event } }, roles }: AlikeShape): AlikeTrace {
  const startMs = Number(event.startNs / 1_000_000n);
  const began = roles.includes('first') ? `The first of these was at ${formatTime(startMs)}` : undefined;
  const took = roles.includes('slowest') ? `${requestName(event)} took ${formatLatency(event.durationNs)}` : undefined;
  return { traceId: event.traceId, spanId: event.spanId, startMs, words: began === undefined ? `In the slowest of these ${took ?? ''}` : `${began}${took === undefined ? '' : `; it is the slowest too: ${took}`}` };
}

function mostCommonHead({ shape: { finding } }: Choice, { findings, and }: ReasonContext & { readonly and: string }): string {
  const noun = finding.kind === 'failed' ? 'failure' : 'slow path';
  return findings.length === 1 ? `The only bad trace that is stored, so the most common ${noun}` : `Most common ${noun}${and}`;
}

function shareInWords({ shape: { finding }, kind: { members, alike, weight } }: Choice, { findings }: ReasonContext): string {
  const share = weight / weightOf(findings);
  const weighted = Math.abs(share - members.length / findings.length) < SAME_SHARE ? '' : `, which stand for ${formatPercent(share, 0)} of all,`;
  const count = `${members.length} of ${findings.length}${weighted}`;
  if (finding.kind === 'slow') return `${count} spent most of the extra time in ${placeInWords(finding.place)}`;
  return `${count} failed like this${alike === members.length ? '' : `, ${alike} with the same error`}`;
}

/** What is of another kind than the most common one is named. */
function detail(choice: Choice, { common }: ReasonContext): string {
  return choice.kind === common || choice.shape.finding.kind === 'slow' ? '' : ` (${what(choice)})`;
}

function what({ shape, kind }: Choice): string {
  const { signature, place, event } = shape.finding;
  if (signature === undefined) return `${formatLatency(event.durationNs)} in ${requestName(event)}`;
  const { type, message } = signature;
  const path = kind.alike === kind.members.length ? '' : longestWait(shape);
  return `${type}${message === '' ? '' : `: ${message.split('\n')[0]}`} in ${placeInWords(place)}${path}`;
}

/** What tells kinds of the same error apart. */
function longestWait({ shares }: Shape): string {
  const [longest] = [...shares].sort(([, left], [, right]) => right - left);
  return longest === undefined ? '' : `; ${formatPercent(longest[1], 0)} of its time in ${longest[0]}`;
}

/** Said where it could mislead: a sample instead of all, fewer traces than a page could show. */
function sampleNote({ findings, badEvents }: ReasonContext): string {
  const sample = badEvents > findings.length ? `; ${findings.length} of ${badEvents} bad events were looked at` : '';
  return findings.length === 2 ? `${sample}; only 2 bad traces are stored` : sample;
}
