import { MINUTE_MS } from '../lib/duration.js';
import type { Row, Statement } from './database.js';
import { DIGEST_RETENTION_MS } from './digest-index.js';
import { loadSql } from './fs-sql.js';

const HOUR_OF_UPTIME = loadSql(import.meta.url, 'hour-of-uptime.sql');

/**
 * Since when requests came that may still be sent again: an hour, in which a sender could have got its answer. While Tocsin was down nobody could, and
 * a Collector that keeps its queue on disk sends what was not answered before when Tocsin is back, however long that took.
 */
export async function resentSinceMs(query: (statement: Statement) => Promise<readonly Row[]>, nowMs: number): Promise<number> {
  const hourAgoMs = nowMs - DIGEST_RETENTION_MS;
  const [row] = await query({ sql: HOUR_OF_UPTIME, params: { minutes: DIGEST_RETENTION_MS / MINUTE_MS } });
  return row?.['minute'] == null ? hourAgoMs : Math.min(hourAgoMs, Number(row['minute']) * MINUTE_MS);
}
