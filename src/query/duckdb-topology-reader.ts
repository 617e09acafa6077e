import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { SPAN_KINDS } from '../trace/span-batch.js';
import type { TimeWindow } from './time-window.js';
import { OPERATION_LIMIT, type ServiceCall, type SpanOperation, type TopologyReader } from './topology-reader.js';

const SERVICES = loadSql(import.meta.url, 'read-services.sql');
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

  async dependencies({ fromMs, toMs }: TimeWindow): Promise<readonly ServiceCall[]> {
    const rows = await this.#database.query({ sql: DEPENDENCIES, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ parent: String(row['parent']), child: String(row['child']), calls: Number(row['calls']) }));
  }
}
