import { z } from 'zod';
import { buildMatcher, parseMatchers, type LabelMatcher } from '../lib/label-matcher.js';
import { errorAt, warningAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { Result } from '../lib/result.js';
import { validateDocument } from '../lib/validate-document.js';
import { formatPath, parseYaml, type DocumentPath, type TextFile, type YamlDocument } from '../lib/yaml-document.js';
import { RUNBOOK_FILE, type Runbook } from './runbook.js';

const MAX_MATCHERS = 50;

const frontMatterSchema = z.strictObject({
  title: z.string().min(1).max(200).optional(),
  /** `{service: checkout}`, or Alertmanager's matchers as text. */
  match: z.union([z.record(z.string(), z.string()), z.array(z.string()).max(MAX_MATCHERS)]).optional(),
  actions: z.unknown().optional(),
});

type FrontMatter = z.output<typeof frontMatterSchema>;

/** Reads the front matter of a runbook. The body is not looked at here: see template-guard.ts. */
export function parseRunbook(file: TextFile, problems: Problem[]): Runbook | undefined {
  const { frontMatter, body, bodyLine } = splitFrontMatter(file.text);
  const before = problems.length;
  const { written, source } = readFrontMatter({ path: file.path, text: frontMatter }, problems);
  const matchers = source === undefined ? [] : readMatchers(written, source, problems);
  const name = file.path.replace(/^.*[/\\]/, '').replace(RUNBOOK_FILE, '');
  const title = written.title ?? /^#\s+(.+?)\s*#*$/m.exec(body)?.[1];
  if (title === undefined && problems.length === before) {
    problems.push(errorAt({ file: file.path, line: 1, column: 1 }, 'runbooks/missing-key', { path: 'title', message: 'the runbook has no title', hint: 'begin the file with front matter: ---, title: What broke, ---' }));
  }
  if (problems.slice(before).some((problem) => problem.level === 'error')) return undefined;
  if (written.actions !== undefined && source !== undefined) {
    problems.push(warningAt(source.atKey(['actions']), 'runbooks/not-supported-yet', { path: 'actions', message: 'actions are not run by this version; people carry them out', hint: 'describe them in the text' }));
  }
  return { name, file: file.path, title: title ?? name, matchers, body, bodyLine };
}

/** Front matter stands between two lines of `---` at the very top. */
function splitFrontMatter(text: string): { frontMatter: string; body: string; bodyLine: number } {
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?<=\n)---[ \t]*(?:\r?\n|$)/.exec(text);
  if (match === null) return { frontMatter: '', body: text, bodyLine: 1 };
  return { frontMatter: match[1] ?? '', body: text.slice(match[0].length), bodyLine: match[0].split('\n').length };
}

function readFrontMatter(file: TextFile, problems: Problem[]): { written: FrontMatter; source: YamlDocument | undefined } {
  // The first line of the file is the ---, so its YAML begins one line further down.
  const parsed = parseYaml(file, 1);
  problems.push(...parsed.problems);
  const [source] = parsed.documents;
  if (source === undefined) return { written: {}, source };
  const checked = validateDocument(frontMatterSchema, source, { area: 'runbooks' });
  if (checked.ok) return { written: checked.value, source };
  problems.push(...checked.error);
  return { written: {}, source };
}

function readMatchers({ match }: FrontMatter, source: YamlDocument, problems: Problem[]): LabelMatcher[] {
  const matchers: LabelMatcher[] = [];
  const add = (parsed: Result<LabelMatcher | LabelMatcher[], string>, path: DocumentPath): void => {
    if (parsed.ok) matchers.push(...[parsed.value].flat());
    else problems.push(errorAt(source.at(path), 'runbooks/bad-matcher', { path: formatPath(path), message: parsed.error }));
  };
  if (Array.isArray(match)) match.forEach((text, index) => add(parseMatchers(text), ['match', index]));
  else for (const [name, value] of Object.entries(match ?? {})) add(buildMatcher({ name, operator: '=', value }), ['match', name]);
  return matchers;
}
