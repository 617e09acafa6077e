import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DatabaseUnavailableError } from './database-error.js';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

const MIGRATION_FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/;
const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('./migrations/', import.meta.url));

/** The numbered `.sql` files of a folder, in order. */
export function readMigrations(directory = MIGRATIONS_DIRECTORY): Migration[] {
  return readdirSync(directory)
    .flatMap((file) => {
      const [, number, name] = MIGRATION_FILE.exec(file) ?? [];
      return number === undefined || name === undefined ? [] : [{ number: Number(number), name, sql: readFileSync(join(directory, file), 'utf8') }];
    })
    .sort((left, right) => left.number - right.number);
}

/** Brings the file up to date, each migration in its own transaction. Refuses a file that a newer Tocsin has written. */
export async function migrate(connection: DuckDBConnection, migrations: readonly Migration[]): Promise<void> {
  await connection.run('CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)');
  const reader = await connection.runAndReadAll('SELECT number, name FROM migrations');
  const done = new Set(reader.getRows().map((row) => Number(row[0])));
  const known = new Set(migrations.map((migration) => migration.number));
  const newer = reader.getRows().find((row) => !known.has(Number(row[0])));
  if (newer !== undefined) {
    throw new DatabaseUnavailableError('newer', `the database was written by a newer Tocsin (migration ${String(newer[0])} ${String(newer[1])} is not known here): update Tocsin, or set TOCSIN_DATA_DIR to another directory.`);
  }
  for (const migration of migrations) if (!done.has(migration.number)) await apply(connection, migration);
}

async function apply(connection: DuckDBConnection, migration: Migration): Promise<void> {
  await connection.run('BEGIN');
  try {
    await connection.run(migration.sql);
    await connection.run('INSERT INTO migrations VALUES ($number, $name)', { number: migration.number, name: migration.name });
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK');
    throw new Error(`migration ${String(migration.number)} ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
