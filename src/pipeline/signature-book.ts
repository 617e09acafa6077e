import { MINUTE_MS, DAY_MS, HOUR_MS } from '../lib/duration.js';
import { groupBy } from '../lib/group-by.js';
import { occurrencesOf, type Occurrence } from '../signature/occurrences.js';
import { decided, withOccurrences, type SignatureDecision } from '../signature/signature-life.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { SignatureChanges, SignatureCount, SignatureStore } from './signature-store.js';
import { TaskQueue } from '../store/task-queue.js';

/** Signatures kept in memory and on the page; beyond it those that were quiet for longest are left on disk. */
export const MAX_SIGNATURES = 5_000;
/** A trace is read when its failure arrived this long ago: by then its other services have sent their spans as well. */
export const SETTLE_MS = 15_000;
/** After a pause reading goes on with what is recent; what is older is history. */
const CATCH_UP_MS = 10 * MINUTE_MS;
/** Counts by minute are kept for the page and for rules that compare with the day before. */
export const COUNTED_MS = 7 * DAY_MS;

/** Failed requests of one signature by minute. */
export type MinuteCounts = ReadonlyMap<number, number>;

/** All error signatures as they are now: read from what was stored, told to whoever asks, changed by people. */
export class SignatureBook {
  readonly #store: SignatureStore;
  readonly #signatures = new Map<string, TrackedSignature>();
  readonly #counts = new Map<string, Map<number, number>>();
  readonly #turns = new TaskQueue();
  #sinceMs: number | undefined;
  #readToMs = 0;
  #nextTrimMs = 0;

  constructor(store: SignatureStore) {
    this.#store = store;
  }

  async resume(nowMs: number): Promise<void> {
    const { signatures, counts, progress } = await this.#store.load(Math.floor((nowMs - COUNTED_MS) / MINUTE_MS));
    for (const signature of signatures) this.#signatures.set(signature.id, signature);
    this.#add(counts);
    this.#sinceMs = progress?.sinceMs;
    this.#readToMs = progress?.readToMs ?? 0;
  }

  all(): readonly TrackedSignature[] {
    return [...this.#signatures.values()];
  }

  byId(id: string): TrackedSignature | undefined {
    return this.#signatures.get(id);
  }

  counts(id: string): MinuteCounts {
    return this.#counts.get(id) ?? new Map<number, number>();
  }

  /** Failed requests of all signatures in whole minutes, [from, to). */
  failures(fromMinute: number, toMinute: number, id?: string): number {
    let total = 0;
    for (const counts of id === undefined ? this.#counts.values() : [this.counts(id)]) for (const [minute, failures] of counts) if (minute >= fromMinute && minute < toMinute) total += failures;
    return total;
  }

  /** Reads what failed since the last time. */
  read(nowMs: number): Promise<void> {
    return this.#turns.run(async () => {
      const toMs = nowMs - SETTLE_MS;
      const sinceMs = this.#sinceMs ?? nowMs;
      const fromMs = Math.max(this.#readToMs, toMs - CATCH_UP_MS);
      if (toMs <= fromMs) return;
      const { count, traces } = await this.#store.failedTraces(fromMs, toMs);
      const scale = traces.length === 0 ? 1 : count / traces.length;
      const occurrences = traces.flatMap(occurrencesOf).map((each) => ({ ...each, weight: each.weight * scale }));
      await this.#keep({ ...this.#changesOf(occurrences, { trackingSinceMs: sinceMs, nowMs }), progress: { sinceMs, readToMs: toMs } });
      this.#sinceMs = sinceMs;
      this.#readToMs = toMs;
      await this.#trim(nowMs);
    });
  }

  /** Undefined where there is no such signature. */
  decide(id: string, kind: SignatureDecision, who: { readonly by: string; readonly nowMs: number }): Promise<TrackedSignature | undefined> {
    return this.#change(id, (signature) => decided(signature, kind, who));
  }

  /** From now on the failure is counted under another signature; undefined where there is none of the one or the other. */
  merge(id: string, into: string, { by, nowMs }: { readonly by: string; readonly nowMs: number }): Promise<TrackedSignature | undefined> {
    const target = this.#signatures.get(into);
    if (target === undefined || into === id || target.decision?.kind === 'merged') return Promise.resolve(undefined);
    return this.#change(id, (signature) => ({ ...signature, decision: { kind: 'merged', by, atMs: nowMs, into } }));
  }

  #change(id: string, change: (signature: TrackedSignature) => TrackedSignature): Promise<TrackedSignature | undefined> {
    return this.#turns.run(async () => {
      const known = this.#signatures.get(id);
      if (known === undefined) return undefined;
      const changed = change(known);
      await this.#keep({ signatures: [changed], counts: [] });
      return changed;
    });
  }

  #changesOf(occurrences: readonly Occurrence[], context: { readonly trackingSinceMs: number; readonly nowMs: number }): SignatureChanges {
    const bySignature = groupBy(occurrences, ({ signature }) => this.#target(signature.id));
    const changed = new Map<string, TrackedSignature>();
    const counts: SignatureCount[] = [];
    for (const [id, own] of bySignature) {
      const known = this.#signatures.get(id);
      const earlier = known !== undefined ? [] : (own[0]?.signature.earlierIds ?? []).flatMap((each) => this.#signatures.get(each) ?? []);
      changed.set(id, withOccurrences(known, own, { ...context, earlier }));
      for (const old of earlier) changed.set(old.id, { ...old, laterIds: [...old.laterIds, id] });
      for (const [minute, those] of groupBy(own, ({ atMs }) => Math.floor(atMs / MINUTE_MS))) counts.push({ id, minute, failures: those.reduce((sum, { weight }) => sum + weight, 0) });
    }
    return { signatures: [...changed.values()], counts };
  }

  /** Where a person merged it into. */
  #target(id: string): string {
    const { decision } = this.#signatures.get(id) ?? {};
    return decision?.kind === 'merged' ? (decision.into ?? id) : id;
  }

  async #keep(changes: SignatureChanges): Promise<void> {
    await this.#store.save(changes);
    for (const signature of changes.signatures) this.#signatures.set(signature.id, signature);
    this.#add(changes.counts);
  }

  #add(counts: readonly SignatureCount[]): void {
    for (const { id, minute, failures } of counts) {
      const own = this.#counts.get(id) ?? new Map<number, number>();
      own.set(minute, (own.get(minute) ?? 0) + failures);
      this.#counts.set(id, own);
    }
  }

  async #trim(nowMs: number): Promise<void> {
    if (nowMs < this.#nextTrimMs) return;
    this.#nextTrimMs = nowMs + HOUR_MS;
    const before = Math.floor((nowMs - COUNTED_MS) / MINUTE_MS);
    for (const counts of this.#counts.values()) for (const minute of counts.keys()) if (minute < before) counts.delete(minute);
    const oldest = [...this.#signatures.values()].sort((left, right) => right.lastSeenMs - left.lastSeenMs).slice(MAX_SIGNATURES);
    for (const { id } of oldest) {
      this.#signatures.delete(id);
      this.#counts.delete(id);
    }
    await this.#store.trim(before);
  }
}
