import { expect, test } from 'vitest';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { sampleIncident } from '../incident/sample-incident.js';
import type { Incident } from '../incident/incident.js';
import type { IncidentId, SpanId, TraceId } from '../lib/ids.js';
import { troublesOf } from './troubles.js';

const WINDOW = { fromMs: 1_000, toMs: 2_000 };
const pattern = (changes: Partial<PatternFinding> = {}): PatternFinding => ({
  kind: 'n-plus-one', service: 'store', operation: 'GET /items', peer: 'postgresql', words: 'asks the same 8 times', affected: 40, of: 50, healthyAffected: 0, healthyOf: 60, explains: false,
  traces: [{ traceId: 'a'.repeat(32) as TraceId, spanId: 'b'.repeat(16) as SpanId }], ...changes,
});
const incident = (id: string, startedAtMs: number, patterns: readonly PatternFinding[]): Incident => {
  const sample = sampleIncident({ startedAtMs });
  return { ...sample, id: id as IncidentId, evidence: { ...sample.evidence!, patterns } };
};

test('patterns of trouble are those of the incidents of the time, what explained most first, each with its newest words, traces and advice', () => {
  const slow = pattern({ kind: 'slow-statement', words: 'takes 900 ms', explains: true });
  const found = troublesOf([incident('one', 1_100, [pattern()]), incident('two', 1_300, [pattern({ words: 'asks the same 12 times' }), slow]), incident('late', 2_000, [slow])], WINDOW);
  expect(found).toMatchObject([
    { kind: 'slow-statement', title: 'Slow statement', incidents: 1, explained: 1, incidentId: 'two', words: 'takes 900 ms' },
    { kind: 'n-plus-one', title: 'N+1 calls', service: 'store', incidents: 2, explained: 0, incidentId: 'two', words: 'asks the same 12 times', traces: [{ traceId: 'a'.repeat(32) }] },
  ]);
  expect(found[1]?.advice).toContain('Ask once for all of them');
});

test('an incident counts once for a pattern, also where it is seen with several statements, and drills do not count', () => {
  expect(troublesOf([incident('one', 1_100, [pattern(), pattern({ explains: true })])], WINDOW)).toMatchObject([{ incidents: 1, explained: 1 }]);
  expect(troublesOf([{ ...incident('drill', 1_100, [pattern()]), isDrill: true }, sampleIncident({ startedAtMs: 1_100, evidence: undefined })], WINDOW)).toEqual([]);
});
