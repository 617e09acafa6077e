import type { Row } from './database.js';
import type { ArchiveStatement, SpansDatabase } from './archive/duckdb-archived-spans.js';
import { TaskQueue } from './task-queue.js';

/** After a statement ingest has the processors to itself for so many times as long as that took: a quarter of one is what work in turns takes. */
const PAUSE_SHARE = 3;
/** What is waited for is to be done within minutes, however busy ingest is. */
const MAX_PAUSE_MS = 3_000;

export interface BackgroundTurnsPorts {
  /** Whether anybody waits for a commit. */
  readonly isBusy: () => boolean;
  readonly pause: (ms: number) => Promise<void>;
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
}

/**
 * Turns for reads that nobody waits for at a screen: one at a time, whoever asks, so that a connection is left for pages and the tick; and with a pause after
 * each while exports wait. A statement has a thread of the pool that commits use too, at their priority, which cannot be lowered for it alone: only leaving
 * the processors to them helps.
 */
export class BackgroundTurns {
  readonly #ports: BackgroundTurnsPorts;
  readonly #queue = new TaskQueue();
  #isClosed = false;

  constructor(ports: BackgroundTurnsPorts) {
    this.#ports = ports;
  }

  /** Whether nobody has a turn any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when `work` is done; whoever is next waits for the pause as well. @throws Error once it is closed: what takes minutes does not keep the service from stopping. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const { isBusy, pause, nowMs } = this.#ports;
    return new Promise<T>((resolve, reject) => {
      void this.#queue.run(async () => {
        if (this.#isClosed) {
          reject(new Error('the service is stopping'));
          return;
        }
        const startedMs = nowMs();
        await work().then(resolve, reject);
        if (isBusy() && !this.#isClosed) await pause(Math.min(MAX_PAUSE_MS, PAUSE_SHARE * (nowMs() - startedMs)));
      });
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}

/** A database whose statements take turns. */
export function inTurns(database: Pick<SpansDatabase, 'query'>, turns: BackgroundTurns): Pick<SpansDatabase, 'query'> {
  return { query: (statement: ArchiveStatement): Promise<Row[]> => turns.run(() => database.query(statement)) };
}
