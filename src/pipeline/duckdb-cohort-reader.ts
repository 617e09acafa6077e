import type { CohortRequest } from '../diagnosis/judge-cohorts.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { COHORT_LIMIT, type CohortQuery, type CohortReader } from './cohort-reader.js';
import { withCriteria } from './event-sql.js';

const REQUESTS = loadSql(import.meta.url, 'cohort-requests.sql');

export class DuckdbCohortReader implements CohortReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async requests({ condition, fromMs, toMs }: CohortQuery): Promise<readonly CohortRequest[]> {
    const { sql, params } = withCriteria(REQUESTS, { total: condition });
    const rows = await this.#database.query({ sql, params: { ...params, from_ms: fromMs, to_ms: toMs, limit: COHORT_LIMIT } });
    return rows.map((row) => ({ operation: `${String(row['service'])} ${String(row['name'])}`, durationNs: Number(row['duration_ns']), failed: row['failed'] === true }));
  }
}
