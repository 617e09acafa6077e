import { describe, expect, test } from 'vitest';
import { hexOf } from '../lib/ids.js';
import { DEFAULT_START_MS, spanBatch } from './batch-builder.js';
import { spanAttribute } from './span-batch.js';

describe('the batch builder', () => {
  test('fills every column from a description', () => {
    const batch = spanBatch([
      {
        name: 'POST /checkout', service: 'shop', kind: 'client', status: 'error', statusMessage: 'no', durationMs: 1.5, weight: 4,
        attributes: { 'http.route': '/checkout', retries: 2 }, resource: { region: 'eu' }, traceId: 'a1', spanId: 'b2', parentSpanId: 'c3',
        events: [{ name: 'exception', attributes: { 'exception.type': 'Boom' } }],
      },
    ]);
    expect(hexOf(batch.traceIds)).toBe('000000000000000000000000000000a1');
    expect(hexOf(batch.spanIds)).toBe('00000000000000b2');
    expect(hexOf(batch.parentSpanIds)).toBe('00000000000000c3');
    expect([batch.kinds[0], batch.statuses[0], batch.durationNs[0], batch.weights[0]]).toEqual([3, 2, 1_500_000, 4]);
    expect(batch.endMs[0]).toBe(DEFAULT_START_MS + 1);
    expect(batch.resources[0]).toMatchObject({ serviceName: 'shop', json: '{"service.name":"shop","region":"eu"}' });
    expect(spanAttribute(batch, 0, 'retries')).toEqual({ key: 'retries', value: 2, json: '"retries":2', isInteger: true });
    expect(batch.events[0]?.[0]?.attributes[0]?.value).toBe('Boom');
  });

  test('shares equal resources and gives every span its own trace', () => {
    const batch = spanBatch([{}, {}, { service: 'other' }]);
    expect(batch.resources).toHaveLength(2);
    expect([...batch.resourceIndex]).toEqual([0, 0, 1]);
    expect(new Set([0, 1, 2].map((row) => hexOf(batch.traceIds, row * 16, 16))).size).toBe(3);
  });

  test('gives the same batch twice, and other ids for another seed', () => {
    expect(spanBatch([{}])).toEqual(spanBatch([{}]));
    expect(spanBatch([{}], 'b').spanIds).not.toEqual(spanBatch([{}], 'a').spanIds);
  });
});
