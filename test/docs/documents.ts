import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Document {
  /** From the root of the repository: `docs/slo.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block; `label` is what stands behind its language, and says how it is run: ```` ```yaml rules/basket.yaml ````. */
export interface Block {
  readonly language: string;
  readonly label: string;
  readonly text: string;
}

export function readDocument(path: string): Document {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

export const README = readDocument('README.md');
export const SLO = readDocument('docs/slo.md');
export const OPERATIONS = readDocument('docs/operations.md');
export const ALERTING = readDocument('docs/alerting.md');
export const ARCHITECTURE = readDocument('docs/architecture.md');
/** The pages that these tests answer for; the others have tests of their own, beside their code. */
export const OWN: readonly Document[] = [README, SLO, OPERATIONS, ARCHITECTURE, ALERTING];
export const ALL: readonly Document[] = [README, ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).sort().map((name) => readDocument(`docs/${name}`))];

export function blocksOf({ text }: Document): readonly Block[] {
  return [...text.matchAll(/^```(\w+)(?: ([^\n]*))?\n(.*?)^```$/gms)].map(([, language = '', label = '', body = '']) => ({ language, label, text: body }));
}

/** The text without fenced blocks. */
export function proseOf({ text }: Document): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

/** What stands in backticks outside of fenced blocks. */
export function codeSpansOf(document: Document): readonly string[] {
  return [...proseOf(document).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code = '']) => code);
}

/** Rows of the table under a line that begins with `| first header |`, cells trimmed. */
export function tableOf({ path, text }: Document, firstHeader: string): readonly (readonly string[])[] {
  const start = text.indexOf(`\n| ${firstHeader} |`);
  if (start === -1) throw new Error(`${path} has no table that begins with "${firstHeader}"`);
  const lines = text.slice(start + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}
