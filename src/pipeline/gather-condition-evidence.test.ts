import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleAlert, sampleIncident } from '../incident/sample-incident.js';
import type { Incident, Labels } from '../incident/incident.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { bucketMiddleNs, bucketOf } from '../sli/latency-bucket.js';
import type { AnomalyPicture } from './anomaly-watch.js';
import { DuckdbEvidenceReader } from './duckdb-evidence-reader.js';
import { DuckdbSignatureStore } from './duckdb-signature-store.js';
import { DuckdbSnapshotReader } from './duckdb-snapshot-reader.js';
import { gatherConditionEvidence, type ConditionEvidencePorts } from './gather-condition-evidence.js';
import { SignatureBook } from './signature-book.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.parse('2026-11-20T12:00:30Z');
const MINUTE = Math.floor(NOW / MINUTE_MS);
const USUAL_P95_NS = bucketMiddleNs(bucketOf(30e6));
const PICTURE: AnomalyPicture = {
  untilMs: NOW, rules: [{ rule: { name: 'unusual', description: '', runbook: undefined, services: [], signals: ['errors', 'latency'], falseDiscoveryRate: 0.001 } as unknown as AnomalyPicture['rules'][number]['rule'], calm: new Set(), anomalies: (['errors', 'latency'] as const).map((signal) => ({ service: 'front', operation: 'POST /buy', signal, qValue: 0, usualP95Ns: USUAL_P95_NS, words: '' })) }],
};

let store: SystemStore;
let ports: ConditionEvidencePorts;
let book: SignatureBook;

const text = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });
const span = ({ service, startMs, durationMs, ...rest }: Record<string, unknown> & { readonly service: string; readonly startMs: number; readonly durationMs: number }): unknown => ({
  resource: { attributes: [text('service.name', service), text('service.version', '2.3')] },
  scopeSpans: [{ spans: [{ ...rest, startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + durationMs}000000` }] }],
});

/** Ten requests a minute: the third fails in payment for want of money, the seventh in front, the ninth is slow. Another ten of another page are well. */
function exportOf(minutesAgo: number): string {
  const resourceSpans = Array.from({ length: 10 }, (_, index) => {
    const [startMs, traceId] = [(MINUTE - minutesAgo) * MINUTE_MS + index * 1_000, `${minutesAgo.toString(16).padStart(4, '0')}${index.toString(16)}`.padStart(32, 'a')];
    const refused = { code: 2, message: 'no funds' };
    return [
      span({ service: 'front', traceId, spanId: '00000000000000f1', name: 'POST /buy', kind: 2, startMs, durationMs: index === 9 ? 400 : 20, ...(index === 3 || index === 7 ? { status: { code: 2 } } : {}) }),
      span({ service: 'payment', traceId, spanId: '00000000000000f2', parentSpanId: '00000000000000f1', name: 'POST /charge', kind: 2, startMs, durationMs: index === 9 ? 390 : 10, ...(index === 3 ? { status: refused, attributes: [text('error.type', 'Declined')] } : {}) }),
    ];
  }).flat();
  return JSON.stringify({ resourceSpans });
}

beforeAll(async () => {
  store = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW) });
  for (let minutesAgo = 20; minutesAgo >= 1; minutesAgo -= 1) await store.absorb({ signal: 'traces', encoding: 'json', body: Buffer.from(exportOf(minutesAgo)), protocol: 'http', receivedAtMs: NOW - MINUTE_MS });
  const reader = new DuckdbEvidenceReader(store);
  book = new SignatureBook(new DuckdbSignatureStore(store, reader));
  await book.resume(NOW - DAY_MS);
  await book.read(NOW);
  ports = { reader, minutes: new DuckdbSnapshotReader(store), book, anomalies: () => PICTURE };
});
afterAll(() => store.close());

function incidentOf(labels: Labels): Incident {
  const incident = sampleIncident({ evidence: undefined });
  return { ...incident, alerts: [sampleAlert({ incidentId: incident.id, labels })] };
}

describe('the proof of an incident without an SLO', () => {
  test('of an error signature is of its own failures, with a healthy twin of the request that fails', async () => {
    const declined = book.all().find(({ type }) => type === 'Declined')!;
    const found = await gatherConditionEvidence(ports, incidentOf({ alertname: 'ErrorSignature', signature: declined.id, service: 'payment' }), NOW);
    expect(found?.evidence).toMatchObject({ badEvents: 20, examined: 20, signature: { id: declined.id, type: 'Declined', count: 20 }, suspect: '20 of 20 failures start in payment POST /charge' });
    expect(found?.evidence.traces.map(({ role, rootName }) => [role, rootName])).toEqual([['most-common', 'POST /buy'], ['healthy', 'POST /buy']]);
    expect(found?.evidence.ledger).toBeUndefined();
    expect(found?.series.sum(MINUTE - 5, MINUTE - 4)).toMatchObject({ good: 9, bad: 1, events: 10 });
    expect(found?.service).toBe('payment');
  });

  test('of a signature that a person merged into another meanwhile is of both', async () => {
    const [declined, other] = [book.all().find(({ type }) => type === 'Declined')!, book.all().find(({ type }) => type !== 'Declined')!];
    await book.merge(declined.id, other.id, { by: 'ann', nowMs: NOW });
    const found = await gatherConditionEvidence(ports, incidentOf({ alertname: 'ErrorSignature', signature: declined.id, service: 'payment' }), NOW);
    await book.decide(declined.id, 'reopened', { by: 'ann', nowMs: NOW });
    expect(found?.evidence).toMatchObject({ badEvents: 40, examined: 40 });
    expect(found?.series.sum(MINUTE - 5, MINUTE - 4)).toMatchObject({ good: 8, bad: 2, events: 10 });
  });

  test('of an operation that fails more than usual is of all its failures', async () => {
    const found = await gatherConditionEvidence(ports, incidentOf({ alertname: 'UnusualOperation', service: 'front', operation: 'POST /buy', signal: 'errors' }), NOW);
    expect(found?.evidence).toMatchObject({ badEvents: 40, examined: 40 });
    expect(found?.evidence.origins?.map(({ service, count }) => [service, count])).toEqual([['payment', 20], ['front', 20]]);
    expect(found?.series.sum(MINUTE - 5, MINUTE - 4)).toMatchObject({ good: 8, bad: 2 });
  });

  test('of an operation that is slower than usual says where the time went', async () => {
    const found = await gatherConditionEvidence(ports, incidentOf({ alertname: 'UnusualOperation', service: 'front', operation: 'POST /buy', signal: 'latency' }), NOW);
    expect(found?.evidence).toMatchObject({ badEvents: 20, suspectPlace: { service: 'payment', operation: 'POST /charge' }, signature: undefined });
    expect(found?.evidence.suspect).toContain('payment POST /charge');
    expect(found?.series.sum(MINUTE - 5, MINUTE - 4)).toMatchObject({ good: 9, bad: 1 });
  });

  test('is not made up: posted alerts, signatures without failures and operations that are no longer unusual have none', async () => {
    const others: readonly Labels[] = [{ alertname: 'Posted' }, { alertname: 'ErrorSignature', signature: 'v2:none', service: 'payment' }, { alertname: 'UnusualOperation', service: 'front', operation: 'GET /', signal: 'errors' }];
    for (const labels of others) expect(await gatherConditionEvidence(ports, incidentOf(labels), NOW)).toBeUndefined();
  });
});
