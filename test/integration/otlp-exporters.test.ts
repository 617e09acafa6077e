import { OTLPLogExporter as LogHttpExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as HttpExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGrpcOtlpReceiver } from '../../src/ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../src/ingest/http-otlp-receiver.js';
import { MemoryAbsorber } from '../../src/ingest/memory-absorber.js';
import type { Receiver } from '../../src/ingest/receiver.js';
import { logRows, spanRows } from '../support/batch-rows.js';
import { expectedLog, expectedSpan, officialLogs, officialSpans } from '../support/otlp-official.js';

/** The official exporters on one side, the receivers on the other: everything arrives, and equal. */
const absorber = new MemoryAbsorber();
let grpc: Receiver;
let http: Receiver;

beforeAll(async () => {
  grpc = await startGrpcOtlpReceiver({ host: '127.0.0.1', port: 0, absorber });
  http = await startHttpOtlpReceiver({ host: '127.0.0.1', port: 0, absorber });
});

afterAll(async () => {
  await Promise.all([grpc.close(), http.close()]);
});

interface Exporter<Item> {
  export(items: Item[], done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

function exported<Item>(exporter: Exporter<Item>, items: Item[]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(items, ({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('the exporter failed'));
    });
  });
}

const compressions = [['no compression', CompressionAlgorithm.NONE], ['gzip', CompressionAlgorithm.GZIP]] as const;
const [sampleSpans] = fc.sample(officialSpans.filter((spans) => spans.length > 8), { numRuns: 1, seed: 7 });
const [sampleLogs] = fc.sample(officialLogs.filter((logs) => logs.length > 8), { numRuns: 1, seed: 7 });

describe.each(compressions)('official exporters with %s', (_, compression) => {
  test.each([
    ['exporter-trace-otlp-grpc', false, (): Exporter<never> => new GrpcExporter({ url: `http://127.0.0.1:${grpc.port}`, compression })],
    ['exporter-trace-otlp-proto', false, (): Exporter<never> => new ProtoExporter({ url: `http://127.0.0.1:${http.port}/v1/traces`, compression })],
    ['exporter-trace-otlp-http', true, (): Exporter<never> => new HttpExporter({ url: `http://127.0.0.1:${http.port}/v1/traces`, compression })],
  ])('%s', async (_name, isJson, create) => {
    absorber.traces.length = 0;
    const exporter = create();
    const spans = sampleSpans!;
    await exported(exporter, spans as never[]);
    await exporter.shutdown();
    expect(absorber.traces.flatMap(spanRows)).toEqual(spans.map((span) => expectedSpan(span, { isJson })));
  });

  test.each([
    ['exporter-logs-otlp-proto', false, (): Exporter<never> => new LogProtoExporter({ url: `http://127.0.0.1:${http.port}/v1/logs`, compression })],
    ['exporter-logs-otlp-http', true, (): Exporter<never> => new LogHttpExporter({ url: `http://127.0.0.1:${http.port}/v1/logs`, compression })],
  ])('%s', async (_name, isJson, create) => {
    absorber.logs.length = 0;
    const exporter = create();
    const logs = sampleLogs!;
    await exported(exporter, logs as never[]);
    await exporter.shutdown();
    expect(absorber.logs.flatMap(logRows)).toEqual(logs.map((log) => expectedLog(log, { isJson })));
  });
});

describe('official exporters and backpressure', () => {
  test.each([
    // Not exporter-trace-otlp-grpc: of 0.223 it does not retry at all. Python's does, see otlp-python.test.ts.
    ['exporter-trace-otlp-proto', (): Exporter<never> => new ProtoExporter({ url: `http://127.0.0.1:${http.port}/v1/traces` })],
    ['exporter-trace-otlp-http', (): Exporter<never> => new HttpExporter({ url: `http://127.0.0.1:${http.port}/v1/traces` })],
  ])('%s sends again what was refused for a while', async (_name, create) => {
    absorber.traces.length = 0;
    absorber.answerNext({ kind: 'busy', retryAfterMs: 50, message: 'no room' });
    const exporter = create();
    await exported(exporter, sampleSpans as never[]);
    await exporter.shutdown();
    expect(absorber.traces.flatMap(spanRows)).toHaveLength(sampleSpans!.length);
  });

  test('exporter-trace-otlp-grpc of 0.223 does not: docs/ingest.md warns of it', async () => {
    absorber.answerNext({ kind: 'busy', retryAfterMs: 50, message: 'no room' });
    const exporter = new GrpcExporter({ url: `http://127.0.0.1:${grpc.port}` });
    await expect(exported(exporter as unknown as Exporter<never>, sampleSpans as never[])).rejects.toThrow('no room');
    await exporter.shutdown();
  });
});
