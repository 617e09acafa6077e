import { NOTHING_CHARGED } from '../../src/pipeline/charge-reader.js';
import type { SloStatus } from '../../src/budget/slo-status.js';
import { buildSlo } from '../../src/budget/slo-builder.js';
import { explainedBy, patterns, snapshot } from './incident-fakes.js';
import type { CohortDifference } from '../../src/diagnosis/evidence.js';
import type { TraceHealth } from '../../src/diagnosis/trace-health.js';
import type { Slo } from '../../src/config/slo.js';
import type { Change } from '../../src/query/change.js';
import type { Erasure, ErasureBook } from '../../src/query/erasure.js';
import type { SloRevision } from '../../src/query/slo-revision-reader.js';
import type { Incident } from '../../src/incident/incident.js';
import type { SilenceActions } from '../../src/incident/silence-actions.js';
import { matchersInWords, setSilence } from '../../src/incident/silence-rules.js';
import type { Silence } from '../../src/incident/silence.js';
import { QUALITY_ALERT } from '../../src/incident/quality-alert.js';
import { sampleAlert, sampleIncident, sampleReading } from '../../src/incident/sample-incident.js';
import { FakeClock } from '../../src/lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import type { DeliveryId, IncidentId, SilenceId, TraceId } from '../../src/lib/ids.js';
import type { DrillOutcome, DrillRun, DrillStatus } from '../../src/notify/drill.js';
import { sampleDelivery } from '../../src/notify/sample-delivery.js';
import type { DeadLetter } from '../../src/notify/outbox.js';
import type { DecisionRecord } from '../../src/notify/decision-reader.js';
import type { BurnedBy } from '../../src/pipeline/burned-by.js';
import { callFakes, surveyFakes } from './survey-fakes.js';
import { qualityAuditOf, qualityReportOf } from './quality-fake.js';
import type { IngestReport } from '../../src/query/ingest-report.js';
import type { RequestSummary, ServiceSummary } from '../../src/query/service-reader.js';
import type { MinuteCount } from '../../src/query/slo-history-reader.js';
import type { SignatureReader } from '../../src/query/signature-reader.js';
import type { TrackedSignature } from '../../src/signature/tracked-signature.js';
import type { StoredTrace, TraceSearch, TraceSummary } from '../../src/query/trace-reader.js';
import { printSearch } from '../../src/trace/traceql/print.js';
import { OPEN_ACCESS } from '../../src/ui/access-policy.js';
import type { UiOptions } from '../../src/ui/ui-options.js';
import { FAILED_SPAN_ID, FAILED_TRACE_ID, failedTrace, HOSTILE_TEXT, HOSTILE_TRACE_ID, hostileTrace, LARGE_TRACE_ID, largeTrace } from './page-trace.js';
import { HASHED_USERS, incidentFakes } from './person-fakes.js';

/** 2026-11-20 03:12:20 UTC: eight minutes into a bad night. */
export const PAGE_NOW_MS = Date.UTC(2026, 10, 20, 3, 12, 20);
const BEGAN_MS = PAGE_NOW_MS - 8 * MINUTE_MS;
export const QUALITY_INCIDENT_ID = 'inc-quality' as IncidentId;
export const HOSTILE_INCIDENT_ID = 'inc_hostile' as IncidentId;

const at = { file: 'rules/shop.yaml', line: 3, column: 1 };
const CHECKOUT = buildSlo({
  name: 'checkout-availability', displayName: 'Checkout works', description: 'A customer who presses "Pay" gets an order, or a reason why not.', service: 'checkout', runbook: 'checkout-errors', owner: 'payments', at,
  indicator: { total: { text: '{ resource.service.name = "checkout" && kind = server && name = "POST /orders" }', at }, bad: { text: '{ status = error || duration > 800ms }', at }, weight: 'auto' },
});
const SLOS: readonly Slo[] = [
  CHECKOUT,
  buildSlo({ name: 'front-latency', displayName: 'Front page is fast', service: 'front', target: 0.99, at }),
  buildSlo({ name: 'catalogue-availability', displayName: 'Catalogue answers', service: 'catalogue', target: 0.9995, windowMs: 28 * DAY_MS, at }),
  buildSlo({ name: 'payment-availability', displayName: 'Cards are charged', service: 'payment', target: 0.995, at }),
  buildSlo({ name: 'invoice-freshness', displayName: 'Invoices go out within a minute', service: 'invoice', target: 0.95, at }),
];

