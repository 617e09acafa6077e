import type { ExampleSpan } from './quality-fact.js';
import type { QualityReport } from './quality-report.js';
import { IMPACT_WEIGHTS } from './instrumentation-score.js';

const SPEC = 'https://github.com/instrumentation-score/spec/blob/main/rules/';
const WORST_WEIGHT = 40;

/** What Jaeger's UI shows on its page of trace quality, for one service: its `TQualityMetrics`. */
export function jaegerQualityMetrics(report: QualityReport, service: string): Record<string, unknown> {
  const found = report.services.find((each) => each.service === service);
  const findings = report.findings.filter((finding) => finding.service === service);
  const score = found?.score.score;
  return {
    traceQualityDocumentationLink: 'https://github.com/instrumentation-score/spec',
    bannerText: found === undefined ? { value: `No spans of ${service} in this time`, styling: {} } : '',
    scores: score === undefined ? [] : [{ key: 'instrumentation', label: 'Instrumentation Score', max: 100, value: Math.round(score * 10) / 10 }],
    metrics: [
      ...(found?.score.rules ?? []).map((rule) => ({
        name: rule.id, category: 'Instrumentation Score', description: rule.text, metricDocumentationLink: `${SPEC}${rule.id}.md`, metricWeight: IMPACT_WEIGHTS[rule.impact] / WORST_WEIGHT,
        passCount: Math.round(rule.total - rule.failed), passExamples: [], failureCount: Math.round(rule.failed), failureExamples: examplesOf(rule.examples), exemptionCount: 0, exemptionExamples: [],
      })),
      ...findings.map((finding) => ({
        name: finding.kind, category: 'Findings', description: `${finding.title}. ${finding.detail}`, metricDocumentationLink: '', metricWeight: finding.severity === 'high' ? 1 : finding.severity === 'medium' ? 0.5 : 0.25,
        passCount: Math.max(0, Math.round(finding.of - finding.affected)), passExamples: [], failureCount: Math.round(finding.affected), failureExamples: examplesOf(finding.examples), exemptionCount: 0, exemptionExamples: [],
        details: [{ description: `Fix in ${finding.fix.where}`, header: finding.cause, columns: [{ key: 'fix', label: 'Fix' }], rows: finding.fix.text.split('\n').map((fix) => ({ fix })) }],
      })),
    ],
    clients: found === undefined ? [] : clientsOf(report, service),
  };
}

function clientsOf({ sdkVersions }: QualityReport, service: string): unknown[] {
  return sdkVersions.filter((each) => each.service === service).map(({ version, count, examples }) => ({ version, minVersion: '', count, examples: examplesOf(examples) }));
}

/** By trace, as the UI links them. */
function examplesOf(examples: readonly ExampleSpan[]): { readonly traceID: string; readonly spanIDs: readonly string[] }[] {
  return examples.map(({ traceId, spanId }) => ({ traceID: traceId, spanIDs: [spanId] }));
}
