import type { SloStatus, TierReading, WindowReading } from '../budget/slo-status.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { IncidentId, SpanId, TraceId } from '../lib/ids.js';
import type { Evidence, RepresentativeTrace } from '../diagnosis/evidence.js';
import { alertIdOf } from './condition-signal.js';
import { incidentIdOf } from './incident-id.js';
import type { Alert, Incident } from './incident.js';

/** 2026-11-20 03:04:05 UTC. */
export const SAMPLE_START_MS = Date.UTC(2026, 10, 20, 3, 4, 5);

/** A page with everything a message can carry, for previews and tests. */
export function sampleIncident(changes: Partial<Incident> = {}): Incident {
  const key = changes.key ?? 'slo:checkout-availability';
  const id = changes.id ?? incidentIdOf(key, changes.startedAtMs ?? SAMPLE_START_MS);
  const incident: Incident = {
    id, key, status: 'open', severity: 'page', title: 'Checkout works', startedAtMs: SAMPLE_START_MS, endedAtMs: undefined, acknowledgedBy: undefined,
    alerts: [sampleAlert({ incidentId: id })], evidence: SAMPLE_EVIDENCE, runbook: 'checkout-errors',
    timeline: [{ atMs: SAMPLE_START_MS, kind: 'opened', actor: 'tocsin', text: 'Page opened: burning 21x, 71 % of the error budget left, gone in 24 h.' }],
  };
  return { ...incident, ...changes };
}

export function sampleAlert(changes: Partial<Alert> & { readonly incidentId: IncidentId }): Alert {
  const severity = changes.severity ?? 'page';
  const labels = { alertname: 'ErrorBudgetBurn', slo: 'checkout-availability', service: 'checkout', severity, owner: 'payments' };
  return {
    id: alertIdOf(labels), labels: { ...labels, incident: changes.incidentId }, annotations: { summary: 'Checkout works: burning 21x with 71 % of the 30-day budget left: gone in 24 h' }, severity,
    status: 'firing', startsAtMs: SAMPLE_START_MS, endsAtMs: undefined, updatedAtMs: SAMPLE_START_MS, reading: sampleReading(), ...changes,
  };
}

export function sampleReading(changes: Partial<SloStatus> = {}): SloStatus {
  const tier = { severity: 'page', longMs: HOUR_MS, shortMs: 5 * MINUTE_MS, factor: 14.4 } as const;
  const window = (windowMs: number, bad: number, total: number): WindowReading =>
    ({ windowMs, bad, total, effectiveTotal: total, errorRatio: bad / total, burnRate: bad / total / 0.001 });
  const firing: TierReading = {
    tier, long: window(HOUR_MS, 57, 2714), short: window(5 * MINUTE_MS, 12, 230), exceeded: true, firing: true,
    evidence: { passed: true, pValue: 1e-9, words: '57 of 2,714 failed: evidence' },
  };
  return {
    slo: 'checkout-availability', atMs: SAMPLE_START_MS, sli: 0.99971, confidence: { low: 0.9996, high: 0.9998 }, errorBudgetRemaining: 0.71,
    projectedBudgetRemaining: undefined, young: false, historyMs: 30 * DAY_MS, burnRates: { '5m': 52, '1h': 21, '6h': 3.8, '30d': 0.29 },
    tiers: [firing], state: 'page', firing, exhaustionMs: DAY_MS, coverage: 1, unknownWeightShare: 0, ...changes,
  };
}

const trace = (role: RepresentativeTrace['role'], reason: string, digit: string): RepresentativeTrace => ({
  traceId: digit.repeat(32) as TraceId, spanId: digit.repeat(16) as SpanId, role, reason,
  rootService: 'front', rootName: 'POST /checkout', startMs: SAMPLE_START_MS - MINUTE_MS, durationNs: 812_000_000,
});

const SAMPLE_EVIDENCE: Evidence = {
  takenAtMs: SAMPLE_START_MS,
  badEvents: 57,
  examined: 57,
  traces: [
    {
      ...trace('most-common', 'Most common failure: 41 of 57 failed like this (PaymentDeclined: card <uuid> declined by <host> in payment POST /charge)', 'a'), share: 41 / 57,
      alike: [{ traceId: 'b'.repeat(32) as TraceId, spanId: 'b'.repeat(16) as SpanId, startMs: SAMPLE_START_MS - 3 * MINUTE_MS, words: 'The first of these was at 2026-11-20 03:01:05 UTC' }],
    },
    { ...trace('slowest', 'Slowest failure, 4.2 s in checkout POST /checkout: 16 of 57 failed like this (OutOfStock: item <int> sold out in catalogue GET /items)', 'c'), share: 16 / 57 },
    trace('healthy', 'Healthy twin: the same checkout POST /checkout 3 s later went well in 96 ms (812 ms when it failed)', 'd'),
  ],
  signature: { id: 'v1:9f86d081884c7d65', type: 'PaymentDeclined', message: 'card <uuid> declined by <host>', service: 'payment', operation: 'POST /charge', count: 41 },
  suspect: 'Failures start in payment at POST /charge: 41 of 57 bad traces have their deepest error there.',
};
