import { describe, expect, test } from 'vitest';
import { randomOf } from '../../budget/random-source.js';
import { DAY_MS } from '../../lib/duration.js';
import { windowsFor, WINDOW_MS, type CountedWindow } from './baseline-windows.js';
import { anomalyKey, judgeAnomalies, type OperationCounts, type WindowCount } from './judge-anomalies.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const STRICT = { falseDiscoveryRate: 0.001, unheeded: new Map<string, number>() };

interface Traffic {
  /** Requests, failed and slow ones of a window. */
  readonly of: (window: CountedWindow) => Pick<WindowCount, 'requests' | 'errors' | 'slow'>;
  readonly p95Ns?: number;
  /** Each counted request stands for so many. */
  readonly weight?: number;
}

const operation = (name: string, { of, p95Ns = 100e6, weight = 1 }: Traffic): OperationCounts => ({
  service: 'shop', operation: name, usualP95Ns: 100e6, p95Ns, windows: windowsFor(NOW).map((window) => {
    const { requests, errors, slow } = of(window);
    const squared = weight * weight;
    return { ...window, requests: requests * weight, errors: errors * weight, slow: slow * weight, requestsSquared: requests * squared, errorsSquared: errors * squared, slowSquared: slow * squared };
  }),
});
const steady = { requests: 1_000, errors: 5, slow: 50 };
const now = (counts: Partial<typeof steady>): Traffic['of'] => ({ baseline }) => (baseline === undefined ? { ...steady, ...counts } : steady);
const names = (operations: readonly OperationCounts[], limits = STRICT): readonly (readonly string[])[] => judgeAnomalies(operations, limits).anomalies.map((each) => [each.operation, each.signal]);

describe('an operation that does otherwise than at this hour of the week', () => {
  test('is told with its numbers: failures, and durations', () => {
    const { anomalies, calm } = judgeAnomalies([operation('pay', { of: now({ errors: 60 }) }), operation('list', { of: now({ slow: 300 }), p95Ns: 400e6 }), operation('home', { of: now({}) })], STRICT);
    expect(anomalies.map(({ words }) => words)).toEqual([
      '6 % of its requests fail, 0.5 % at this hour of the week',
      'its 95th percentile is 400 ms, 100 ms as a rule; 30 % of its requests are slower than that, 5 % at this hour of the week',
    ]);
    expect([...calm].sort()).toEqual([['home', 'errors'], ['home', 'latency'], ['list', 'errors'], ['pay', 'latency']].map(([name = '', signal]) => anomalyKey({ service: 'shop', operation: name, signal: signal as 'errors' })).sort());
  });

  test('is not told for what is large but always so at this hour', () => {
    const nightly: Traffic['of'] = ({ baseline }) => (baseline === undefined || baseline === 'week' ? { requests: 1_000, errors: 200, slow: 400 } : steady);
    expect(names([operation('batch', { of: nightly, p95Ns: 900e6 })])).toEqual([]);
  });

  test('is not told for what is certain but small, for a handful, or with too few requests', () => {
    expect(names([operation('busy', { of: ({ baseline }) => ({ requests: 1e6, errors: baseline === undefined ? 6_500 : 5_000, slow: 50_000 }) })])).toEqual([]);
    expect(names([operation('few', { of: ({ baseline }) => ({ requests: 100, errors: baseline === undefined ? 4 : 0, slow: 5 }) })])).toEqual([]);
    expect(names([operation('rare', { of: ({ baseline }) => ({ requests: 15, errors: baseline === undefined ? 15 : 0, slow: 0 }) })])).toEqual([]);
  });

  test('that is sampled is told by what was looked at, not by what it stands for', () => {
    const sampled = (failed: number): Traffic => ({ of: ({ baseline }) => ({ requests: 40, errors: baseline === undefined ? failed : 1, slow: 2 }), weight: 100 });
    expect(names([operation('three', { ...sampled(3) }), operation('fifteen', { ...sampled(15) })])).toEqual([['fifteen', 'errors']]);
    expect(names([operation('ten', { of: ({ baseline }) => ({ requests: 10, errors: baseline === undefined ? 10 : 0, slow: 0 }), weight: 100 })])).toEqual([]);
    expect(judgeAnomalies([operation('fifteen', sampled(15))], STRICT).anomalies[0]?.words).toContain('37.5 % of its requests fail, 2.5 %');
  });

  test('is told at more than usual bursts only', () => {
    const bursty: Traffic['of'] = ({ fromMs, baseline }) => ({ requests: 1_000, errors: baseline === undefined ? 60 : (fromMs / WINDOW_MS) % 4 === 0 ? 80 : 2, slow: 50 });
    expect(names([operation('bursty', { of: bursty })])).toEqual([]);
  });
});

