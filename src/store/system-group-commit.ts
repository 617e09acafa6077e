/** When a group is large enough to go at once, and how long the first of it waits for company. */
export interface GroupLimits {
  readonly maxWaitMs: number;
  readonly maxRows: number;
  /** How long it waits where what has come so far promises to fill the group until then; `maxWaitMs` where that is not said. */
  readonly patienceMs?: number;
}

/**
 * Waiting costs latency, small commits cost CPU (about 2 ms each): a tenth of a second is a fifth of the promised half second to the answer.
 * Under load a whole row group (ROW_GROUP_ROWS) is worth the rest of that half second: it costs a third less for each span.
 */
export const DEFAULT_GROUP_LIMITS: GroupLimits = { maxWaitMs: 100, maxRows: 16_384, patienceMs: 400 };
/** How often it is asked whether rows still come fast enough. */
const RECONSIDER_MS = 25;
/** However much has come that may yet be added: some of it never is, such as what was stored before. */
const MAX_HELD_MS = 2_000;

interface Waiting<T> {
  readonly item: T;
  readonly rows: number;
  readonly sinceMs: number;
  readonly settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
}

/**
 * Joins what arrives into groups and commits one group at a time. Whoever arrives while a commit is under way is in the next one.
 * `add` resolves after the commit that holds the item and rejects when that commit failed.
 */
export class GroupCommit<T> {
  readonly #commit: (group: readonly T[]) => Promise<void>;
  readonly #limits: GroupLimits;
  readonly #isMoreHere: () => boolean;
  #waiting: Waiting<T>[] = [];
  #waitingRows = 0;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `isMoreHere`: whether something has come already that is about to be added. */
  constructor(commit: (group: readonly T[]) => Promise<void>, limits: GroupLimits = DEFAULT_GROUP_LIMITS, isMoreHere: () => boolean = () => false) {
    this.#commit = commit;
    this.#limits = limits;
    this.#isMoreHere = isMoreHere;
  }

  add(item: T, rows: number): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ item, rows, sinceMs: performance.now(), settle: { resolve, reject } });
    });
    this.#waitingRows += rows;
    this.#schedule();
    return done;
  }

  /** Commits all that waits without waiting for more; resolves when nothing is left. */
  async drain(): Promise<void> {
    while (this.#running !== undefined || this.#waiting.length > 0) {
      this.#start();
      await this.#running;
    }
  }

  #schedule(): void {
    if (this.#running !== undefined) return;
    const restMs = this.#restMs();
    if (restMs <= 0) this.#start();
    else this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#schedule();
    }, restMs);
  }

  /** How long the group may still wait before it is looked at again. */
  #restMs(): number {
    const { maxWaitMs, maxRows, patienceMs = maxWaitMs } = this.#limits;
    const waitedMs = performance.now() - (this.#waiting[0]?.sinceMs ?? 0);
    if (this.#waitingRows >= maxRows) return 0;
    if (waitedMs < maxWaitMs) return maxWaitMs - waitedMs;
    // On a busy machine the time is over before what has come is decoded, and small groups would make it busier still.
    if (waitedMs < MAX_HELD_MS && this.#isMoreHere()) return RECONSIDER_MS;
    if (waitedMs >= patienceMs) return 0;
    const promisedRows = (this.#waitingRows * patienceMs) / waitedMs;
    return promisedRows >= maxRows ? Math.min(RECONSIDER_MS, patienceMs - waitedMs) : 0;
  }

  #start(): void {
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#take();
    this.#running = this.#run(group).finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** Just enough for maxRows: what is left over of a whole row group is small then, and a backlog is not one giant transaction. */
  #take(): Waiting<T>[] {
    let rows = 0;
    let count = 0;
    while (count < this.#waiting.length && rows < this.#limits.maxRows) {
      rows += this.#waiting[count]?.rows ?? 0;
      count += 1;
    }
    this.#waitingRows -= rows;
    return this.#waiting.splice(0, count);
  }

  async #run(group: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.#commit(group.map((waiting) => waiting.item));
      for (const { settle } of group) settle.resolve();
    } catch (error) {
      for (const { settle } of group) settle.reject(error);
    }
  }
}