function statusOf(slo: Slo, changes: Partial<SloStatus>, burns: readonly (readonly [long: number, short: number])[]): SloStatus {
  const window = (windowMs: number, burn: number): SloStatus['tiers'][number]['long'] =>
    ({ windowMs, bad: Math.round(burn * 3), total: Math.round(3 / (1 - slo.target)), effectiveTotal: 3_000, errorRatio: burn * (1 - slo.target), burnRate: burn });
  const tiers = slo.policy.tiers.map((tier, index) => {
    const [long = 0, short = 0] = burns[index] ?? [];
    const exceeded = long > tier.factor && short > tier.factor;
    return { tier, long: window(tier.longMs, long), short: window(tier.shortMs, short), exceeded, firing: exceeded, evidence: { passed: exceeded, pValue: exceeded ? 1e-9 : 0.6, words: exceeded ? '57 of 2,714 failed: evidence' : '3 of 2,714 failed: within what is tolerated' } };
  });
  return sampleReading({ slo: slo.name, atMs: PAGE_NOW_MS - 2_000, tiers, firing: tiers.find((tier) => tier.firing), state: 'ok', exhaustionMs: undefined, ...changes });
}

function statuses(): SloStatus[] {
  const [checkout, front, catalogue, payment, invoice] = SLOS as [Slo, Slo, Slo, Slo, Slo];
  return [
    statusOf(checkout, { state: 'page', exhaustionMs: DAY_MS, burnRates: { '5m': 52, '1h': 21, '6h': 4.1, '1d': 1.2, '3d': 0.6, '30d': 0.29 } }, [[21, 52], [4.1, 35], [1.2, 9], [0.6, 4.1]]),
    statusOf(front, { sli: 0.99871, errorBudgetRemaining: 0.871, burnRates: {}, evidence: { share: 0.71, seen: 0.8, covered: 0.8875 } }, [[0.2, 0.1], [0.4, 0.2], [0.3, 0.4], [0.2, 0.3]]),
    statusOf(catalogue, { sli: 0.99961, errorBudgetRemaining: 0.213, state: 'ticket', burnRates: {} }, [[1.1, 0.4], [1.8, 1.4], [3.2, 3.9], [1.4, 2.2]]),
    statusOf(payment, { sli: 0.9936, errorBudgetRemaining: -0.28, young: true, historyMs: 9 * HOUR_MS, projectedBudgetRemaining: 0.64, burnRates: {} }, [[1.3, 2], [1.1, 1.4], [0.9, 1.2], [0.9, 1.1]]),
    statusOf(invoice, { sli: undefined, confidence: undefined, errorBudgetRemaining: undefined, state: 'no-data', tiers: [], firing: undefined, burnRates: {}, coverage: 0.97 }, []),
  ];
}

function historyCounts(fromMs: number, toMs: number, stepMinutes: number): MinuteCount[] {
  const counts: MinuteCount[] = [];
  for (let minute = Math.floor(fromMs / MINUTE_MS / stepMinutes) * stepMinutes; minute * MINUTE_MS < toMs; minute += stepMinutes) {
    const hour = (minute / 60) % 24;
    const total = Math.round(45 + 30 * Math.sin(((hour - 8) / 24) * 2 * Math.PI)) * stepMinutes;
    const ratio = minute * MINUTE_MS >= BEGAN_MS - MINUTE_MS ? 0.062 : minute % 1_440 < 5 ? 0.018 : minute % 90 < 5 ? 0.003 : 0;
    counts.push({ minute, good: total * (1 - ratio), bad: total * ratio });
  }
  return counts;
}

/** The version of tonight burned it; the one before went on for a while beside it. */
function burnedBy(): BurnedBy[] {
  const row = (version: string, operation: string, counts: Pick<BurnedBy, 'bad' | 'total' | 'firstSeenMs'>): BurnedBy => ({ service: 'checkout', version, operation, lastSeenMs: PAGE_NOW_MS, ...counts });
  return [
    row('1.4.2', 'POST /orders', { bad: 143, total: 2_310, firstSeenMs: BEGAN_MS - MINUTE_MS }), row('1.4.2', 'GET /orders/:id', { bad: 4, total: 240, firstSeenMs: BEGAN_MS - MINUTE_MS }),
    row('1.4.1', 'POST /orders', { bad: 38, total: 21_400, firstSeenMs: PAGE_NOW_MS - DAY_MS }), row('', HOSTILE_TEXT, { bad: 1, total: 12, firstSeenMs: PAGE_NOW_MS - DAY_MS }),
  ];
}

const RUNBOOK = `# Checkout errors

## Meaning
Customers who press **Pay** get an error. More than 14.4 times the failures that the budget allows.

## Check
1. Is it one region? \`{ resource.service.name = "payment" && status = error }\` by \`shop.region\`
2. [Bank status page](https://status.bank.example) and <script>window.hacked=true</script>

## Mitigate
\`\`\`
kubectl rollout undo deployment/payment
\`\`\`
`;

