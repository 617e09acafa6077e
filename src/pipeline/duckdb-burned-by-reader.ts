import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { spanIdOf, traceIdOf } from '../store/trace-key.js';
import { BURNED_BY_LIMIT, type BadExemplar, type BurnedBy, type BurnedByQuery, type BurnedByReader } from './burned-by.js';
import { withCriteria } from './event-sql.js';

const BURNED_BY = loadSql(import.meta.url, 'burned-by.sql');
const BAD_EXEMPLARS = loadSql(import.meta.url, 'bad-exemplars.sql');

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

  async badExemplars({ criteria, fromMs, toMs, stepMs }: BurnedByQuery & { readonly stepMs: number }): Promise<readonly BadExemplar[]> {
    const { sql, params } = withCriteria(BAD_EXEMPLARS, criteria);
    const rows = await this.#database.query({ sql, params: { ...params, from_ms: fromMs, to_ms: toMs, step_ms: stepMs } });
    return rows.map((row) => ({
      traceId: traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }), spanId: spanIdOf(row['span_id'] as bigint),
      service: String(row['service']), operation: String(row['name']), endMs: Number(row['end_ms']), durationNs: Number(row['duration_ns']),
    }));
  }
}
