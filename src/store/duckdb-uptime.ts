import type { Database } from './database.js';
import { loadSql } from './fs-sql.js';

const RECORD = loadSql(import.meta.url, 'record-uptime.sql');
const ERASE = loadSql(import.meta.url, 'erase-uptime.sql');
const LOAD = loadSql(import.meta.url, 'load-uptime.sql');

/** Minutes in which Tocsin was up and took what it was sent: coverage is liveness (semantics.md). */
export class DuckdbUptime {
  readonly #database: Database;
  #recorded: number | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes once a minute, however often it is called. */
  async record(minute: number): Promise<void> {
    if (this.#recorded === minute) return;
    await this.#database.transaction([{ sql: RECORD, params: { minute } }]);
    this.#recorded = minute;
  }

  /** A minute in which exports had to be refused, recorded before or not. */
  async erase(minute: number): Promise<void> {
    await this.#database.transaction([{ sql: ERASE, params: { minute } }]);
  }

  /** Unix minutes, oldest first. */
  async load(sinceMinute: number): Promise<number[]> {
    const rows = await this.#database.query({ sql: LOAD, params: { since_minute: sinceMinute } });
    return rows.map((row) => row['minute'] as number);
  }
}
