import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, textFiles, type TextFileOfRepository } from '../support/repository.js';

const { STAGES } = (await import(new URL('../../stages.js', import.meta.url).href)) as { readonly STAGES: readonly string[] };
const FILES = textFiles();
const CODE = /\.(ts|js|sql|njk|css|c|h)$/;
const code = FILES.filter(({ path }) => CODE.test(path));

/** Lines of a file that say something a rule forbids, as `path:line: text`. */
function offences(files: readonly TextFileOfRepository[], offends: (line: string) => boolean): string[] {
  return files.flatMap(({ path, text }) => text.split('\n').flatMap((line, index) => (offends(line) ? [`${path}:${String(index + 1)}: ${line.trim()}`] : [])));
}

test('the list is of this repository', () => {
  expect(FILES.map(({ path }) => path)).toEqual(expect.arrayContaining(['stages.js', 'src/lib/clock.ts', 'rules/routing.yaml']));
});

test('nothing is left for later in a comment: what is to be done is an issue', () => {
  const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
  expect(offences(code, (line) => marks.test(line))).toEqual([]);
});

test('no test runs alone', () => {
  const alone = /\b(?:test|it|describe|suite)(?:\.\w+)*\.only\b/;
  expect(offences(code.filter(({ path }) => path.endsWith('.test.ts') || path.endsWith('.contract.ts')), (line) => alone.test(line))).toEqual([]);
});

test('who switches a lint rule off says why, after two dashes', () => {
  const off = 'eslint' + '-disable';
  expect(offences(code, (line) => line.includes(off) && !/ -- \S/.test(line))).toEqual([]);
});

test('no file knows the machine it was written on', () => {
  const machine = /(?<![\w.-])\/(?:root|home|work)\/[\w.-]+/;
  /** Text that only looks like it, and why it is there. */
  const known = new Map([
    ['src/ingest/detect-secret-pairs.ts', 'an example of an environment variable that is no secret'],
    ['src/ingest/detect-corpus.ts', 'the same example, as a case'],
  ]);
  expect(offences(FILES.filter(({ path }) => !known.has(path)), (line) => machine.test(line))).toEqual([]);
});

const LONGEST = 400;
/** Longer than that, and why. The numbers only go down. */
const LONGER = new Map<string, { readonly lines: number; readonly why: string }>([
  ['src/ingest/decoder.test.ts', { lines: 480, why: 'one table of malformed input for two encodings; reads best in one piece' }],
]);

test('a file fits on a few screens', () => {
  const lines = new Map(code.map(({ path, text }) => [path, text.split('\n').length - 1]));
  const tooLong = [...lines].filter(([path, count]) => count > (LONGER.get(path)?.lines ?? LONGEST)).map(([path, count]) => `${path}: ${String(count)} lines`);
  expect(tooLong).toEqual([]);
  const notLongAnyMore = [...LONGER.keys()].filter((path) => (lines.get(path) ?? 0) <= LONGEST);
  expect(notLongAnyMore, 'take these off the list').toEqual([]);
});

const sql = FILES.filter(({ path }) => path.startsWith('src/') && path.endsWith('.sql'));

test('every query says on top what it is for', () => {
  expect(sql.filter(({ text }) => !/^-- \S.*[.:]$/m.test(text.split('\n')[0] ?? '')).map(({ path }) => path)).toEqual([]);
});

test('every query is read by the code beside it', () => {
  const queries = sql.filter(({ path }) => !path.includes('/migrations/'));
  const unused = queries.filter(({ path }) => {
    const beside = FILES.filter((file) => dirname(file.path) === dirname(path) && file.path.endsWith('.ts'));
    return !beside.some(({ text }) => readsQuery(text, basename(path)));
  });
  expect(queries.length).toBeGreaterThan(30);
  expect(unused.map(({ path }) => path)).toEqual([]);
});

/** `'claim.sql'`, or `'claim'` put into a template like `outbox-${name}.sql`. */
function readsQuery(source: string, name: string): boolean {
  if (source.includes(`'${name}'`)) return true;
  return [...source.matchAll(/`([\w-]*)\$\{\w+\}([\w-]*\.sql)`/g)].some(([, before = '', after = '']) => {
    const fits = name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length;
    return fits && source.includes(`'${name.slice(before.length, name.length - after.length)}'`);
  });
}

test('no two migrations have one number', () => {
  const numbers = sql.filter(({ path }) => path.includes('/migrations/')).map(({ path }) => Number(basename(path).slice(0, 4))).sort((left, right) => left - right);
  expect(numbers).toEqual([...new Set(numbers)]);
});

/** On the list of stages, not written yet. */
const PLANNED: readonly string[] = [];

test('the stages are the folders of src/', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect([...STAGES].filter((stage) => !folders.includes(stage)), 'stages without a folder').toEqual(PLANNED);
  expect(folders.filter((folder) => !STAGES.includes(folder)), 'folders that are no stage').toEqual([]);
  expect(new Set(STAGES).size).toBe(STAGES.length);
});
