import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALL, proseOf, README, ROOT, type Document } from './documents.js';

const IMAGE_BYTES_MAX = 200 * 1024;

const linksOf = (document: Document): readonly string[] => [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^\w+:/.test(target));

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')));
}

describe.each(ALL.map((document) => [document.path, document] as const))('%s', (_path, document) => {
  test('links to files and headings that exist', () => {
    const broken = linksOf(document).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const path = file === '' ? document.path : join(dirname(document.path), file);
      if (!existsSync(join(ROOT, path))) return true;
      const target = ALL.find((candidate) => candidate.path === path);
      return anchor !== undefined && target !== undefined && !anchorsOf(target.text).has(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test('every page is linked from the README', () => {
  const linked = linksOf(README).map((link) => link.split('#')[0]);
  expect(ALL.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.includes(path))).toEqual([]);
});

test('pictures are small, and say in words what they show', () => {
  const pictures = ALL.flatMap((document) => [...document.text.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)].map(([, words = '', target = '']) => ({ words, file: join(ROOT, dirname(document.path), target) })));
  expect(pictures.length).toBeGreaterThanOrEqual(5);
  for (const { words, file } of pictures) {
    expect(statSync(file).size, file).toBeLessThanOrEqual(IMAGE_BYTES_MAX);
    expect(words.split(' ').length, file).toBeGreaterThan(5);
  }
});
