import { MINUTE_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { lumpOf } from './slo-history.js';
import type { MinuteCount, SloHistoryQuery, SloHistoryReader } from './slo-history-reader.js';

const HISTORY = loadSql(import.meta.url, 'read-slo-history.sql');

export class DuckdbSloHistoryReader implements SloHistoryReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async counts(query: SloHistoryQuery): Promise<readonly MinuteCount[]> {
    const lump = query.isDetailed === true ? { firstMinute: 0, endMinute: 0 } : lumpOf(query, query.windowMs, query.longestBurnMs);
    const rows = await this.#database.query({
      sql: HISTORY,
      params: {
        slice_key: query.sliceKey,
        first: Math.floor((query.fromMs - Math.max(query.windowMs, query.longestBurnMs)) / MINUTE_MS),
        last: Math.ceil(query.toMs / MINUTE_MS),
        lump_first: lump.firstMinute,
        lump_end: lump.endMinute,
        step: query.stepMinutes,
      },
    });
    return rows.map((row) => ({ minute: Number(row['minute']), good: Number(row['good']), bad: Number(row['bad']) }));
  }
}
