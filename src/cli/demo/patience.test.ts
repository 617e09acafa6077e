import { expect, test } from 'vitest';
import { SECOND_MS } from '../../lib/duration.js';
import { Patience } from './patience.js';

const missed = (patience: Patience, second: number): string => patience.missed(second * SECOND_MS, 'timed out').kind;

test('a service that is slow to answer is waited for, which is said once; one that stays silent for a minute is broken', () => {
  const patience = new Patience(0, () => 'load average 25.3 on 2 processors');
  expect([5, 10, 15, 20, 40, 59].map((second) => missed(patience, second))).toEqual(['waits', 'waits', 'slow', 'waits', 'waits', 'waits']);
  expect(patience.missed(60 * SECOND_MS, 'timed out')).toEqual({ kind: 'broken', text: 'Tocsin has not answered for 1 min (load average 25.3 on 2 processors): timed out' });
});

test('an answer begins it anew', () => {
  const patience = new Patience(0);
  expect(missed(patience, 20)).toBe('slow');
  patience.answered(50 * SECOND_MS);
  expect([64, 65, 109, 110].map((second) => missed(patience, second))).toEqual(['waits', 'slow', 'waits', 'broken']);
});
