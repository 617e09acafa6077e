import { setTimeout } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { assert } from '../lib/assert.js';
import type { Database, Row, Statement } from './database.js';
import { CHECKPOINT, openFile, READ_CONNECTIONS, walBytes, writableBytes, type DatabaseOptions, type DuckdbFile, type WriteConnection } from './duckdb-file.js';
import { runStatement } from './duckdb-statement.js';
import { inTransaction, isFatal, isVictim, takeNumber, UnsettledError } from './duckdb-transaction.js';
import { SharedLanes } from './shared-lanes.js';
import { TaskQueue } from './task-queue.js';

export type { DatabaseOptions, WriteConnection } from './duckdb-file.js';

/** Measured (bench/RESULTS.md): with DuckDB's own 16 MB a stream of appends checkpoints all the time, with 256 MB the pauses get long. */
const CHECKPOINT_BYTES = 64 << 20;
/** A checkpoint writes less than the log holds, because it compresses; this much more must be free beside it. */
const CHECKPOINT_SLACK_BYTES = 32 << 20;
/** A file is not opened anew more often than this. */
const REOPEN_PAUSE_MS = 1_000;
const WRITER = 0;

/** Counts since the start. */
export interface DatabaseHealth {
  readonly walBytes: number;
  readonly checkpoints: number;
  /** Checkpoints put off because the disk has no room for them. */
  readonly checkpointsDeferred: number;
  /** How often the file was opened anew after an error that DuckDB does not survive. */
  readonly reopened: number;
}

/**
 * One open database file. Exactly one thread of the machine may hold it: DuckDB's instance cache is per thread,
 * and two instances of one file in one process silently lose rows.
 */
export class DuckdbDatabase implements Database {
  readonly #path: string;
  readonly #options: DatabaseOptions;
  /** One statement at a time on each connection: DuckDB answers concurrent ones out of order. */
  readonly #writes = new TaskQueue();
  readonly #readers = new SharedLanes(Array.from({ length: READ_CONNECTIONS }, (_, index) => WRITER + 1 + index));
  readonly #prepare: ((writer: WriteConnection) => Promise<void>)[] = [];
  #file: DuckdbFile;
  #broken = false;
  #working = 0;
  #idle: (() => void) | undefined;
  #reopening: Promise<void> | undefined;
  #reopenNotBeforeMs = 0;
  #isUnusable = false;
  #checkpointQueued = false;
  #closed = false;
  #counts = { checkpoints: 0, checkpointsDeferred: 0, reopened: 0 };

  private constructor(path: string, options: DatabaseOptions, file: DuckdbFile) {
    this.#path = path;
    this.#options = options;
    this.#file = file;
  }

  /** @throws DatabaseUnavailableError when the file is locked, not writable, newer than this program or not a database. */
  static async open(path: string, options: DatabaseOptions = {}): Promise<DuckdbDatabase> {
    return new DuckdbDatabase(path, options, await openFile(path, options));
  }

