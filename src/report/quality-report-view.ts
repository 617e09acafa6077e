import type { AlertQuality } from './alert-quality.js';
import type { ServiceScore } from './instrumentation-score.js';
import type { QualityMeasures } from './quality-measures.js';
import type { ReportWindow } from './quality-reader.js';
import type { QualityReport, ReportedFinding, EarlierReport } from './quality-report.js';
import { WEEK_MS, weekOf, startOfWeek } from './quality-week.js';

/** The report as the API and `--format json` give it: instants as ISO 8601, what is not known as null. docs/quality.md and /api/openapi.json have the schema. */
export function qualityReportView(report: QualityReport) {
  return {
    version: report.version, week: weekIn(report.asked), from: iso(report.window.fromMs), to: iso(report.window.toMs), asked: { from: iso(report.asked.fromMs), to: iso(report.asked.toMs) }, generatedAt: iso(report.generatedAtMs), observed: { from: iso(report.observed.fromMs), to: iso(report.observed.toMs) },
    overall: measuresView(report.overall), score: report.score ?? null,
    services: report.services.map(({ service, owner, measures, score }) => ({ service, owner: owner ?? null, measures: measuresView(measures), score: scoreView(score) })),
    findings: report.findings.map(findingView), fixed: report.fixed.map(({ id, title, since }) => ({ id, title, since: iso(since) })),
    sdkVersions: report.sdkVersions, serviceVersions: report.serviceVersions, ledger: report.ledger, ledgerBalances: report.ledgerBalances, readiness: report.readiness.map(({ title, items }) => ({ title, items: items.map(({ text, met }) => ({ text, met: met ?? null })) })),
    slowest: report.slowest, agents: report.agents, alerts: report.around === undefined ? null : alertsView(report.around.alerts), objectives: (report.around?.objectives ?? []).map((each) => ({ ...each, owner: each.owner ?? null, partOf: each.partOf ?? null, group: each.group ?? null, attained: each.attained ?? null, budgetSpent: each.budgetSpent ?? null })),
    newSignatures: (report.around?.newSignatures ?? []).map(({ firstSeenMs, ...each }) => ({ ...each, firstSeen: iso(firstSeenMs) })),
    troubles: report.around?.troubles ?? [],
    access: report.around === undefined ? null : { ...report.around.access, latency: report.around.access.latency.map((each) => ({ ...each, p50Ms: each.p50Ms ?? null, p95Ms: each.p95Ms ?? null, p95AtLeastMs: each.p95AtLeastMs ?? null, p99Ms: each.p99Ms ?? null })) },
    trend: { lastWeek: earlierView(report.lastWeek), fourWeeksAgo: earlierView(report.fourWeeksAgo) },
    history: report.history.map(({ fromMs, score, findings }) => ({ week: weekOf(fromMs), score: score ?? null, findings })), spenders: report.spenders.map((each) => ({ ...each, costOfMonth: each.costOfMonth ?? null })),
    disclosure: report.disclosure,
  };
}

export type QualityReportView = ReturnType<typeof qualityReportView>;

function findingView({ edge, owner, since, ...finding }: ReportedFinding) {
  return { ...finding, edge: edge ?? null, owner: owner ?? null, since: iso(since) };
}

function alertsView({ rules, ...all }: AlertQuality) {
  const nullable = <T extends { readonly acknowledgedAfterMs: number | undefined }>({ acknowledgedAfterMs, ...rest }: T) => ({ ...rest, acknowledgedAfterMs: acknowledgedAfterMs ?? null });
  return { ...nullable(all), rules: rules.map(nullable) };
}

function scoreView({ service: _service, score, category, ...rest }: ServiceScore) {
  return { score: score ?? null, category: category ?? null, ...rest };
}

function earlierView(earlier: EarlierReport | undefined) {
  return earlier === undefined ? null : { from: iso(earlier.window.fromMs), to: iso(earlier.window.toMs), overall: measuresView(earlier.overall), score: earlier.score ?? null };
}

type Nullable<Type> = { readonly [Key in keyof Type]: undefined extends Type[Key] ? Exclude<Type[Key], undefined> | null : Type[Key] };

function measuresView(measures: QualityMeasures): Nullable<QualityMeasures> {
  return Object.fromEntries(Object.entries(measures).map(([key, value]) => [key, value ?? null])) as unknown as Nullable<QualityMeasures>;
}

/** Null for a window that is not one week from Monday to Monday. */
function weekIn({ fromMs, toMs }: ReportWindow): string | null {
  return toMs - fromMs === WEEK_MS && startOfWeek(fromMs) === fromMs ? weekOf(fromMs) : null;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
