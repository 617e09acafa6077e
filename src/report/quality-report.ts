import { NOT_EVALUATED, OUR_READING, serviceScore, type ServiceScore } from './instrumentation-score.js';
import { findFindings, ownerOf } from './find-findings.js';
import { FactTable, type QualityFact } from './quality-fact.js';
import type { FindingState, QualityFinding } from './quality-finding.js';
import { ledgerBalances, measuresOf, type QualityMeasures } from './quality-measures.js';
import type { CountedRequests, LedgerOfReport, ReportWindow } from './quality-reader.js';
import type { Glossary, QualityThresholds } from '../config/quality-rule.js';
import type { QualityPrices } from './quality-measures.js';

export const REPORT_VERSION = 1;

export interface ServiceQuality {
  readonly service: string;
  readonly owner: string | undefined;
  readonly measures: QualityMeasures;
  readonly score: ServiceScore;
}

/** What of an earlier report is compared with. */
export interface EarlierReport {
  readonly window: ReportWindow;
  readonly overall: QualityMeasures;
  readonly score: number | undefined;
  readonly services: readonly { readonly service: string; readonly spansPerSecond: number }[];
  readonly findings: readonly { readonly id: string; readonly title: string; readonly since: number }[];
}

export interface ReportedFinding extends QualityFinding {
  readonly state: FindingState;
  /** Start of the window in which it was first found, Unix milliseconds. */
  readonly since: number;
}

export interface QualityReport {
  readonly version: typeof REPORT_VERSION;
  readonly window: ReportWindow;
  readonly generatedAtMs: number;
  readonly overall: QualityMeasures;
  /** Mean of the services' scores; the specification knows services only. */
  readonly score: number | undefined;
  readonly services: readonly ServiceQuality[];
  readonly findings: readonly ReportedFinding[];
  /** Found in the report before, and not any more. */
  readonly fixed: readonly { readonly id: string; readonly title: string; readonly since: number }[];
  readonly sdkVersions: readonly { readonly service: string; readonly version: string; readonly count: number; readonly examples: QualityFact['examples'] }[];
  readonly ledger: readonly LedgerOfReport[];
  readonly ledgerBalances: boolean;
  readonly lastWeek: EarlierReport | undefined;
  readonly fourWeeksAgo: EarlierReport | undefined;
  readonly disclosure: { readonly notEvaluated: typeof NOT_EVALUATED; readonly reading: typeof OUR_READING; readonly notMeasured: readonly string[] };
}

export interface ReportInput {
  readonly facts: Iterable<QualityFact>;
  readonly window: ReportWindow;
  readonly nowMs: number;
  readonly ledger: readonly LedgerOfReport[];
  readonly counted: readonly CountedRequests[];
  readonly thresholds: QualityThresholds;
  readonly glossary?: Glossary | undefined;
  readonly prices?: QualityPrices;
  /** By service, from the rules. */
  readonly owners: ReadonlyMap<string, string>;
  readonly lastWeek?: EarlierReport;
  readonly fourWeeksAgo?: EarlierReport;
}

/** What nobody measures yet, said in every report. */
const NOT_MEASURED = [
  'Query latency, and loss within the eBPF agent: they are on /metrics, not in the store.',
  'Refused or unusual access to traces: Tocsin keeps no record of reads yet.',
  'Attributes outside of a glossary: there is no list of them in the rules yet.',
];

/** Pure: the whole report from facts. */
export function buildQualityReport(input: ReportInput): QualityReport {
  const { window, owners, thresholds, ledger, lastWeek, fourWeeksAgo } = input;
  const table = new FactTable(input.facts);
  const measureInput = { table, window, counted: input.counted, prices: input.prices };
  const services = table.services().map((service): ServiceQuality => ({
    service, owner: ownerOf(owners, service), measures: measuresOf(measureInput, service), score: serviceScore(service, table, thresholds),
  }));
  const before = new Map((lastWeek?.services ?? []).map(({ service, spansPerSecond }) => [service, spansPerSecond]));
  const findings = findFindings({ table, window, ledger, thresholds, glossary: input.glossary, services, before }, owners).map((finding) => aged(finding, input));
  const ids = new Set(findings.map(({ id }) => id));
  const scores = services.flatMap(({ score }) => (score.score === undefined ? [] : [score.score]));
  return {
    version: REPORT_VERSION, window, generatedAtMs: input.nowMs, overall: measuresOf(measureInput, undefined),
    score: scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    services, findings, fixed: (lastWeek?.findings ?? []).filter(({ id }) => !ids.has(id)),
    sdkVersions: table.of('sdk-version').map(({ service, subject, n, examples }) => ({ service, version: subject, count: n, examples })), ledger, ledgerBalances: ledgerBalances(ledger), lastWeek, fourWeeksAgo,
    disclosure: { notEvaluated: NOT_EVALUATED, reading: OUR_READING, notMeasured: NOT_MEASURED },
  };
}

/** The part of a report that later ones compare with. */
export function earlierOf({ window, overall, score, services, findings }: QualityReport): EarlierReport {
  return {
    window, overall, score, services: services.map(({ service, measures }) => ({ service, spansPerSecond: measures.spansPerSecond })),
    findings: findings.map(({ id, title, since }) => ({ id, title, since })),
  };
}

function aged(finding: QualityFinding, { lastWeek, window }: ReportInput): ReportedFinding {
  const known = lastWeek?.findings.find(({ id }) => id === finding.id);
  return { ...finding, state: known === undefined ? 'new' : 'open', since: known?.since ?? window.fromMs };
}