/** 92 of 100 failures, 3 of 100 healthy requests. */
function comparison(): readonly CohortDifference[] {
  const row = { badShare: 0.92, badOf: 100, healthyShare: 0.03, healthyOf: 100, support: 92, lift: 30.7, effect: { difference: 0.89, low: 0.8, high: 0.93 }, pValue: 1e-40, qValue: 1e-38, same: 1, words: '' };
  return [{ ...row, items: [{ service: '', attribute: 'region', value: 'eu-2' }] }, { ...row, same: 0, lift: undefined, items: [{ service: 'payment', attribute: 'service.version', value: '2.3' }, { service: '', attribute: HOSTILE_TEXT, value: HOSTILE_TEXT }] }];
}

/** Good traces, but one service has names that want to break out of the page. */
function traceHealth(atMs: number): TraceHealth {
  const row = { spans: 41_200, samplingRate: 1, unknownWeightShare: 0, partialRatio: 0.012, orphanRatio: 0.003, lagP99Ms: 6_200 };
  return {
    takenAtMs: atMs, fromMs: atMs - 5 * MINUTE_MS, toMs: atMs, findings: [`The trace breaks between front and ${HOSTILE_TEXT}, since 03:01 UTC`],
    services: [{ service: 'checkout', ...row }, { service: HOSTILE_TEXT, ...row, partialRatio: undefined, lagP99Ms: undefined }, { service: '', ...row, spans: 112_000 }],
  };
}

const NOTHING_SENT: TraceHealth['services'][number] = { service: '', spans: 0, samplingRate: undefined, unknownWeightShare: undefined, partialRatio: undefined, orphanRatio: undefined, lagP99Ms: undefined };

/** A ticket of the watch over the traces. */
function brokenContext(): Incident {
  const startedAtMs = BEGAN_MS - 40 * MINUTE_MS;
  const id = QUALITY_INCIDENT_ID;
  const labels = { alertname: QUALITY_ALERT, kind: 'broken-context', service: 'cart', caller: 'gateway', finding: 'broken-context-1', severity: 'ticket' };
  return sampleIncident({
    id, key: 'quality:broken-context-1', severity: 'ticket', title: 'Context broken since 02:24 UTC at gateway → cart', startedAtMs, evidence: undefined, runbook: undefined, traceHealth: traceHealth(startedAtMs),
    alerts: [sampleAlert({ incidentId: id, severity: 'ticket', startsAtMs: startedAtMs, reading: undefined, labels, annotations: {
      summary: '48 of 120 calls from gateway to cart have no span of cart under them, while cart began a trace of its own for the same method and path.', cause: 'The header traceparent does not arrive at cart.',
      fix_in: 'environment of gateway and cart', fix: 'OTEL_PROPAGATORS=tracecontext,baggage', traces: `${FAILED_TRACE_ID}/${FAILED_SPAN_ID}`,
    } })],
    timeline: [{ atMs: startedAtMs, kind: 'opened', actor: 'tocsin', text: 'Ticket opened.' }],
  });
}

function incidents(): Incident[] {
  const page = sampleIncident({ startedAtMs: BEGAN_MS });
  const traces = page.evidence?.traces.map((trace, index) => ({ ...trace, startMs: BEGAN_MS + index * 45_000, ...(index === 0 ? { traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID } : {}) })) ?? [];
  const open: Incident = {
    ...page, traceHealth: traceHealth(page.startedAtMs), evidence: page.evidence === undefined ? undefined : { ...page.evidence, takenAtMs: BEGAN_MS + 30_000, traces, comparison: comparison(), explainedBy: explainedBy(), patterns: patterns({ traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID }), snapshot: snapshot(BEGAN_MS), ledger: [{ service: 'payment', operation: 'POST /charge', version: '2.3', events: 41, share: 0.81, budget: 0.016 }, { service: '', operation: '', version: '', events: 9, share: 0.19, budget: undefined }] },
    alerts: [sampleAlert({ incidentId: page.id, startsAtMs: BEGAN_MS, reading: statuses()[0] })],
    timeline: [
      ...page.timeline.map((entry) => ({ ...entry, atMs: BEGAN_MS })), { atMs: BEGAN_MS + 400, kind: 'notified', actor: 'tocsin', text: 'Slack #payments-oncall' },
      { atMs: BEGAN_MS + 4 * MINUTE_MS, kind: 'updated', actor: 'tocsin', text: 'Error budget below 75 %' },
    ],
  };
  const ticketId = 'inc_ticket' as IncidentId;
  const ticket = sampleIncident({
    id: ticketId, key: 'slo:catalogue-availability', title: 'Catalogue answers', severity: 'ticket', status: 'acknowledged', acknowledgedBy: 'marta', startedAtMs: PAGE_NOW_MS - 7 * HOUR_MS, evidence: undefined, runbook: undefined,
    alerts: [sampleAlert({ incidentId: ticketId, severity: 'ticket', labels: { alertname: 'ErrorBudgetBurn', slo: 'catalogue-availability', service: 'catalogue' }, reading: statuses()[2] })],
  });
  const past = sampleIncident({ id: 'inc_past' as IncidentId, status: 'resolved', startedAtMs: PAGE_NOW_MS - 3 * DAY_MS, endedAtMs: PAGE_NOW_MS - 3 * DAY_MS + 47 * MINUTE_MS, alerts: [] });
  const hostile = sampleIncident({
    id: HOSTILE_INCIDENT_ID, title: HOSTILE_TEXT, status: 'resolved', startedAtMs: PAGE_NOW_MS - 9 * DAY_MS, endedAtMs: PAGE_NOW_MS - 9 * DAY_MS + 1_000, acknowledgedBy: HOSTILE_TEXT,
    alerts: [sampleAlert({ incidentId: HOSTILE_INCIDENT_ID, labels: { [HOSTILE_TEXT]: HOSTILE_TEXT }, annotations: { summary: HOSTILE_TEXT }, reading: undefined })],
    evidence: page.evidence === undefined ? undefined : {
      ...page.evidence, suspect: HOSTILE_TEXT, signature: { id: HOSTILE_TEXT, type: HOSTILE_TEXT, message: HOSTILE_TEXT, service: HOSTILE_TEXT, operation: HOSTILE_TEXT, count: 1 },
      traces: traces.map((trace) => ({ ...trace, traceId: HOSTILE_TRACE_ID, reason: HOSTILE_TEXT, rootService: HOSTILE_TEXT, rootName: HOSTILE_TEXT })),
    },
    timeline: [{ atMs: PAGE_NOW_MS - 9 * DAY_MS, kind: 'note', actor: HOSTILE_TEXT, text: HOSTILE_TEXT }], traceHealth: { ...traceHealth(PAGE_NOW_MS - 9 * DAY_MS), findings: [], services: [NOTHING_SENT] },
  });
  return [open, ticket, brokenContext(), past, hostile];
}

