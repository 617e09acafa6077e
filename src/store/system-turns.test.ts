import { expect, test } from 'vitest';
import { Turns } from './system-turns.js';

const ofLoop = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

test('one goes on in each turn of the loop, in their order, so that others come between', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  for (const name of ['a', 'b', 'c']) void turns.next().then(() => seen.push(name));
  expect(seen).toEqual([]);
  for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    await ofLoop();
    expect(seen).toEqual(expected);
  }
});

test('what was begun goes before what waits to begin, however often it asks', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const begun = async (): Promise<void> => {
    for (const piece of ['1', '2']) {
      await turns.first();
      seen.push(piece);
    }
  };
  void turns.next().then(() => seen.push('a'));
  const waiting = turns.next().then(() => seen.push('b'));
  void begun();
  await waiting;
  expect(seen).toEqual(['1', '2', 'a', 'b']);
});

test('says whether anybody waits to begin', async () => {
  const turns = new Turns();
  const written = turns.first();
  expect(turns.areWaitedFor).toBe(false);
  const begun = turns.next();
  expect(turns.areWaitedFor).toBe(true);
  await Promise.all([written, begun]);
  expect(turns.areWaitedFor).toBe(false);
});

test('goes on after all had their turn', async () => {
  const turns = new Turns();
  await turns.next();
  await turns.first();
  await turns.next();
});
