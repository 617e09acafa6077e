import { MINUTE_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { LedgerSum } from './ingest-report.js';

const READ = loadSql(import.meta.url, 'read-ledger.sql');

export class DuckdbLedgerReader {
  readonly #database: Pick<Database, 'query'>;

  constructor(database: Pick<Database, 'query'>) {
    this.#database = database;
  }

  async since(sinceMs: number): Promise<LedgerSum[]> {
    const rows = await this.#database.query({ sql: READ, params: { since_minute: Math.floor(sinceMs / MINUTE_MS) } });
    return rows.map((row) => ({
      signal: String(row['signal']), received: Number(row['received']), hot: Number(row['hot']), rejected: Number(row['rejected']), deduplicated: Number(row['deduplicated']),
    }));
  }
}
