import type { AttributeValue } from '../trace/attribute.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import type { Field } from '../trace/traceql/ast.js';
import { printField, printStatic } from '../trace/traceql/print.js';
import type { StaticLiteral } from '../trace/traceql/query-ast.js';
import { parseTraceSearch } from './trace-query.js';

/** `field = value`; undefined for values that no literal says. */
export function conditionText(field: Field, value: AttributeValue): string | undefined {
  const literal = literalOf(field, value);
  return literal === undefined ? undefined : `${printField(field)} = ${printStatic(literal)}`;
}

/** A query with one more condition on the spans that it finds, otherwise as it was written. */
export function narrowedText(query: string, condition: string): string {
  const text = query.trim();
  const search = parseTraceSearch(text);
  if (search.type !== 'filter') return `${text} | { ${condition} }`;
  const inner = text.slice(text.indexOf('{') + 1, text.lastIndexOf('}')).trim();
  if (inner === '' || inner === 'true') return `{ ${condition} }`;
  return `{ ${inner.includes('||') ? `(${inner})` : inner} && ${condition} }`;
}

function literalOf(field: Field, value: AttributeValue): StaticLiteral | undefined {
  if (field.type === 'intrinsic' && field.name === 'status') return isOneOf(SPAN_STATUSES, value) ? { type: 'status', value } : undefined;
  if (field.type === 'intrinsic' && field.name === 'kind') return isOneOf(SPAN_KINDS, value) ? { type: 'kind', value } : undefined;
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'boolean', value };
  if (typeof value === 'number') return { type: Number.isSafeInteger(value) ? 'int' : 'float', value };
  return undefined;
}

function isOneOf<T extends string>(known: readonly T[], value: AttributeValue): value is T {
  return typeof value === 'string' && (known as readonly string[]).includes(value);
}
