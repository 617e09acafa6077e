import { HOUR_MS } from '../lib/duration.js';
import type { SpanId, TraceId } from '../lib/ids.js';

/** One request that failed, to be read again as evidence. */
export interface RecentFailure {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly atMs: number;
}

/** Kept of each signature: how it began, and how it is now. */
const FIRST = 20;
const LATEST = 60;
/** After so long without a failure the next one begins a new outbreak. */
const OUTBREAK_GAP_MS = HOUR_MS;

interface Outbreak {
  first: readonly RecentFailure[];
  latest: readonly RecentFailure[];
}

/** The failures by which an incident of a signature is shown. In memory only: an incident keeps its evidence, and after a restart the next failures are soon here. */
export class RecentFailures {
  readonly #outbreaks = new Map<string, Outbreak>();

  add(signatureId: string, failures: readonly RecentFailure[]): void {
    const ordered = [...failures].sort((left, right) => left.atMs - right.atMs || (left.traceId < right.traceId ? -1 : 1));
    const known = this.#outbreaks.get(signatureId);
    const [last, next] = [known?.latest.at(-1) ?? known?.first.at(-1), ordered[0]];
    const isNew = known === undefined || last === undefined || next === undefined || next.atMs - last.atMs > OUTBREAK_GAP_MS;
    const before = isNew ? [] : [...known.first, ...known.latest];
    const all = [...before, ...ordered].map(({ traceId, spanId, atMs }) => ({ traceId, spanId, atMs }));
    this.#outbreaks.set(signatureId, { first: all.slice(0, FIRST), latest: all.slice(FIRST).slice(-LATEST) });
  }

  /** The first and the latest of all of these together. */
  since(signatureIds: readonly string[], sinceMs: number): readonly RecentFailure[] {
    const all = signatureIds.flatMap((id) => [...(this.#outbreaks.get(id)?.first ?? []), ...(this.#outbreaks.get(id)?.latest ?? [])]).filter(({ atMs }) => atMs >= sinceMs);
    all.sort((left, right) => left.atMs - right.atMs || (left.traceId < right.traceId ? -1 : 1));
    return [...all.slice(0, FIRST), ...all.slice(FIRST).slice(-LATEST)];
  }

  forget(signatureId: string): void {
    this.#outbreaks.delete(signatureId);
  }
}
