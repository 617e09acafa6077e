import type { Database } from '../store/database.js';
import type { HeardRecord } from './quality-watch.js';
import type { HeardState } from './watch-memory.js';

const ONLY_ROW = 1;

/** What the watch has heard, as one row. */
export class DuckdbHeardRecord implements HeardRecord {
  readonly #database: Pick<Database, 'query' | 'transaction'>;

  constructor(database: Pick<Database, 'query' | 'transaction'>) {
    this.#database = database;
  }

  async load(): Promise<HeardState | undefined> {
    const [row] = await this.#database.query({ sql: 'SELECT document FROM quality_watch WHERE id = $id', params: { id: ONLY_ROW } });
    return row === undefined ? undefined : (JSON.parse(String(row['document'])) as HeardState);
  }

  async save(state: HeardState): Promise<void> {
    await this.#database.transaction([{ sql: 'INSERT OR REPLACE INTO quality_watch VALUES ($id, $document)', params: { id: ONLY_ROW, document: JSON.stringify(state) } }]);
  }
}
