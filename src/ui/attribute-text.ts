import type { AttributeValue } from '../trace/attribute.js';
import type { Attributes } from '../trace/span.js';

/** Longest value shown whole; the API has the rest. */
export const SHOWN_LENGTH = 4_000;

export interface AttributeRow {
  readonly key: string;
  readonly text: string;
  /** How it is set: text, a number, or a block with its own line breaks (statements, stack traces). */
  readonly style: 'text' | 'number' | 'block';
}

export function attributeRows(attributes: Attributes): AttributeRow[] {
  return Object.entries(attributes).sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, value]) => attributeRow(key, value));
}

function attributeRow(key: string, value: AttributeValue): AttributeRow {
  const text = attributeText(value);
  const style = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? 'number' : text.includes('\n') ? 'block' : 'text';
  return { key, text: text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)` : text, style };
}

export function attributeText(value: AttributeValue): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
}
