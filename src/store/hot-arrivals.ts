import { MINUTE_MS } from '../lib/duration.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { whereArrived } from './arrived-sql.js';
import type { Database, Statement } from './database.js';
import { TraceArrivals } from './trace-arrivals.js';

/** What came before the start is read in stretches of so long. */
const STRETCH_MS = 10 * MINUTE_MS;
/** How often it is asked whether the spans have left of which it is not known when they came. */
const ASK_EVERY_MS = 60_000;
const OLDER = 'SELECT 1 FROM spans WHERE arrival_ms < $known_from_ms LIMIT 1';

/** Of each span two words of its trace's id, the random part (the lower word first), and when it came, Unix milliseconds. */
export interface ArrivedTraces {
  readonly count: number;
  readonly traceLow: Uint32Array;
  readonly arrivalMs: Float64Array;
}

/** What the file has of spans that came before a time. */
export interface OlderArrivals {
  /** When the last of them came; undefined where there is none. */
  readonly lastBefore: (beforeMs: number) => Promise<number | undefined>;
  /** Those that came from `fromMs` on and before `toMs`. */
  readonly arrived: (range: { readonly fromMs: number; readonly toMs: number }, each: (traces: ArrivedTraces) => void) => Promise<void>;
}

/** When the hot spans of a trace came, so that a statement about some traces reads what came then and not every id. */
export class HotArrivals {
  #arrivals = new TraceArrivals(Number.MAX_SAFE_INTEGER);
  /** No span that is stored came before that. */
  #noneBeforeMs = 0;
  #askedMs = -Infinity;

  get bytes(): number {
    return this.#arrivals.bytes;
  }

  /** `stored` will be all spans that came since then. */
  begin(sinceMs: number): void {
    this.#arrivals = new TraceArrivals(sinceMs);
  }

  async* noting<T extends ArrivedTraces>(stored: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const ids of stored) {
      addAll(ids, this.#arrivals);
      yield ids;
    }
  }

  /** Gets to know what came before `begin`, the latest first, as far as there is room; what comes meanwhile does not wait for it. */
  async readOlder({ lastBefore, arrived }: OlderArrivals): Promise<void> {
    while (!this.#arrivals.isFull) {
      const toMs = this.#arrivals.knownFromMs;
      const lastMs = await lastBefore(toMs);
      if (lastMs === undefined) {
        this.#noneBeforeMs = toMs;
        return;
      }
      const fromMs = lastMs + 1 - STRETCH_MS;
      const older = new TraceArrivals(fromMs);
      await arrived({ fromMs, toMs }, (traces) => addAll(traces, older));
      // Where room had to be made meanwhile, what came before that is not to be known any more.
      if (this.#arrivals.knownFromMs === toMs) this.#arrivals.precede(older);
    }
  }

  /** Before their commit. */
  add({ traceIds }: SpanBatch, arrivalMs: number, { from, to }: { readonly from: number; readonly to: number }): void {
    const ids = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
    for (let row = from; row < to; row += 1) this.#arrivals.add(ids.getInt32(row * 16 + 8), ids.getInt32(row * 16 + 12), arrivalMs);
  }

  narrowed(statement: Statement): Statement {
    return whereArrived(statement, this.#arrivals, this.#hasOlder);
  }

  /** Asks now and then, as long as there may be older ones. */
  async lookForOlder(database: Pick<Database, 'query'>, nowMs: number): Promise<void> {
    if (!this.#hasOlder || Math.abs(nowMs - this.#askedMs) < ASK_EVERY_MS) return;
    this.#askedMs = nowMs;
    const { knownFromMs } = this.#arrivals;
    const rows = await database.query({ sql: OLDER, params: { known_from_ms: knownFromMs } });
    if (rows.length === 0) this.#noneBeforeMs = knownFromMs;
  }

  get #hasOlder(): boolean {
    return this.#noneBeforeMs < this.#arrivals.knownFromMs;
  }
}

function addAll({ count, traceLow, arrivalMs }: ArrivedTraces, arrivals: TraceArrivals): void {
  for (let row = 0; row < count; row += 1) arrivals.add(traceLow[row * 2 + 1]! | 0, traceLow[row * 2]! | 0, arrivalMs[row]!);
}
