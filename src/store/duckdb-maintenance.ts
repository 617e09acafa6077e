import type { IncidentId, TraceId } from '../lib/ids.js';
import type { Database, Statement } from './database.js';
import { loadSql } from './fs-sql.js';
import { resentSinceMs } from './resend-window.js';
import { traceKey } from './trace-key.js';

const DELETE_DIGESTS = loadSql(import.meta.url, 'delete-expired-digests.sql');
const PIN_TRACE = loadSql(import.meta.url, 'pin-trace.sql');
const COMPACT = ['slo', 'red', 'graph'].map((name) => ({
  sum: loadSql(import.meta.url, `compact-${name}-slices-sum.sql`),
  delete: loadSql(import.meta.url, `compact-${name}-slices-delete.sql`),
  insert: loadSql(import.meta.url, `compact-${name}-slices-insert.sql`),
}));

/** A minute is closed for compaction when nothing can still commit into it: requests wait seconds, not minutes. */
const OPEN_ARRIVAL_MINUTES = 2;

/** Deletes digests of batches that nobody sends again. Spans and log records leave by the archiver. */
export async function deleteExpiredDigests(database: Database, nowMs: number): Promise<void> {
  await database.transaction([{ sql: DELETE_DIGESTS, params: { before_ms: await resentSinceMs((statement) => database.query(statement), nowMs) } }]);
}

/**
 * Each commit adds rows to the slices of its minute; this makes one of them per key, for arrival minutes since `sinceMinute` that are closed.
 * Sums stay what they were. Returns the minute to go on from next time.
 */
export async function compactSlices(database: Database, sinceMinute: number, nowMs: number): Promise<number> {
  const toMinute = Math.floor(nowMs / 60_000) - OPEN_ARRIVAL_MINUTES;
  if (toMinute <= sinceMinute) return sinceMinute;
  const params = { from_minute: sinceMinute, to_minute: toMinute };
  for (const sql of COMPACT) await database.transaction([{ sql: sql.sum, params }, { sql: sql.delete, params }, { sql: sql.insert }]);
  return toMinute;
}

/** Statements that keep traces beyond the hot retention; to be put into the transaction that saves the incident. */
export function pinTraces(traceIds: readonly TraceId[], incidentId: IncidentId): Statement[] {
  return traceIds.map((traceId) => ({ sql: PIN_TRACE, params: { ...traceKey(traceId), incident_id: incidentId } }));
}
