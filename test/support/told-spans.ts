import { createLogDecoder, createTraceDecoder } from '../../src/ingest/decoder.js';
import { attributeRows, logRows, spanRows, type AttributeRow, type LogRow, type SpanRow } from './batch-rows.js';

/** A span as the agent told it, in the words of a test. */
export interface ToldSpan extends Omit<SpanRow, 'kind'> {
  readonly kind: 'server' | 'client';
  readonly isError: boolean;
  /** Attributes by name. */
  readonly told: Readonly<Record<string, unknown>>;
}

/** A record of the agent. */
export interface ToldLog extends LogRow {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly told: Readonly<Record<string, unknown>>;
}

const SERVER = 2;
const ERROR = 2;
const NO_PARENT = /^0+$/;

/** What Tocsin reads in a request of the agent. */
export function toldSpans(body: Buffer, receivedAtMs: number): ToldSpan[] {
  if (body.length === 0) return [];
  const decoded = createTraceDecoder().decode({ body, encoding: 'protobuf', receivedAtMs });
  if (!decoded.ok || decoded.rejected.count > 0) throw new Error(`the agent's request is not understood: ${JSON.stringify(decoded.ok ? decoded.rejected : decoded)}`);
  return spanRows(decoded.batch).map((row) => ({
    ...row, kind: row.kind === SERVER ? 'server' : 'client', isError: row.status === ERROR, parentSpanId: NO_PARENT.test(row.parentSpanId) ? '' : row.parentSpanId,
    told: byName(row.attributes),
  }));
}

/** What Tocsin reads in a record of the agent. */
export function toldLogs(body: Buffer, receivedAtMs: number): ToldLog[] {
  const decoded = createLogDecoder().decode({ body, encoding: 'protobuf', receivedAtMs });
  if (!decoded.ok || decoded.rejected.count > 0) throw new Error(`the agent's record is not understood: ${JSON.stringify(decoded.ok ? decoded.rejected : decoded)}`);
  const { batch } = decoded;
  return logRows(batch).map((row, index) => ({ ...row, resource: byName(attributeRows(batch.resources[batch.resourceIndex[index]!]!.attributes)), told: byName(row.attributes) }));
}

function byName(rows: readonly AttributeRow[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(rows.map(([key, value]) => [key, value]));
}
