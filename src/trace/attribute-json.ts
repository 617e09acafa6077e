import type { Attribute, AttributeValue } from './attribute.js';

/** A value as JSON: bytes become base64, 64-bit integers number literals, NaN and ±Infinity strings, because JSON has no word for them. */
export function valueJson(value: AttributeValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (isList(value)) return `[${value.map(valueJson).join(',')}]`;
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${valueJson(inner)}`).join(',')}}`;
}

/** One attribute with its JSON. `isInteger` is guessed from the value where the wire did not say. */
export function attributeOf(key: string, value: AttributeValue, isInteger = isWhole(value)): Attribute {
  return { key, value, json: `${JSON.stringify(key)}:${valueJson(value)}`, isInteger };
}

/** All attributes as one JSON object, as the store keeps them. */
export function attributesJson(attributes: readonly Attribute[]): string {
  return `{${attributes.map((attribute) => attribute.json).join(',')}}`;
}

function isWhole(value: AttributeValue): boolean {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function isList(value: object): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
