import type { AuditPeriod } from '../../src/report/audit-period.js';
import { monthAudit, quarterAudit, type QualityAudit } from '../../src/report/quality-audit.js';
import type { QualityFact } from '../../src/report/quality-fact.js';
import type { QualitySurroundings } from '../../src/report/quality-surroundings.js';
import type { ReportWindow } from '../../src/report/quality-reader.js';
import { buildQualityReport, earlierOf, type QualityReport } from '../../src/report/quality-report.js';
import { DEFAULT_THRESHOLDS } from '../../src/config/quality-rule.js';
import { WEEK_MS } from '../../src/report/quality-week.js';
import { FAILED_SPAN_ID, FAILED_TRACE_ID, HOSTILE_TEXT } from './page-trace.js';

const examples = [{ traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID }];
const fact = (name: QualityFact['fact'], service: string, numbers: Partial<QualityFact> = {}): QualityFact => ({ fact: name, service, subject: '', n: 0, bad: 0, value: 0, examples: [], ...numbers });

function facts(): QualityFact[] {
  return ['front', 'checkout', 'payment', HOSTILE_TEXT].flatMap((service, index) => [
    fact('spans', service, { n: 40_000 - index * 9_000, bad: index * 200, value: 40_000 - index * 9_000, examples }), fact('weighted', service, { n: 40_000 - index * 9_000, bad: index * 200 }), fact('requests', service, { n: 20_000, bad: index * 200 }),
    fact('traces', service, { n: index === 0 ? 12_000 : 0, value: index === 0 ? 12_000 : 0 }), fact('rootless', service, { n: index === 0 ? 12_000 : 0 }), fact('trace-latency', service, { subject: '480', n: index === 0 ? 12_000 : 0 }),
    fact('orphans', service, { n: 20_000 }), fact('span-names', service, { n: 40_000, value: 12 }), fact('sampled-spans', service, { n: 6_000, value: 6_000 * 410 }), fact('logs', service, { n: 900, bad: 12 }), fact('log-severity', service, { n: 900 }), fact('log-sensitive', service, { n: 900 }),
    ...['RES-001', 'RES-005', 'RES-007'].map((rule) => fact('resource', service, { subject: rule, n: 30_000, bad: rule === 'RES-007' && index > 0 ? 30_000 : 0 })), fact('tiny-spans', service, { n: 12_000, value: 40_000 }), fact('internal-spans', service, { n: 12_000, value: 9_000 }),
  ]).concat([
    fact('edge', 'front', { subject: 'checkout', n: 300 }), fact('broken-context', 'front', { subject: 'checkout', n: 9_700, bad: 9_700, value: 12, examples }),
    fact('clock-skew', 'checkout', { subject: JSON.stringify(['payment', 'node-1', 'node-2']), n: 4_000, bad: 4_000, value: 4_000 * 3.2e9, examples }),
    fact('sensitive', 'payment', { subject: JSON.stringify(['email', 'shop.customer', 'concealed']), n: 812, bad: 812, examples }), fact('sensitive', HOSTILE_TEXT, { subject: JSON.stringify(['email', HOSTILE_TEXT, 'stored']), n: 3, bad: 3, examples }),
    fact('slow-traces', 'front', { n: 120, value: 120 * 3e9, examples }), fact('slow-self', 'payment', { subject: 'POST /charge', n: 88, value: 71e9, examples }), fact('slow-self', 'front', { subject: HOSTILE_TEXT, n: 40, value: 12e9, examples }),
    ...['1.9.0', '1.10.0', HOSTILE_TEXT].map((version) => fact('service-version', 'front', { subject: version, n: 900, examples })), fact('service-version', 'payment', { subject: '7f3c1ab', n: 9_000, examples }),
    fact('old-name', 'front', { subject: 'http.method', n: 40_000 }), fact('sdk-version', 'front', { subject: 'nodejs 2.0.0', n: 20_000, examples }), fact('sdk-version', 'front', { subject: 'nodejs 1.30.0', n: 20_000, examples }),
  ]);
}

