import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { QualityFact } from './quality-fact.js';

/** A service that speaks so rarely is not waited for. */
const REMEMBERED_MS = 4 * HOUR_MS;
/** Of more minutes the newest are kept, whatever speaks in them. */
const MAX_MINUTES = 120;
/** A service without any span for so long has gone away, or has no traffic: nobody can see any more what was wrong. */
const SILENT_MS = DAY_MS;

export interface WatchedMinute {
  readonly startMs: number;
  readonly facts: readonly QualityFact[];
  /** Those that sent spans. */
  readonly services: ReadonlySet<string>;
}

export function watchedMinute(startMs: number, facts: readonly QualityFact[]): WatchedMinute {
  return { startMs, facts, services: new Set(facts.filter(({ fact, n }) => fact === 'spans' && n > 0).map(({ service }) => service)) };
}

/** The last few minutes in which each service sent spans: most speak every minute, some once in an hour. */
export class WatchMemory {
  readonly #perService: number;
  #minutes: readonly WatchedMinute[] = [];
  readonly #spokeMs = new Map<string, number>();
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(perService: number) {
    this.#perService = perService;
  }

  /** Minutes in order; those that are known already change nothing. */
  add(minutes: readonly WatchedMinute[]): void {
    const fresh = minutes.filter(({ startMs }) => startMs > this.#lastMs);
    const newest = fresh.at(-1);
    if (newest === undefined) return;
    this.#firstMs ??= fresh[0]?.startMs;
    this.#lastMs = newest.startMs;
    for (const { startMs, services } of fresh) for (const service of services) this.#spokeMs.set(service, startMs);
    for (const [service, spokeMs] of this.#spokeMs) if (this.#lastMs - spokeMs >= SILENT_MS) this.#spokeMs.delete(service);
    this.#minutes = this.#needed([...this.#minutes, ...fresh]);
  }

  /** The last minutes in which the service spoke; fewer where it did not speak so often. */
  of(service: string): readonly WatchedMinute[] {
    return this.#minutes.filter(({ services }) => services.has(service)).slice(-this.#perService);
  }

  /** Whether a service was not heard of for a day. It is as long as this program looks on. */
  isSilent(service: string): boolean {
    return this.#firstMs !== undefined && this.#lastMs - (this.#spokeMs.get(service) ?? this.#firstMs) >= SILENT_MS;
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
