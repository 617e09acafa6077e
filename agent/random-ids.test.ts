import { expect, test } from 'vitest';
import { traceIdText } from './otlp/id.js';
import { ProtobufWriter } from './otlp/protobuf-writer.js';
import { newSpanId, newTraceId } from './system-random-ids.js';

const written = (write: (writer: ProtobufWriter) => void): string => {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.take().toString('hex');
};

test('ids are random digits of the lengths that traces have', () => {
  const spans = Array.from({ length: 5_000 }, () => written((writer) => writer.spanId(2, newSpanId())));
  const traces = Array.from({ length: 5_000 }, () => written((writer) => writer.traceId(1, newTraceId())));
  expect(new Set([...spans, ...traces]).size).toBe(10_000);
  expect(spans.every((id) => /^1208[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(traces.every((id) => /^0a10[0-9a-f]{32}$/.test(id))).toBe(true);
  // Each word of them by itself, too.
  for (const from of [4, 12]) expect(new Set(spans.map((id) => id.slice(from, from + 8))).size).toBeGreaterThan(4_900);
  for (const from of [4, 12, 20, 28]) expect(new Set(traces.map((id) => id.slice(from, from + 8))).size).toBeGreaterThan(4_900);
});

test('an id that was made here has the same digits in a span, in a parent, and where it decides about sampling', () => {
  const id = { first: 0x0af7_6519, second: -1, third: 0x12, fourth: -0x8000_0000 };
  const digits = '0af76519ffffffff0000001280000000';
  expect(traceIdText(id)).toBe(digits);
  expect(traceIdText(digits)).toBe(digits);
  for (const either of [id, digits]) expect(written((writer) => writer.traceId(1, either))).toBe(`0a10${digits}`);
  for (const either of [id, digits.slice(0, 16)]) expect(written((writer) => writer.spanId(4, either))).toBe(`2208${digits.slice(0, 16)}`);
});
