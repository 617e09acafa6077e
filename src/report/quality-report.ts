import { NOT_EVALUATED, OUR_READING, serviceScore, type ServiceScore } from './instrumentation-score.js';
import { findFindings, ownerOf } from './find-findings.js';
import { FactTable, type QualityFact } from './quality-fact.js';
import type { FindingState, QualityFinding } from './quality-finding.js';
import { ledgerBalances, measuresOf, type QualityMeasures } from './quality-measures.js';
import type { QualitySurroundings } from './quality-surroundings.js';
import { slowestOf, type SlowOperation } from './slow-operations.js';
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

/** A week of the past, as far as a line over many needs it. */
export interface WeekPoint {
  readonly fromMs: number;
  readonly score: number | undefined;
  readonly findings: number;
}

/** Who sends most. */
export interface Spender {
  readonly service: string;
  /** Of all spans. */
  readonly share: number;
  readonly costOfMonth: number | undefined;
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
  /** Where the slowest traces of each hour spend their time, most first. */
  readonly slowest: readonly SlowOperation[];
  /** Undefined in reports of files alone. */
  readonly around: QualitySurroundings | undefined;
  readonly ledger: readonly LedgerOfReport[];
  readonly ledgerBalances: boolean;
  readonly lastWeek: EarlierReport | undefined;
  readonly fourWeeksAgo: EarlierReport | undefined;
  /** The weeks before, oldest first. */
  readonly history: readonly WeekPoint[];
  /** Most first. */
  readonly spenders: readonly Spender[];
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
  readonly around?: QualitySurroundings;
  /** By service, from the rules. */
  readonly owners: ReadonlyMap<string, string>;
  readonly lastWeek?: EarlierReport;
  readonly fourWeeksAgo?: EarlierReport;
  readonly history?: readonly WeekPoint[];
}

/** What nobody measures yet, said in every report. */
const NOT_MEASURED = ['Loss within the eBPF agent: it is in the log of the agent, once a minute.'];
const ONLY_IN_A_SERVICE = 'Alerts, SLOs, new errors and readers of traces: a report of files alone knows none.';
const NO_GLOSSARY = 'Attributes outside of a glossary: the rules have none (kind: TraceQuality).';

/** Pure: the whole report from facts. */
export function buildQualityReport(input: ReportInput): QualityReport {
  const { window, owners, thresholds, ledger, lastWeek, fourWeeksAgo } = input;
  const table = new FactTable(input.facts);
  const measureInput = { table, window, counted: input.counted, prices: input.prices };
  const services = table.services().map((service): ServiceQuality => ({
    service, owner: ownerOf(owners, service), measures: measuresOf(measureInput, service), score: serviceScore(service, table, thresholds),
  }));
  const before = new Map((lastWeek?.services ?? []).map(({ service, spansPerSecond }) => [service, spansPerSecond]));
  const findings = findFindings({ table, window, ledger, thresholds, glossary: input.glossary, services, before, around: input.around }, owners).map((finding) => aged(finding, input));
  const ids = new Set(findings.map(({ id }) => id));
  const scores = services.flatMap(({ score }) => (score.score === undefined ? [] : [score.score]));
  return {
    version: REPORT_VERSION, window, generatedAtMs: input.nowMs, overall: measuresOf(measureInput, undefined),
    score: scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    services, findings, fixed: (lastWeek?.findings ?? []).filter(({ id }) => !ids.has(id)),
    sdkVersions: table.of('sdk-version').map(({ service, subject, n, examples }) => ({ service, version: subject, count: n, examples })), slowest: slowestOf(table), around: input.around, ledger, ledgerBalances: ledgerBalances(ledger), lastWeek, fourWeeksAgo,
    history: input.history ?? [], spenders: spendersOf(services),
    disclosure: { notEvaluated: NOT_EVALUATED, reading: OUR_READING, notMeasured: [...NOT_MEASURED, ...(input.around === undefined ? [ONLY_IN_A_SERVICE] : []), ...(input.glossary === undefined ? [NO_GLOSSARY] : [])] },
  };
}

const SPENDERS_SHOWN = 5;

function spendersOf(services: readonly ServiceQuality[]): Spender[] {
  const total = services.reduce((sum, { measures }) => sum + measures.spans, 0);
  return [...services].sort((left, right) => right.measures.spans - left.measures.spans).slice(0, SPENDERS_SHOWN).map(({ service, measures: { spans, costOfMonth } }) => ({ service, share: total === 0 ? 0 : spans / total, costOfMonth }));
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
