import type { Row, SqlValue } from '../store/database.js';
import { KINDS as ARCHIVED_KINDS, STATUSES as ARCHIVED_STATUSES } from '../store/archive/archive-columns.js';
import type { SpanId, TraceId } from '../lib/ids.js';
import { spanIdOf, traceIdOf } from '../store/trace-key.js';
import type { AttributeValue } from '../trace/attribute.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import type { Attributes, Span } from '../trace/span.js';

/** Rows of `spans.*` with `resource_attributes` as the objects that pages and diagnosis read. The spans of a process share its resource. */
export function spansOfRows(rows: readonly Row[]): Span[] {
  const resources = new Map<SqlValue | undefined, Attributes>();
  return rows.map((row) => {
    const cell = row['resource_attributes'];
    const resource = resources.get(cell) ?? attributesOf(cell);
    resources.set(cell, resource);
    return spanOfRow(row, resource);
  });
}

function spanOfRow(row: Row, resource: Attributes): Span {
  const parentSpanId = big(row['parent_span_id']);
  return {
    traceId: traceIdOf({ high: big(row['trace_id_high']), low: big(row['trace_id_low']) }),
    spanId: spanIdOf(big(row['span_id'])),
    parentSpanId: parentSpanId === 0n ? '' : spanIdOf(parentSpanId),
    name: text(row['name']),
    kind: SPAN_KINDS[Number(row['kind'])] ?? 'unspecified',
    status: SPAN_STATUSES[Number(row['status'])] ?? 'unset',
    statusMessage: text(row['status_message']),
    startNs: big(row['start_ns']),
    durationNs: Number(row['duration_ns']),
    serviceName: text(row['service']),
    resource,
    scopeName: text(row['scope_name']),
    scopeVersion: text(row['scope_version']),
    attributes: attributesOf(row['attributes']),
    events: eventsOf(row['events']),
    links: linksOf(row['links']),
    traceState: text(row['trace_state']),
    flags: Number(row['flags'] ?? 0),
    weight: Number(row['weight'] ?? 1),
  };
}

/** One row of store/archive/archived-trace.sql. */
export function archivedSpanOfRow(row: Row): Span {
  return {
    traceId: text(row['TraceId']) as TraceId,
    spanId: text(row['SpanId']) as SpanId,
    parentSpanId: text(row['ParentSpanId']) as SpanId | '',
    name: text(row['SpanName']),
    kind: SPAN_KINDS[ARCHIVED_KINDS.indexOf(text(row['SpanKind']))] ?? 'unspecified',
    status: SPAN_STATUSES[ARCHIVED_STATUSES.indexOf(text(row['StatusCode']))] ?? 'unset',
    statusMessage: text(row['StatusMessage']),
    startNs: big(row['start_ns']),
    durationNs: Number(row['duration_ns']),
    serviceName: text(row['ServiceName']),
    resource: attributesOf(row['resource_attributes']),
    scopeName: text(row['ScopeName']),
    scopeVersion: text(row['ScopeVersion']),
    attributes: typedAttributes(attributesOf(row['attributes']), row['typed']),
    events: listOf(row['events']).map((event) => ({ timeNs: integerOf(event['timeNs']), name: textOf(event['name']), attributes: typedAttributes(recordOf(event['attributes']), event['typed']) })),
    links: listOf(row['links']).map((link) => ({ traceId: textOf(link['traceId']), spanId: textOf(link['spanId']), traceState: textOf(link['traceState']), attributes: typedAttributes(recordOf(link['attributes']), link['typed']) })),
    traceState: text(row['TraceState']),
    flags: Number(row['Flags'] ?? 0),
    weight: Number(row['Weight'] ?? 1),
  };
}

/** Texts, and what is none once more in its own type. */
function typedAttributes(texts: Attributes, typed: AttributeValue | undefined): Attributes {
  return typeof typed === 'string' ? { ...texts, ...attributesOf(typed) } : texts;
}

/** A JSON object of attributes as the store keeps it. */
export function attributesOf(cell: SqlValue | undefined): Attributes {
  const value = jsonOf(cell);
  return isRecord(value) ? value : {};
}

/** One JSON value, as an attribute holds it; null for what is not there. */
export function valueOfJson(text: string | null | undefined): AttributeValue {
  return (jsonOf(text) ?? null) as AttributeValue;
}

/** Whole numbers that a double cannot hold, outside of strings. */
const LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const TAG = '\u0000integer:';

/**
 * JSON with 64-bit integers kept exact: a number literal past 2^53 comes back as bigint.
 * Node 20 has no reviver with source text, so long literals are tagged first.
 */
function parseExact(json: string): unknown {
  if (!/\d{16}/.test(json)) return JSON.parse(json);
  const tagged = json.replace(LONG_INTEGER, (token) => (token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"\\u0000integer:${token}"`));
  return JSON.parse(tagged, (_key, value: unknown) => (typeof value === 'string' && value.startsWith(TAG) ? BigInt(value.slice(TAG.length)) : value));
}

function jsonOf(cell: SqlValue | undefined): unknown {
  if (typeof cell !== 'string' || cell === '') return undefined;
  return parseExact(cell);
}

function eventsOf(cell: SqlValue | undefined): Span['events'] {
  return listOf(cell).map((event) => ({ timeNs: integerOf(event['timeNs']), name: textOf(event['name']), attributes: recordOf(event['attributes']) }));
}

function linksOf(cell: SqlValue | undefined): Span['links'] {
  return listOf(cell).map((link) => ({ traceId: textOf(link['traceId']), spanId: textOf(link['spanId']), traceState: textOf(link['traceState']), attributes: recordOf(link['attributes']) }));
}

function listOf(cell: SqlValue | undefined): readonly Readonly<Record<string, AttributeValue>>[] {
  const value = jsonOf(cell);
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function recordOf(value: AttributeValue | undefined): Attributes {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, AttributeValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Event times are written as a number literal or, by some writers, as a decimal string. */
function integerOf(value: AttributeValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : 0n;
}

function big(cell: SqlValue | undefined): bigint {
  return typeof cell === 'bigint' ? cell : BigInt(Number(cell ?? 0));
}

function text(cell: SqlValue | undefined): string {
  return typeof cell === 'string' ? cell : '';
}
