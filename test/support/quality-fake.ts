import type { QualityFact } from '../../src/report/quality-fact.js';
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
    fact('old-name', 'front', { subject: 'http.method', n: 40_000 }), fact('sdk-version', 'front', { subject: 'nodejs 2.0.0', n: 20_000, examples }), fact('sdk-version', 'front', { subject: 'nodejs 1.30.0', n: 20_000, examples }),
  ]);
}

/** A report as pages show it: planted findings, and names that want to break out of the page. */
export function qualityReportOf(week: ReportWindow | undefined, isEmpty: boolean, nowMs: number): QualityReport {
  const window = week ?? { fromMs: nowMs - WEEK_MS, toMs: nowMs };
  const ledger = [{ signal: 'traces', received: 100_000, hot: 99_000, rejected: 900, deduplicated: 100 }];
  const input = { window, nowMs, ledger, counted: [], thresholds: DEFAULT_THRESHOLDS, owners: new Map([['checkout', 'team-orders']]), prices: { perMillionSpans: 1.5 } };
  if (isEmpty) return buildQualityReport({ ...input, facts: [], ledger: [] });
  const before = earlierOf(buildQualityReport({ ...input, facts: facts().filter(({ fact: name }) => name !== 'broken-context'), window: { fromMs: window.fromMs - WEEK_MS, toMs: window.fromMs } }));
  const fixed = { id: 'loop-1', title: 'front does "GET /items" up to 40 times under one span', since: window.fromMs - WEEK_MS };
  return buildQualityReport({ ...input, facts: facts(), lastWeek: { ...before, findings: [...before.findings, fixed] } });
}
