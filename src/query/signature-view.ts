import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { explainParameterise, type Replacement } from '../signature/parameterise.js';
import { mergeCandidates, stateOf, withMerged } from '../signature/signature-life.js';
import { normaliseStack, type StackFrame } from '../signature/stack-frames.js';
import type { SignatureState, TrackedSignature } from '../signature/tracked-signature.js';
import type { SignatureReader } from './signature-reader.js';
import type { TimeWindow } from './time-window.js';

export interface SignatureView {
  readonly signature: TrackedSignature;
  readonly state: SignatureState;
  /** Failed requests in the window, weighted. */
  readonly failures: number;
  /** In the part of the window in which it was known. */
  readonly perHour: number;
  /** Of all failed requests of the window. */
  readonly share: number | undefined;
  /** Failed requests by `lineStepMs`, oldest first; the last step ends with the window. */
  readonly line: readonly number[];
  /** Whole minutes, as failures are counted by: of unequal steps a steady error would look like a saw. */
  readonly lineStepMs: number;
}

export interface SignatureDetail extends SignatureView {
  readonly replacements: readonly Replacement[];
  readonly frames: readonly StackFrame[];
  readonly candidates: readonly TrackedSignature[];
  /** What people merged into it. */
  readonly merged: readonly TrackedSignature[];
}

const MAX_STEPS = 48;

/** Those with failures in the window, most frequent first, then by when they were last seen. Linked ones speak through those they are linked to. */
export function signatureViews(reader: SignatureReader, window: TimeWindow, nowMs: number): readonly SignatureView[] {
  return reader.all().map((signature) => viewOf(signature, reader, { window, nowMs })).filter(({ state, failures, signature }) => state !== 'linked' && (failures > 0 || signature.lastSeenMs >= window.fromMs))
    .sort((left, right) => right.failures - left.failures || right.signature.lastSeenMs - left.signature.lastSeenMs);
}

export function signatureDetail(reader: SignatureReader, id: string, { window, nowMs }: { readonly window: TimeWindow; readonly nowMs: number }): SignatureDetail | undefined {
  const signature = reader.byId(id);
  if (signature === undefined) return undefined;
  const { text, stack } = signature.example;
  return { ...viewOf(signature, reader, { window, nowMs }), replacements: explainParameterise(text).replacements, frames: normaliseStack(stack)?.frames ?? [], candidates: mergeCandidates(signature, reader.all()), merged: mergedInto(signature, reader) };
}

function mergedInto({ id }: TrackedSignature, reader: SignatureReader): readonly TrackedSignature[] {
  return reader.family(id).flatMap((each) => reader.byId(each) ?? []).filter(({ decision }) => decision?.into === id);
}

function viewOf(own: TrackedSignature, reader: SignatureReader, { window, nowMs }: { readonly window: TimeWindow; readonly nowMs: number }): SignatureView {
  const [from, to] = [Math.floor(window.fromMs / MINUTE_MS), Math.floor(window.toMs / MINUTE_MS) + 1];
  const signature = withMerged(own, reader.family(own.id).flatMap((each) => reader.byId(each) ?? []));
  const all = reader.failures(from, to);
  const stepMinutes = Math.ceil((to - from) / MAX_STEPS);
  const line = new Array<number>(Math.ceil((to - from) / stepMinutes)).fill(0);
  let failures = 0;
  for (const [minute, count] of reader.counts(signature.id)) {
    if (minute < from || minute >= to) continue;
    const step = line.length - 1 - Math.floor((to - 1 - minute) / stepMinutes);
    line[step] = (line[step] ?? 0) + count;
    failures += count;
  }
  return { signature, state: stateOf(signature, nowMs), failures, perHour: failures / (knownMs(signature, window) / HOUR_MS), share: all === 0 ? undefined : failures / all, line, lineStepMs: stepMinutes * MINUTE_MS };
}

/** What began in the window had less time to fail; counts are by minute. */
function knownMs({ firstSeenMs }: TrackedSignature, { fromMs, toMs }: TimeWindow): number {
  return Math.max(MINUTE_MS, toMs - Math.max(fromMs, firstSeenMs));
}

export function signatureJson({ signature, state, failures, perHour, share }: SignatureView): Record<string, unknown> {
  const { id, type, message, service, operation, frames, firstSeenMs, lastSeenMs, total, operations, versions, tenants, decision, regressedAtMs, earlierIds, laterIds } = signature;
  return {
    id, state, type, message, service, operation, frames, firstSeenAt: iso(firstSeenMs), lastSeenAt: iso(lastSeenMs), total, failures, perHour, share: share ?? null, operations, versions, tenants,
    regressedAt: regressedAtMs === undefined ? null : iso(regressedAtMs), decision: decision === undefined ? null : { kind: decision.kind, by: decision.by, at: iso(decision.atMs), into: decision.into ?? null }, earlierIds, laterIds,
    exampleTraceId: signature.example.traceId, firstTraceId: signature.firstTraceId,
  };
}

export function signatureDetailJson(detail: SignatureDetail): Record<string, unknown> {
  const { replacements, frames, candidates, merged, signature } = detail;
  return { ...signatureJson(detail), example: { text: signature.example.text, replacements, frames }, mergeCandidates: candidates.map(named), merged: merged.map(named) };
}

function named({ id, message, operation }: TrackedSignature): Record<string, string> {
  return { id, message, operation };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
