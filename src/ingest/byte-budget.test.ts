import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIVE_MS, ByteBudget, type ByteHold } from './byte-budget.js';

/** Takes requests of `each` bytes for one sender until it is refused; returns them and why it was. */
function fill(budget: ByteBudget, who: string, { each = 10, service = '', nowMs = 0 } = {}): { holds: ByteHold[]; why: string } {
  const holds: ByteHold[] = [];
  for (;;) {
    const hold = budget.open({ who, service }, nowMs);
    const why = hold.reserve(each);
    if (why === undefined) holds.push(hold);
    else {
      hold.release();
      return { holds, why };
    }
  }
}

describe('bytes in flight', () => {
  test('are refused beyond the limit, and given again once some came back', () => {
    const budget = new ByteBudget(100);
    const { holds, why } = fill(budget, 'a');
    expect([holds.length, why, budget.used]).toEqual([10, 'bytes-in-flight', 100]);
    holds[0]?.release();
    holds[0]?.release();
    expect(budget.used).toBe(90);
    expect(budget.open({ who: 'a' }, 0).reserve(10)).toBeUndefined();
  });

  test('the only request of all is bound by its own limit alone: it must get through one day', () => {
    const budget = new ByteBudget(100);
    const hold = budget.open({ who: 'a' }, 0);
    expect(hold.reserve(150)).toBeUndefined();
    expect(budget.open({ who: 'b' }, 0).reserve(1)).toBe('bytes-in-flight');
    hold.release();
    expect(budget.used).toBe(0);
  });

  test('whatever happens, what is used is what is held, and never more than the limit or one request', () => {
    const step = fc.record({ who: fc.constantFrom('a', 'b', 'c'), service: fc.constantFrom('', 'x', 'y'), bytes: fc.nat(60), moves: fc.boolean(), releases: fc.nat(5), atMs: fc.nat(200_000) });
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = new ByteBudget(100);
      const open: { hold: ByteHold; bytes: number }[] = [];
      for (const { who, service, bytes, moves, releases, atMs } of steps) {
        const hold = budget.open({ who, service }, atMs);
        const isGiven = hold.reserve(bytes) === undefined;
        if (moves) hold.belongsTo('z');
        open.push({ hold, bytes: isGiven ? bytes : 0 });
        for (const gone of open.splice(0, releases)) gone.hold.release();
        const held = open.reduce((sum, each) => sum + each.bytes, 0);
        expect(budget.used).toBe(held);
        expect(held).toBeLessThanOrEqual(100);
      }
      for (const { hold } of open) hold.release();
      expect(budget.used).toBe(0);
    }));
  });
});

describe('shares', () => {
  test('a sender alone may hold everything', () => {
    expect(fill(new ByteBudget(100), 'noisy').holds).toHaveLength(10);
  });

  test('beside others it may hold half of what they leave, and the rest stays free for them', () => {
    const budget = new ByteBudget(120);
    budget.open({ who: 'quiet' }, 0).release();
    const { holds, why } = fill(budget, 'noisy');
    expect([holds.length, why]).toEqual([6, 'sender-share']);
    expect(budget.open({ who: 'quiet' }, 0).reserve(20)).toBeUndefined();
  });

  test('several noisy senders leave room as well: two get a third each', () => {
    const budget = new ByteBudget(1_200);
    budget.open({ who: 'quiet' }, 0).release();
    const held = { a: 0, b: 0 };
    for (let turn = 0; turn < 200; turn += 1) {
      const who = turn % 2 === 0 ? 'a' : 'b';
      const hold = budget.open({ who }, 0);
      if (hold.reserve(10) === undefined) held[who] += 10;
      else hold.release();
    }
    expect(held.a).toBeGreaterThan(350);
    expect(held.b).toBeGreaterThan(350);
    expect(1_200 - budget.used).toBeGreaterThan(350);
    expect(budget.open({ who: 'quiet' }, 0).reserve(200)).toBeUndefined();
  });

  test('the services of one sender share its part, known before the body or after it', () => {
    const budget = new ByteBudget(120);
    budget.open({ who: 'gateway', service: 'quiet' }, 0).release();
    const { holds, why } = fill(budget, 'gateway', { service: 'noisy' });
    expect([holds.length, why]).toEqual([6, 'service-share']);
    const late = budget.open({ who: 'gateway' }, 0);
    expect(late.reserve(20)).toBeUndefined();
    expect(late.belongsTo('noisy')).toBe('service-share');
    expect(late.belongsTo('quiet')).toBeUndefined();
  });

  test('the only request of a sender is not refused for its share: large ones get through', () => {
    const budget = new ByteBudget(100);
    budget.open({ who: 'quiet' }, 0).release();
    expect(budget.open({ who: 'large' }, 0).reserve(90)).toBeUndefined();
  });

  test('a sender silent for a minute is no longer waited for', () => {
    const budget = new ByteBudget(100);
    budget.open({ who: 'quiet' }, 0).release();
    expect(fill(budget, 'noisy', { nowMs: ACTIVE_MS }).why).toBe('sender-share');
    const later = fill(budget, 'noisy', { nowMs: ACTIVE_MS + 1 });
    expect(later.why).toBe('bytes-in-flight');
  });

  test('a share of 1 switches sharing off', () => {
    const budget = new ByteBudget(100, { senderShare: 1 });
    budget.open({ who: 'quiet' }, 0).release();
    expect(fill(budget, 'noisy').holds).toHaveLength(10);
  });

  test('what is taken ahead is used up first, and the rest of it given back once the body is there', () => {
    const budget = new ByteBudget(100);
    const hold = budget.open({ who: 'a' }, 0);
    expect([hold.reserveAhead(60), budget.used]).toEqual([undefined, 60]);
    expect([hold.reserve(20), budget.used]).toEqual([undefined, 60]);
    expect(budget.open({ who: 'b' }, 0).reserveAhead(50)).toBe('bytes-in-flight');
    hold.belongsTo('x');
    expect(budget.used).toBe(20);
    hold.release();
    expect(budget.used).toBe(0);
  });

  test('names that come once do not pile up', () => {
    const budget = new ByteBudget(100);
    for (let index = 0; index < 20_000; index += 1) budget.open({ who: `address-${index}`, service: 'x' }, 0).release();
    expect(budget.sendersKnown).toBeLessThanOrEqual(1_025);
  });
});
