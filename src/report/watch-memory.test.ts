import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { QualityFact } from './quality-fact.js';
import { watchedMinute, WatchMemory, type WatchedMinute } from './watch-memory.js';

const START = Date.parse('2026-11-20T14:00:00Z');

const fact = (name: QualityFact['fact'], service: string, numbers: Partial<QualityFact> = {}): QualityFact => ({ fact: name, service, subject: '', n: 20, bad: 0, value: 0, examples: [], ...numbers });
const minute = (afterMs: number, facts: readonly QualityFact[]): WatchedMinute => watchedMinute(START + afterMs, facts, 20);
const heard = (afterMs: number): WatchedMinute => minute(afterMs, [fact('spans', 'gateway'), fact('spans', 'cart'), fact('edge', 'gateway', { subject: 'cart' })]);
const alone = (afterMs: number): WatchedMinute => minute(afterMs, [fact('spans', 'gateway'), fact('spans', 'cart')]);
const nobody = (afterMs: number): WatchedMinute => minute(afterMs, []);

function memoryOf(...minutes: readonly WatchedMinute[]): WatchMemory {
  const memory = new WatchMemory(3);
  for (const each of minutes) memory.add([each]);
  return memory;
}

describe('a day of silence', () => {
  test('is that of a service, and that of a call between two that speak', () => {
    expect(memoryOf(heard(0), nobody(DAY_MS - MINUTE_MS)).isSilent('cart')).toBe(false);
    expect(memoryOf(heard(0), nobody(DAY_MS)).isSilent('cart')).toBe(true);
    const calls = memoryOf(heard(0), alone(HOUR_MS), alone(DAY_MS));
    expect([calls.isSilent('cart'), calls.isUncalled('gateway', 'cart')]).toEqual([false, true]);
    expect(memoryOf(heard(0), alone(HOUR_MS), alone(DAY_MS - MINUTE_MS)).isUncalled('gateway', 'cart')).toBe(false);
  });

  test('a call whose context is broken is a call', () => {
    const broken = minute(HOUR_MS, [fact('spans', 'gateway'), fact('broken-context', 'gateway', { subject: 'cart' })]);
    expect(memoryOf(heard(0), broken, alone(DAY_MS)).isUncalled('gateway', 'cart')).toBe(false);
  });

  test('of what was never heard begins with the first minute', () => {
    const memory = memoryOf(nobody(0), nobody(DAY_MS - MINUTE_MS));
    expect([memory.isSilent('cart'), memory.isUncalled('gateway', 'cart')]).toEqual([false, false]);
    memory.add([nobody(DAY_MS)]);
    expect([memory.isSilent('cart'), memory.isUncalled('gateway', 'cart')]).toEqual([true, true]);
  });

  test('goes on in a process that starts within the hour, and begins anew in one that starts later', () => {
    const before = memoryOf(heard(0), nobody(12 * HOUR_MS)).heard!;
    const after = (pauseMs: number): WatchMemory => {
      const memory = new WatchMemory(3);
      memory.restore(JSON.parse(JSON.stringify(before)) as typeof before, START + 12 * HOUR_MS + pauseMs);
      memory.add([nobody(12 * HOUR_MS + pauseMs)]);
      memory.add([nobody(DAY_MS)]);
      return memory;
    };
    expect(after(HOUR_MS).isSilent('cart')).toBe(true);
    expect(after(HOUR_MS + MINUTE_MS).isSilent('cart')).toBe(false);
  });
});

test('a minute that is read again takes the place of what it was', () => {
  const memory = memoryOf(alone(0), alone(MINUTE_MS), heard(MINUTE_MS), heard(2 * MINUTE_MS));
  expect(memory.of('cart').map(({ startMs, edges }) => [startMs - START, edges.size])).toEqual([[0, 0], [MINUTE_MS, 1], [2 * MINUTE_MS, 1]]);
});
