import type { Resource } from '../trace/span-batch.js';
import { DuckdbChunkAppender } from './duckdb-chunk-appender.js';
import type { WriteConnection } from './duckdb-file.js';
import { loadSql } from './fs-sql.js';
import type { AdmittedExport } from './span-sink.js';

const INSERT = loadSql(import.meta.url, 'insert-new-resources.sql');
/** Ids remembered as stored. Forgetting them all costs one needless insert each, no harm. */
const MAX_KNOWN = 200_000;

/** A resource comes with every batch and is stored once. New ones pass through a temporary table, because appends know no ON CONFLICT. */
export class NewResources {
  readonly #appender = new DuckdbChunkAppender('new_resources', ['UBIGINT', 'VARCHAR', 'VARCHAR']);
  readonly #known = new Set<bigint>();

  /** Makes the temporary table; again whenever the file was opened anew. */
  async prepare({ connection }: WriteConnection): Promise<void> {
    this.#known.clear();
    await connection.run('CREATE OR REPLACE TEMP TABLE new_resources (resource_id UBIGINT, service VARCHAR, attributes VARCHAR)');
  }

  /** Those of the group that are not known to be stored, each once. */
  of(group: readonly AdmittedExport[]): ReadonlyMap<bigint, Resource> {
    const found = new Map<bigint, Resource>();
    for (const admitted of group) {
      for (const resource of admitted.spans?.resources ?? []) if (!this.#known.has(resource.id)) found.set(resource.id, resource);
      for (const resource of admitted.logs?.resources ?? []) if (!this.#known.has(resource.id)) found.set(resource.id, resource);
    }
    return found;
  }

  async insert({ connection, raw }: WriteConnection, resources: ReadonlyMap<bigint, Resource>): Promise<void> {
    if (resources.size === 0) return;
    this.#appender.open(raw);
    for (const [id, resource] of resources) this.#appender.appendRow([id, resource.serviceName, resource.json]);
    this.#appender.close();
    await connection.run(INSERT);
    await connection.run('DELETE FROM new_resources');
  }

  /** Only what was committed is known. */
  remember(resources: ReadonlyMap<bigint, Resource>): void {
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    for (const id of resources.keys()) this.#known.add(id);
  }

  abort(): void {
    this.#appender.abort();
  }
}