  /** On a read connection, after the statements already waiting there; sees everything committed before it starts. Asked again where another statement broke the database. */
  async query(statement: Statement): Promise<Row[]> {
    const read = (): Promise<Row[]> => this.reading((connection) => runStatement(connection, statement));
    try {
      return await read();
    } catch (error) {
      if (!(this.#broken && isVictim(error))) throw error;
      return read();
    }
  }

  /** Work that only reads, on the first read connection that is free. */
  reading<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#readers.run((lane) => this.#guarded(lane, ({ connection }) => work(connection)));
  }

  async transaction(statements: readonly Statement[]): Promise<void> {
    if (statements.length === 0) return;
    await this.inTransaction(async ({ connection }) => {
      for (const statement of statements) await runStatement(connection, statement);
    });
  }

  /**
   * All or nothing, and it is known which: where only the file knows whether a transaction counts, it is opened anew and asked before anybody else writes.
   * @throws UnsettledError with what `work` wrote in the file or not only where the file cannot be opened any more.
   */
  inTransaction(work: (writer: WriteConnection) => Promise<void>): Promise<void> {
    return this.#writing(async () => {
      let number: bigint | undefined;
      try {
        await this.#guarded(WRITER, (writer) => inTransaction(writer.connection, async () => {
          await work(writer);
          number = await takeNumber(writer.connection);
        }));
      } catch (error) {
        if (!(error instanceof UnsettledError && number !== undefined && await this.#isInFile(number))) throw error;
      }
    });
  }

  /** Work that needs the write connection for itself. Everything else that writes waits. */
  exclusively<T>(work: (writer: WriteConnection) => Promise<T>): Promise<T> {
    return this.#writing(() => this.#guarded(WRITER, work));
  }

  /** Runs `prepare` now and again whenever the file had to be opened anew: for temporary tables and what is kept in memory of the file. */
  async prepareWriter(prepare: (writer: WriteConnection) => Promise<void>): Promise<void> {
    this.#prepare.push(prepare);
    await this.exclusively(prepare);
  }

  /** Whether what takes long is to end. */
  get isClosing(): boolean {
    return this.#closed;
  }

  health(): DatabaseHealth {
    return { walBytes: walBytes(this.#path), ...this.#counts };
  }

  /** Waits for what is queued, writes the log into the file and lets go of it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#writes.run(() => Promise.resolve()), this.#readers.drained()]);
    if (!this.#broken && this.#canCheckpoint()) {
      // One that fails leaves the log, which the next start replays: nothing is lost.
      await this.#file.connections[WRITER]?.connection.run(CHECKPOINT).catch(() => undefined);
    }
    this.#file.closeSync();
  }

  #writing<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#writes.run(task);
    void result.catch(() => undefined).finally(() => this.#checkpointWhenDue());
    return result;
  }

  /** Whether the transaction of this number is in the file. */
  #isInFile(number: bigint): Promise<boolean> {
    return this.#guarded(WRITER, async ({ connection }) => (await takeNumber(connection)) > number).catch(() => false);
  }

  /** Runs work on a connection that works: after a fatal error the file is opened anew first. */
  async #guarded<T>(lane: number, work: (writer: WriteConnection) => Promise<T>): Promise<T> {
    if (this.#broken) await this.#recover();
    const connection = this.#file.connections[lane];
    assert(connection !== undefined, `there is no connection ${lane}`);
    this.#working += 1;
    try {
      return await work(connection);
    } catch (error) {
      if (isFatal(error)) this.#broken = true;
      throw error;
    } finally {
      this.#working -= 1;
      if (this.#working === 0) this.#idle?.();
    }
  }

  #recover(): Promise<void> {
    this.#reopening ??= this.#reopen().finally(() => { this.#reopening = undefined; });
    return this.#reopening;
  }

  async #reopen(): Promise<void> {
    const pauseMs = this.#reopenNotBeforeMs - performance.now();
    if (pauseMs > 0 && this.#isUnusable) throw new Error('the database file cannot be used; it is tried again every second');
    // Nobody waits for a long search, which would read what is no longer right.
    if (!this.#isUnusable) for (const { connection } of this.#file.connections) connection.interrupt();
    // It could be opened a moment ago: that it broke again is rare enough for everybody to wait.
    if (pauseMs > 0) await setTimeout(pauseMs);
    while (this.#working > 0) await new Promise<void>((resolve) => { this.#idle = resolve; });
    this.#reopenNotBeforeMs = performance.now() + REOPEN_PAUSE_MS;
    this.#isUnusable = true;
    this.#file.closeSync();
    this.#file = await openFile(this.#path, this.#options);
    const writer = this.#file.connections[WRITER];
    if (writer !== undefined) for (const prepare of this.#prepare) await prepare(writer);
    this.#counts.reopened += 1;
    this.#isUnusable = false;
    this.#broken = false;
  }

  #checkpointWhenDue(): void {
    if (this.#checkpointQueued || this.#closed || walBytes(this.#path) < (this.#options.checkpointBytes ?? CHECKPOINT_BYTES)) return;
    if (!this.#canCheckpoint()) {
      this.#counts.checkpointsDeferred += 1;
      return;
    }
    this.#checkpointQueued = true;
    void this.#writes.run(() => this.#guarded(WRITER, async ({ connection }) => {
      await connection.run(CHECKPOINT);
      this.#counts.checkpoints += 1;
    })).catch(() => undefined).finally(() => { this.#checkpointQueued = false; });
  }

  /** A full disk is survived as long as nobody checkpoints on it: writes to the log fail cleanly, a failed checkpoint is fatal. */
  #canCheckpoint(): boolean {
    const [log, room] = [walBytes(this.#path), writableBytes(this.#path)];
    return room > 0 && (log === 0 || room > log + CHECKPOINT_SLACK_BYTES);
  }
}

/** Opens (and creates) the database at `path` with every migration applied. `:memory:` is for tests. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Promise<DuckdbDatabase> {
  return DuckdbDatabase.open(path, options);
}
