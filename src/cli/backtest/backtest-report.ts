import { allowedRatio } from '../../budget/error-budget.js';
import { MINUTE_MS } from '../../lib/duration.js';
import { formatPercent, formatSpan, formatTime } from '../../lib/format.js';
import type { BacktestResult, CountBasis } from '../../pipeline/backtest.js';
import type { Comparison, Score } from '../../pipeline/backtest-verdict.js';
import type { ReplayedIncident } from '../../pipeline/replay.js';

export interface ScoredResult {
  readonly result: BacktestResult;
  /** Undefined where no incidents were labelled. */
  readonly score: Score | undefined;
}

/** Everything a backtest found: the rules in question first, then those they are compared with. */
export interface BacktestReport {
  readonly source: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly results: readonly ScoredResult[];
  readonly comparison: Comparison | undefined;
  readonly tookMs: number;
}

/** `2 pages (1 to 4 in other samples of the same spans), 5 tickets`. */
export function newsInWords({ incidents, pagesBetween }: BacktestResult): string {
  const pages = incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined).length;
  const between = pagesBetween === undefined ? '' : ` (${pagesBetween[0]} to ${pagesBetween[1]} in other samples of the same spans)`;
  return `${plural(pages, 'page')}${between}, ${plural(incidents.length - pages, 'ticket')}`;
}

export function basisInWords(basis: CountBasis, fromMs: number): string {
  const { exactFromMs, estimatedFromMs, recounted, sampled, recountable } = basis;
  const recount = `counted anew from ${recounted.toLocaleString('en-US')} stored spans${sampled ? ', which are a sample' : ''}`;
  if (exactFromMs === undefined && !recountable) return 'nothing was counted then, and shares and means cannot be counted anew';
  if (exactFromMs === undefined) return estimatedFromMs === undefined ? 'nothing stored: silence' : `estimated since ${formatTime(estimatedFromMs)}, ${recount}`;
  if (estimatedFromMs !== undefined) return `exact since ${formatTime(exactFromMs)}; before that estimated since ${formatTime(estimatedFromMs)}, ${recount}`;
  return exactFromMs <= fromMs + MINUTE_MS ? 'exact: counts of that time' : `exact since ${formatTime(exactFromMs)}: nothing was counted before`;
}

export function incidentInWords(incident: ReplayedIncident): string {
  const { openedAtMs, pagedAtMs, resolvedAtMs, atStart } = incident;
  const upgraded = pagedAtMs !== undefined && pagedAtMs > openedAtMs ? `; a ticket since ${formatTime(openedAtMs).slice(11, 16)}` : '';
  return `${resolvedAtMs === undefined ? 'still open at the end' : `for ${formatSpan(resolvedAtMs - toldAt(incident))}`}${upgraded}${atStart ? '; had begun before' : ''}`;
}

export function toldAt({ pagedAtMs, openedAtMs }: ReplayedIncident): number {
  return pagedAtMs ?? openedAtMs;
}