function requests(perSecond: number, errorRatio: number, p50Ms: number): RequestSummary {
  return { requests: perSecond * 3_600, errors: perSecond * 3_600 * errorRatio, perSecond, errorRatio, p50Ns: p50Ms * 1e6, p95Ns: p50Ms * 3.4e6, p99Ns: p50Ms * 8.1e6 };
}

/** A wave with some noise, the same on every run. */
const wave = (index: number, count: number): number => 1 + 0.25 * Math.sin((index / count) * 7) + 0.1 * Math.sin(index * 12.9898);

function services(): ServiceSummary[] {
  const points = 60;
  const of = (service: string, summary: RequestSummary): ServiceSummary => ({
    service, ...summary, seenMs: service === 'invoice' ? 12 * MINUTE_MS : HOUR_MS,
    sparkline: Array.from({ length: points }, (_, index) => ({ requests: summary.perSecond * 60 * wave(index, points), errors: (summary.errorRatio ?? 0) > 0.01 && index > points - 9 ? summary.perSecond * 18 : 0 })),
  });
  return [of('front', requests(41.2, 0.013, 84)), of('catalogue', requests(38.6, 0.0004, 12)), of('checkout', requests(4.31, 0.062, 212)), of('payment', requests(4.28, 0.061, 148)), of('invoice', requests(0.0011, 0, 2_100))];
}

function summaries(search: TraceSearch): TraceSummary[] {
  const found = Array.from({ length: 24 }, (_, index): TraceSummary => {
    const isFailed = index % 5 === 0;
    return {
      traceId: (index === 0 ? FAILED_TRACE_ID : index.toString(16).padStart(32, '5')) as TraceId, rootService: 'front', rootName: isFailed ? 'POST /checkout' : index % 2 === 0 ? 'GET /' : 'GET /items/:id', rootMissing: index === 7,
      startMs: PAGE_NOW_MS - 20_000 - index * 13_000, durationNs: (isFailed ? 812 : 20 + ((index * 37) % 160)) * 1e6, spanCount: isFailed ? 17 : 6, errorCount: isFailed ? 6 : 0, matchedCount: 1,
      services: isFailed ? ['catalogue', 'checkout', 'front', 'payment'] : ['catalogue', 'front'],
    };
  });
  const asked = printSearch(search.search);
  const service = /resource\.service\.name = "([^"]*)"/.exec(asked)?.[1];
  return found.filter((trace) => !asked.includes('status = error') || trace.errorCount > 0).filter((trace) => service === undefined || trace.services.includes(service)).slice(0, search.limit);
}

