import { MINUTE_MS } from '../lib/duration.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { ExclusionChange, SloRevision, SloRevisionReader } from './slo-revision-reader.js';

const REVISIONS = loadSql(import.meta.url, 'read-slo-revisions.sql');
const EXCLUSION_LOG = loadSql(import.meta.url, 'read-exclusion-log.sql');
const LOG_LIMIT = 200;

export class DuckdbSloRevisionReader implements SloRevisionReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async revisions(slo: string): Promise<readonly SloRevision[]> {
    return (await this.#database.query({ sql: REVISIONS, params: { slo } })).map(revisionOf);
  }

  async exclusionLog(slo: string): Promise<readonly ExclusionChange[]> {
    return (await this.#database.query({ sql: EXCLUSION_LOG, params: { slo, limit: LOG_LIMIT } })).map(changeOf);
  }
}

function changeOf(row: Row): ExclusionChange {
  const budget = (value: unknown): number | undefined => (value === null ? undefined : Number(value));
  return {
    atMs: Number(row['at_ms']), exclusion: String(row['exclusion']), change: row['change'] === 'added' ? 'added' : row['change'] === 'changed' ? 'changed' : 'removed',
    by: String(row['created_by']), reason: String(row['reason']), what: String(row['what']), budgetBefore: budget(row['budget_before']), budgetAfter: budget(row['budget_after']),
  };
}

function revisionOf(row: Row): SloRevision {
  const { slice_key: sliceKey, total, polarity, part, first_in_force_ms: inForce, first_minute: first, last_minute: last, stored_minute: stored, good, bad } = row;
  return {
    sliceKey: String(sliceKey),
    definition: total === null ? undefined : { total: String(total), polarity: polarity === 'good' ? 'good' : 'bad', part: String(part), firstInForceMs: Number(inForce) },
    counted: first === null ? undefined : { firstMs: Number(first) * MINUTE_MS, lastMs: (Number(last) + 1) * MINUTE_MS, good: Number(good), bad: Number(bad), ...(stored === null ? {} : { storedFromMs: Number(stored) * MINUTE_MS }) },
  };
}
