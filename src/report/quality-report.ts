import { agentLosses, type AgentLoss } from './agent-losses.js';
import { NOT_EVALUATED, OUR_READING, serviceScore, type ServiceScore } from './instrumentation-score.js';
import { findFindings, ownerOf } from './find-findings.js';
import type { ServiceBefore } from './find-pipeline-findings.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { FactTable, type QualityFact } from './quality-fact.js';
import type { FindingState, QualityFinding } from './quality-finding.js';
import { ledgerBalances, measuresOf, type QualityMeasures } from './quality-measures.js';
import type { QualitySurroundings } from './quality-surroundings.js';
import { readinessOf, type ReadinessList } from './readiness.js';
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
  /** End of its last span, Unix milliseconds. */
  readonly lastMs: number | undefined;
}

/** A version of which spans came. */
export interface ServiceVersion {
  readonly service: string;
  readonly version: string;
  /** Spans. */
  readonly count: number;
  readonly examples: QualityFact['examples'];
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
  /** `lastMs`: end of the last span, Unix milliseconds; reports of earlier versions have none. */
  readonly services: readonly { readonly service: string; readonly spansPerSecond: number; readonly lastMs?: number | undefined }[];
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
  /** The time that was asked for: longer where more spans came in it than are read for a page. */
  readonly asked: ReportWindow;
  /** The part of the window in which anybody was heard: what rates are of. */
  readonly observed: ReportWindow;
  readonly generatedAtMs: number;
  readonly overall: QualityMeasures;
  /** Mean of the services' scores, where enough spans came to judge; the specification knows services only. */
  readonly score: number | undefined;
  readonly services: readonly ServiceQuality[];
  readonly findings: readonly ReportedFinding[];
  /** Found in the report before, and not any more. */
  readonly fixed: readonly { readonly id: string; readonly title: string; readonly since: number }[];
  /** Of the SDK, with its language. */
  readonly sdkVersions: readonly ServiceVersion[];
  /** Of the service itself, as `service.version` says. */
  readonly serviceVersions: readonly ServiceVersion[];
  /** Where the slowest traces spend their time, most first. */
  readonly slowest: readonly SlowOperation[];
  /** What eBPF agents lost, by host. */
  readonly agents: readonly AgentLoss[];
  /** Undefined in reports of files alone. */
  readonly around: QualitySurroundings | undefined;
  readonly ledger: readonly LedgerOfReport[];
  readonly ledgerBalances: boolean;
  readonly readiness: readonly ReadinessList[];
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
  /** Undefined: the same. */
  readonly asked?: ReportWindow | undefined;
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

const NO_AGENTS = 'Loss within eBPF agents: none sent its records.';
const ONLY_IN_A_SERVICE = 'Alerts, SLOs, new errors and readers of traces: a report of files alone knows none.';
const NO_GLOSSARY = 'Attributes outside of a glossary: the rules have none (kind: TraceQuality).';

/** Pure: the whole report from facts. */
export function buildQualityReport(input: ReportInput): QualityReport {
  const { window, owners, thresholds, ledger, lastWeek, fourWeeksAgo } = input;
  const table = new FactTable(input.facts);
  const observed = observedOf(table, input);
  const measureInput = { table, window: observed, counted: input.counted, prices: input.prices };
  const services = table.services().map((service): ServiceQuality => ({
    service, owner: ownerOf(owners, service), measures: measuresOf(measureInput, service), score: serviceScore(service, table, thresholds), lastMs: table.get('active-minutes', service)?.value,
  }));
  const findings = findFindings({ table, window: observed, ledger, counted: input.counted, thresholds, glossary: input.glossary, services, before: servicesBefore(lastWeek), around: input.around }, owners).map((finding) => aged(finding, input));
  const ids = new Set(findings.map(({ id }) => id));
  const scores = services.flatMap(({ score: { score, category } }) => (score === undefined || category === undefined ? [] : [score]));
  const overall = measuresOf(measureInput, undefined);
  return {
    version: REPORT_VERSION, window, asked: input.asked ?? window, observed, generatedAtMs: input.nowMs, overall,
    score: scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    services, findings, fixed: (lastWeek?.findings ?? []).filter(({ id }) => !ids.has(id)),
    sdkVersions: versionsOf(table, 'sdk-version'), serviceVersions: versionsOf(table, 'service-version'), slowest: slowestOf(table), agents: agentLosses(table), around: input.around, ledger, ledgerBalances: ledgerBalances(ledger),
    readiness: readinessOf({ services, findings, overall, ledgerBalances: ledgerBalances(ledger) }), lastWeek, fourWeeksAgo,
    history: input.history ?? [], spenders: spendersOf(services),
    disclosure: { notEvaluated: NOT_EVALUATED, reading: OUR_READING, notMeasured: [...(table.of('agent-spans').length === 0 ? [NO_AGENTS] : []), ...(input.around === undefined ? [ONLY_IN_A_SERVICE] : []), ...(input.glossary === undefined ? [NO_GLOSSARY] : [])] },
  };
}

/** From the first span on, where it came more than an hour after the start, until now: a week that has just begun, or in which Tocsin was new, is not half empty. */
function observedOf(table: FactTable, { window, nowMs }: ReportInput): ReportWindow {
  const firstMs = Math.min(...table.of('first-seen').map(({ value }) => -value));
  const toMs = nowMs > window.fromMs ? Math.min(window.toMs, nowMs) : window.toMs;
  return { fromMs: Number.isFinite(firstMs) && firstMs < toMs ? Math.max(window.fromMs, Math.floor(firstMs / HOUR_MS) * HOUR_MS) : window.fromMs, toMs };
}

function versionsOf(table: FactTable, fact: 'sdk-version' | 'service-version'): ServiceVersion[] {
  return table.of(fact).map(({ service, subject, n, examples }) => ({ service, version: subject, count: n, examples }));
}

function servicesBefore(lastWeek: EarlierReport | undefined): ReadonlyMap<string, ServiceBefore> {
  return new Map((lastWeek?.services ?? []).map(({ service, spansPerSecond, lastMs }) => [service, { spansPerSecond, pauseMinutes: lastWeek === undefined || lastMs === undefined ? undefined : (lastWeek.window.toMs - lastMs) / MINUTE_MS }]));
}

const SPENDERS_SHOWN = 5;

function spendersOf(services: readonly ServiceQuality[]): Spender[] {
  const total = services.reduce((sum, { measures }) => sum + measures.spans, 0);
  return [...services].sort((left, right) => right.measures.spans - left.measures.spans).slice(0, SPENDERS_SHOWN).map(({ service, measures: { spans, costOfMonth } }) => ({ service, share: total === 0 ? 0 : spans / total, costOfMonth }));
}

/** The part of a report that later ones compare with. */
export function earlierOf({ window, overall, score, services, findings }: QualityReport): EarlierReport {
  return {
    window, overall, score, services: services.map(({ service, measures, lastMs }) => ({ service, spansPerSecond: measures.spansPerSecond, lastMs })),
    findings: findings.map(({ id, title, since }) => ({ id, title, since })),
  };
}

function aged(finding: QualityFinding, { lastWeek, window }: ReportInput): ReportedFinding {
  const known = lastWeek?.findings.find(({ id }) => id === finding.id);
  return { ...finding, state: known === undefined ? 'new' : 'open', since: known?.since ?? window.fromMs };
}
