import { expect, test } from 'vitest';
import { inTransaction, isFatal, isVictim, UnsettledError } from './duckdb-transaction.js';

/** Fails where told to, and tells what it ran. */
function connectionThat(fails: Readonly<Record<string, string>>) {
  const ran: string[] = [];
  const run = (sql: string): Promise<never> => {
    ran.push(sql);
    const message = fails[sql];
    return message === undefined ? Promise.resolve(undefined as never) : Promise.reject(new Error(message));
  };
  return { ran, run };
}

const OUT_OF_MEMORY = 'Out of Memory Error: failed to allocate data of size 2.0 KiB (67.1 MiB/57.2 MiB used)';
const COMMIT_WITHOUT_MEMORY = 'TransactionContext Error: Failed to commit: could not allocate block of size 256.0 KiB (70.4 MiB/57.2 MiB used)';
const NOTHING_ACTIVE = 'TransactionContext Error: cannot rollback - no transaction is active';

test('what fails within is undone, and said as it was', async () => {
  const connection = connectionThat({});
  await expect(inTransaction(connection, () => Promise.reject(new Error(OUT_OF_MEMORY)))).rejects.not.toBeInstanceOf(UnsettledError);
  expect(connection.ran).toEqual(['BEGIN', 'ROLLBACK']);
});

test.each([OUT_OF_MEMORY, COMMIT_WITHOUT_MEMORY])('nobody knows what became of a commit without memory: %s', async (message) => {
  const failure: unknown = await inTransaction(connectionThat({ COMMIT: message }), () => Promise.resolve()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UnsettledError);
  expect(failure).toMatchObject({ message });
  expect(isFatal(failure)).toBe(true);
});

test('nor of what could not be undone, for which no later transaction could begin', async () => {
  const failing = inTransaction(connectionThat({ ROLLBACK: OUT_OF_MEMORY }), () => Promise.reject(new Error('a bad row')));
  await expect(failing).rejects.toThrow(UnsettledError);
});

test('a full disk fails a commit cleanly', async () => {
  const connection = connectionThat({ COMMIT: 'TransactionContext Error: Failed to commit: Could not write file: No space left on device', ROLLBACK: NOTHING_ACTIVE });
  const failure: unknown = await inTransaction(connection, () => Promise.resolve()).catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: expect.stringContaining('No space left') });
  expect(isFatal(failure)).toBe(false);
});

test.each([
  ['FATAL Error: Failed: database has been invalidated because of a previous fatal error.', true, true],
  ['IO Error: Database "tocsin" has been invalidated because checkpointing failed.', true, true],
  ['INTERNAL Error: Could not find node in column segment tree!', true, false],
  ['INTERRUPT Error: Interrupted!', false, true],
  ['Binder Error: no such column', false, false],
])('%s', (message, fatal, victim) => {
  expect({ fatal: isFatal(new Error(message)), victim: isVictim(new Error(message)) }).toEqual({ fatal, victim });
});
