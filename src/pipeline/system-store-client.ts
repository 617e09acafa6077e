import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { ServiceHygiene } from '../ingest/normalise-services.js';
import { DatabaseUnavailableError } from '../store/database-error.js';
import type { Row, Statement } from '../store/database.js';
import type { SloSliceColumns } from '../store/slo-slice-columns.js';
import type { ArrivedSlice } from './replay.js';
import type { Store, StoreEvents, StoreRules, StoreStats } from './store.js';
import type { StoreCall, StoreReply, StoreRequest, StoreSettings } from './store-messages.js';

/** Bytes of export bodies accepted and not yet answered. Decoded they take three to five times that, which keeps the service under 1 GiB. */
export const MAX_PENDING_BYTES = 64 << 20;
const BUSY_RETRY_MS = 1_000;
/** Decoding makes short-lived objects by the million: with room for a group most die before they are copied. 192 costs 5 % less CPU and 100 MiB more. */
const YOUNG_GENERATION_MB = 64;

interface Pending {
  readonly call: StoreCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The store in its own thread, as the main thread sees it. */
export class StoreClient implements Store {
  readonly #worker: Worker;
  readonly #events: StoreEvents;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #pendingBytes = 0;
  #refused = 0;
  #stopped: string | undefined;

  private constructor(worker: Worker, events: StoreEvents) {
    this.#worker = worker;
    this.#events = events;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (reply: StoreReply) => this.#receive(reply));
    worker.once('error', (error) => this.#fail(error));
    worker.once('exit', (code) => this.#fail(new Error(`the store's thread ended with code ${code}`)));
  }

  /** @throws DatabaseUnavailableError when the file cannot be opened. */
  static async start(settings: StoreSettings, events: StoreEvents = {}): Promise<StoreClient> {
    const worker = new Worker(workerFile(), { workerData: settings, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } });
    const client = new StoreClient(worker, events);
    await firstReply(worker);
    return client;
  }

  /** Bytes of export bodies that wait for their commit. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Exports answered as busy because too many bytes waited. */
  get refused(): number {
    return this.#refused;
  }

  async absorb(request: ExportRequest): Promise<ExportOutcome> {
    const bytes = request.body.length;
    if (this.#stopped !== undefined) return { kind: 'busy', retryAfterMs: BUSY_RETRY_MS, message: this.#stopped };
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      this.#refused += 1;
      return { kind: 'busy', retryAfterMs: BUSY_RETRY_MS, message: `more than ${MAX_PENDING_BYTES >> 20} MiB wait to be stored` };
    }
    // A copy, which then goes over as it is. The caller's own memory stays: receivers account for it, and it may be a slice of a shared pool.
    const body = new Uint8Array(request.body);
    this.#pendingBytes += bytes;
    try {
      return await this.#call<ExportOutcome>({ kind: 'absorb', request: { ...request, body } }, [body.buffer]);
    } catch (error) {
      return { kind: 'busy', retryAfterMs: BUSY_RETRY_MS, message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#pendingBytes -= bytes;
    }
  }

  query(statement: Statement): Promise<Row[]> {
    return this.#call({ kind: 'query', statement });
  }

  transaction(statements: readonly Statement[]): Promise<void> {
    return this.#call({ kind: 'transaction', statements });
  }

  useRules({ slos, redaction }: StoreRules): Promise<readonly ArrivedSlice[]> {
    return this.#call({ kind: 'rules', rules: { slos, redaction } });
  }

  judgeJourneys(): Promise<void> {
    return this.#call({ kind: 'journeys' });
  }

  loadSloSlices(sinceMinute: number): Promise<SloSliceColumns> {
    return this.#call({ kind: 'slo-slices', sinceMinute });
  }

  stats(): Promise<StoreStats> {
    return this.#call({ kind: 'stats' });
  }

  hygiene(): Promise<readonly ServiceHygiene[]> {
    return this.#call({ kind: 'hygiene' });
  }

  async close(): Promise<void> {
    if (this.#stopped === undefined) {
      const closed = this.#call({ kind: 'close' });
      this.#stopped = 'the service is stopping';
      await closed;
    }
    await this.#exited;
  }

  #call<T>(call: StoreCall, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#stopped !== undefined) return Promise.reject(new Error(this.#stopped));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { call, resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, call } satisfies StoreRequest, transfer);
    });
  }

  #receive(reply: StoreReply): void {
    switch (reply.kind) {
      case 'answer': this.#take(reply.id)?.resolve(reply.value); break;
      case 'failed': this.#take(reply.id)?.reject(new Error(reply.message)); break;
      case 'committed': this.#events.onCommit?.(reply.news); break;
      case 'ready': case 'unavailable': break;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** The thread is gone. That is expected after `close`, and only then. */
  #fail(error: Error): void {
    const expected = this.#stopped !== undefined;
    this.#stopped ??= `the store failed: ${error.message}`;
    const stopped = new Error(this.#stopped);
    for (const pending of this.#pending.values()) pending.reject(stopped);
    this.#pending.clear();
    if (!expected) this.#events.onFatal?.(error);
  }
}

/** Runs from dist also under vitest: Node 20 cannot load a thread from TypeScript. */
function workerFile(): string {
  return fileURLToPath(new URL('./absorb.worker.js', import.meta.url)).replace('/src/pipeline/', '/dist/pipeline/');
}

function firstReply(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: StoreReply) => {
      if (reply.kind === 'unavailable') reject(new DatabaseUnavailableError(reply.reason, reply.message));
      else resolve();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the store's thread ended with code ${code} before it was ready`)));
  });
}
