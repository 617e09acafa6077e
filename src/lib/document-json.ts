import { assert } from './assert.js';

/** Version of the envelope, not of what is inside: `{"v":1,"document":…}`. */
const VERSION = 1;
/** What JSON cannot say is written as `{"$": [kind, …]}`. */
const TAG = '$';

/** Writes a plain object tree as JSON that `decodeDocument` reads back exactly: bigint, undefined, NaN and ±Infinity included. */
export function encodeDocument(document: unknown): string {
  return JSON.stringify({ v: VERSION, document: tagged(document) });
}

/**
 * Reads what `encodeDocument` wrote. The type is the caller's promise: documents are written and read by one adapter.
 * @throws when the text is of a version that this program does not know.
 */
export function decodeDocument<T>(text: string): T {
  const envelope = JSON.parse(text) as { readonly v: number; readonly document: unknown };
  assert(envelope.v === VERSION, `stored document has version ${String(envelope.v)}, known is ${String(VERSION)}`);
  return untagged(envelope.document) as T;
}

function tagged(value: unknown): unknown {
  if (value === undefined) return { [TAG]: ['undefined'] };
  if (typeof value === 'bigint') return { [TAG]: ['bigint', value.toString()] };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { [TAG]: ['number', Object.is(value, -0) ? '-0' : String(value)] };
  if (Array.isArray(value)) return value.map(tagged);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, tagged(inner)] as const);
  return TAG in value ? { [TAG]: ['object', entries] } : Object.fromEntries(entries);
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (value === null || typeof value !== 'object') return value;
  const tag = (value as Readonly<Record<string, unknown>>)[TAG];
  if (Array.isArray(tag)) return ofTag(tag[0], tag[1]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untagged(inner)]));
}

function ofTag(kind: unknown, content: unknown): unknown {
  switch (kind) {
    case 'undefined': return undefined;
    case 'bigint': return BigInt(String(content));
    case 'number': return Number(content);
    case 'object': return Object.fromEntries((content as readonly (readonly [string, unknown])[]).map(([key, inner]) => [key, untagged(inner)]));
    default: throw new Error(`assertion failed: stored document has an unknown tag ${String(kind)}`);
  }
}
