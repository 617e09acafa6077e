import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { SPAN_KINDS } from '../trace/span-batch.js';
import type { CallCount } from './graph-metrics.js';
import { minutesOf } from './service-summary.js';
import type { TimeWindow } from './time-window.js';
import { OPERATION_LIMIT, type ServiceCall, type SpanOperation, type TopologyReader } from './topology-reader.js';

const SERVICES = loadSql(import.meta.url, 'read-services.sql');
const EDGES = loadSql(import.meta.url, 'read-graph-edges.sql');
const DEPENDENCIES = loadSql(import.meta.url, 'read-dependencies.sql');

export class DuckdbTopologyReader implements TopologyReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async serviceNames({ fromMs, toMs }: TimeWindow): Promise<readonly string[]> {
    const rows = await this.#database.query({ sql: SERVICES, params: { from_ms: fromMs, to_ms: toMs, service: '', limit: OPERATION_LIMIT } });
    return rows.map((row) => String(row['service']));
  }

  async spanOperations(service: string, { fromMs, toMs }: TimeWindow): Promise<readonly SpanOperation[]> {
    const rows = await this.#database.query({ sql: SERVICES, params: { from_ms: fromMs, to_ms: toMs, service, limit: OPERATION_LIMIT } });
    return rows.map((row) => ({ name: String(row['name']), kind: SPAN_KINDS[Number(row['kind'])] ?? 'unspecified' }));
  }

  async calls(window: TimeWindow): Promise<readonly CallCount[]> {
    const rows = await this.#database.query({ sql: EDGES, params: minutesOf(window) });
    return rows.map((row) => ({
      client: String(row['client']), server: String(row['server']), kind: String(row['kind']), bucket: Number(row['bucket']), calls: Number(row['calls']), failed: Number(row['failed']), durationNs: Number(row['duration_ns']),
    }));
  }

  async dependencies({ fromMs, toMs }: TimeWindow): Promise<readonly ServiceCall[]> {
    const rows = await this.#database.query({ sql: DEPENDENCIES, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ parent: String(row['parent']), child: String(row['child']), calls: Number(row['calls']) }));
  }
}
