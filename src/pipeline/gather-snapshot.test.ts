import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Evidence } from '../diagnosis/evidence.js';
import type { RecordedChange } from '../diagnosis/nearby-changes.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { SpanId, TraceId } from '../lib/ids.js';
import { DuckdbCohortReader } from './duckdb-cohort-reader.js';
import { DuckdbSnapshotReader } from './duckdb-snapshot-reader.js';
import { gatherSnapshot, servicesOf, type SnapshotPorts } from './gather-snapshot.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.parse('2026-11-20T12:00:30Z');
const MINUTE = Math.floor(NOW / MINUTE_MS);
const at = (minutesAgo: number): number => (MINUTE - minutesAgo) * MINUTE_MS;
const EVIDENCE: Evidence = { takenAtMs: NOW, badEvents: 3, examined: 3, traces: [], signature: undefined, suspect: undefined, suspectPlace: { service: 'payment', operation: 'POST /charge' }, origins: [{ service: 'bank', operation: 'POST', caller: 'payment', kind: 'failed', key: 'k', count: 3 }] };

let store: SystemStore;
let ports: SnapshotPorts;
const recorded: RecordedChange[] = [{ id: 'd1', atMs: at(12), kind: 'deployment', service: 'payment', version: '2.3', title: 'new bank', by: 'ci', url: undefined }];

const text = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });
/** One request a second of payment: 2.2 until ten minutes ago, then 2.3, of which every second one fails. */
function exportOf(minutesAgo: number): string {
  const isNew = minutesAgo <= 10;
  const spans = Array.from({ length: 30 }, (_, index) => {
    const startMs = at(minutesAgo) + index * 1_000;
    const trace = `${minutesAgo.toString(16).padStart(4, '0')}${index.toString(16).padStart(4, '0')}`.padStart(32, 'a');
    return [
      { traceId: trace, spanId: '00000000000000c1', name: 'POST', kind: 3, service: 'checkout', version: '1', startMs, durationMs: 20 },
      { traceId: trace, spanId: '00000000000000c2', parentSpanId: '00000000000000c1', name: 'POST /charge', kind: 2, service: 'payment', version: isNew ? '2.3' : '2.2', startMs, durationMs: 15, ...(isNew && index % 2 === 0 ? { status: { code: 2 } } : {}) },
    ];
  }).flat();
  return JSON.stringify({ resourceSpans: spans.map(({ service, version, startMs, durationMs, ...span }) => ({
    resource: { attributes: [text('service.name', service), text('service.version', version)] },
    scopeSpans: [{ spans: [{ ...span, startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + durationMs}000000` }] }],
  })) });
}

beforeAll(async () => {
  store = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW) });
  for (let minutesAgo = 40; minutesAgo >= 0; minutesAgo -= 1) await store.absorb({ signal: 'traces', encoding: 'json', body: Buffer.from(exportOf(minutesAgo)), protocol: 'http', receivedAtMs: NOW });
  ports = { reader: new DuckdbSnapshotReader(store), changes: { list: ({ fromMs, toMs }) => Promise.resolve(recorded.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)) }, cohorts: new DuckdbCohortReader(store) };
});
afterAll(() => store.close());

const series = { sum: (minute: number) => ({ good: MINUTE - minute <= 10 ? 15 : 30, bad: MINUTE - minute <= 10 ? 15 : 0, goodSquared: 0, badSquared: 0, events: 30, unknownWeight: 0 }) };
const gather = (): ReturnType<typeof gatherSnapshot> => gatherSnapshot(ports, { evidence: EVIDENCE, atMs: NOW, series, service: 'checkout' });

describe('what was around an incident', () => {
  test('is when it began, the deployment before it with what its version does differently, and who called whom', async () => {
    const snapshot = await gather();
    expect(snapshot.onset).toMatchObject({ minute: MINUTE - 10, before: 0, after: 0.5 });
    expect(snapshot.suspect).toMatchObject({ id: 'd1', previous: '2.2', beforeMs: 2 * MINUTE_MS, difference: '2.3 against 2.2: payment POST /charge fails more often (50 % against 0 %).' });
    expect(snapshot.changes).toEqual([snapshot.suspect]);
    expect(snapshot.minutes.bad.slice(-12)).toEqual([0, ...new Array<number>(11).fill(15)]);
    expect(snapshot.graph).toMatchObject([{ client: 'checkout', server: 'payment', kind: 'call', calls: 330, failed: 165 }]);
    expect(snapshot.graph[0]?.meanNs).toBeCloseTo(15e6, -4);
  });

  test('is told by the second where the first trace is of the minute in which it began', async () => {
    const trace = { traceId: 'a' as TraceId, spanId: 'b' as SpanId, role: 'most-common' as const, reason: '', rootService: '', rootName: '', startMs: at(9), durationNs: 1, alike: [{ traceId: 'c' as TraceId, spanId: 'd' as SpanId, startMs: at(10) + 40_000, words: '' }] };
    const deployed = { ...recorded[0]!, atMs: at(10) + 25_000 };
    const gathered = async (traces: Evidence['traces']) => await gatherSnapshot({ ...ports, changes: { list: () => Promise.resolve([deployed]) } }, { evidence: { ...EVIDENCE, traces }, atMs: NOW, series, service: 'checkout' });
    expect((await gathered([trace])).suspect?.beforeMs).toBe(15_000);
    expect((await gathered([{ ...trace, alike: [] }])).suspect?.beforeMs).toBe(0);
    expect((await gathered([{ ...trace, role: 'healthy' }])).suspect?.beforeMs).toBe(0);
  });

  test('without a rise of the counts begins with the first bad event that is shown, also where that is of the minute before', async () => {
    const calm = { sum: () => ({ good: 0, bad: 0, goodSquared: 0, badSquared: 0, events: 0, unknownWeight: 0 }) };
    const trace = (startMs: number) => ({ traceId: 'a'.repeat(32) as TraceId, spanId: '00000000000000c2' as SpanId, role: 'most-common' as const, reason: '', rootService: '', rootName: '', startMs, durationNs: 1 });
    const beforeOf = async (startMs: number): Promise<number | undefined> => {
      const changes = { list: () => Promise.resolve([{ ...recorded[0]!, atMs: NOW - 60_000 }]) };
      return (await gatherSnapshot({ ...ports, changes }, { evidence: { ...EVIDENCE, traces: [trace(startMs)] }, atMs: NOW, series: calm, service: 'checkout' })).changes.find(({ id }) => id === 'd1')?.beforeMs;
    };
    expect(await beforeOf(NOW - 38_000)).toBe(22_000);
    expect(await beforeOf(NOW - 3_600_000)).toBe(30_000);
  });

  test('names a new version that nobody recorded', async () => {
    const known = recorded.splice(0);
    const { suspect } = await gather();
    recorded.push(...known);
    expect(suspect).toMatchObject({ kind: 'version', service: 'payment', version: '2.3', previous: '2.2', title: 'first requests of version 2.3, after 2.2' });
    expect(Math.abs(suspect!.beforeMs)).toBeLessThan(MINUTE_MS);
  });

  test('is looked for at the services in which failures begin, then at those they pass through', () => {
    expect(servicesOf(EVIDENCE, 'checkout')).toEqual(['payment', 'bank', 'checkout']);
  });
});
