import { MINUTE_MS, DAY_MS, HOUR_MS } from '../lib/duration.js';
import { groupBy } from '../lib/group-by.js';
import { occurrencesOf, type Occurrence } from '../signature/occurrences.js';
import { decided, withOccurrences, type SignatureDecision } from '../signature/signature-life.js';
import { SIGNATURE_VERSIONS } from '../signature/signature-versions.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import { withoutPerson } from '../signature/without-person.js';
import type { SignatureChanges, SignatureCount, SignatureStore } from './signature-store.js';
import { KnownSignatures, MAX_MERGES } from './known-signatures.js';
import { RecentFailures, type RecentFailure } from './recent-failures.js';
import { SignatureCounts } from './signature-counts.js';
import { TaskQueue } from '../store/task-queue.js';

/** Signatures kept in memory and on the page; beyond it those that were quiet for longest are left on disk. */
export const MAX_SIGNATURES = 5_000;
/** So many more are let in before room is made. */
const CROWD = 1.2 * MAX_SIGNATURES;
/** A trace is read when its failure arrived this long ago: by then its other services have sent their spans as well. */
export const SETTLE_MS = 15_000;
/** After a pause reading goes on with what is recent; what is older is history. */
const CATCH_UP_MS = 10 * MINUTE_MS;
/** Counts by minute are kept for the page and for rules that compare with the day before. */
export const COUNTED_MS = 7 * DAY_MS;

/** Names remembered not to be on disk; of more all are looked for again. */
const MAX_ABSENT = 20_000;

/** All error signatures as they are now: read from what was stored, told to whoever asks, changed by people. */
export class SignatureBook {
  readonly #store: SignatureStore;
  readonly #versions: typeof SIGNATURE_VERSIONS;
  readonly #known = new KnownSignatures();
  /** Names that were looked for on disk and are not there. */
  readonly #absent = new Set<string>();
  readonly #counts = new SignatureCounts();
  readonly #recent = new RecentFailures();
  readonly #turns = new TaskQueue();
  #alerted: ReadonlySet<string> = new Set();
  #sinceMs: number | undefined;
  #readToMs = 0;
  #nextTrimMs = 0;

  constructor(store: SignatureStore, versions = SIGNATURE_VERSIONS) {
    this.#store = store;
    this.#versions = versions;
  }

  async resume(nowMs: number): Promise<void> {
    const { signatures, counts, progress } = await this.#store.load(Math.floor((nowMs - COUNTED_MS) / MINUTE_MS));
    this.#known.learn(signatures);
    this.#counts.add(counts);
    this.#counts.forgetOthers((id) => this.#known.has(id));
    this.#sinceMs = progress?.sinceMs;
    this.#readToMs = progress?.readToMs ?? 0;
  }

  all(): readonly TrackedSignature[] {
    return this.#known.all();
  }

  byId(id: string): TrackedSignature | undefined {
    return this.#known.get(id);
  }

  /** Names that alerts which fire are about: these stay at hand, however many others come. */
  keepAlerted(ids: ReadonlySet<string>): void {
    this.#alerted = ids;
  }

  /** What arrived until then has been read, Unix milliseconds. */
  readToMs(): number {
    return this.#readToMs;
  }

  /** All names under which what is counted as this one was seen. */
  family(id: string): readonly string[] {
    return this.#known.family(id);
  }

  /** Failed requests by minute; each is counted for one signature. */
  counts(id: string): ReadonlyMap<number, number> {
    return this.#counts.byMinute(this.#known.counted(id));
  }

  /** Failed requests by minute of all that an alert of this name is about, also where later versions or people call it otherwise by now. */
  alertCounts(id: string): ReadonlyMap<number, number> {
    return this.#counts.byMinute(this.#known.names(id));
  }

  /** Failed requests of one signature under all of its names, or of all, in whole minutes, [from, to): a new name is no news, nor a jump. */
  failures(fromMinute: number, toMinute: number, id?: string): number {
    return id === undefined ? this.#counts.all(fromMinute, toMinute) : this.#counts.of(this.family(id), fromMinute, toMinute);
  }

  /** Some requests that failed since then and since this process began for what an alert of this name is about: the first ones of the outbreak, and the latest. */
  failedSince(id: string, sinceMs: number): readonly RecentFailure[] {
    return this.#recent.since(this.#known.names(id), sinceMs);
  }

  /** Reads what failed since the last time. */
  read(nowMs: number): Promise<void> {
    return this.#turns.run(async () => {
      const toMs = nowMs - SETTLE_MS;
      const sinceMs = this.#sinceMs ?? nowMs;
      // The clock was ahead and was set back: what fails from now on is not to wait until it is there again.
      if (this.#readToMs > nowMs + MINUTE_MS) this.#readToMs = toMs;
      const fromMs = Math.max(this.#readToMs, toMs - CATCH_UP_MS);
      if (toMs <= fromMs) return;
      const { count, traces } = await this.#store.failedTraces(fromMs, toMs);
      const scale = traces.length === 0 ? 1 : count / traces.length;
      const occurrences = traces.flatMap((trace) => occurrencesOf(trace, this.#versions)).map((each) => ({ ...each, weight: each.weight * scale }));
      await this.#recall(occurrences, Math.floor((nowMs - COUNTED_MS) / MINUTE_MS));
      await this.#keep({ ...this.#changesOf(occurrences, { trackingSinceMs: sinceMs, nowMs }), progress: { sinceMs, readToMs: toMs } });
      for (const [id, own] of groupBy(occurrences, ({ signature }) => signature.id)) this.#recent.add(id, own);
      this.#sinceMs = sinceMs;
      this.#readToMs = toMs;
      await this.#trim(nowMs);
    });
  }

  /** Nothing tells of the person any more, neither here nor on disk. */
  erase(erasure: { readonly id: string; readonly value: string }): Promise<void> {
    return this.#turns.run(async () => {
      const found = await this.#store.ofErasure(erasure);
      const signatures = found.map(({ signature, isExampleErased }) => withoutPerson(signature, { value: erasure.value, isExampleErased }));
      await this.#store.save({ signatures, counts: [] });
      // Those that are on disk only stay there.
      this.#known.learn(signatures.filter(({ id }) => this.#known.has(id)));
    });
  }