function ingestReport(isEmpty: boolean): IngestReport {
  const nothing = { lastHour: [], lastDay: [], senders: [], services: [], rejected: [], limits: [], redactions: [], oldNames: [], clockFaults: 0, waitingBytes: 0, commits: 0, meanCommitMs: undefined };
  if (isEmpty) return nothing;
  const spans = { signal: 'traces', received: 1_204_331, hot: 1_203_900, rejected: 12, deduplicated: 419 };
  return {
    ...nothing, lastHour: [spans, { signal: 'logs', received: 80_120, hot: 80_120, rejected: 0, deduplicated: 0 }], lastDay: [{ ...spans, received: 20_000_431, hot: 20_000_000 }],
    senders: [{ sender: 'team-shop', service: 'front', stored: 8_210, resent: 14, busy: 3, failed: 0, items: { hot: 811_204, rejected: 12, deduplicated: 1_400 } }, { sender: HOSTILE_TEXT, service: HOSTILE_TEXT, stored: 1, resent: 0, busy: 0, failed: 2, items: { hot: 1, rejected: 0, deduplicated: 0 } }],
    services: [{ service: 'checkout', spans: 812_000, dropped: 37, lagP50Ms: 2_000, lagP99Ms: 10_000, lateShare: 0.0004, historyShare: 0 }, { service: 'invoice', spans: 90, dropped: 0, lagP50Ms: 600_000, lagP99Ms: undefined, lateShare: 0.9, historyShare: 0.4 }],
    rejected: [{ name: 'span-id-zero', count: 12 }], limits: [{ name: 'string-bytes', count: 3 }], redactions: [{ name: 'defaults/card-numbers: mask', count: 2 }], oldNames: [{ name: 'http.method', count: 120_000 }],
    clockFaults: 4, waitingBytes: 1_300_000, commits: 31_250, meanCommitMs: 41,
  };
}

/** One told by Slack, held back by a silence at the webhook. */
function decisionsOf(incidentId: IncidentId): DecisionRecord[] {
  const common = { atMs: BEGAN_MS, incidentId, alertId: incidents()[0]!.alerts[0]!.id, groupKey: '{}:{}', route: 'route', receiver: 'slack', deliveryId: undefined, delivery: undefined };
  return [
    { ...common, integration: 'slack[0]', outcome: 'sent', reason: 'first notification', deliveryId: 'dlv-1' as DeliveryId, delivery: { status: 'delivered', attempts: 2, lastError: undefined, settledAtMs: BEGAN_MS } },
    { ...common, integration: '', outcome: 'silenced', reason: 'silenced by sil-1: <b>deploy</b> (ann)' },
  ];
}

export const SIGNATURE_ID = 'v2:8c74cab387668df2';

function signatureFakes(): SignatureReader {
  const of = (id: string, changes: Partial<TrackedSignature>): TrackedSignature => ({
    id, type: 'CardDeclined', message: 'card <int> declined', service: 'payment', operation: 'POST /charge', frames: ['charge (payment.js)'], firstSeenMs: BEGAN_MS, lastSeenMs: PAGE_NOW_MS - 20_000, total: 143, wasThere: false,
    operations: { 'front POST /checkout': 143 }, versions: { '1.4.2': 139, '1.4.1': 4 }, tenants: {}, example: { traceId: FAILED_TRACE_ID, text: 'card 4111 declined', stack: 'CardDeclined\n    at query (/app/node_modules/pg/client.js:1:1)\n    at charge (/app/payment.js:42:9)' },
    firstTraceId: FAILED_TRACE_ID, earlierIds: [], laterIds: [], ...changes,
  });
  const all = [of(SIGNATURE_ID, {}), of('v2:0000000000000001', { message: 'card <int> expired', firstSeenMs: PAGE_NOW_MS - 9 * DAY_MS, total: 12 }), of('v2:0000000000000002', { type: HOSTILE_TEXT, message: HOSTILE_TEXT, service: HOSTILE_TEXT, operations: { [HOSTILE_TEXT]: 1 }, example: { traceId: FAILED_TRACE_ID, text: HOSTILE_TEXT, stack: '' } }), of('v2:0000000000000003', { type: HOSTILE_TEXT, message: HOSTILE_TEXT, decision: { kind: 'merged', by: HOSTILE_TEXT, atMs: PAGE_NOW_MS - MINUTE_MS, into: SIGNATURE_ID } })];
  const counts = (id: string): ReadonlyMap<number, number> => new Map(Array.from({ length: 8 }, (_, index) => [Math.floor(BEGAN_MS / MINUTE_MS) + index, id === SIGNATURE_ID ? 12 + index : 1]));
  return { all: () => all, byId: (id) => all.find((each) => each.id === id), family: (id) => (id === SIGNATURE_ID ? [id, 'v2:0000000000000003'] : [id]), readToMs: () => PAGE_NOW_MS - 15_000, counts, failures: () => all.reduce((sum, each) => sum + [...counts(each.id).values()].reduce((total, value) => total + value, 0), 0) };
}

export interface PageFakes {
  readonly options: UiOptions;
  readonly clock: FakeClock;
  /** What was asked of the actions, as `acknowledge ID ACTOR`. */
  readonly asked: string[];
  /** Paths of errors that were ours. */
  readonly failures: string[];
}

