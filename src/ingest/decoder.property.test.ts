import { JsonLogsSerializer, JsonTraceSerializer, ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logRows, spanRows } from '../../test/support/batch-rows.js';
import { expectedLog, expectedSpan, officialLogs, officialSpans } from '../../test/support/otlp-official.js';
import { NOW_MS } from '../../test/support/otlp-wire.js';
import { createLogDecoder, createTraceDecoder, type DecodeInput, type DecodeResult } from './decoder.js';

const RUNS = 300;

function unwrap<Batch>(result: DecodeResult<Batch>): Batch {
  if (!result.ok) throw new Error(result.message);
  expect(result.rejected.message).toBe('');
  return result.batch;
}

describe('what the official serializers write is decoded to what was meant', () => {
  for (const [encoding, serializer] of [['protobuf', ProtobufTraceSerializer], ['json', JsonTraceSerializer]] as const) {
    test(`spans as ${encoding}`, () => {
      const decoder = createTraceDecoder();
      fc.assert(fc.property(officialSpans, (spans) => {
        const body = serializer.serializeRequest(spans)!;
        const batch = unwrap(decoder.decode({ body, encoding, receivedAtMs: NOW_MS }));
        expect(spanRows(batch)).toEqual(spans.map((span) => expectedSpan(span, { isJson: encoding === 'json' })));
        for (const owner of batch.resources) expect(JSON.parse(owner.json)).toBeTypeOf('object');
        for (const attribute of batch.attributes) expect(Object.keys(JSON.parse(`{${attribute.json}}`) as object)).toEqual([attribute.key]);
      }), { numRuns: RUNS });
    });
  }

  for (const [encoding, serializer] of [['protobuf', ProtobufLogsSerializer], ['json', JsonLogsSerializer]] as const) {
    test(`log records as ${encoding}`, () => {
      const decoder = createLogDecoder();
      fc.assert(fc.property(officialLogs, (logs) => {
        const body = serializer.serializeRequest(logs)!;
        const batch = unwrap(decoder.decode({ body, encoding, receivedAtMs: NOW_MS }));
        expect(logRows(batch)).toEqual(logs.map((log) => expectedLog(log, { isJson: encoding === 'json' })));
      }), { numRuns: RUNS });
    });
  }

  test('a decoder that has seen much gives the same as a new one', () => {
    const used = createTraceDecoder();
    fc.assert(fc.property(officialSpans, (spans) => {
      const input: DecodeInput = { body: ProtobufTraceSerializer.serializeRequest(spans)!, encoding: 'protobuf', receivedAtMs: NOW_MS };
      expect(spanRows(unwrap(used.decode(input)))).toEqual(spanRows(unwrap(createTraceDecoder().decode(input))));
    }), { numRuns: 30 });
  });

  test('equal resources of one batch are one object, and attributes that repeat are too', () => {
    const decoder = createTraceDecoder();
    fc.assert(fc.property(officialSpans, (spans) => {
      const body = ProtobufTraceSerializer.serializeRequest([...spans, ...spans])!;
      const { resources } = unwrap(decoder.decode({ body, encoding: 'protobuf', receivedAtMs: NOW_MS }));
      expect(new Set(resources.map((resource) => resource.json)).size).toBe(resources.length);
      expect(new Set(resources.map((resource) => resource.id)).size).toBe(resources.length);
    }), { numRuns: 50 });
  });
});
