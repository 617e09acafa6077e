import type { AlertId, DeliveryId, IncidentId } from '../lib/ids.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { DECISIONS_MAX, type DecisionReader, type DecisionRecord } from './decision-reader.js';
import type { Delivery } from './delivery.js';
import type { DecisionOutcome } from './notification-group.js';

const READ = loadSql(import.meta.url, 'read-decisions.sql');

export class DuckdbDecisionReader implements DecisionReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ofIncident(id: IncidentId): Promise<readonly DecisionRecord[]> {
    return (await this.#database.query({ sql: READ, params: { incident_id: id, limit: DECISIONS_MAX } })).map(recordOf);
  }
}

function recordOf(row: Row): DecisionRecord {
  const status = row['delivery_status'];
  return {
    atMs: Number(row['at_ms']), incidentId: String(row['incident_id']) as IncidentId, alertId: String(row['alert_id']) as AlertId, groupKey: String(row['group_key']), route: String(row['route']),
    receiver: String(row['receiver']), integration: String(row['integration']), outcome: String(row['outcome']) as DecisionOutcome, reason: String(row['reason']),
    deliveryId: typeof row['delivery_id'] === 'string' ? (row['delivery_id'] as DeliveryId) : undefined,
    delivery: typeof status !== 'string' ? undefined : {
      status: status as Delivery['status'], attempts: Number(row['delivery_attempts']), lastError: typeof row['delivery_error'] === 'string' ? row['delivery_error'] : undefined,
      settledAtMs: row['delivery_settled_at_ms'] == null ? undefined : Number(row['delivery_settled_at_ms']),
    },
  };
}