/** One that can be sent again, one that cannot. */
function deadLetters(): DeadLetter[] {
  const [incident] = incidents();
  if (incident === undefined) return [];
  return [['dlv-dead', false], ['dlv-old', true]].map(([id, overtaken]) => ({
    overtaken: overtaken === true,
    delivery: { ...sampleDelivery('opened'), incidentId: incident.id, id: String(id) as DeliveryId, receiver: 'shop', integration: 'slack[0]', status: 'rejected', attempts: 3, createdAtMs: BEGAN_MS, lastError: HOSTILE_TEXT },
  }));
}

/** The checkout's definition was changed two days ago. */
function revisionsOf(slo: string): SloRevision[] {
  const counted = { firstMs: BEGAN_MS - 20 * DAY_MS, lastMs: BEGAN_MS - 2 * DAY_MS, good: 99_940, bad: 60 };
  return slo !== SLOS[0]?.name ? [] : [{ sliceKey: `${slo}@0badcafe`, definition: { total: '{ name = "POST /orders" }', polarity: 'bad', part: '{ status = error }', firstInForceMs: BEGAN_MS - 20 * DAY_MS }, counted }];
}

/** What was done just before it began. */
function erasuresOf(): ErasureBook {
  const asked: Erasure[] = [];
  return {
    async ask({ id, attribute, reason, askedBy, askedAtMs }) {
      const erasure: Erasure = { id, attribute, valueSha256: 'a'.repeat(64), reason, askedBy, askedAtMs, state: 'asked', traces: 0, hotSpans: 0, archivedSpans: 0, logs: 0, files: 0, doneAtMs: undefined };
      asked.unshift(erasure);
      return erasure;
    },
    list: async () => asked,
    one: async (id) => asked.find((erasure) => erasure.id === id),
  };
}

function changesOf(): Change[] {
  return [{ id: 'deploy-42', atMs: BEGAN_MS - 4 * 60_000, kind: 'deployment', service: 'checkout', version: 'v2.3', title: 'new payment client', by: 'ci', url: 'https://status.bank.example/deploys/42' }, { id: 'n1', atMs: BEGAN_MS + 60_000, kind: 'note', service: undefined, version: undefined, title: HOSTILE_TEXT, by: 'marta', url: undefined }];
}

/** One that holds, one that recurs, one that is over, and whatever is made. */
function silenceFakes(stored: readonly Incident[], asked: string[]): SilenceActions {
  const silence = (id: string, changes: Partial<Silence>): Silence => ({
    id: id as SilenceId, matchers: [{ name: 'slo', value: 'checkout-availability', isRegex: false, isEqual: true }], startsAtMs: BEGAN_MS, endsAtMs: PAGE_NOW_MS + HOUR_MS, updatedAtMs: BEGAN_MS, createdBy: 'marta', comment: HOSTILE_TEXT, ...changes,
  });
  const known = new Map([
    silence('sil-1', {}), silence('sil-2', { comment: 'nightly import', endsAtMs: PAGE_NOW_MS + 30 * DAY_MS, recurring: [{ times: [{ begin: 0, end: 60 }], weekdays: undefined, daysOfMonth: undefined, months: undefined, years: undefined, location: 'UTC' }] }),
    silence('sil-3', { endsAtMs: BEGAN_MS + 1 }),
  ].map((each) => [each.id, each]));
  const set: SilenceActions['set'] = async (request) => {
    const made = setSilence(request, known, PAGE_NOW_MS);
    if (!made.ok) return made;
    const [last] = made.value.slice(-1) as [Silence];
    asked.push(`silence ${matchersInWords(last.matchers)} ${last.comment} ${last.createdBy}`);
    known.set(last.id, last);
    return { ok: true, value: last };
  };
  return {
    list: async () => [...known.values()], set, silenceIncident: async (id, { createdBy }) => { asked.push(`silence ${id} ${createdBy}`); return { ok: false, error: { kind: 'not-found', message: 'not here' } }; },
    expire: async (id) => { asked.push(`expire ${id}`); return known.get(id as SilenceId); },
    firing: async () => stored.flatMap(({ alerts }) => alerts).filter(({ status }) => status === 'firing'),
  };
}

/** Twice, where three are asked for. */
const HELD = { key: 'posted:["disk"]', title: `Disk is slow ${HOSTILE_TEXT}`, threshold: 'flaky-disks', wanted: 3, withinMs: 10 * MINUTE_MS, occurrences: [{ alertId: 'a', atMs: PAGE_NOW_MS - 3 * MINUTE_MS }, { alertId: 'a', atMs: PAGE_NOW_MS - MINUTE_MS }], firing: {} };

