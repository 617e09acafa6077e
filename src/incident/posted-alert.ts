import type { Severity } from '../config/slo.js';
import type { AlertId } from '../lib/ids.js';
import { alertIdOf } from './condition-signal.js';
import type { Labels } from './incident.js';

/** An alert that somebody else judged and posted: Prometheus, a script, `amtool alert add`. */
export interface PostedAlert {
  readonly id: AlertId;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  /** From then on it is over, unless it is posted again before. */
  readonly endsAtMs: number;
  /** Nobody said when it ends: it ends for want of being posted again. */
  readonly timeout: boolean;
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
}

export interface PostedAlertInput {
  readonly labels: Labels;
  readonly annotations?: Labels;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  readonly generatorUrl?: string;
}

/** Fills in what Alertmanager fills in: begin, end by `resolve_timeout`, no empty labels. */
export function receivePosted(input: PostedAlertInput, { nowMs, resolveTimeoutMs }: { readonly nowMs: number; readonly resolveTimeoutMs: number }): PostedAlert {
  const labels = withoutEmpty(input.labels);
  return {
    id: alertIdOf(labels), labels, annotations: withoutEmpty(input.annotations ?? {}), generatorUrl: input.generatorUrl ?? '', updatedAtMs: nowMs,
    startsAtMs: input.startsAtMs ?? input.endsAtMs ?? nowMs, endsAtMs: input.endsAtMs ?? nowMs + resolveTimeoutMs, timeout: input.endsAtMs === undefined,
  };
}

/**
 * The same alert posted again, in Alertmanager's way (`Alert.Merge`): where the two overlap in time, the earlier begin counts; the younger
 * one's words count; an explicit end beats one by timeout, and of two ends that have passed the later one counts.
 */
export function mergePosted(known: PostedAlert | undefined, next: PostedAlert, nowMs: number): PostedAlert {
  if (known === undefined || !overlap(known, next)) return next;
  const startsAtMs = Math.min(known.startsAtMs, next.startsAtMs);
  if (isOver(next, nowMs)) return { ...next, startsAtMs, endsAtMs: isOver(known, nowMs) ? Math.max(known.endsAtMs, next.endsAtMs) : next.endsAtMs };
  return known.endsAtMs > next.endsAtMs && !known.timeout ? { ...next, startsAtMs, endsAtMs: known.endsAtMs } : { ...next, startsAtMs };
}

export function isOver({ endsAtMs }: Pick<PostedAlert, 'endsAtMs'>, nowMs: number): boolean {
  return endsAtMs <= nowMs;
}

/** Words for "wake somebody" in the rules that are about; everything else is a ticket. */
const PAGE_SEVERITIES = new Set(['page', 'critical', 'emergency', 'fatal']);

export function severityOf(labels: Labels): Severity {
  return PAGE_SEVERITIES.has((labels['severity'] ?? '').toLowerCase()) ? 'page' : 'ticket';
}

function overlap(known: PostedAlert, next: PostedAlert): boolean {
  return (next.endsAtMs > known.startsAtMs && next.endsAtMs < known.endsAtMs) || (next.startsAtMs > known.startsAtMs && next.startsAtMs < known.endsAtMs);
}

function withoutEmpty(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
