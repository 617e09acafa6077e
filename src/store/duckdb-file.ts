import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import duckdb, { type Connection, type Database as DatabaseHandle } from '@duckdb/node-bindings';
import { DatabaseUnavailableError, explainOpenFailure } from './database-error.js';
import { migrate, readMigrations, type Migration } from './duckdb-migrations.js';
import { prepareNumbers } from './duckdb-transaction.js';
import { quoted } from './literal-sql.js';

/** Pages and the tick read beside each other and beside ingest. Each connection occupies at most one libuv thread (4 by default). */
export const READ_CONNECTIONS = 2;

export interface DatabaseOptions {
  /** DuckDB's own threads, besides the ones that connections bring. More of them speed up single queries and cost about 15 % more CPU per span. */
  readonly threads?: number;
  /** DuckDB's buffers; the service as a whole stays under 1 GiB. */
  readonly memoryLimit?: string;
  /** Bytes of write-ahead log at which the log is written into the file. */
  readonly checkpointBytes?: number;
  readonly migrations?: readonly Migration[];
}

/** One connection, as the comfortable API and as the handle that the raw bindings (appends by data chunk) take. */
export interface WriteConnection {
  readonly connection: DuckDBConnection;
  readonly raw: Connection;
}

/** The open file and its connections, the first of which writes. */
export interface DuckdbFile {
  readonly connections: readonly WriteConnection[];
  closeSync(): void;
}

const IN_MEMORY = ':memory:';
/**
 * Rows of a row group: what a transaction must bring to be written past the log. DuckDB's own 122,880 would take seconds to come together; a smaller
 * one compresses worse (8,192: 8 % more CPU per span). It can be set for an attached file only, so that the instance itself is an empty one in memory.
 */
export const ROW_GROUP_ROWS = 16_384;
const CATALOG = 'tocsin';
export const CHECKPOINT = `CHECKPOINT ${CATALOG}`;

/** @throws DatabaseUnavailableError when the file is locked, not writable, newer than this program or not a database. */
export async function openFile(path: string, options: DatabaseOptions): Promise<DuckdbFile> {
  if (path !== IN_MEMORY) prepareDirectory(path);
  const handle = await openHandle(path, options);
  const instance = new DuckDBInstance(handle);
  const connections: WriteConnection[] = [];
  const closeSync = (): void => {
    for (const { connection } of connections) connection.closeSync();
    instance.closeSync();
  };
  try {
    for (let index = 0; index <= READ_CONNECTIONS; index += 1) {
      const raw = await duckdb.connect(handle);
      const connection = new DuckDBConnection(raw);
      connections.push({ raw, connection });
      if (index === 0) await attach(connection, path);
      // A search opens many files of the archive, most of them again and again. What is kept of them is part of the memory limit.
      if (index === 0) await connection.run('SET GLOBAL parquet_metadata_cache = true');
      // A file is also closed because what DuckDB holds of it in memory is wrong: that must not be written into it.
      if (index === 0) await connection.run('PRAGMA disable_checkpoint_on_shutdown');
      await connection.run(`USE ${CATALOG}`);
    }
    const [writer] = connections;
    if (writer !== undefined) {
      await migrate(writer.connection, options.migrations ?? readMigrations());
      await prepareNumbers(writer.connection);
    }
    return { connections, closeSync };
  } catch (error) {
    closeSync();
    throw error;
  }
}

/** Node's own recursive mkdir never returns where a file system refuses with ENOENT (under /proc, for one). */
function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  mkdirSync(directory);
}

/** Size of the write-ahead log; 0 where there is none, or where it cannot be looked at any more (a directory whose rights were taken away). */
export function walBytes(path: string): number {
  try {
    return path === IN_MEMORY ? 0 : (statSync(`${path}.wal`, { throwIfNoEntry: false })?.size ?? 0);
  } catch {
    return 0;
  }
}

/** Bytes that can still be written beside the file; 0 where nothing can (a file system that was remounted read-only). */
export function writableBytes(path: string): number {
  try {
    accessSync(dirname(path), constants.W_OK);
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return 0;
  }
}

async function attach(connection: DuckDBConnection, path: string): Promise<void> {
  try {
    await connection.run(`ATTACH ${quoted(path)} AS ${CATALOG} (ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`);
  } catch (error) {
    throw explainOpenFailure(path, error instanceof Error ? error.message : String(error));
  }
}

function openHandle(path: string, options: DatabaseOptions): Promise<DatabaseHandle> {
  const settings = {
    threads: String(options.threads ?? Math.max(1, Math.floor(availableParallelism() / 2))),
    memory_limit: options.memoryLimit ?? '224MB',
    // Sorts and joins that need more go to disk, beside the file: DuckDB's own choice would be the working directory, which a service may not write.
    temp_directory: path === IN_MEMORY ? '' : `${path}.tmp`,
    // Checkpoints are ours to start (DuckdbDatabase): one that fails for want of space makes DuckDB refuse all further work.
    checkpoint_threshold: '1TB',
    // Nothing is ever fetched from the network behind the operator's back.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
  const config = duckdb.create_config();
  for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
  return duckdb.open(IN_MEMORY, config);
}

function prepareDirectory(path: string): void {
  const directory = dirname(path);
  try {
    makeDirectory(directory);
    accessSync(directory, constants.W_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new DatabaseUnavailableError('not-writable', `the data directory ${directory} cannot be written (${code}): give this user write access, or set TOCSIN_DATA_DIR to another directory.`);
  }
}
