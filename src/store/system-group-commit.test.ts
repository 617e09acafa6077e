import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GroupCommit } from './system-group-commit.js';

/** A committer whose commits finish when the test says so. */
function heldCommits() {
  const groups: string[][] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const commit = (group: readonly string[]): Promise<void> => {
    groups.push([...group]);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const next = async () => {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return waiting.shift();
  };
  return { groups, commit, finish: async () => (await next())?.resolve(), fail: async (error: Error) => (await next())?.reject(error) };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => Promise.race([promise.then(() => true, () => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test('what comes during a commit goes into the next, and each waits for its own', async () => {
  const { groups, commit, finish } = heldCommits();
  const group = new GroupCommit(commit, { maxWaitMs: 0, maxRows: 2 });
  const first = group.add('a', 1);
  const second = group.add('b', 1);
  const third = group.add('c', 1);
  expect(groups).toEqual([['a']]);
  expect(await settled(first)).toBe(false);
  await finish();
  await first;
  expect(await settled(second)).toBe(false);
  await finish();
  await Promise.all([second, third]);
  expect(groups).toEqual([['a'], ['b', 'c']]);
});

test('waits for company until there are enough rows', () => {
  const { groups, commit } = heldCommits();
  const group = new GroupCommit(commit, { maxWaitMs: 60_000, maxRows: 10 });
  void group.add('a', 4);
  void group.add('b', 5);
  expect(groups).toEqual([]);
  void group.add('c', 1);
  expect(groups).toEqual([['a', 'b', 'c']]);
});

test('a backlog is taken in pieces that are just large enough', async () => {
  const { groups, commit, finish } = heldCommits();
  const group = new GroupCommit(commit, { maxWaitMs: 60_000, maxRows: 10 });
  const all = [group.add('first', 10), group.add('a', 9), group.add('b', 9), group.add('giant', 500), group.add('c', 1)];
  for (let index = 0; index < 3; index += 1) await finish();
  const drained = group.drain();
  await finish();
  await Promise.all([...all, drained]);
  expect(groups).toEqual([['first'], ['a', 'b'], ['giant'], ['c']]);
});

describe('a group that fills', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
  const LIMITS = { maxWaitMs: 100, maxRows: 1_000, patienceMs: 400 };

  test('waits on while rows come fast enough, and goes when it is full', () => {
    const { groups, commit } = heldCommits();
    const group = new GroupCommit(commit, LIMITS);
    for (let index = 0; index < 10; index += 1) {
      expect(groups).toEqual([]);
      void group.add(String(index), 100);
      vi.advanceTimersByTime(30);
    }
    expect(groups).toHaveLength(1);
  });

  test('goes as soon as rows stop coming', () => {
    const { groups, commit } = heldCommits();
    const group = new GroupCommit(commit, LIMITS);
    void group.add('a', 300);
    vi.advanceTimersByTime(100);
    expect(groups).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(groups).toEqual([['a']]);
  });

  test('goes after the first wait where there is little traffic, and after the last in any case', () => {
    const { groups, commit } = heldCommits();
    const group = new GroupCommit(commit, LIMITS);
    void group.add('a', 200);
    vi.advanceTimersByTime(100);
    expect(groups).toEqual([['a']]);
    const patient = heldCommits();
    const other = new GroupCommit(patient.commit, LIMITS);
    for (let index = 0; index < 399; index += 1) {
      void other.add('x', 2.5);
      vi.advanceTimersByTime(1);
    }
    expect(patient.groups).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(patient.groups).toHaveLength(1);
  });

  test('does not go while something that has come is about to be added, and then as soon as the last of it is', () => {
    const { groups, commit } = heldCommits();
    let here = 3;
    const group = new GroupCommit(commit, LIMITS, () => here > 0);
    void group.add('a', 10);
    for (const name of ['b', 'c']) {
      vi.advanceTimersByTime(450);
      expect(groups).toEqual([]);
      here -= 1;
      void group.add(name, 10);
    }
    here -= 1;
    void group.add('d', 10);
    expect(groups).toEqual([['a', 'b', 'c', 'd']]);
  });

  test('goes all the same when it is full, and soon after what had come turns out to be nothing', () => {
    const { groups, commit } = heldCommits();
    const full = new GroupCommit(commit, LIMITS, () => true);
    void full.add('a', 999);
    void full.add('b', 1);
    expect(groups).toEqual([['a', 'b']]);
    const nothing = heldCommits();
    let here = true;
    const other = new GroupCommit(nothing.commit, LIMITS, () => here);
    void other.add('a', 10);
    vi.advanceTimersByTime(450);
    here = false;
    vi.advanceTimersByTime(25);
    expect(nothing.groups).toEqual([['a']]);
  });

  test('does not wait for ever for what is never added', () => {
    const { groups, commit } = heldCommits();
    const group = new GroupCommit(commit, LIMITS, () => true);
    void group.add('a', 10);
    vi.advanceTimersByTime(1_975);
    expect(groups).toEqual([]);
    vi.advanceTimersByTime(25);
    expect(groups).toEqual([['a']]);
  });
});

test('a failure is told to its own group only', async () => {
  const { groups, commit, fail, finish } = heldCommits();
  const group = new GroupCommit(commit, { maxWaitMs: 0, maxRows: 1 });
  const first = group.add('a', 1);
  const second = group.add('b', 1);
  const failed = expect(first).rejects.toThrow('disk full');
  await fail(new Error('disk full'));
  await failed;
  await finish();
  await second;
  expect(groups).toEqual([['a'], ['b']]);
});

test('draining does not wait for more', async () => {
  const { groups, commit, finish } = heldCommits();
  const group = new GroupCommit(commit, { maxWaitMs: 60_000, maxRows: 100 });
  const added = group.add('a', 1);
  const drained = group.drain();
  await finish();
  await Promise.all([added, drained]);
  expect(groups).toEqual([['a']]);
});
