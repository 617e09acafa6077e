import { expect, test } from 'vitest';
import { buildSpan, spanId } from '../signature/span-builder.js';
import type { Span } from '../trace/span.js';
import { findingOf } from './finding.js';

const MANY = 20_000;
const context = { usual: new Map<string, number>(), peers: new Map<string, string>() };
const root = (status: Span['status']): Span => buildSpan({ id: 'root', service: 'batch', kind: 'server', name: 'POST /import', status, durationMs: 10 * MANY + 10 });
/** One step after the other. */
const step = (index: number, story: object = {}): Span => buildSpan({ id: `s${index}`, parent: 'root', service: 'batch', name: 'step', startMs: 10 * index, durationMs: 9, ...story });

// Were each span looked for among all others, these would take minutes, and every page waits for its evidence.
test('where the time of a request with very many spans went is found at once', () => {
  const spans = [root('unset'), ...Array.from({ length: MANY }, (_, index) => step(index))];
  expect(findingOf({ spans, badSpanId: spanId('root') }, context)).toMatchObject({ kind: 'slow', place: { service: 'batch', operation: 'POST /import' } });
});

test('of very many calls that failed the one that was not got over is found at once', () => {
  const call = (index: number, name: string, status: Span['status']): Span => step(index, { kind: 'client', name, status });
  const spans = [root('error'), ...Array.from({ length: MANY / 2 }, (_, index) => [call(index, `GET /item/${index}`, 'error'), call(MANY / 2 + index, `GET /item/${index === 7 ? 'other' : index}`, 'unset')]).flat()];
  expect(findingOf({ spans, badSpanId: spanId('root') }, context)).toMatchObject({ kind: 'failed', place: { service: 'batch', operation: 'GET /item/7' } });
});