describe('a baseline that is not a month old', () => {
  const since = (ms: number): Traffic['of'] => ({ fromMs, baseline }) => (fromMs < NOW - ms ? { requests: 0, errors: 0, slow: 0 } : { ...steady, errors: baseline === undefined ? 100 : 5 });

  test('is the same hour of the days there are, then the last hours, and says so; before that nothing is judged', () => {
    const words = (ms: number): string | undefined => judgeAnomalies([operation('pay', { of: since(ms) })], STRICT).anomalies[0]?.words;
    expect(words(30 * DAY_MS)).toContain('at this hour of the week');
    expect(words(5 * DAY_MS)).toContain('at this hour of the last days (there are no two weeks to compare with yet)');
    expect(words(DAY_MS / 6)).toContain('in the last hours (there are no two days to compare with yet)');
    expect(words(DAY_MS / 24)).toBeUndefined();
  });
});

describe('an operation whose tickets nobody takes', () => {
  test('needs more each time, and is quiet at last', () => {
    const pay = operation('pay', { of: now({ errors: 60 }) });
    const told = [0, 1, 3, 6, 12].map((count) => names([pay], { ...STRICT, unheeded: new Map([[anomalyKey({ service: 'shop', operation: 'pay', signal: 'errors' }), count]]) }).length);
    expect(told).toEqual([1, 1, 1, 0, 0]);
    expect(names([operation('pay', { of: now({ errors: 900 }) })], { ...STRICT, unheeded: new Map([[anomalyKey({ service: 'shop', operation: 'pay', signal: 'errors' }), 12]]) })).toEqual([['pay', 'errors']]);
  });
});

describe('false discoveries', () => {
  const LOOSE = { ...STRICT, falseDiscoveryRate: 0.05 };
  /** Seasonal traffic of 100 operations whose share of failures wanders from window to window. */
  const healthy = (seed: number, weight = 1): readonly OperationCounts[] => {
    const random = randomOf(seed);
    return Array.from({ length: 100 }, (_, index) => operation(`o${index}`, {
      of: () => {
        const requests = 50 + Math.floor(random.next() * 100);
        const share = 0.02 * (0.5 + random.next());
        return { requests, errors: random.binomial(requests, share), slow: random.binomial(requests, 0.05) };
      },
      p95Ns: 200e6, weight,
    }));
  };

  test('healthy traffic against itself says something in at most one run of twenty, also where it is told of all that is believed at 5 %', () => {
    const runs = Array.from({ length: 60 }, (_, seed) => names(healthy(seed + 1), LOOSE).length);
    expect(runs.filter((found) => found > 0).length).toBeLessThanOrEqual(3);
    expect(names(healthy(1, 100), LOOSE)).toEqual(names(healthy(1), LOOSE));
  }, 120_000);

  test('of what is said of ten broken operations among a hundred at most one in twenty is not broken, and all ten are said', () => {
    const broken = Array.from({ length: 10 }, (_, index) => operation(`broken${index}`, { of: ({ baseline }) => ({ requests: 200, errors: baseline === undefined ? 40 : 2, slow: 10 }) }));
    const found = Array.from({ length: 20 }, (_, seed) => names([...healthy(seed + 1), ...broken], LOOSE)).flat();
    expect(found.filter(([name]) => name?.startsWith('broken'))).toHaveLength(200);
    expect(found.filter(([name]) => !name?.startsWith('broken')).length).toBeLessThanOrEqual(found.length / 20);
  });
});
