import { formatPercent, formatSpan, formatTime } from '../../lib/format.js';
import { basisInWords, incidentInWords, missed, newsInWords, scoreInWords, sliInWords, toldAt, type BacktestReport, type ScoredResult } from './backtest-report.js';
import { detectionInWords } from './backtest-text.js';

/** Longer lists are for a terminal, not for a comment. */
const MAX_ROWS = 50;

/** For the comment of a pull request: the conclusion first, the rest folded away. */
export function backtestMarkdown(report: BacktestReport): string {
  const { fromMs, toMs, results, comparison } = report;
  const [proposed] = results;
  const conclusion = comparison?.sentence ?? (proposed === undefined ? '' : `These rules would have sent ${newsInWords(proposed.result)}.`);
  return [
    '### Backtest of the alert rules', '', `**${conclusion}**`, '',
    `${formatTime(fromMs)} to ${formatTime(toMs)} (${formatSpan(toMs - fromMs)}), replayed minute by minute.${missed(report) ? ' **A labelled incident would have been missed.**' : ''}`, '',
    ...summaryTable(results), '', ...changes(report), ...results.slice(0, 1).flatMap((scored) => details(scored, fromMs)),
  ].join('\n');
}

function summaryTable(results: readonly ScoredResult[]): string[] {
  const labelled = results.some(({ score }) => score !== undefined);
  const rows = results.map(({ result, score }) => {
    const cells = [code(result.name), newsInWords(result)];
    if (labelled) cells.push(score?.precision === undefined ? '' : formatPercent(score.precision, 0), score?.recall === undefined ? '' : formatPercent(score.recall, 0), score?.medianDetectionMs === undefined ? '' : formatSpan(score.medianDetectionMs));
    return row(cells);
  });
  return [...header(['rules', 'would have sent', ...(labelled ? ['precision', 'recall', 'paged after (median)'] : [])]), ...rows];
}

function changes({ comparison }: BacktestReport): string[] {
  if (comparison === undefined || comparison.onlyProposed.length + comparison.onlyBaseline.length + comparison.shared.length === 0) return [];
  const rows = [
    ...comparison.onlyProposed.map((incident) => ['new', formatTime(toldAt(incident)), code(incident.slo), incidentInWords(incident)]),
    ...comparison.onlyBaseline.map((incident) => ['gone', formatTime(toldAt(incident)), code(incident.slo), incidentInWords(incident)]),
    ...comparison.shared.filter(({ earlierMs }) => earlierMs !== 0).map(({ proposed, earlierMs }) => [`${formatSpan(Math.abs(earlierMs))} ${earlierMs > 0 ? 'earlier' : 'later'}`, formatTime(toldAt(proposed)), code(proposed.slo), incidentInWords(proposed)]),
  ];
  if (rows.length === 0) return [];
  return [...header(['change', 'page at', 'SLO', '']), ...cut(rows.map(row)), ''];
}

function details({ result, score }: ScoredResult, fromMs: number): string[] {
  const news = result.incidents.map((incident) => row([formatTime(toldAt(incident)), incident.pagedAtMs === undefined ? 'ticket' : 'page', code(incident.slo), incidentInWords(incident)]));
  const detections = score?.detections.map(({ incident, pagedAfterMs, toldAfterMs }) => row([formatTime(incident.startedAtMs), text(incident.title), detectionInWords(pagedAfterMs, toldAfterMs)])) ?? [];
  return [
    ...(score === undefined ? [] : folded(`Labelled incidents: ${scoreInWords(score)}`, [...header(['began', 'incident', '']), ...cut(detections)])),
    ...(news.length === 0 ? [] : folded(`All pages and tickets of ${result.name}`, [...header(['at', '', 'SLO', '']), ...cut(news)])),
    ...folded('What the counts rest on', [...header(['SLO', 'counts', 'SLI at the end (95 %)']), ...cut(result.bases.map((basis) => row([code(basis.slo), basisInWords(basis, fromMs), sliInWords(result, basis.slo)])))]),
  ];
}

function folded(summary: string, lines: readonly string[]): string[] {
  return ['<details>', `<summary>${text(summary)}</summary>`, '', ...lines, '', '</details>', ''];
}

function header(cells: readonly string[]): string[] {
  return [row(cells), `|${cells.map(() => '---').join('|')}|`];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cut(rows: readonly string[]): string[] {
  return rows.length <= MAX_ROWS ? [...rows] : [...rows.slice(0, MAX_ROWS), `| … and ${rows.length - MAX_ROWS} more |`];
}

/** Titles are other people's words: no markup, no new cells. */
function text(words: string): string {
  return words.replaceAll(/[\\`*_[\]<>|#]/g, '\\$&').replaceAll(/\s+/g, ' ');
}

function code(words: string): string {
  return `\`${words.replaceAll(/[`|\n]/g, ' ')}\``;
}
