import { describe, expect, test } from 'vitest';
import type { Evidence, RepresentativeTrace, TraceRole } from '../diagnosis/evidence.js';
import type { SpanId, TraceId } from '../lib/ids.js';
import { attachLate } from './attach-evidence.js';
import { sampleIncident, SAMPLE_START_MS } from './sample-incident.js';

const shown = (role: TraceRole, digit: string, key?: string): RepresentativeTrace => ({
  traceId: digit.repeat(32) as TraceId, spanId: digit.repeat(16) as SpanId, role, reason: role, ...(key === undefined ? {} : { key, share: 0.5 }), rootService: 'front', rootName: 'POST /buy', startMs: SAMPLE_START_MS, durationNs: 1e6,
});
const evidenceOf = (events: number, signature: string, traces: readonly RepresentativeTrace[]): Evidence =>
  ({ ...sampleIncident().evidence!, badEvents: events, examined: events, signature: { ...sampleIncident().evidence!.signature!, id: signature }, traces });

function shownAfter(told: Evidence, found: Evidence): readonly (readonly [string, string, readonly string[]])[] {
  const [incident] = attachLate(sampleIncident({ evidence: told }), found, SAMPLE_START_MS + 60_000)!.incidents;
  return incident!.evidence!.traces.map(({ role, traceId, alike = [] }) => [role, traceId[0]!, alike.map((each) => `${each.traceId[0]!}: ${each.words}`)]);
}

describe('what was told with a handful of failures and is looked at once more', () => {
  const told = evidenceOf(4, 'v2:stock', [shown('most-common', 'a', 'v2:stock'), shown('newest', 'b', 'v2:declined'), shown('healthy', 'c')]);

  test('keeps its traces where most still fail in the same way', () => {
    expect(shownAfter(told, evidenceOf(40, 'v2:stock', [shown('most-common', 'd', 'v2:stock')])).map(([, digit]) => digit)).toEqual(['a', 'b', 'c']);
  });

  test('says of the traces that stay that they count what there was when it opened', () => {
    const [incident] = attachLate(sampleIncident({ evidence: told }), evidenceOf(40, 'v2:stock', [shown('most-common', 'd', 'v2:stock')]), SAMPLE_START_MS + 60_000)!.incidents;
    expect(incident!.evidence!.traces.map(({ reason }) => reason)).toEqual(['most-common; counted when it opened', 'newest; counted when it opened', 'healthy']);
  });

  test('shows no two of one kind where most fail in another way since; whoever looks for a trace of the message finds it', () => {
    const found = evidenceOf(40, 'v2:declined', [shown('most-common', 'd', 'v2:declined'), shown('first', 'a', 'v2:stock'), shown('healthy', 'e')]);
    const words = 'The first message showed this one';
    expect(shownAfter(told, found)).toEqual([['most-common', 'd', [`b: ${words}`]], ['first', 'a', []], ['healthy', 'e', [`c: ${words}`]]]);
  });

  test('keeps behind all others what nothing found since shows', () => {
    expect(shownAfter(told, evidenceOf(40, 'v2:declined', [shown('most-common', 'd', 'v2:declined')])).map(([role, digit]) => [role, digit])).toEqual([['most-common', 'd'], ['most-common', 'a'], ['healthy', 'c']]);
  });
});
