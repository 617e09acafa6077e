import { formatSpan, formatTime } from '../../lib/format.js';
import { basisInWords, incidentInWords, newsInWords, scoreInWords, sliInWords, toldAt, type BacktestReport, type ScoredResult } from './backtest-report.js';

/** For a terminal. */
export function backtestText(report: BacktestReport): string {
  const { fromMs, toMs, results, comparison, source } = report;
  const heading = `${formatTime(fromMs)} to ${formatTime(toMs)} (${formatSpan(toMs - fromMs)}), minute by minute, from ${source}`;
  const conclusion = comparison === undefined ? [] : ['', comparison.sentence];
  return [heading, ...results.flatMap((scored) => resultLines(scored, fromMs)), ...conclusion].join('\n');
}

function resultLines({ result, score }: ScoredResult, fromMs: number): string[] {
  const width = Math.max(0, ...result.bases.map(({ slo }) => slo.length));
  const news = result.incidents.map((incident) => `  ${formatTime(toldAt(incident))}  ${(incident.pagedAtMs === undefined ? 'ticket' : 'page').padEnd(6)}  ${incident.slo.padEnd(width)}  ${incidentInWords(incident)}`);
  const bases = result.bases.map((basis) => `  ${basis.slo.padEnd(width)}  ${basisInWords(basis, fromMs)}; SLI at the end ${sliInWords(result, basis.slo)}`);
  const labelled = score === undefined ? [] : [
    `  ${scoreInWords(score)}`,
    ...score.detections.map(({ incident, pagedAfterMs, toldAfterMs }) => `  ${formatTime(incident.startedAtMs)}  ${incident.title}: ${detectionInWords(pagedAfterMs, toldAfterMs)}`),
  ];
  return ['', `${result.name}: ${newsInWords(result)}`, ...news, ...labelled, 'counts:', ...bases];
}

export function detectionInWords(pagedAfterMs: number | undefined, toldAfterMs: number | undefined): string {
  if (pagedAfterMs !== undefined) return `paged after ${formatSpan(pagedAfterMs)}`;
  return toldAfterMs === undefined ? 'missed' : `missed: a ticket after ${formatSpan(toldAfterMs)}, no page`;
}
