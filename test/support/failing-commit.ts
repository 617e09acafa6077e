import { DuckDBConnection } from '@duckdb/node-api';
import { vi } from 'vitest';

const runOfConnection = Reflect.get<typeof DuckDBConnection.prototype, 'run'>(DuckDBConnection.prototype, 'run');
/** As DuckDB says it. */
const NO_MEMORY = 'TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB (95.2 MiB/95.3 MiB used)';

/** The next commit of any database fails as one without memory does, which may count all the same. */
export function failNextCommit({ counts }: { readonly counts: boolean }): void {
  const spy = vi.spyOn(DuckDBConnection.prototype, 'run');
  spy.mockImplementation(async function run(this: DuckDBConnection, ...[sql, ...rest]: Parameters<DuckDBConnection['run']>) {
    if (sql !== 'COMMIT') return Reflect.apply(runOfConnection, this, [sql, ...rest]);
    spy.mockRestore();
    await this.run(counts ? 'COMMIT' : 'ROLLBACK');
    throw new Error(NO_MEMORY);
  });
}
