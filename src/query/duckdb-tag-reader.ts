import { valueOfJson } from '../pipeline/span-of-row.js';
import { needOfSearch, needOfSearchWith } from '../store/archive/archive-need.js';
import type { SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { AttributeValue } from '../trace/attribute.js';
import { keyInScope } from '../trace/mapped-attributes.js';
import type { Field } from '../trace/traceql/ast.js';
import { durationText } from '../trace/traceql/duration-literal.js';
import { compileSearch, type CompiledSearch } from '../trace/traceql/search-sql.js';
import { SPAN_ROWS } from '../trace/traceql/span-fields-sql.js';
import { nearWindow } from './duckdb-matching-traces.js';
import { TAG_LIMIT, TAG_SCOPES, TAG_SPAN_LIMIT, type TagQuery, type TagReader, type TagScope, type TagValue } from './tag-reader.js';
import { readWithin } from './within-memory.js';

export class DuckdbTagReader implements TagReader {
  readonly #database: SpansDatabase;

  constructor(database: SpansDatabase) {
    this.#database = database;
  }

  async tagNames(query: TagQuery): Promise<Readonly<Record<TagScope, readonly string[]>>> {
    const compiled = compileSearch(query.search);
    const rows = await readWithin(this.#database, {
      sql: `WITH RECURSIVE /* archive */ ${compiled.ctes}, ${looked(compiled)},
names AS (
  SELECT DISTINCT 'span' AS scope, unnest(json_keys(attributes)) AS name FROM looked
  UNION SELECT 'resource', unnest(json_keys(r.attributes)) FROM (SELECT DISTINCT resource_id FROM looked) l JOIN resources r USING (resource_id)
  UNION SELECT 'event', unnest(json_keys(json_extract(element, '/attributes'))) FROM (SELECT unnest(from_json(events, '["JSON"]')) AS element FROM looked WHERE events IS NOT NULL)
  UNION SELECT 'link', unnest(json_keys(json_extract(element, '/attributes'))) FROM (SELECT unnest(from_json(links, '["JSON"]')) AS element FROM looked WHERE links IS NOT NULL)
)
SELECT scope, name FROM names ORDER BY scope, name LIMIT $limit`,
      params: { ...parametersOf(compiled, query) },
      archive: needOfSearch(query.search),
    });
    const tags = rows.map((row) => tagOf(String(row['scope']), String(row['name'])));
    const ofScope = (scope: TagScope): string[] => tags.filter((tag) => tag.scope === scope).map(({ name }) => name);
    return Object.fromEntries(TAG_SCOPES.map((scope) => [scope, ofScope(scope)])) as Record<TagScope, string[]>;
  }

  async tagValues(field: Field, query: TagQuery): Promise<readonly TagValue[]> {
    const compiled = compileSearch(query.search, { extra: (expressions) => expressions.json({ type: 'field', field }) });
    const rows = await readWithin(this.#database, {
      sql: `WITH RECURSIVE /* archive */ ${compiled.ctes}, ${looked(compiled)}
SELECT value, count(*) AS spans FROM (SELECT ${compiled.extra.sql} AS value FROM looked s ${compiled.extra.joins}) found
WHERE value IS NOT NULL GROUP BY value ORDER BY spans DESC, value LIMIT $limit`,
      params: parametersOf(compiled, query),
      archive: needOfSearchWith(query.search, [field]),
    });
    return rows.flatMap((row) => typedValues(valueOfJson(String(row['value'])), field));
  }
}

function tagOf(scope: string, name: string): { readonly scope: string; readonly name: string } {
  const inScope = scope === 'span' ? keyInScope(name) : undefined;
  return inScope === undefined ? { scope, name } : { scope: 'instrumentation', name: inScope };
}

/** The newest spans that the search found, whole. */
function looked({ result }: CompiledSearch): string {
  return `looked AS (SELECT s.* FROM ${SPAN_ROWS} s JOIN (SELECT rid, max(start_ns) AS found_ns FROM ${result} GROUP BY rid ORDER BY found_ns DESC LIMIT ${TAG_SPAN_LIMIT}) newest ON newest.rid = s.row_id)`;
}

function parametersOf(compiled: CompiledSearch, query: TagQuery): Record<string, string | number | bigint | boolean> {
  return { ...compiled.params.values, ...nearWindow(query, compiled.looksAround), limit: Math.min(query.limit, TAG_LIMIT) };
}

/** Of a list each element: that is how it is found. */
function typedValues(value: AttributeValue, field: Field): readonly TagValue[] {
  if (Array.isArray(value)) return (value as readonly AttributeValue[]).flatMap((element) => typedValues(element, field));
  if (typeof value === 'string') return [{ type: field.type === 'intrinsic' && (field.name === 'status' || field.name === 'kind') ? 'keyword' : 'string', value }];
  if (typeof value === 'boolean') return [{ type: 'bool', value: String(value) }];
  if (typeof value === 'bigint') return [{ type: 'int', value: value.toString() }];
  if (typeof value !== 'number') return [];
  if (field.type === 'intrinsic' && (field.name === 'duration' || field.name === 'traceDuration' || field.name === 'event:timeSinceStart')) return [{ type: 'duration', value: durationText(Math.round(value)) }];
  return [{ type: Number.isInteger(value) ? 'int' : 'float', value: String(value) }];
}
