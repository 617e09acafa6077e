import { createHash } from 'node:crypto';
import type { Database, Row } from '../store/database.js';
import { ERASURE_STATES, type Erasure, type ErasureBook, type ErasureRequest } from './erasure.js';

const LIMIT = 1_000;
const COLUMNS = 'id, attribute, value_sha256, reason, asked_by, asked_ms, state, traces, hot_spans, archived_spans, logs, files, done_ms';

export class DuckdbErasureBook implements ErasureBook {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ask({ id, attribute, value, reason, askedBy, askedAtMs }: ErasureRequest): Promise<Erasure> {
    const valueSha256 = createHash('sha256').update(value).digest('hex');
    await this.#database.transaction([{
      sql: `INSERT INTO erasures VALUES ($id, $attribute, $value, $value_sha256, $reason, $asked_by, $asked_ms, 'asked', 0, 0, 0, 0, 0, NULL, NULL)`,
      params: { id, attribute, value, value_sha256: valueSha256, reason, asked_by: askedBy, asked_ms: askedAtMs },
    }]);
    return { id, attribute, valueSha256, reason, askedBy, askedAtMs, state: 'asked', traces: 0, hotSpans: 0, archivedSpans: 0, logs: 0, files: 0, doneAtMs: undefined };
  }

  async list(): Promise<readonly Erasure[]> {
    return (await this.#database.query({ sql: `SELECT ${COLUMNS} FROM erasures ORDER BY asked_ms DESC, id LIMIT ${LIMIT}` })).map(erasureOf);
  }

  async one(id: string): Promise<Erasure | undefined> {
    return (await this.#database.query({ sql: `SELECT ${COLUMNS} FROM erasures WHERE id = $id`, params: { id } })).map(erasureOf)[0];
  }
}

function erasureOf(row: Row): Erasure {
  const count = (name: string): number => Number(row[name]);
  return {
    id: String(row['id']), attribute: String(row['attribute']), valueSha256: String(row['value_sha256']), reason: String(row['reason']), askedBy: String(row['asked_by']), askedAtMs: count('asked_ms'),
    state: ERASURE_STATES.find((state) => state === row['state']) ?? 'asked', traces: count('traces'), hotSpans: count('hot_spans'), archivedSpans: count('archived_spans'), logs: count('logs'), files: count('files'),
    doneAtMs: row['done_ms'] === null ? undefined : count('done_ms'),
  };
}