/** One receiver that is well, and one that is not. */
function drillFakes(isEmpty: boolean, asked: string[]): UiOptions['drills'] {
  const run = (receiver: string, outcome: DrillOutcome, reason?: string): DrillRun => ({
    id: `drill-20261120-0300-${receiver}` as IncidentId, drill: 'hourly', receiver, startedAtMs: PAGE_NOW_MS - 12 * MINUTE_MS, by: 'tocsin', withinMs: 30_000, endedAtMs: PAGE_NOW_MS - 11 * MINUTE_MS,
    results: [{ integration: 'webhook[0]', outcome, isFinal: true, deliveredAtMs: reason === undefined ? PAGE_NOW_MS - 12 * MINUTE_MS + 800 : undefined, reason }],
  });
  const status = (receiver: string, last: DrillRun | undefined, inTime: number): DrillStatus => ({
    drill: 'hourly', receiver, withinMs: 30_000, target: 0.95, nextAtMs: PAGE_NOW_MS + 48 * MINUTE_MS, last, runs: last === undefined ? 0 : 40, inTime, sli: last === undefined ? undefined : inTime / 40, budgetRemaining: last === undefined ? undefined : 1 - (40 - inTime) / 2,
  });
  return {
    statuses: async () => (isEmpty ? [] : [status('on-call', run('on-call', 'in-time'), 40), status('shop', run('shop', 'failed', `HTTP 503: ${HOSTILE_TEXT}`), 38), status('second-line', undefined, 0)]),
    start: async ({ receivers, by }) => {
      asked.push(`drill ${receivers?.join() ?? 'all'} ${by}`);
      if (receivers?.includes('shop') === true) return { ok: false, error: { kind: 'under-way', message: 'the drill of "shop" is under way' } };
      return receivers?.includes('nobody') === true ? { ok: false, error: { kind: 'not-found', message: 'no such receiver' } } : { ok: true, value: [run('on-call', 'waiting', 'not yet')] };
    },
  };
}

