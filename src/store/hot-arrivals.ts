import type { SpanBatch } from '../trace/span-batch.js';
import { whereArrived } from './arrived-sql.js';
import type { Database, Statement } from './database.js';
import type { StoredArrivals } from './duckdb-stored-span-ids.js';
import { TraceArrivals } from './trace-arrivals.js';

/** How often it is asked whether the spans have left of which it is not known when they came. */
const ASK_EVERY_MS = 60_000;
const OLDER = 'SELECT 1 FROM spans WHERE arrival_ms < $known_from_ms LIMIT 1';

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

  async* noting(stored: AsyncIterable<StoredArrivals>): AsyncGenerator<StoredArrivals> {
    for await (const ids of stored) {
      for (let row = 0; row < ids.count; row += 1) this.#arrivals.add(ids.traceLow[row * 2 + 1]! | 0, ids.traceLow[row * 2]! | 0, ids.arrivalMs[row]!);
      yield ids;
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