/** Alerts, SLOs, errors and readers, with names that want to break out of the page. */
function around(nowMs: number): QualitySurroundings {
  const quiet = { pages: 0, tickets: 0, actedOn: 0, unheededPages: 0, flapping: 0, silenced: 0, acknowledgedAfterMs: undefined };
  return {
    alerts: { ...quiet, pages: 6, tickets: 2, actedOn: 3, unheededPages: 4, flapping: 1, silenced: 1, acknowledgedAfterMs: 190_000, rules: [{ ...quiet, rule: 'front-latency', service: 'front', pages: 4, unheededPages: 4, flapping: 1 }, { ...quiet, rule: HOSTILE_TEXT, service: HOSTILE_TEXT, pages: 2, tickets: 2, actedOn: 3, silenced: 1, acknowledgedAfterMs: 190_000 }] },
    objectives: [{ slo: 'checkout-availability', displayName: 'Checkout works', service: 'checkout', owner: 'payments', partOf: undefined, group: undefined, target: 0.999, counts: 'events', events: 61_200, attained: 0.99871, budgetSpent: 0.31, isProjected: false }, { slo: 'invoice-freshness', displayName: HOSTILE_TEXT, service: 'invoice', owner: undefined, partOf: undefined, group: undefined, target: 0.95, counts: 'events', events: 0, attained: undefined, budgetSpent: undefined, isProjected: false }],
    troubles: [{ kind: 'n-plus-one', title: 'N+1 calls', service: 'checkout', operation: HOSTILE_TEXT, words: HOSTILE_TEXT, advice: 'Ask once for all of them.', incidents: 3, explained: 2, incidentId: 'inc-1', traces: [{ traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID }] }],
    newSignatures: [{ id: 'v2:8c74cab387668df2', type: 'PaymentDeclined', message: HOSTILE_TEXT, service: 'payment', operation: 'POST /charge', firstSeenMs: nowMs - 86_400_000, isMaybeOlder: false, failures: 57, traceId: FAILED_TRACE_ID }],
    access: { readers: [{ reader: 'grafana', reads: 4_210, refused: 0, usual: 3_900 }, { reader: 'no known token, from 10.1.2.3', reads: 0, refused: 48, usual: 0 }], latency: [{ what: 'trace', answers: 900, p50Ms: 12, p95Ms: 48, p95AtLeastMs: 48, p99Ms: 130 }, { what: 'search', answers: 3_310, p50Ms: 40, p95Ms: 2_300, p95AtLeastMs: 2_300, p99Ms: 4_100 }] },
  };
}

/** A report as pages show it: planted findings, and names that want to break out of the page. */
export function qualityReportOf(week: ReportWindow | undefined, isEmpty: boolean, nowMs: number): QualityReport {
  const window = week ?? { fromMs: nowMs - WEEK_MS, toMs: nowMs };
  const ledger = [{ signal: 'traces', received: 100_000, hot: 99_000, rejected: 900, deduplicated: 100 }];
  const input = { window, nowMs, ledger, counted: [], thresholds: DEFAULT_THRESHOLDS, owners: new Map([['checkout', 'team-orders']]), prices: { perMillionSpans: 1.5 } };
  if (isEmpty) return buildQualityReport({ ...input, facts: [], ledger: [] });
  const before = earlierOf(buildQualityReport({ ...input, facts: facts().filter(({ fact: name }) => name !== 'broken-context'), window: { fromMs: window.fromMs - WEEK_MS, toMs: window.fromMs } }));
  const history = Array.from({ length: 5 }, (_, index) => ({ fromMs: window.fromMs - (5 - index) * WEEK_MS, score: 61 + index * 4, findings: 9 - index }));
  const fixed = { id: 'loop-1', title: 'front does "GET /items" up to 40 times under one span', since: window.fromMs - WEEK_MS };
  return buildQualityReport({ ...input, facts: facts(), history, around: around(nowMs), lastWeek: { ...before, findings: [...before.findings, fixed] } });
}

/** The audit of a month or a quarter, from the same report. */
export function qualityAuditOf(period: AuditPeriod, nowMs: number): QualityAudit {
  const report = qualityReportOf(undefined, false, nowMs);
  const stored = { hotSpans: 91_000, archivedSpans: 2_100_000, archivedBytes: 84_000_000, oldestHotMs: nowMs - 6 * 3_600_000, oldestArchivedMs: nowMs - 29 * 86_400_000 };
  return {
    period, window: period.window, generatedAtMs: nowMs, spans: report.overall.spans,
    month: period.kind === 'month' ? monthAudit({ report, spansBefore: 90_000, stored, hotRetentionMs: 6 * 3_600_000, archiveMaxAgeMs: 30 * 86_400_000, pricePerMillionSpans: 1.5, nowMs }) : undefined,
    quarter: period.kind === 'quarter' ? quarterAudit(report) : undefined,
  };
}