  /** Undefined where there is no such signature. */
  decide(id: string, kind: SignatureDecision, who: { readonly by: string; readonly nowMs: number }): Promise<TrackedSignature | undefined> {
    return this.#change(id, (signature) => decided(signature, kind, who));
  }

  /** From now on the failure is counted under another signature; undefined where there is none of the one or the other. */
  merge(id: string, into: string, { by, nowMs }: { readonly by: string; readonly nowMs: number }): Promise<TrackedSignature | undefined> {
    const target = this.#known.get(into);
    if (target === undefined || into === id || target.decision?.kind === 'merged') return Promise.resolve(undefined);
    return this.#change(id, (signature) => ({ ...signature, decision: { kind: 'merged', by, atMs: nowMs, into } }));
  }

  #change(id: string, change: (signature: TrackedSignature) => TrackedSignature): Promise<TrackedSignature | undefined> {
    return this.#turns.run(async () => {
      const known = this.#known.get(id);
      if (known === undefined) return undefined;
      const changed = change(known);
      await this.#keep({ signatures: [changed], counts: [] });
      return changed;
    });
  }

  #changesOf(occurrences: readonly Occurrence[], context: { readonly trackingSinceMs: number; readonly nowMs: number }): SignatureChanges {
    const bySignature = groupBy(occurrences, ({ signature }) => this.#known.target(signature.id));
    const changed = new Map<string, TrackedSignature>();
    const counts: SignatureCount[] = [];
    for (const [id, own] of bySignature) {
      const known = withoutMerge(this.#known.get(id));
      // What was merged into it keeps its own older names, for the day on which that is taken back.
      const older = own.flatMap(({ signature }) => (signature.id === id ? (signature.earlierIds ?? []) : []));
      const earlier = [...new Set(older)].flatMap((each) => changed.get(each) ?? this.#known.get(each) ?? []).filter(({ laterIds }) => !laterIds.includes(id));
      changed.set(id, withOccurrences(known, own, { ...context, earlier, familySeenMs: this.#known.lastSeenMs(id) }));
      for (const old of earlier) changed.set(old.id, { ...old, laterIds: [...old.laterIds, id] });
      for (const [minute, those] of groupBy(own, ({ atMs }) => Math.floor(atMs / MINUTE_MS))) counts.push({ id, minute, failures: those.reduce((sum, { weight }) => sum + weight, 0) });
    }
    return { signatures: [...changed.values()], counts };
  }

  /** What is on disk only, because it was quiet for longer than others, is not new when it comes back; nor is what it was merged into. */
  async #recall(occurrences: readonly Occurrence[], fromMinute: number): Promise<void> {
    let wanted = occurrences.flatMap(({ signature: { id, earlierIds = [] } }) => [id, ...earlierIds]);
    for (let step = 0; step < MAX_MERGES && wanted.length > 0; step += 1) {
      const unknown = [...new Set(wanted)].filter((id) => !this.#known.has(id) && !this.#absent.has(id));
      const found = unknown.length === 0 ? [] : await this.#store.find(unknown);
      this.#known.learn(found);
      if (found.length > 0) this.#counts.recall(await this.#store.countsOf(found.map(({ id }) => id), fromMinute));
      if (this.#absent.size > MAX_ABSENT) this.#absent.clear();
      for (const id of unknown) if (!this.#known.has(id)) this.#absent.add(id);
      wanted = wanted.flatMap((id) => this.#known.successors(id));
    }
  }

  async #keep(changes: SignatureChanges): Promise<void> {
    await this.#store.save(changes);
    this.#known.learn(changes.signatures);
    this.#counts.add(changes.counts);
    for (const { id } of changes.signatures) this.#absent.delete(id);
  }

  async #trim(nowMs: number): Promise<void> {
    if (this.#known.size > CROWD) this.#makeRoom();
    if (nowMs < this.#nextTrimMs) return;
    this.#nextTrimMs = nowMs + HOUR_MS;
    const before = Math.floor((nowMs - COUNTED_MS) / MINUTE_MS);
    this.#counts.trim(before);
    this.#makeRoom();
    // What the store forgets is there no more.
    await this.#store.trim(before);
  }

  /** Whoever makes up messages without end fills the disk up to its limit, but not the memory. */
  #makeRoom(): void {
    const alerted = new Set([...this.#alerted].flatMap((id) => this.#known.names(id)));
    const others = this.#known.all().filter(({ id }) => !alerted.has(id));
    const oldest = others.sort((left, right) => right.lastSeenMs - left.lastSeenMs).slice(Math.max(0, MAX_SIGNATURES - (this.#known.size - others.length)));
    for (const { id } of oldest) {
      this.#known.forget(id);
      this.#counts.forget(id);
      this.#recent.forget(id);
    }
  }
}

/** What it was merged into is there no more: it is itself again. */
function withoutMerge(signature: TrackedSignature | undefined): TrackedSignature | undefined {
  if (signature?.decision?.kind !== 'merged') return signature;
  const { decision: _gone, ...rest } = signature;
  return rest;
}
