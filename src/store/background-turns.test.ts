import { expect, test } from 'vitest';
import { BackgroundTurns, inTurns } from './background-turns.js';

/** Statements take ten milliseconds each, of a clock that goes on by them and by pauses. */
function started({ isBusy }: { isBusy: boolean }) {
  const told: string[] = [];
  let nowMs = 0;
  const pause = (ms: number): Promise<void> => {
    told.push(`pause of ${ms} ms`);
    nowMs += ms;
    return Promise.resolve();
  };
  const turns = new BackgroundTurns({ isBusy: () => isBusy, pause, nowMs: () => nowMs });
  const query = async ({ sql }: { readonly sql: string }) => {
    told.push(`${sql} begins`);
    await Promise.resolve();
    nowMs += sql === 'SELECT slow' ? 10_000 : 10;
    told.push(`${sql} ends`);
    if (sql === 'SELECT wrong') throw new Error('no such column');
    return [{ sql }];
  };
  return { told, database: inTurns({ query }, turns), other: inTurns({ query }, turns), turns };
}

test('one statement at a time, whoever asks', async () => {
  const { told, database, other } = started({ isBusy: false });
  expect(await Promise.all([database.query({ sql: 'SELECT 1' }), other.query({ sql: 'SELECT 2' })])).toEqual([[{ sql: 'SELECT 1' }], [{ sql: 'SELECT 2' }]]);
  expect(told).toEqual(['SELECT 1 begins', 'SELECT 1 ends', 'SELECT 2 begins', 'SELECT 2 ends']);
});

test('while exports wait, each is followed by a pause three times as long as it took, within limits', async () => {
  const { told, database } = started({ isBusy: true });
  for (const sql of ['SELECT 1', 'SELECT slow', 'SELECT 2']) await database.query({ sql });
  expect(told.filter((each) => !each.endsWith('ends'))).toEqual(['SELECT 1 begins', 'pause of 30 ms', 'SELECT slow begins', 'pause of 3000 ms', 'SELECT 2 begins']);
});

test('one that fails says so, and the next has its turn', async () => {
  const { database } = started({ isBusy: true });
  await expect(database.query({ sql: 'SELECT wrong' })).rejects.toThrow('no such column');
  expect(await database.query({ sql: 'SELECT 1' })).toEqual([{ sql: 'SELECT 1' }]);
});

test('once closed, nobody has a turn any more, and the one under way is finished', async () => {
  const { database, turns, told } = started({ isBusy: true });
  const first = database.query({ sql: 'SELECT 1' });
  const second = database.query({ sql: 'SELECT 2' });
  while (told.length === 0) await Promise.resolve();
  turns.close();
  expect(await first).toEqual([{ sql: 'SELECT 1' }]);
  await expect(second).rejects.toThrow('stopping');
  expect(told).toEqual(['SELECT 1 begins', 'SELECT 1 ends']);
});
