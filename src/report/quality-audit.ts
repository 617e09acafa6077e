import { DAY_MS } from '../lib/duration.js';
import type { AuditPeriod } from './audit-period.js';
import type { ReportWindow } from './quality-reader.js';
import type { QualityReport } from './quality-report.js';
import type { ScoreCategory } from './instrumentation-score.js';

/** What lies on disk, and how far back it goes. */
export interface StoredTraces {
  readonly hotSpans: number;
  readonly archivedSpans: number;
  readonly archivedBytes: number;
  /** End of the oldest span, Unix milliseconds; undefined where there is none. */
  readonly oldestHotMs: number | undefined;
  readonly oldestArchivedMs: number | undefined;
}

export interface AuditedSpender {
  readonly service: string;
  readonly spans: number;
  readonly share: number;
  /** Mean length of its attributes · spans. */
  readonly attributeBytes: number | undefined;
  readonly cost: number | undefined;
}

/** What traces cost in a month, and how long they are kept. */
export interface MonthAudit {
  readonly spans: number;
  /** Of the month before; undefined where the facts of either month are not stored for nearly all of its hours. */
  readonly spansBefore: number | undefined;
  /** Of the month, at the price of a million spans. */
  readonly cost: number | undefined;
  /** cost · spans / spansBefore: the next month, if it grows as this one did. */
  readonly forecast: number | undefined;
  readonly spenders: readonly AuditedSpender[];
  readonly stored: StoredTraces;
  readonly hotRetentionMs: number;
  readonly archiveMaxAgeMs: number;
  /** Whether the oldest trace is no older than the rules let it be, but for a day. */
  readonly keepsRetention: boolean;
}

export interface CoveredService {
  readonly service: string;
  readonly owner: string | undefined;
  readonly score: number | undefined;
  readonly category: ScoreCategory | undefined;
  readonly sdkVersions: readonly string[];
  readonly logCorrelation: number | undefined;
  /** Kinds of findings that say its instrumentation is not whole. */
  readonly gaps: readonly string[];
}

/** How much of the system is instrumented, and how well. */
export interface QuarterAudit {
  readonly services: readonly CoveredService[];
  /** On the map, and without spans of their own. */
  readonly blindSpots: readonly { readonly name: string; readonly callers: readonly string[] }[];
  /** Services without a gap / services and blind spots. */
  readonly coverage: number | undefined;
}

export interface QualityAudit {
  readonly period: AuditPeriod;
  /** The part of the period that it tells: all of it, but where more spans came than are read for a page. */
  readonly window: ReportWindow;
  readonly generatedAtMs: number;
  readonly spans: number;
  readonly month: MonthAudit | undefined;
  readonly quarter: QuarterAudit | undefined;
}

export interface MonthAuditInput {
  readonly report: QualityReport;
  /** Undefined: one of both months is not whole, they cannot be compared. */
  readonly spansBefore: number | undefined;
  readonly stored: StoredTraces;
  readonly hotRetentionMs: number;
  readonly archiveMaxAgeMs: number;
  readonly pricePerMillionSpans: number | undefined;
  readonly nowMs: number;
}

const MILLION = 1e6;

export function monthAudit({ report, spansBefore, stored, hotRetentionMs, archiveMaxAgeMs, pricePerMillionSpans, nowMs }: MonthAuditInput): MonthAudit {
  const { spans } = report.overall;
  const costOf = (count: number): number | undefined => (pricePerMillionSpans === undefined ? undefined : (count / MILLION) * pricePerMillionSpans);
  const cost = costOf(spans);
  const before = spansBefore === 0 ? undefined : spansBefore;
  const isWithin = (oldestMs: number | undefined, ageMs: number): boolean => oldestMs === undefined || nowMs - oldestMs <= ageMs + DAY_MS;
  return {
    spans, spansBefore: before, cost, forecast: cost === undefined || before === undefined ? undefined : cost * (spans / before),
    spenders: [...report.services].sort((left, right) => right.measures.spans - left.measures.spans).map(({ service, measures }) => ({ service, spans: measures.spans, share: spans === 0 ? 0 : measures.spans / spans, attributeBytes: measures.attributeBytes, cost: costOf(measures.spans) })),
    stored, hotRetentionMs, archiveMaxAgeMs, keepsRetention: isWithin(stored.oldestArchivedMs, archiveMaxAgeMs) && isWithin(stored.oldestHotMs, hotRetentionMs),
  };
}

const GAPS: ReadonlySet<string> = new Set(['broken-context', 'missing-kinds', 'client-roots', 'orphans', 'partial-traces', 'rootless-traces', 'old-names', 'mixed-versions', 'logs-without-trace', 'silent-service', 'wrong-status']);

export function quarterAudit({ services, findings, sdkVersions }: QualityReport): QuarterAudit {
  const covered = services.map(({ service, owner, score, measures }): CoveredService => ({
    service, owner, score: score.score, category: score.category, logCorrelation: measures.logCorrelation,
    sdkVersions: [...new Set(sdkVersions.filter((each) => each.service === service).map(({ version }) => version))].sort(),
    gaps: [...new Set(findings.filter((finding) => finding.service === service && GAPS.has(finding.kind)).map(({ kind }) => kind))].sort(),
  }));
  const callers = new Map<string, Set<string>>();
  for (const { kind, edge } of findings) if (kind === 'blind-spot' && edge !== undefined) callers.set(edge.callee, (callers.get(edge.callee) ?? new Set<string>()).add(edge.caller));
  const blindSpots = [...callers].map(([name, from]) => ({ name, callers: [...from].sort() })).sort((left, right) => left.name.localeCompare(right.name));
  const all = covered.length + blindSpots.length;
  return { services: covered, blindSpots, coverage: all === 0 ? undefined : covered.filter(({ gaps }) => gaps.length === 0).length / all };
}
