import { describe, expect, test } from 'vitest';
import { randomOf, type RandomSource } from '../budget/random-source.js';
import { buildSpan, spanId } from '../signature/span-builder.js';
import type { Attributes } from '../trace/span.js';
import { compareCohorts, FALSE_DISCOVERY_RATE } from './compare-cohorts.js';
import type { EventTrace } from './finding.js';

const REGIONS = ['eu-1', 'eu-2', 'us-1', 'us-2'];
let number = 0;

/** A request with thirty attributes that say nothing, and what a test adds. */
function request(random: RandomSource, attributes: Attributes = {}, weight = 1): EventTrace {
  const of = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
  number += 1;
  const noise = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`noise.${index}`, of(['a', 'b', 'c', 'd', 'e'].slice(0, 2 + (index % 4)))]));
  const event = { ...buildSpan({ id: 'event', service: 'front', attributes: { ...noise, region: of(REGIONS), 'order.number': number, 'session.id': `s${Math.floor(random.next() * 1e12).toString(36)}`, ...attributes } }), weight };
  const pay = buildSpan({ id: 'pay', parent: 'event', service: 'payment', resource: { 'service.version': of(['1', '2']) } });
  return { spans: [event, pay], badSpanId: spanId('event') };
}

const many = (count: number, make: (index: number) => EventTrace): EventTrace[] => Array.from({ length: count }, (_, index) => make(index));

describe('failing against healthy requests', () => {
  test('says what failures have and healthy requests have not, and nothing else', () => {
    const random = randomOf(1);
    const bad = many(100, (index) => request(random, { ...(index < 92 ? { region: 'eu-2', zone: 'eu-2a' } : { region: 'us-1', zone: 'x' }), 'error.type': 'Timeout', 'only.when.failed': 'yes' }));
    const healthy = many(100, (index) => request(random, index < 3 ? { region: 'eu-2', zone: 'eu-2a' } : { region: 'us-1', zone: 'x' }));
    const [first, ...others] = compareCohorts(bad, healthy);
    expect(first).toMatchObject({ items: [{ service: '', attribute: 'zone', value: 'eu-2a' }], badShare: 0.92, badOf: 100, healthyShare: 0.03, healthyOf: 100, support: 92, words: '92 % of 100 failures have zone=eu-2a (3 % of 100 healthy requests), and 1 more that come with it' });
    expect(first?.lift).toBeCloseTo(30.67, 2);
    expect([first?.effect.low, first?.effect.high].map((bound) => bound?.toFixed(2))).toEqual(['0.80', '0.93']);
    expect(others).toEqual([]);
  });

  test('finds two values that only matter together', () => {
    const random = randomOf(2);
    const of = (values: readonly string[]): string => values[Math.floor(random.next() * values.length)] as string;
    const healthy = many(200, () => request(random, of(['x', 'y']) === 'x' ? { plan: 'gold', card: of(['visa', 'amex', 'amex']) } : { plan: 'free', card: of(['visa', 'visa', 'amex']) }));
    const mixed = healthy.filter(({ spans: [event] }) => event?.attributes['plan'] !== 'gold' || event.attributes['card'] !== 'visa');
    const bad = many(80, () => request(random, { plan: 'gold', card: 'visa' }));
    const [first] = compareCohorts(bad, mixed);
    expect(first?.words).toContain(`100 % of 80 failures have card=visa and plan=gold (0 % of ${mixed.length} healthy requests)`);
  });

  test('names spans of other services by their service', () => {
    const random = randomOf(3);
    const withVersion = (version: string): EventTrace => {
      const trace = request(random);
      return { ...trace, spans: trace.spans.map((span) => (span.serviceName === 'payment' ? { ...span, resource: { ...span.resource, 'service.version': version } } : span)) };
    };
    expect(compareCohorts(many(40, () => withVersion('2')), many(40, (index) => withVersion(index % 8 === 0 ? '2' : '1')))[0]?.items).toEqual([{ service: 'payment', attribute: 'service.version', value: '2' }]);
  });

  test('counts weights: what stands for a hundred requests each is no rare thing', () => {
    const random = randomOf(4);
    const bad = many(60, () => request(random, { tier: 'a' }));
    const healthy = many(60, (index) => request(random, { tier: index < 30 ? 'a' : 'b' }, index < 30 ? 100 : 1));
    expect(compareCohorts(bad, healthy).filter(({ items }) => items.some(({ attribute }) => attribute === 'tier'))).toEqual([]);
  });

  test('counts weights of pairs too: among those that have one part, the few that stand for many decide whether the other matters', () => {
    const bought = (count: number, attributes: Attributes, weight = 1): EventTrace[] => many(count, () => ({ spans: [{ ...buildSpan({ id: 'event', service: 'front', attributes }), weight }], badSpanId: spanId('event') }));
    const bad = bought(12, { plan: 'gold', card: 'visa' });
    // Three in four gold customers pay by visa, though of the traces of them one in eleven.
    const healthy = [
      ...bought(4, { plan: 'gold', card: 'visa' }, 100), ...bought(1, { plan: 'gold', card: 'amex' }, 100), ...bought(40, { plan: 'gold', card: 'amex' }),
      ...bought(7, { plan: 'free', card: 'visa' }, 100), ...bought(7, { plan: 'free', card: 'amex' }, 100),
    ];
    expect(compareCohorts(bad, healthy).map(({ items }) => items.map(({ value }) => value))).toEqual([['gold'], ['visa']]);
  });

  test('with few traces says nothing', () => {
    const random = randomOf(5);
    expect(compareCohorts(many(9, () => request(random, { region: 'eu-2' })), many(100, () => request(random, { region: 'us-1' })))).toEqual([]);
  });

  /** Two halves of the same: with everything null, the rate of false discoveries is the share of runs that say anything. */
  test('compared with itself says something in at most one of twenty runs', () => {
    const random = randomOf(6);
    const runs = 200;
    const spoke = Array.from({ length: runs }, () => compareCohorts(many(60, () => request(random)), many(60, () => request(random))).length > 0).filter(Boolean).length;
    // Three standard deviations above the promised rate.
    expect(spoke).toBeLessThanOrEqual(runs * FALSE_DISCOVERY_RATE + 3 * Math.sqrt(runs * FALSE_DISCOVERY_RATE * (1 - FALSE_DISCOVERY_RATE)));
  }, 120_000);

  test('of what it says at most one in twenty is chance, where something is wrong as well', () => {
    const random = randomOf(7);
    let [said, wrong] = [0, 0];
    for (let run = 0; run < 60; run += 1) {
      const found = compareCohorts(many(60, () => request(random, random.next() < 0.7 ? { region: 'eu-2' } : {})), many(60, () => request(random)));
      said += found.length;
      wrong += found.filter(({ items }) => !items.some(({ attribute, value }) => attribute === 'region' && value === 'eu-2')).length;
    }
    expect(said).toBeGreaterThan(50);
    expect(wrong / said).toBeLessThan(0.1);
  });
});
