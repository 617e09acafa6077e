import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { CHANGE_KINDS, type Change, type ChangeBook } from './change.js';

const RECORD = loadSql(import.meta.url, 'record-change.sql');
const READ = loadSql(import.meta.url, 'read-changes.sql');
const LIMIT = 1_000;

export class DuckdbChangeBook implements ChangeBook {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  record({ id, atMs, kind, service = '', version = '', title, by, url = '' }: Change): Promise<void> {
    return this.#database.transaction([{ sql: RECORD, params: { id, at_ms: atMs, kind, service, version, title, created_by: by, url } }]);
  }

  async list({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Promise<readonly Change[]> {
    return (await this.#database.query({ sql: READ, params: { from_ms: fromMs, to_ms: toMs, limit: LIMIT } })).map(changeOf);
  }
}

function changeOf(row: Row): Change {
  const { service, version, url } = row;
  return {
    id: String(row['id']), atMs: Number(row['at_ms']), kind: CHANGE_KINDS.find((kind) => kind === row['kind']) ?? 'note', title: String(row['title']), by: String(row['created_by']),
    service: service === null ? undefined : String(service), version: version === null ? undefined : String(version), url: url === null ? undefined : String(url),
  };
}
