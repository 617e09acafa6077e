import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CoverageIndex } from './coverage-index.js';

const START = 29_718_720;

test('the share of any window is that of a count minute by minute', () => {
  const marks = fc.array(fc.record({ offset: fc.nat(4_400), covered: fc.boolean() }), { minLength: 1, maxLength: 300 });
  fc.assert(fc.property(marks, fc.nat(4_400), fc.integer({ min: 1, max: 4_500 }), (list, from, length) => {
    const index = new CoverageIndex();
    const naive = new Map<number, boolean>();
    index.markCovered(START);
    naive.set(0, true);
    for (const { offset, covered } of list) {
      naive.set(offset, covered);
      if (covered) index.markCovered(START + offset);
      else index.markUncovered(START + offset);
    }
    let expected = 0;
    for (let offset = from; offset < from + length; offset += 1) expected += naive.get(offset) === true ? 1 : 0;
    expect(index.share(START + from, START + from + length)).toBeCloseTo(expected / length, 12);
  }));
});

test('minutes before Tocsin first ran are not held against it', () => {
  const index = new CoverageIndex();
  expect(index.share(START - 60, START)).toBe(0);
  for (let minute = START; minute < START + 30; minute += 1) index.markCovered(minute);
  expect(index.share(START - 30, START + 30)).toBe(1);
  expect(index.share(START - 30, START + 60)).toBe(0.5);
  expect(index.share(START - 30, START)).toBe(0);
});

test('a minute that is marked twice counts once', () => {
  const index = new CoverageIndex();
  for (let round = 0; round < 3; round += 1) for (let minute = START; minute < START + 60; minute += 1) index.markCovered(minute);
  expect(index.share(START, START + 120)).toBe(0.5);
  index.markUncovered(START);
  index.markUncovered(START);
  expect(index.share(START, START + 60)).toBeCloseTo(59 / 60, 12);
});
