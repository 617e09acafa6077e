import type { SeenVersion } from '../diagnosis/nearby-changes.js';
import type { SnapshotEdge } from '../diagnosis/snapshot.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { EventWindow } from './evidence-reader.js';
import { SNAPSHOT_EDGES, type OperationMinute, type SnapshotReader } from './snapshot-reader.js';

const VERSIONS = loadSql(import.meta.url, 'snapshot-versions.sql');
const MINUTES = loadSql(import.meta.url, 'snapshot-operation-minutes.sql');
const GRAPH = loadSql(import.meta.url, 'snapshot-graph.sql');

export class DuckdbSnapshotReader implements SnapshotReader {
  readonly #database: Pick<Database, 'query'>;

  constructor(database: Pick<Database, 'query'>) {
    this.#database = database;
  }

  async versions(services: readonly string[], { fromMs, toMs }: EventWindow): Promise<readonly SeenVersion[]> {
    const rows = await this.#database.query({ sql: VERSIONS, params: { services: JSON.stringify(services), from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ service: String(row['service']), version: String(row['version']), firstSeenMs: Number(row['first_ms']) }));
  }

  async graph(services: readonly string[], { fromMs, toMs }: EventWindow): Promise<readonly SnapshotEdge[]> {
    const params = { services: JSON.stringify(services), from_minute: Math.floor(fromMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS), limit: SNAPSHOT_EDGES };
    const rows = await this.#database.query({ sql: GRAPH, params });
    return rows.map((row) => {
      const calls = Number(row['calls']);
      return { client: String(row['client']), server: String(row['server']), kind: String(row['kind']), calls, failed: Number(row['failed']), meanNs: calls === 0 ? 0 : Number(row['duration_ns']) / calls };
    });
  }

  async operationMinutes(operations: readonly { readonly service: string; readonly operation: string }[], { fromMs, toMs }: EventWindow, slowBucket?: number): Promise<readonly OperationMinute[]> {
    const params = { operations: JSON.stringify(operations), from_minute: Math.floor(fromMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS), slow_bucket: slowBucket ?? null };
    const rows = await this.#database.query({ sql: MINUTES, params });
    return rows.map((row) => ({ minute: Number(row['event_minute']), requests: Number(row['requests']), squared: Number(row['squared']), bad: Number(row['bad']) }));
  }
}
