import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { QualityFact } from './quality-fact.js';

/** A service that speaks so rarely is not waited for. */
const REMEMBERED_MS = 4 * HOUR_MS;
/** Of more minutes the newest are kept, whatever speaks in them. */
const MAX_MINUTES = 120;
/** What sent no span, or was not called, for so long has gone away, or has no traffic: nobody can see any more what was wrong. */
const SILENT_MS = DAY_MS;
/** Of more edges those that were called last are remembered. */
const MAX_EDGES = 5_000;
/** After a longer pause of this program itself silence is counted anew: nobody was there to hear. */
const OWN_PAUSE_MS = HOUR_MS;

export interface WatchedMinute {
  readonly startMs: number;
  readonly facts: readonly QualityFact[];
  /** Spans that had come when it was read. */
  readonly spans: number;
  /** Those that sent spans. */
  readonly services: ReadonlySet<string>;
  /** Over which somebody called, by `edgeKey`. */
  readonly edges: ReadonlySet<string>;
}

export function watchedMinute(startMs: number, facts: readonly QualityFact[], spans: number): WatchedMinute {
  const called = facts.filter(({ fact, n }) => (fact === 'edge' || fact === 'broken-context') && n > 0);
  return {
    startMs, facts, spans, services: new Set(facts.filter(({ fact, n }) => fact === 'spans' && n > 0).map(({ service }) => service)),
    edges: new Set(called.map(({ service, subject }) => edgeKey(service, subject))),
  };
}

export function edgeKey(caller: string, callee: string): string {
  return JSON.stringify([caller, callee]);
}

/** When who was heard last, so that a restart does not begin the day of silence anew. Unix milliseconds. */
export interface HeardState {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly services: readonly (readonly [service: string, heardMs: number])[];
  readonly edges: readonly (readonly [edge: string, calledMs: number])[];
}

/** The last few minutes in which each service sent spans: most speak every minute, some once in an hour. And when each service and edge was heard last. */
export class WatchMemory {
  readonly #perService: number;
  #minutes: readonly WatchedMinute[] = [];
  readonly #heardMs = new Map<string, number>();
  readonly #calledMs = new Map<string, number>();
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(perService: number) {
    this.#perService = perService;
  }

  /** Goes on from what an earlier process heard, unless nobody listened for too long. */
  restore({ firstMs, lastMs, services, edges }: HeardState, nowMs: number): void {
    if (this.#firstMs !== undefined || nowMs - lastMs > OWN_PAUSE_MS) return;
    [this.#firstMs, this.#lastMs] = [firstMs, lastMs];
    for (const [service, heardMs] of services) this.#heardMs.set(service, heardMs);
    for (const [edge, calledMs] of edges) this.#calledMs.set(edge, calledMs);
  }

  /** Undefined before anything was read. */
  get heard(): HeardState | undefined {
    return this.#firstMs === undefined ? undefined : { firstMs: this.#firstMs, lastMs: this.#lastMs, services: [...this.#heardMs], edges: [...this.#calledMs] };
  }

  /** Minutes in order; one that was read again takes the place of what it was. */
  add(minutes: readonly WatchedMinute[]): void {
    const newest = minutes.at(-1);
    if (newest === undefined) return;
    this.#firstMs ??= minutes[0]?.startMs;
    this.#lastMs = Math.max(this.#lastMs, newest.startMs);
    for (const { startMs, services, edges } of minutes) {
      note(this.#heardMs, services, startMs);
      note(this.#calledMs, edges, startMs);
    }
    this.#forget();
    const again = new Set(minutes.map(({ startMs }) => startMs));
    this.#minutes = this.#needed([...this.#minutes.filter(({ startMs }) => !again.has(startMs)), ...minutes].sort((left, right) => left.startMs - right.startMs));
  }

  /** The last minutes in which the service spoke; fewer where it did not speak so often. */
  of(service: string): readonly WatchedMinute[] {
    return this.#minutes.filter(({ services }) => services.has(service)).slice(-this.#perService);
  }

  /** Whether a service was not heard of for a day. */
  isSilent(service: string): boolean {
    return this.#isLongAgo(this.#heardMs.get(service));
  }

  /** Whether nobody made this call for a day. */
  isUncalled(caller: string, callee: string): boolean {
    return this.#isLongAgo(this.#calledMs.get(edgeKey(caller, callee)));
  }

  /** What was never heard is silent for as long as anybody listened. */
  #isLongAgo(lastMs: number | undefined): boolean {
    return this.#firstMs !== undefined && this.#lastMs - (lastMs ?? this.#firstMs) >= SILENT_MS;
  }

  #forget(): void {
    for (const known of [this.#heardMs, this.#calledMs]) for (const [name, atMs] of known) if (this.#lastMs - atMs >= SILENT_MS) known.delete(name);
    const surplus = this.#calledMs.size - MAX_EDGES;
    if (surplus > 0) for (const [edge] of [...this.#calledMs].sort(([, left], [, right]) => left - right).slice(0, surplus)) this.#calledMs.delete(edge);
  }

  #needed(minutes: readonly WatchedMinute[]): readonly WatchedMinute[] {
    const found = new Map<string, number>();
    const needed: WatchedMinute[] = [];
    for (const minute of [...minutes].reverse()) {
      if (needed.length === MAX_MINUTES || this.#lastMs - minute.startMs >= REMEMBERED_MS) break;
      const missing = [...minute.services].filter((service) => (found.get(service) ?? 0) < this.#perService);
      for (const service of missing) found.set(service, (found.get(service) ?? 0) + 1);
      if (missing.length > 0) needed.push(minute);
    }
    return needed.reverse();
  }
}

function note(lastMs: Map<string, number>, names: Iterable<string>, atMs: number): void {
  for (const name of names) lastMs.set(name, Math.max(atMs, lastMs.get(name) ?? 0));
}
