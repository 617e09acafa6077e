import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { BURNED_BY_LIMIT, type BurnedBy, type BurnedByQuery, type BurnedByReader } from './burned-by.js';
import { withCriteria } from './event-sql.js';

const BURNED_BY = loadSql(import.meta.url, 'burned-by.sql');

export class DuckdbBurnedByReader implements BurnedByReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async burnedBy({ criteria, fromMs, toMs }: BurnedByQuery): Promise<readonly BurnedBy[]> {
    const { sql, params } = withCriteria(BURNED_BY, criteria);
    const rows = await this.#database.query({ sql, params: { ...params, from_ms: fromMs, to_ms: toMs, limit: BURNED_BY_LIMIT } });
    return rows.map((row) => ({
      service: String(row['service']), version: String(row['version']), operation: String(row['operation']),
      bad: Number(row['bad']), total: Number(row['total']), firstSeenMs: Number(row['first_ms']), lastSeenMs: Number(row['last_ms']),
    }));
  }
}
