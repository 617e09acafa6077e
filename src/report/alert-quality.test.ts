import { describe, expect, test } from 'vitest';
import { sampleAlert, sampleIncident, SAMPLE_START_MS } from '../incident/sample-incident.js';
import type { Incident, TimelineEntry } from '../incident/incident.js';
import type { IncidentId } from '../lib/ids.js';
import { DRILL_ALERT } from '../notify/drill.js';
import { DEFAULT_THRESHOLDS } from '../config/quality-rule.js';
import { bucketOf } from '../sli/latency-bucket.js';
import { alertQuality } from './alert-quality.js';
import { findOperationFindings, type OperationInput } from './find-operation-findings.js';
import { FactTable } from './quality-fact.js';
import type { QualitySurroundings } from './quality-surroundings.js';

const WINDOW = { fromMs: SAMPLE_START_MS - 60_000, toMs: SAMPLE_START_MS + 60_000 };
const entry = (kind: TimelineEntry['kind'], actor: string, afterMs: number): TimelineEntry => ({ atMs: SAMPLE_START_MS + afterMs, kind, actor, text: '' });
let made = 0;
const incident = (changes: Partial<Incident>, slo = 'checkout-availability'): Incident => {
  made += 1;
  const id = `inc-${made}` as IncidentId;
  return sampleIncident({ id, alerts: [sampleAlert({ incidentId: id, labels: { alertname: 'ErrorBudgetBurn', slo, service: 'checkout' } })], timeline: [entry('opened', 'tocsin', 0)], ...changes });
};

describe('alert quality', () => {
  test('counts by rule what paged, what anybody did about it, what flapped, and how long it took', () => {
    const quality = alertQuality([
      incident({ timeline: [entry('opened', 'tocsin', 0), entry('notified', 'tocsin', 1), entry('acknowledged', 'marta', 60_000)] }),
      incident({ timeline: [entry('opened', 'tocsin', 0), entry('acknowledged', 'jon', 180_000), entry('silenced', 'jon', 181_000)] }),
      incident({ timeline: [entry('opened', 'tocsin', 0), entry('resolved', 'tocsin', 5), entry('opened', 'tocsin', 9), entry('resolved', 'tocsin (its SLO was removed from the rules)', 19)] }),
      incident({ severity: 'ticket' }, 'catalogue-availability'),
      incident({ startedAtMs: WINDOW.toMs }), incident({ startedAtMs: WINDOW.fromMs - 1 }),
      incident({ alerts: [sampleAlert({ incidentId: 'inc-d' as IncidentId, labels: { alertname: DRILL_ALERT } })] }),
    ], WINDOW);
    expect(quality).toMatchObject({ pages: 3, tickets: 1, actedOn: 2, unheededPages: 1, flapping: 1, silenced: 1, acknowledgedAfterMs: 120_000 });
    expect(quality.rules.map(({ rule, pages, tickets, unheededPages }) => [rule, pages, tickets, unheededPages])).toEqual([['checkout-availability', 3, 0, 1], ['catalogue-availability', 0, 1, 0]]);
  });

  test('of nothing is nothing', () => {
    expect(alertQuality([], WINDOW)).toMatchObject({ pages: 0, acknowledgedAfterMs: undefined, rules: [] });
  });
});

describe('what is found around the traces', () => {
  const calm: QualitySurroundings = { alerts: alertQuality([], WINDOW), objectives: [], newSignatures: [], access: { readers: [{ reader: 'grafana', reads: 4_000, refused: 2, usual: 3_800 }], latency: [{ what: 'trace', answers: 900, p50Ms: 9, p95Ms: 40, p95AtLeastMs: 40, p99Ms: 90 }] } };
  const find = (around: QualitySurroundings | undefined, changes: Partial<OperationInput> = {}): string[] =>
    findOperationFindings({ table: new FactTable([{ fact: 'trace-latency', service: 'front', subject: String(bucketOf(740e6)), n: 500, bad: 0, value: 0, examples: [] }]), thresholds: DEFAULT_THRESHOLDS, ledger: [{ signal: 'traces', received: 90_000, hot: 90_000, rejected: 3, deduplicated: 0 }], services: [], around, ...changes }).map(({ kind, title }) => `${kind}: ${title}`);
  const slow: OperationInput['services'] = [{ service: 'front', measures: { p95Ms: 740, traces: 500 } as OperationInput['services'][number]['measures'] }];

  test('nothing, while alerts are heeded, readers are known and answers are quick', () => {
    expect(find(calm)).toEqual([]);
    expect(find(undefined)).toEqual([]);
  });

  test('pages that nobody acted on, from three of one rule on', () => {
    const of = (count: number): QualitySurroundings => ({ ...calm, alerts: alertQuality(Array.from({ length: count }, () => incident({})), WINDOW) });
    expect(find(of(2))).toEqual([]);
    expect(find(of(3))).toEqual(['unheeded-pages: checkout-availability paged 3 times, and nobody did anything']);
  });

  test('readers who are refused, and readers who read as never before', () => {
    const readers = [{ reader: 'no known token, from 10.1.2.3', reads: 0, refused: 48, usual: 0 }, { reader: 'backup', reads: 9_000, refused: 0, usual: 300 }, { reader: 'new-script', reads: 2_000, refused: 0, usual: 0 }, { reader: 'marta', reads: 200, refused: 0, usual: 0 }];
    expect(find({ ...calm, access: { ...calm.access, readers } })).toEqual(['refused-access: Traces were refused 48 times: no known token, from 10.1.2.3', 'unusual-access: backup read traces 9,000 times, 30 times more than usual', 'unusual-access: new-script read traces 2,000 times, and never before']);
  });

  test('answers that take too long, spans that senders lose, and slow traces that no SLO speaks for', () => {
    expect(find({ ...calm, access: { ...calm.access, latency: [{ what: 'search', answers: 900, p50Ms: 9, p95Ms: 2_600, p95AtLeastMs: 2_600, p99Ms: 9_000 }] } })).toEqual(['query-latency: Searching traces takes 2.6 s (p95)']);
    expect(find(calm, { ledger: [{ signal: 'traces', received: 1_000, hot: 880, rejected: 120, deduplicated: 0 }] })).toEqual(['sender-loss: 12 % of the spans that were sent could not be taken']);
    expect(find(calm, { services: slow })).toEqual(['slow-traces: Traces that begin at front take 740 ms (p95), and no SLO says how long they may']);
    expect(find({ ...calm, objectives: [{ slo: 'front-fast', displayName: '', service: 'front', owner: undefined, partOf: undefined, group: undefined, target: 0.99, counts: 'events', events: 1, attained: 1, budgetSpent: 0, isProjected: false }] }, { services: slow })).toEqual([]);
  });
});
