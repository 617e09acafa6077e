import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { newSpanId, newTraceId } from './system-random-ids.js';

test('ids are random digits of the lengths that traces have', () => {
  const spans = Array.from({ length: 5_000 }, newSpanId);
  const traces = Array.from({ length: 5_000 }, newTraceId);
  expect(new Set([...spans, ...traces]).size).toBe(10_000);
  expect(spans.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(traces.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
});

test('an id that is kept keeps nothing else in memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const kept: string[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 500; index += 1) {
    kept.push(newSpanId());
    for (let other = 0; other < 1_100; other += 1) newSpanId();
  }
  collect();
  // A part of a text of 16 KiB would take all of it: 8 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  expect(kept).toHaveLength(500);
});
