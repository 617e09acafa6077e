import type { GraphSlice, RedSlice, SloSlice } from '../sli/slice.js';
import type { AdmittedExport } from './span-sink.js';
import { DuckdbChunkAppender } from './duckdb-chunk-appender.js';
import type { LedgerEntry } from './ledger.js';

export const newSloSliceAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('slo_slices', ['VARCHAR', 'INTEGER', 'INTEGER', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'BOOLEAN']);
export const newRedSliceAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('red_slices', ['VARCHAR', 'VARCHAR', 'UTINYINT', 'INTEGER', 'INTEGER', 'SMALLINT', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE']);
export const newGraphSliceAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('graph_slices', ['VARCHAR', 'VARCHAR', 'VARCHAR', 'INTEGER', 'INTEGER', 'SMALLINT', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE']);
export const newJourneyAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('journeys', ['VARCHAR', 'VARCHAR', 'VARCHAR', 'UBIGINT', 'UBIGINT', 'UBIGINT', 'BIGINT', 'INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'BOOLEAN', 'BOOLEAN', 'BIGINT']);
export const newLedgerAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('ledger', ['INTEGER', 'VARCHAR', 'VARCHAR', 'DOUBLE', 'DOUBLE', 'DOUBLE', 'DOUBLE']);
export const newDigestAppender = (): DuckdbChunkAppender =>
  new DuckdbChunkAppender('batches', ['UBIGINT', 'UBIGINT', 'BIGINT', 'UINTEGER', 'UINTEGER', 'VARCHAR']);

export function appendSloSlices(appender: DuckdbChunkAppender, slices: readonly SloSlice[], imported: boolean): void {
  for (const slice of slices) {
    appender.appendRow([slice.sliceKey, slice.eventMinute, slice.arrivalMinute, slice.good, slice.bad, slice.goodSquared, slice.badSquared, slice.events, slice.unknownWeight, imported]);
  }
}

export function appendRedSlices(appender: DuckdbChunkAppender, slices: readonly RedSlice[]): void {
  for (const slice of slices) {
    appender.appendRow([slice.service, slice.operation, slice.kind, slice.eventMinute, slice.arrivalMinute, slice.bucket, slice.spans, slice.errors, slice.durationNs, slice.spansSquared, slice.errorsSquared]);
  }
}

export function appendGraphSlices(appender: DuckdbChunkAppender, slices: readonly GraphSlice[]): void {
  for (const slice of slices) {
    appender.appendRow([slice.client, slice.server, slice.kind, slice.eventMinute, slice.arrivalMinute, slice.bucket, slice.calls, slice.failed, slice.clientNs, slice.serverNs]);
  }
}

export function appendJourneys(appender: DuckdbChunkAppender, { journeys = [], receivedAtMs, protocol }: AdmittedExport): void {
  for (const { sloKey, sliceKey, groupKey, traceIdHigh, traceIdLow, spanId, startNs, eventMinute, weight, weightUnknown } of journeys) {
    appender.appendRow([sloKey, sliceKey, groupKey, traceIdHigh, traceIdLow, spanId, startNs, eventMinute, receivedAtMs, weight, weightUnknown, protocol === 'import', null, null]);
  }
}

export function appendLedger(appender: DuckdbChunkAppender, entries: readonly LedgerEntry[]): void {
  for (const entry of entries) {
    appender.appendRow([entry.arrivalMinute, entry.signal, entry.protocol, entry.received, entry.hot, entry.rejected, entry.deduplicated]);
  }
}

export function appendDigest(appender: DuckdbChunkAppender, admitted: AdmittedExport, count: number): void {
  appender.appendRow([
    BigInt(`0x${admitted.digest.slice(0, 16)}`), BigInt(`0x${admitted.digest.slice(16)}`),
    admitted.receivedAtMs, count, admitted.rejected, admitted.message,
  ]);
}