/** A shop eight minutes into an incident; `empty` is a service that was started a moment ago. */
export function pageFakes(changes: Partial<UiOptions> = {}, kind: 'shop' | 'empty' = 'shop'): PageFakes {
  const clock = new FakeClock(PAGE_NOW_MS);
  const asked: string[] = [];
  const failures: string[] = [];
  const isEmpty = kind === 'empty';
  const stored = isEmpty ? [] : incidents();
  const traces = new Map<string, StoredTrace>(isEmpty ? [] : [[FAILED_TRACE_ID, failedTrace(BEGAN_MS + 12_000)], [HOSTILE_TRACE_ID, hostileTrace(BEGAN_MS)], [LARGE_TRACE_ID, largeTrace(BEGAN_MS)]]);
  const options: UiOptions = {
    readers: {
      clock,
      slos: { statuses: () => (isEmpty ? [] : statuses()), slo: (name) => SLOS.find((slo) => slo.name === name) },
      history: { counts: async (query) => (query.sliceKey.startsWith('invoice') ? [] : historyCounts(query.fromMs - query.windowMs, query.toMs, query.stepMinutes)) },
      revisions: { revisions: async (slo) => (isEmpty ? [] : revisionsOf(slo)), exclusionLog: async () => [] },
      erasures: erasuresOf(),
      changes: { record: async () => {}, list: async () => (isEmpty ? [] : changesOf()) },
      traces: { traceById: async (id) => traces.get(id), findTraces: async (search) => (isEmpty ? [] : summaries(search)), findSpansets: async () => [], everyTrace: async function* () { yield* traces.values(); }, explainSearch: async () => ({ sql: 'SELECT 1', params: {}, plan: 'DUMMY_SCAN' }) },
      metrics: { metrics: async () => ({ series: [], timestampsMs: [], truncated: false }), explainMetrics: async () => [] },
      tags: { tagNames: async () => ({ resource: [], span: [], instrumentation: [], event: [], link: [] }), tagValues: async () => [] },
      surveys: surveyFakes(isEmpty), users: HASHED_USERS,
      versions: { versions: async (services) => (isEmpty ? [] : services.flatMap((service) => [{ service, version: '1.4.1', firstSeenMs: PAGE_NOW_MS - 6 * HOUR_MS }, { service, version: '1.4.2', firstSeenMs: BEGAN_MS - MINUTE_MS }])) },
      topology: { serviceNames: async () => [], spanOperations: async () => [], dependencies: async () => [], calls: async () => (isEmpty ? [] : callFakes()) },
      services: {
        services: async () => (isEmpty ? [] : services()),
        operations: async (service) => (isEmpty || !services().some((known) => known.service === service) ? [] : [{ operation: 'POST /orders', ...requests(3.9, 0.068, 231), seenMs: 12 * MINUTE_MS }, { operation: 'GET /orders/:id', ...requests(0.41, 0, 18), seenMs: 12 * MINUTE_MS }]),
        series: async (_service, window) => Array.from({ length: 60 }, (_, index) => ({ atMs: window.fromMs + (index * (window.toMs - window.fromMs)) / 60, ...requests(4.3 * wave(index, 60), index > 51 ? 0.3 : 0.001, 200 * wave(index * 3, 60)) })),
      },
      signatures: isEmpty ? { all: () => [], byId: () => undefined, family: (id) => [id], readToMs: () => PAGE_NOW_MS - 15_000, counts: () => new Map(), failures: () => 0 } : signatureFakes(),
      ingest: { ingest: async () => ingestReport(isEmpty) },
      incidents: { byId: async (id) => stored.find((incident) => incident.id === id), list: async ({ status, limit }) => stored.filter((incident) => status === undefined || status.includes(incident.status)).slice(0, limit) },
      cohorts: { requests: async ({ condition }) => Array.from({ length: isEmpty ? 0 : 40 }, (_, index) => ({ operation: 'checkout POST /orders', durationNs: 20e6 + index * 1e5, failed: index < 20 && Object.values(condition.params).includes('1.4.2') })) },
      charged: { charges: async () => (isEmpty ? NOTHING_CHARGED : { rows: [{ service: 'payment', operation: 'POST /charge', version: '2.3', events: 97, share: 97 / 120, budget: undefined }, { service: 'stock', operation: 'GET /stock', version: '', events: 23, share: 23 / 120, budget: undefined }], badEvents: 412, examined: 120 }) },
      burnedBy: {
        burnedBy: async () => (isEmpty ? [] : burnedBy()),
        badExemplars: async ({ toMs }) => (isEmpty ? [] : [9, 5, 2].map((minutes) => ({ traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID, service: 'checkout', operation: 'POST /orders', endMs: toMs - minutes * MINUTE_MS, durationNs: 812e6 }))),
      },
      operations: { entryOperations: async () => (isEmpty ? [] : [{ service: 'front', operation: 'GET /', kind: 'server', requests: 40_000, errors: 9, historyMs: 7 * DAY_MS, buckets: [[600, 39_000], [700, 1_000]] }]) },
      gates: () => [],
      replay: {
        extent: async ({ sliceKeys }) => ({ firstMinutes: new Map(sliceKeys.map((key) => [key, Math.floor(BEGAN_MS / MINUTE_MS)])), firstSpanMinute: undefined, covered: [[0, Math.floor(PAGE_NOW_MS / MINUTE_MS)]] }),
        slices: async ({ sliceKeys, fromMinute }) => sliceKeys.map((sliceKey) => ({ sliceKey, eventMinute: fromMinute - 1, arrivalMinute: fromMinute, good: 9, bad: 1, goodSquared: 9, badSquared: 1, events: 10, unknownWeight: 0 })),
        recount: async ({ slo, fromMinute }) => [{ sliceKey: slo.sliceKey, eventMinute: fromMinute, arrivalMinute: fromMinute, good: 8, bad: 2.5, goodSquared: 8, badSquared: 6.25, events: 9, unknownWeight: 0 }],
      },
    },
    actions: incidentFakes(stored, isEmpty ? [] : [HELD], asked),
    quality: { report: async (week) => qualityReportOf(week, isEmpty, PAGE_NOW_MS), audit: async (period) => qualityAuditOf(period, PAGE_NOW_MS) },
    traceRead: () => undefined,
    signatureActions: { decide: async (id, decision, actor) => { asked.push(`${decision} ${id} ${actor}`); return signatureFakes().byId(id) !== undefined; }, merge: async (id, into, actor) => { asked.push(`merge ${id} ${into} ${actor}`); return signatureFakes().byId(into) !== undefined; } },
    silences: isEmpty ? { ...silenceFakes([], asked), list: async () => [] } : silenceFakes(stored, asked),
    drills: drillFakes(isEmpty, asked),
    deadLetters: { list: async () => (isEmpty ? [] : deadLetters()), retry: async (id) => { asked.push(`retry ${id}`); return id === 'dlv-dead' ? 'retried' : id === 'dlv-old' ? 'overtaken' : 'not-found'; } },
    decisions: { ofIncident: async (id) => (id === incidents()[0]?.id ? decisionsOf(id) : []) },
    runbookFor: async (incident) => (incident.runbook === undefined ? undefined : { title: 'Checkout errors', markdown: RUNBOOK }),
    ruleProblems: () => [],
    access: OPEN_ACCESS,
    address: { bindHost: '127.0.0.1', publicUrl: 'http://127.0.0.1:4400' },
    links: [{ name: 'Logs', url: 'https://status.bank.example/logs?q={trace_id}' }, { name: 'Pod', url: 'https://status.bank.example/{resource.no.such}' }],
    otlp: { grpcUrl: 'http://127.0.0.1:4317', httpUrl: 'http://127.0.0.1:4318' },
    reportError: (error, path) => void failures.push(`${path} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    ...changes,
  };
  return { options, clock, asked, failures };
}

export const OPEN_INCIDENT_ID = incidents()[0]?.id ?? '';
