import type { LogLine, Traffic } from '../../diagnosis/culprit/traffic.js';
import { createLogDecoder, createTraceDecoder } from '../../ingest/decoder.js';
import type { LogBatch } from '../../trace/log-record.js';
import type { Span } from '../../trace/span.js';
import { attributesOf, hexOf, spansOfBatch } from '../../trace/spans-of-batch.js';
import { readOtlpFile } from '../import/otlp-files.js';

export interface ReadTraffic extends Traffic {
  /** What could not be read, each with file and line. */
  readonly complaints: readonly string[];
}

/** Spans and log records of OTLP files, as they stand: nothing is stored, and nothing is renamed. */
export async function readTraffic(paths: readonly string[]): Promise<ReadTraffic> {
  const spans: Span[] = [];
  const logs: LogLine[] = [];
  const complaints: string[] = [];
  const decoders = { traces: createTraceDecoder(), logs: createLogDecoder() };
  for (const path of paths) {
    for await (const item of readOtlpFile(path)) {
      const at = `${item.file}:${item.line}`;
      if ('message' in item) {
        complaints.push(`${at}: ${item.message}`);
        continue;
      }
      const input = { body: item.body, encoding: item.encoding, receivedAtMs: Date.now() };
      const decoded = item.signal === 'traces' ? decoders.traces.decode(input) : decoders.logs.decode(input);
      if (!decoded.ok) {
        complaints.push(`${at}: ${decoded.message}`);
        continue;
      }
      if (decoded.rejected.message !== '') complaints.push(`${at}: ${decoded.rejected.message}`);
      if ('names' in decoded.batch) for (const span of spansOfBatch(decoded.batch)) spans.push(span);
      else for (const line of linesOfBatch(decoded.batch)) logs.push(line);
    }
  }
  return { spans, logs, complaints };
}

function linesOfBatch(batch: LogBatch): LogLine[] {
  const [traceIds, spanIds] = [hexOf(batch.traceIds), hexOf(batch.spanIds)];
  return Array.from({ length: batch.count }, (_, row) => {
    const [traceId, spanId] = [traceIds.slice(row * 32, row * 32 + 32), spanIds.slice(row * 16, row * 16 + 16)];
    return {
      traceId: /^0+$/.test(traceId) ? '' : traceId, spanId: /^0+$/.test(spanId) ? '' : spanId, timeNs: batch.timeNs[row]!,
      serviceName: batch.resources[batch.resourceIndex[row]!]!.serviceName,
      attributes: attributesOf(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1])),
      severityNumber: batch.severityNumbers[row]!, body: batch.bodies[row]!,
    };
  });
}
