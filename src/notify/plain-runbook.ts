/** A woken person reads a few lines; the rest is one click away. */
const LINES_MAX = 6;
const LINE_LENGTH_MAX = 200;

/** The first lines of a Markdown runbook as plain text. */
export function runbookLines(markdown: string): string[] {
  return markdown
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('# ') && !/^(```|<!--|---$|\|)/.test(line))
    .slice(0, LINES_MAX)
    .map((line) => line.replace(/^#{2,6}\s+/, '').replaceAll('**', '').replaceAll(/\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g, '$1 ($2)').slice(0, LINE_LENGTH_MAX));
}
