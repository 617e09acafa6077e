import type { Incident } from '../incident/incident.js';
import { decodeDocument, encodeDocument } from '../lib/document-json.js';
import { enqueueStatement } from '../notify/duckdb-outbox.js';
import type { Database, Statement } from '../store/database.js';
import { pinTraces } from '../store/duckdb-maintenance.js';
import { loadSql } from '../store/fs-sql.js';
import type { EvaluationChanges, EvaluationStore } from './evaluation-store.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const LOAD_OPEN = sql('load-open-incidents');
const FORGET_INCIDENT = sql('forget-incident');
const STORE_INCIDENT = sql('store-incident');
const CLAIM_KEY = sql('claim-key');
const FREE_KEY = sql('free-key');

export class DuckdbEvaluationStore implements EvaluationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async loadOpenIncidents(): Promise<readonly Incident[]> {
    const rows = await this.#database.query({ sql: LOAD_OPEN });
    return rows.map((row) => decodeDocument<Incident>(String(row['document'])));
  }

  /** Resolved ones first: a key that one incident frees may be taken by the next in the same transaction. */
  async save(changes: EvaluationChanges): Promise<void> {
    const incidents = changes.incidents.toSorted((left, right) => Number(right.status === 'resolved') - Number(left.status === 'resolved'));
    await this.#database.transaction([...incidents.flatMap(incidentStatements), ...changes.deliveries.map(enqueueStatement)]);
  }
}

function incidentStatements(incident: Incident): Statement[] {
  const incident_id = incident.id;
  return [
    { sql: FORGET_INCIDENT, params: { incident_id } },
    {
      sql: STORE_INCIDENT,
      params: {
        incident_id, key: incident.key, status: incident.status, severity: incident.severity, title: incident.title,
        started_at_ms: incident.startedAtMs, ended_at_ms: incident.endedAtMs ?? null, document: encodeDocument(incident),
      },
    },
    // The proof of a page must outlive the retention of ordinary traces.
    ...pinTraces((incident.evidence?.traces ?? []).map(({ traceId }) => traceId), incident_id),
    incident.status === 'resolved' ? { sql: FREE_KEY, params: { incident_id } } : { sql: CLAIM_KEY, params: { key: incident.key, incident_id } },
  ];
}
