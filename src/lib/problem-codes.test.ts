import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { hasErrors, PROBLEM_CODES, sortProblems, warningAt, errorAt } from './problem-codes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const catalogue = Object.keys(PROBLEM_CODES).sort();

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') && entry.name !== 'problem-codes.ts')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

test('docs/errors.md has exactly the codes of the catalogue, with the same meaning', () => {
  const documented = Object.fromEntries([...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (.+?) \| (.+) \|$/gm)].map(([, code = '', meaning = '']) => [code, meaning]));
  expect(documented).toEqual(PROBLEM_CODES);
});

test('every code that the source uses is in the catalogue, and every code of the catalogue is used', () => {
  const areas = [...new Set(catalogue.map((code) => code.split('/')[0]))].join('|');
  const texts = sources(join(root, 'src'));
  const literal = texts.flatMap((text) => [...text.matchAll(new RegExp(`'((?:${areas})/[a-z]+(?:-[a-z]+)*)'`, 'g'))].map(([, code = '']) => code));
  // validate-document.ts builds these from the area it validates.
  const suffixes = texts.flatMap((text) => [...text.matchAll(/`\$\{(?:options\.)?area\}\/([a-z-]+)`/g)].map(([, suffix = '']) => suffix));
  const built = catalogue.filter((code) => suffixes.includes(code.split('/')[1] ?? ''));
  expect(literal.filter((code) => !catalogue.includes(code))).toEqual([]);
  expect(catalogue.filter((code) => !literal.includes(code) && !built.includes(code))).toEqual([]);
});

test('problems are sorted by place, and only errors count as errors', () => {
  const at = (file: string, line: number, column: number): { file: string; line: number; column: number } => ({ file, line, column });
  const problems = [warningAt(at('b', 1, 1), 'yaml/syntax', { message: '' }), errorAt(at('a', 10, 1), 'yaml/syntax', { message: '' }), warningAt(at('a', 2, 9), 'yaml/syntax', { message: '' }), warningAt(at('a', 2, 1), 'yaml/syntax', { message: '' })];
  expect(sortProblems(problems).map((problem) => `${problem.at.file}${problem.at.line}:${problem.at.column}`)).toEqual(['a2:1', 'a2:9', 'a10:1', 'b1:1']);
  expect(hasErrors(problems)).toBe(true);
  expect(hasErrors(problems.filter(({ level }) => level === 'warning'))).toBe(false);
});
