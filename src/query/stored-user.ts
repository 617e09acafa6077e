import type { RedactionRules } from '../ingest/redact-compile.js';
import { storedSpellings, type StoredSpellings } from '../ingest/stored-spellings.js';
import type { FieldExpression } from '../trace/traceql/query-ast.js';
import { tagCondition } from './tag-condition.js';

/** As what the id of a user may stand in spans, by attribute. */
export interface StoredUser {
  readonly id: string;
  readonly attributes: readonly (StoredSpellings & { readonly key: string })[];
}

export interface StoredUserReader {
  /** Where ids of users are looked for. */
  readonly keys: readonly string[];
  read(id: string): StoredUser;
}

/** `redaction`: the rules in force. Spans that came under earlier ones are found only where those wrote the same. */
export function storedUserReader(keys: readonly string[], redaction: () => RedactionRules): StoredUserReader {
  return { keys, read: (id) => ({ id, attributes: keys.map((key) => ({ key, ...storedSpellings(redaction(), key, id) })) }) };
}

/** A span that has the id under one of the attributes, of the span or of its resource. */
export function userCondition({ attributes }: StoredUser): FieldExpression {
  const conditions = attributes.flatMap(({ key, values }) => values.map((value) => tagCondition(key, value, String(Number(value)) === value)));
  return conditions.reduce((left, right): FieldExpression => ({ type: 'binary', operator: '||', left, right }));
}
