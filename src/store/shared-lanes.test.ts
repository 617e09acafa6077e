import { expect, test } from 'vitest';
import { SharedLanes } from './shared-lanes.js';

interface Held {
  readonly lane: number;
  readonly end: (error?: Error) => void;
}

function hold(lanes: SharedLanes, begun: Held[]): Promise<void> {
  return lanes.run((lane) => new Promise<void>((resolve, reject) => begun.push({ lane, end: (error) => (error === undefined ? resolve() : reject(error)) })));
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test('what waits takes the first lane that is free, in the order in which it came, and never one that is taken', async () => {
  const lanes = new SharedLanes([1, 2]);
  const begun: Held[] = [];
  const works = [hold(lanes, begun), hold(lanes, begun), hold(lanes, begun), hold(lanes, begun)];
  await settle();
  expect(begun.map(({ lane }) => lane)).toEqual([1, 2]);
  begun[1]?.end();
  await settle();
  expect(begun.map(({ lane }) => lane)).toEqual([1, 2, 2]);
  begun[2]?.end();
  await settle();
  expect(begun.map(({ lane }) => lane)).toEqual([1, 2, 2, 2]);
  for (const { end } of begun) end();
  await Promise.all(works);
});

test('work that fails leaves its lane to others', async () => {
  const lanes = new SharedLanes([1]);
  const begun: Held[] = [];
  const works = [hold(lanes, begun), hold(lanes, begun)];
  await settle();
  begun[0]?.end(new Error('no'));
  await expect(works[0]).rejects.toThrow('no');
  await settle();
  begun[1]?.end();
  await works[1];
  expect(begun).toHaveLength(2);
});

test('drained is when nothing runs and nothing waits', async () => {
  const lanes = new SharedLanes([1]);
  await lanes.drained();
  const begun: Held[] = [];
  const works = [hold(lanes, begun), hold(lanes, begun)];
  let isDrained = false;
  const drained = lanes.drained().then(() => { isDrained = true; });
  await settle();
  begun[0]?.end();
  await settle();
  expect(isDrained).toBe(false);
  begun[1]?.end();
  await drained;
  await Promise.all(works);
});
