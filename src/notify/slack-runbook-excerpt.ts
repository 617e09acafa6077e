import { link } from './slack-mrkdwn.js';

/** A woken person reads a few lines; the rest is one click away. */
const LINES_MAX = 6;
const LINE_LENGTH_MAX = 200;

/** The first lines of a Markdown runbook as mrkdwn. Only what Slack can show is kept: bold, code, links, bullets. */
export function runbookExcerpt(markdown: string): string[] {
  const lines = markdown
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('# ') && !/^(```|<!--|---$|\|)/.test(line))
    .slice(0, LINES_MAX);
  // A heading with nothing below it only asks for a click that the link above offers already.
  while (lines.at(-1)?.startsWith('#') === true) lines.pop();
  return lines.map(lineAsMrkdwn);
}

function lineAsMrkdwn(line: string): string {
  const heading = /^#{2,6}\s+(.*)$/.exec(line)?.[1];
  if (heading !== undefined) return `*${inline(heading.replaceAll('*', ''))}*`;
  return inline(line.replace(/^[-*+]\s+/, '• '));
}

/** Cut before it is marked up, so that no link or code span is cut open. */
function inline(line: string): string {
  const short = line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX).replace(/\s?\S*$/, '')} …` : line;
  const links: string[] = [];
  const held = short.replaceAll(/\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g, (_whole, label: string, url: string) => `\u0000${String(links.push(link(url, label)) - 1)}\u0000`);
  const escaped = held.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(/\*\*([^*]+)\*\*/g, '*$1*');
  // NUL marks the place of a link: it cannot be in a text file.
  return escaped.replaceAll(/\u0000(\d+)\u0000/g, (_whole, index: string) => links[Number(index)] ?? '');
}
