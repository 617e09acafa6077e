import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { SpanBatch } from '../trace/span-batch.js';

/** Upper bounds of the lag from a span's end to the commit that made it readable, in milliseconds; the last is without end. */
export const LAG_BOUNDS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, DAY_MS, Infinity] as const;
/** Services that are counted apart; the others are counted together. */
export const SERVICES_TALLIED = 100;
const OTHERS = 'other';

/** What came from one service since the start. Plain data: it crosses threads. */
export interface ServiceIngest {
  readonly service: string;
  readonly spans: number;
  /** Σ of the dropped attributes, events and links that the spans themselves report: what the sender threw away. */
  readonly dropped: number;
  /** Spans by lag, one count for each of LAG_BOUNDS_MS. */
  readonly lag: readonly number[];
  readonly lagSumMs: number;
}

interface Cell {
  spans: number;
  dropped: number;
  readonly lag: number[];
  lagSumMs: number;
}

/** Counts spans as they become readable, by service; first come, first served. */
export class ServiceTally {
  readonly #services = new Map<string, Cell>();

  committed(batch: SpanBatch, nowMs: number): void {
    const cells = batch.resources.map(({ serviceName }) => this.#of(serviceName));
    for (let row = 0; row < batch.count; row += 1) {
      const cell = cells[batch.resourceIndex[row]!]!;
      const lagMs = Math.max(0, nowMs - batch.endMs[row]!);
      cell.spans += 1;
      cell.dropped += batch.droppedCounts[row]!;
      cell.lagSumMs += lagMs;
      let bound = 0;
      while (lagMs > LAG_BOUNDS_MS[bound]!) bound += 1;
      cell.lag[bound]! += 1;
    }
  }

  report(): ServiceIngest[] {
    return [...this.#services].map(([service, cell]) => ({ service, ...cell, lag: [...cell.lag] }));
  }

  #of(service: string): Cell {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    if (this.#services.size >= SERVICES_TALLIED && service !== OTHERS) return this.#of(OTHERS);
    const cell: Cell = { spans: 0, dropped: 0, lag: LAG_BOUNDS_MS.map(() => 0), lagSumMs: 0 };
    this.#services.set(service, cell);
    return cell;
  }
}
