import { expect, test } from 'vitest';
import { BodyMemory } from './body-memory.js';

test('a body that has arrived makes room for one of about its length, and not before', () => {
  const memory = new BodyMemory();
  const first = memory.take(100_000);
  const second = memory.take(100_000);
  expect([first.length, second.length]).toEqual([100_000, 100_000]);
  expect(second.buffer === first.buffer).toBe(false);
  memory.giveBack(first);
  const third = memory.take(130_000);
  expect([third.length, third.buffer === first.buffer]).toEqual([130_000, true]);
  memory.giveBack(third);
  expect(memory.take(200_000).buffer === first.buffer).toBe(false);
});

test('what is given back twice, or is not from there, is not lent', () => {
  const memory = new BodyMemory();
  const [foreign, own] = [Buffer.alloc(100_000), memory.take(10)];
  for (const body of [foreign, own, own]) memory.giveBack(body);
  const [again, another] = [memory.take(10), memory.take(10)];
  expect(again.buffer === own.buffer).toBe(true);
  expect(another.buffer === own.buffer).toBe(false);
  expect(another.buffer === foreign.buffer).toBe(false);
});

test('no more is kept than what is under way at once', () => {
  const memory = new BodyMemory();
  const lent = [1, 2, 3].map(() => memory.take(10));
  for (const body of lent) memory.giveBack(body);
  const known = new Set(lent.map(({ buffer }) => buffer));
  expect([1, 2, 3].filter(() => known.has(memory.take(10).buffer))).toHaveLength(2);
});
