import type { QualityReport } from './quality-report.js';
import { weekOf } from './quality-week.js';

const SHOWN = 3;
/** Of a fix: three of them fit one screen. */
const FIX_LINES = 8;
/** Slack refuses longer texts of a section. */
const SECTION_MAX = 2_900;

/** The weekly summary as `chat.postMessage` takes it: one screen, with the three things to do. */
export function qualitySlackMessage(report: QualityReport, publicUrl: string): { readonly text: string; readonly blocks: readonly unknown[] } {
  const { findings, fixed, score, lastWeek, overall, window } = report;
  const week = weekOf(window.fromMs);
  const high = findings.filter(({ severity }) => severity === 'high').length;
  const fresh = findings.filter(({ state }) => state === 'new').length;
  const text = `Trace quality, week ${week}: ${scoreWords(score, lastWeek?.score)}, ${findings.length} finding${findings.length === 1 ? '' : 's'}${high > 0 ? `, ${high} high` : ''}`;
  const line = scoreLine(report);
  const counts = `${Math.round(overall.spans).toLocaleString('en-US')} spans of ${report.services.length} services. Findings: ${fresh} new, ${findings.length - fresh} open since before, ${fixed.length} fixed.${line === undefined ? '' : `\n${line}`}${findings.length === 0 ? '' : '\n*To do this week:*'}`;
  // Two calls may cross the same two hosts: that is one thing to do.
  const different = findings.filter(({ title }, index) => findings.findIndex((each) => each.title === title) === index);
  const todo = different.slice(0, SHOWN).map((finding, index) => `*${index + 1}. ${slackEscaped(finding.title)}* (${finding.severity}${finding.owner === undefined ? '' : `, ${slackEscaped(finding.owner)}`})\n${slackEscaped(finding.detail)}\nFix in ${slackEscaped(finding.fix.where)}:\n${codeBlock(finding.fix.text)}`);
  return {
    text,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: text.slice(0, 150) } }, mrkdwnSection(counts),
      ...(todo.length === 0 ? [mrkdwnSection('Nothing to put right.')] : todo.map(mrkdwnSection)),
      { type: 'context', elements: [{ type: 'mrkdwn', text: `<${publicUrl}/quality?week=${week}|The whole report>` }] },
    ],
  };
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The score of the weeks so far, this one last: Slack shows no SVG. Undefined where there are no weeks before. */
function scoreLine({ history, score }: QualityReport): string | undefined {
  const scores = [...history.map((week) => week.score), score];
  if (history.length === 0 || scores.every((each) => each === undefined)) return undefined;
  const bar = (each: number | undefined): string => (each === undefined ? '·' : BARS[Math.min(BARS.length - 1, Math.floor((each / 100) * BARS.length))] ?? '·');
  return `Score by week: ${scores.map(bar).join('')}`;
}

/** To paste; what is longer than the screen has room for is in the report. */
function codeBlock(text: string): string {
  const lines = text.split('\n');
  const shown = lines.length > FIX_LINES ? [...lines.slice(0, FIX_LINES - 1), '…'] : lines;
  return `\`\`\`\n${slackEscaped(shown.join('\n')).replaceAll('`', '\'')}\n\`\`\``;
}

function scoreWords(score: number | undefined, before: number | undefined): string {
  if (score === undefined) return 'no score';
  const change = before === undefined ? '' : ` (${score >= before ? '+' : ''}${(score - before).toFixed(1)})`;
  return `score ${score.toFixed(1)}${change}`;
}

export function mrkdwnSection(words: string): unknown {
  return { type: 'section', text: { type: 'mrkdwn', text: words.slice(0, SECTION_MAX) } };
}

/** So that a name is never markup. */
export function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