/** `precision 67 % (2 of 3 pages), recall 100 % (2 of 2 incidents), paged after 3 min (median)`. */
export function scoreInWords(score: Score): string {
  const paged = score.detections.filter(({ pagedAfterMs }) => pagedAfterMs !== undefined).length;
  const precision = score.precision === undefined ? 'no pages' : `precision ${formatPercent(score.precision, 0)} (${score.truePages} of ${plural(score.pages, 'page')})`;
  const recall = score.recall === undefined ? 'no labelled incidents' : `recall ${formatPercent(score.recall, 0)} (${paged} of ${plural(score.detections.length, 'incident')})`;
  return `${precision}, ${recall}${score.medianDetectionMs === undefined ? '' : `, paged after ${formatSpan(score.medianDetectionMs)} (median)`}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A labelled incident that would have woken nobody, by the rules in question. */
export function missed({ results }: BacktestReport): boolean {
  return results[0]?.score?.detections.some(({ pagedAfterMs }) => pagedAfterMs === undefined) === true;
}

/** The whole of it for programs. Names are promises. */
export function reportJson(report: BacktestReport): unknown {
  const { source, fromMs, toMs, results, comparison, tookMs } = report;
  return {
    source, from: iso(fromMs), to: iso(toMs), tookMs,
    results: results.map(({ result, score }) => ({
      rules: result.name,
      pages: result.incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined).length,
      pagesBetween: result.pagesBetween ?? null,
      tickets: result.incidents.filter(({ pagedAtMs }) => pagedAtMs === undefined).length,
      incidents: result.incidents.map(incidentJson),
      slos: result.bases.map((basis) => sloJson(basis, result)),
      minutesJudged: result.minutesJudged,
      score: score === undefined ? null : scoreJson(score),
    })),
    comparison: comparison === undefined ? null : {
      sentence: comparison.sentence,
      onlyProposed: comparison.onlyProposed.map(incidentJson), onlyBaseline: comparison.onlyBaseline.map(incidentJson),
      shared: comparison.shared.map(({ proposed, earlierMs }) => ({ ...incidentJson(proposed), earlierSeconds: earlierMs / 1_000 })),
      medianEarlierSeconds: comparison.medianEarlierMs === undefined ? null : comparison.medianEarlierMs / 1_000,
    },
  };
}

function incidentJson(incident: ReplayedIncident): Record<string, unknown> {
  const { slo, service, severity, openedAtMs, pagedAtMs, resolvedAtMs, atStart, summary } = incident;
  return { slo, service, severity, openedAt: iso(openedAtMs), pagedAt: pagedAtMs === undefined ? null : iso(pagedAtMs), resolvedAt: resolvedAtMs === undefined ? null : iso(resolvedAtMs), atStart, summary };
}

function sloJson(basis: CountBasis, { statuses }: BacktestResult): Record<string, unknown> {
  const status = statuses.find(({ slo }) => slo === basis.slo);
  return {
    name: basis.slo,
    basis: basis.exactFromMs !== undefined && basis.estimatedFromMs === undefined ? 'exact' : basis.estimatedFromMs === undefined ? 'none' : basis.exactFromMs === undefined ? 'estimated' : 'mixed',
    exactFrom: basis.exactFromMs === undefined ? null : iso(basis.exactFromMs), estimatedFrom: basis.estimatedFromMs === undefined ? null : iso(basis.estimatedFromMs),
    recountedSpans: basis.recounted, sampled: basis.sampled,
    sli: status?.sli ?? null, confidence: status?.confidence ?? null, errorBudgetRemaining: status?.errorBudgetRemaining ?? null,
  };
}

function scoreJson({ detections, medianDetectionMs, ...score }: Score): Record<string, unknown> {
  return {
    pages: score.pages, truePages: score.truePages, precision: score.precision ?? null, recall: score.recall ?? null,
    medianDetectionSeconds: medianDetectionMs === undefined ? null : medianDetectionMs / 1_000,
    incidents: detections.map(({ incident, pagedAfterMs, toldAfterMs }) => ({
      title: incident.title, slo: incident.slo ?? null, service: incident.service ?? null, startedAt: iso(incident.startedAtMs), endedAt: iso(incident.endedAtMs),
      pagedAfterSeconds: pagedAfterMs === undefined ? null : pagedAfterMs / 1_000, toldAfterSeconds: toldAfterMs === undefined ? null : toldAfterMs / 1_000,
    })),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** `99.93 % (99.91 to 99.95 %)`; the interval is of the estimate at the end. */
export function sliInWords(result: BacktestResult, slo: string): string {
  const status = result.statuses.find((each) => each.slo === slo);
  if (status?.sli === undefined) return 'no events';
  const digits = digitsFor(status.tiers.length === 0 ? 0.001 : status.sli);
  const { confidence } = status;
  return `${formatPercent(status.sli, digits)}${confidence === undefined ? '' : ` (${formatPercent(confidence.low, digits)} to ${formatPercent(confidence.high, digits)})`}`;
}

function digitsFor(sli: number): number {
  return allowedRatio(sli) < 0.001 ? 4 : 3;
}
