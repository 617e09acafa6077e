import { decodeDocument } from '../lib/document-json.js';
import type { IncidentId } from '../lib/ids.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { Incident } from './incident.js';
import { INCIDENT_LIST_MAX, type IncidentFilter, type IncidentReader } from './incident-reader.js';

const READ = loadSql(import.meta.url, 'read-incident.sql');
const LIST = loadSql(import.meta.url, 'list-incidents.sql');

export class DuckdbIncidentReader implements IncidentReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async byId(id: IncidentId): Promise<Incident | undefined> {
    const [row] = await this.#database.query({ sql: READ, params: { incident_id: id } });
    return row === undefined ? undefined : decodeDocument<Incident>(String(row['document']));
  }

  async list(filter: IncidentFilter): Promise<readonly Incident[]> {
    const params = { statuses: (filter.status ?? []).join(','), limit: Math.min(filter.limit, INCIDENT_LIST_MAX) };
    const rows = await this.#database.query({ sql: LIST, params });
    return rows.map((row) => decodeDocument<Incident>(String(row['document'])));
  }
}
