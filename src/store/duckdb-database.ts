import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import duckdb, { type Connection, type Database as DatabaseHandle } from '@duckdb/node-bindings';
import { DatabaseUnavailableError, explainOpenFailure } from './database-error.js';
import type { Database, Row, Statement } from './database.js';
import { migrate, readMigrations, type Migration } from './duckdb-migrations.js';
import { runStatement } from './duckdb-statement.js';
import { TaskQueue } from './task-queue.js';

/** Pages and the tick read beside each other and beside ingest. Each connection occupies at most one libuv thread (4 by default). */
const READ_CONNECTIONS = 2;

export interface DatabaseOptions {
  /** DuckDB's own threads. Appends are single-threaded; this is for queries and checkpoints. */
  readonly threads?: number;
  /** DuckDB's buffers; the service as a whole stays under 1 GiB. */
  readonly memoryLimit?: string;
  /** Size of the write-ahead log at which a commit also checkpoints. */
  readonly checkpointThreshold?: string;
  readonly migrations?: readonly Migration[];
}

/** One connection, as the comfortable API and as the handle that the raw bindings (appends by data chunk) take. */
export interface WriteConnection {
  readonly connection: DuckDBConnection;
  readonly raw: Connection;
}

interface Lane extends WriteConnection {
  readonly queue: TaskQueue;
}

/**
 * One open database file. Exactly one thread of the machine may hold it: DuckDB's instance cache is per thread,
 * and two instances of one file in one process silently lose rows.
 */
export class DuckdbDatabase implements Database {
  readonly #instance: DuckDBInstance;
  readonly #writer: Lane;
  readonly #readers: readonly Lane[];
  #closed = false;

  private constructor(instance: DuckDBInstance, connections: readonly Connection[]) {
    this.#instance = instance;
    const [writer, ...readers] = connections.map((raw) => ({ raw, connection: new DuckDBConnection(raw), queue: new TaskQueue() }));
    if (writer === undefined) throw new Error('assertion failed: a database needs a write connection');
    this.#writer = writer;
    this.#readers = readers;
  }

  /** @throws DatabaseUnavailableError when the file is locked, not writable, newer than this program or not a database. */
  static async open(path: string, options: DatabaseOptions = {}): Promise<DuckdbDatabase> {
    const handle = await openFile(path, options);
    const instance = new DuckDBInstance(handle);
    try {
      const connections = await Promise.all(Array.from({ length: READ_CONNECTIONS + 1 }, () => duckdb.connect(handle)));
      const database = new DuckdbDatabase(instance, connections);
      await database.exclusively(({ connection }) => migrate(connection, options.migrations ?? readMigrations()));
      return database;
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  /** On a read connection, after the statements already waiting there; sees everything committed before it starts. */
  query(statement: Statement): Promise<Row[]> {
    return this.reading((connection) => runStatement(connection, statement));
  }

  /** Work that only reads, on the read connection with the fewest waiting. */
  reading<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const lane = this.#readers.reduce((best, next) => (next.queue.length < best.queue.length ? next : best), this.#readers[0] ?? this.#writer);
    return lane.queue.run(() => work(lane.connection));
  }

  async transaction(statements: readonly Statement[]): Promise<void> {
    if (statements.length === 0) return;
    await this.exclusively(({ connection }) => inTransaction(connection, async () => {
      for (const statement of statements) await runStatement(connection, statement);
    }));
  }

  /** Work that needs the write connection for itself, such as an append. Everything else that writes waits. */
  exclusively<T>(work: (writer: WriteConnection) => Promise<T>): Promise<T> {
    return this.#writer.queue.run(() => work(this.#writer));
  }

  /** Waits for what is queued, writes the log into the file and lets go of it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#readers.map((lane) => lane.queue.run(() => Promise.resolve())));
    await this.exclusively(async ({ connection }) => {
      // A checkpoint that fails (disk full) leaves the log, which the next start replays: nothing is lost.
      await connection.run('CHECKPOINT').catch(() => undefined);
    });
    for (const lane of [this.#writer, ...this.#readers]) lane.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Opens (and creates) the database at `path` with every migration applied. `:memory:` is for tests. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Promise<DuckdbDatabase> {
  return DuckdbDatabase.open(path, options);
}

/** All or nothing: rolls back and rethrows when `work` fails. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // After a failed COMMIT DuckDB has rolled back already and says that no transaction is active.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function openFile(path: string, options: DatabaseOptions): Promise<DatabaseHandle> {
  if (path !== ':memory:') prepareDirectory(path);
  const settings = {
    threads: String(options.threads ?? 2),
    memory_limit: options.memoryLimit ?? '512MB',
    // Measured (bench/RESULTS.md): at DuckDB's own 16 MB a stream of appends checkpoints all the time, at 256 MB the pauses get long.
    checkpoint_threshold: options.checkpointThreshold ?? '64MB',
    // Nothing is ever fetched from the network behind the operator's back.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
  const config = duckdb.create_config();
  for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
  try {
    return await duckdb.open(path, config);
  } catch (error) {
    throw explainOpenFailure(path, error instanceof Error ? error.message : String(error));
  }
}

function prepareDirectory(path: string): void {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new DatabaseUnavailableError('not-writable', `the data directory ${directory} cannot be written (${code}): give this user write access, or set TOCSIN_DATA_DIR to another directory.`);
  }
}
