import type { LogBatch } from '../trace/log-record.js';
import { DuckdbChunkAppender, type ColumnType } from './duckdb-chunk-appender.js';
import { attributesOf, type Arrival } from './duckdb-span-columns.js';
import { IMPORTED_AFTER_MS } from './span-sink.js';

/** Table `logs`, in the order of its columns. */
export const LOG_TABLE = {
  trace_id_high: 'UBIGINT', trace_id_low: 'UBIGINT', span_id: 'UBIGINT', time_ns: 'BIGINT', severity_number: 'UTINYINT', severity_text: 'VARCHAR',
  body: 'VARCHAR', service: 'VARCHAR', resource_id: 'UBIGINT', event_name: 'VARCHAR', attributes: 'VARCHAR', arrival_ms: 'BIGINT', imported: 'BOOLEAN',
} as const satisfies Record<string, ColumnType>;

const NS_PER_MS = 1_000_000n;

/** Logs are far fewer than spans: row by row is fast enough and simpler. */
export class LogColumns {
  readonly appender = new DuckdbChunkAppender('logs', Object.values(LOG_TABLE));

  append(batch: LogBatch, { arrivalMs, imported }: Arrival): void {
    const traceIds = new DataView(batch.traceIds.buffer, batch.traceIds.byteOffset, batch.traceIds.byteLength);
    const spanIds = new DataView(batch.spanIds.buffer, batch.spanIds.byteOffset, batch.spanIds.byteLength);
    const oldestNs = BigInt(arrivalMs - IMPORTED_AFTER_MS) * NS_PER_MS;
    for (let row = 0; row < batch.count; row += 1) {
      const resource = batch.resources[batch.resourceIndex[row] ?? 0];
      const timeNs = batch.timeNs[row] ?? 0n;
      this.appender.appendRow([
        traceIds.getBigUint64(row * 16), traceIds.getBigUint64(row * 16 + 8), spanIds.getBigUint64(row * 8),
        timeNs, batch.severityNumbers[row] ?? 0, batch.severityTexts[row] ?? '', batch.bodies[row] ?? '',
        resource?.serviceName ?? '', resource?.id ?? 0n, batch.eventNames[row] ?? '',
        attributesOf(batch.attributes, batch.attributeStart[row] ?? 0, batch.attributeStart[row + 1] ?? 0),
        arrivalMs, imported || timeNs < oldestNs,
      ]);
    }
  }
}
