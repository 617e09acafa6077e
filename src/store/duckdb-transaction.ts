import type { DuckDBConnection } from '@duckdb/node-api';
import { assert } from '../lib/assert.js';
import { isOutOfMemory } from './out-of-memory.js';

/**
 * A transaction of which only the file knows whether it counts. Short of memory DuckDB fails a COMMIT after its log was written, or leaves rows half
 * undone: what its memory holds of the table is wrong from then on (counts, and columns that no longer belong together). The file must be opened anew.
 */
export class UnsettledError extends Error {
  override readonly name = 'UnsettledError';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** All or nothing: rolls back and rethrows when `work` fails. @throws UnsettledError where it may be neither. */
export async function inTransaction<T>(connection: Pick<DuckDBConnection, 'run'>, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
  try {
    await connection.run('COMMIT');
  } catch (error) {
    if (isOutOfMemory(error)) throw new UnsettledError(error);
    await rollBack(connection);
    throw error;
  }
  return result;
}

/** Of transactions. DuckDB writes how far they are into its log with the transaction that took the last one, and with no other. */
const NUMBERS = 'transaction_numbers';

export async function prepareNumbers(connection: Pick<DuckDBConnection, 'run'>): Promise<void> {
  await connection.run(`CREATE SEQUENCE IF NOT EXISTS ${NUMBERS}`);
}

/** The number of the transaction under way. In a file that was opened anew it is greater than those of all that count. */
export async function takeNumber(connection: Pick<DuckDBConnection, 'run'>): Promise<bigint> {
  const [[number] = []] = await (await connection.run(`SELECT nextval('${NUMBERS}')`)).getRows();
  assert(typeof number === 'bigint', 'numbers are whole');
  return number;
}

/** Errors after which the database answers nothing more, or nothing right. One that DuckDB calls internal is said once; all that comes later fails as fatal. */
export function isFatal(error: unknown): boolean {
  return error instanceof UnsettledError || (error instanceof Error && (/^(?:FATAL|INTERNAL) /.test(error.message) || isOfInvalidated(error)));
}

/** A statement that failed because of another one. */
export function isVictim(error: unknown): boolean {
  return error instanceof Error && (isOfInvalidated(error) || error.message.startsWith('INTERRUPT'));
}

function isOfInvalidated({ message }: Error): boolean {
  return message.includes('has been invalidated');
}

async function rollBack(connection: Pick<DuckDBConnection, 'run'>): Promise<void> {
  try {
    await connection.run('ROLLBACK');
  } catch (error) {
    // After a failed COMMIT DuckDB has rolled back already, and says so.
    if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw new UnsettledError(error);
  }
}
