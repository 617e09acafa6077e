import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTraffic } from '../../cli/diagnose/read-traffic.js';
import type { SpanStory } from '../../signature/span-builder.js';
import type { EventTrace } from '../finding.js';
import { DETECTORS, findPatterns } from './find-patterns.js';
import { PATTERN_KINDS, type PatternFinding, type PatternKind } from './pattern.js';
import { explainingPattern, PATTERN_WORDS, sharesInWords } from './pattern-words.js';
import { requestsOf } from './requests-of.js';
import { shopTraces, type Planted } from './story.js';

const healthy = shopTraces(60);
/** Most requests, not all. */
const inMost = (planted: Planted) => (index: number): Planted => (index % 5 === 0 ? {} : planted);
const bad = (planted: Planted): readonly EventTrace[] => shopTraces(50, { first: 60, plant: inMost(planted) });
const repeated = (count: number, of: (index: number) => SpanStory): readonly SpanStory[] => Array.from({ length: count }, (_, index) => of(index));

interface Case {
  readonly planted: Planted;
  readonly words: string;
  readonly service: string;
  /** Of the forty that have it. */
  readonly affected?: number;
}

const ITEM = { 'db.system.name': 'postgresql', 'server.address': 'db', 'server.port': 5432 };
const failing = { status: 'error' as const };
const CASES: Readonly<Partial<Record<PatternKind, Case>>> = {
  'retry-amplification': {
    service: 'shop', words: 'shop calls mail POST 3 times for one request because tries fail; repeating them takes 24 ms and multiplies the load by 3',
    planted: { more: () => repeated(3, (index) => ({ id: `m${index}`, parent: 'front', service: 'shop', kind: 'client', name: 'POST', startMs: 70 + 12 * index, durationMs: 10, status: index === 2 ? 'unset' : 'error', attributes: { 'server.address': 'mail' } })) },
  },
  'n-plus-one': {
    service: 'store', words: 'store GET /items asks postgresql the same 8 times, one after the other (SELECT * FROM prices WHERE item = ?): 24 ms of the request',
    planted: { more: () => repeated(8, (index) => ({ id: `p${index}`, parent: 'store', service: 'store', kind: 'client', name: 'SELECT prices', startMs: 40 + 3 * index, durationMs: 3, attributes: { ...ITEM, 'db.query.text': `SELECT * FROM prices WHERE item = ${index}` } })) },
  },
  'slow-statement': {
    service: 'store', words: 'A statement of store takes 900 ms, usually 22 ms: SELECT * FROM items WHERE id = ?',
    planted: { change: { front: { durationMs: 980 }, call: { durationMs: 940 }, store: { durationMs: 930 }, query: { durationMs: 900 } } },
  },
  'fan-out': {
    service: 'shop', words: 'shop GET /basket makes 13 calls at once and waits for the slowest: 13 invocations and 537 ms of the time of others for one request',
    planted: { more: () => repeated(12, (index) => ({ id: `f${index}`, parent: 'front', service: 'shop', kind: 'client', name: 'GET', startMs: 12, durationMs: 40, attributes: { 'server.address': `shard-${index}` } })) },
  },
  'pool-wait': {
    service: 'store', words: 'store GET /items waits 400 ms for a free connection of its pool (pg-pool.connect)',
    planted: { change: { front: { durationMs: 500 }, call: { durationMs: 460 }, store: { durationMs: 455 } }, more: () => [{ id: 'pool', parent: 'store', service: 'store', kind: 'client', name: 'pg-pool.connect', startMs: 50, durationMs: 400, attributes: {} }] },
  },
  'broken-context': {
    // Answers of the last half minute may still be on their way.
    service: 'store', affected: 16, words: 'The trace breaks between shop and store: calls go well, but store begins traces of its own for them; a proxy drops traceparent, or one side does not pass it on',
    planted: { change: { store: { parent: undefined, trace: 'anew' } }, without: ['query'] },
  },
  'cold-start': {
    service: 'store', words: 'store: requests meet store-2 in the first minute after it appeared; GET /items takes 600 ms, usually 57 ms',
    planted: { change: { front: { durationMs: 700 }, call: { durationMs: 620 }, store: { durationMs: 600, resource: { 'host.name': 'two', 'k8s.pod.name': 'store-2' } } } },
  },
  'proxy-overhead': {
    service: 'store', words: '244 ms of a call from shop to store passes between the two, usually 5 ms: a proxy, the network, or store accepts late',
    planted: { change: { front: { durationMs: 340 }, call: { durationMs: 302 } } },
  },
  'queue-lag': {
    service: 'mailer', words: 'Messages of receipts wait 20 s before mailer takes them',
    planted: { more: () => [{ id: 'send', parent: 'front', service: 'shop', kind: 'producer', name: 'send receipts', startMs: 80, durationMs: 2, attributes: { 'messaging.destination.name': 'receipts' } }, { id: 'take', parent: 'send', service: 'mailer', kind: 'consumer', name: 'process receipts', startMs: 20_082, durationMs: 5 }] },
  },
  'third-party': {
    service: 'shop', words: 'Calls from shop to pay.example.com fail (HTTP 503); pay.example.com sends no spans of its own',
    planted: { change: { front: failing }, more: () => [{ id: 'pay', parent: 'front', service: 'shop', kind: 'client', name: 'POST', startMs: 80, durationMs: 9, ...failing, attributes: { 'server.address': 'pay.example.com', 'http.response.status_code': 503 } }] },
  },
  'slow-dependency': {
    service: 'shop', words: 'store is slow, not shop: 397 ms of the extra time passes in store GET /items',
    planted: { change: { front: { durationMs: 500 }, call: { durationMs: 460 }, store: { durationMs: 455 } } },
  },
  'slow-self': {
    service: 'shop', words: 'shop GET /basket itself is slow: 397 ms of the extra time is its own work, what it calls takes what it always takes',
    planted: { change: { front: { durationMs: 500 } } },
  },
  'synchronous-exporter': {
    service: 'store', words: 'store sends its telemetry inside of requests and waits 10 ms for it',
    planted: { more: () => [{ id: 'export', parent: 'store', service: 'store', kind: 'client', name: 'POST', startMs: 45, durationMs: 10, attributes: { 'url.full': 'http://collector:4318/v1/traces' } }] },
  },
  'clock-skew': {
    service: 'store', words: 'The clocks of two (store) and one differ by 3.0 s: do not trust the order of spans between the two',
    planted: { change: { store: { startMs: 3_012 }, query: { startMs: 3_020 } } },
  },
};

const of = (findings: readonly PatternFinding[], kind: PatternKind): PatternFinding | undefined => findings.find((finding) => finding.kind === kind);

describe('a pattern that was planted', () => {
  test.each(Object.entries(CASES))('%s is found, with the traces that show it, and set apart from healthy requests', (kind, { planted, words, service, affected = 40 }) => {
    const findings = findPatterns(bad(planted), kind === 'clock-skew' ? [] : healthy);
    const finding = of(findings, kind as PatternKind);
    expect(finding).toMatchObject({ words, service, affected, of: 50, healthyAffected: 0 });
    expect(finding?.traces).toHaveLength(3);
    const shown = new Set(bad(planted).flatMap(({ spans }) => spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`)));
    expect(finding?.traces.every(({ traceId, spanId }) => shown.has(`${traceId} ${spanId}`))).toBe(true);
    if (kind !== 'clock-skew') expect(finding?.explains).toBe(true);
  });

  test('has a detector, a name and an advice for each kind, and a case here', () => {
    expect(DETECTORS.map((detector) => detector.kind).sort()).toEqual([...PATTERN_KINDS].sort());
    expect(Object.keys(PATTERN_WORDS).sort()).toEqual([...PATTERN_KINDS].sort());
    expect(Object.keys(CASES).sort()).toEqual([...PATTERN_KINDS].sort());
  });

  test('says the same whatever the order of the traces and their spans', () => {
    const traces = bad(CASES['n-plus-one']!.planted);
    const expected = findPatterns(traces, healthy);
    fc.assert(fc.property(fc.shuffledSubarray([...traces], { minLength: traces.length }), fc.shuffledSubarray([...healthy], { minLength: healthy.length }), (shuffled, others) => {
      expect(findPatterns(shuffled.map((trace) => ({ ...trace, spans: [...trace.spans].reverse() })), others)).toEqual(expected);
    }), { numRuns: 10 });
  });

  test('explains nothing where healthy requests have it as well, and what is trouble only by comparison is then no finding', () => {
    const plain = CASES['n-plus-one']!.planted;
    const both = findPatterns(shopTraces(50, { first: 60, plant: () => plain }), shopTraces(60, { plant: () => plain }));
    expect(both.map(({ kind, explains }) => [kind, explains])).toEqual([['n-plus-one', false]]);
    expect(explainingPattern(both)).toBeUndefined();
    const third = CASES['third-party']!.planted;
    expect(findPatterns(shopTraces(50, { first: 60, plant: () => third }), shopTraces(60, { plant: () => third }))).toEqual([]);
  });
});

describe('restarts', () => {
  test('are told where calls fail between the end of one pod and the beginning of the next', () => {
    const pod = (name: string): Planted => ({ change: { store: { resource: { 'k8s.pod.name': name } }, query: { resource: { 'k8s.pod.name': name } } } });
    const traces = shopTraces(60, { plant: (index) => (index < 20 ? pod('store-1') : index >= 40 ? pod('store-2') : { change: { front: failing, call: failing }, without: ['store', 'query'] }) });
    const finding = of(findPatterns(traces, []), 'cold-start');
    expect(finding).toMatchObject({ service: 'store', affected: 20, words: 'store: nothing answered for 21 s, between the last span of store-1 and the first of store-2' });
  });
});

describe('no pattern is found', () => {
  test('in healthy requests, against others or alone', () => {
    expect(findPatterns(shopTraces(80, { first: 60 }), healthy)).toEqual([]);
    expect(findPatterns(healthy, [])).toEqual([]);
  });

  test('in two traces, or in one of fifty', () => {
    const { planted } = CASES['third-party']!;
    expect(findPatterns(shopTraces(2, { plant: () => planted }), [])).toEqual([]);
    expect(findPatterns(shopTraces(150, { plant: (index) => (index % 50 === 0 ? planted : {}) }), [])).toEqual([]);
  });

  test.each([
    ['a call that was refused and not repeated', { more: () => [{ id: 'pay', parent: 'front', service: 'shop', kind: 'client', name: 'POST', startMs: 80, durationMs: 9, status: 'error', attributes: { 'server.address': 'pay.example.com', 'http.response.status_code': 402 } }] }],
    ['four look-ups', { more: () => repeated(4, (index) => ({ id: `p${index}`, parent: 'store', service: 'store', kind: 'client', name: 'SELECT prices', startMs: 40 + 3 * index, durationMs: 3, attributes: ITEM })) }],
    ['a batch of seven at once', { more: () => repeated(6, (index) => ({ id: `f${index}`, parent: 'front', service: 'shop', kind: 'client', name: 'GET', startMs: 12, durationMs: 40, attributes: { 'server.address': `shard-${index}` } })) }],
    ['an exporter outside of requests', { more: ({ trace }) => [{ id: 'export', trace: `${trace}x`, service: 'store', kind: 'client', name: 'POST', durationMs: 10, attributes: { 'url.full': 'http://collector:4318/v1/traces' } }] }],
    ['a message that waits as long as always', { more: () => [{ id: 'send', parent: 'front', service: 'shop', kind: 'producer', name: 'send receipts', startMs: 80, durationMs: 2 }, { id: 'take', parent: 'send', service: 'mailer', kind: 'consumer', name: 'process receipts', startMs: 400, durationMs: 5 }] }],
  ] satisfies readonly (readonly [string, Planted])[])('for %s', (_name, planted) => {
    expect(findPatterns(shopTraces(50, { first: 60, plant: () => planted }), shopTraces(60, { plant: () => planted }))).toEqual([]);
  });

  test.each<readonly [PatternKind, string, Planted]>([
    ['slow-statement', 'two and a half times the usual', { change: { front: { durationMs: 115 }, call: { durationMs: 90 }, store: { durationMs: 85 }, query: { durationMs: 55 } } }],
    ['pool-wait', 'a connection that comes at once', { more: () => [{ id: 'pool', parent: 'store', service: 'store', kind: 'client', name: 'pg-pool.connect', startMs: 50, durationMs: 4, attributes: {} }] }],
    ['cold-start', 'a new instance that answers as the others do', { change: { store: { resource: { 'host.name': 'two', 'k8s.pod.name': 'store-2' } } } }],
    ['proxy-overhead', 'a few milliseconds between the two', { change: { front: { durationMs: 88 }, call: { durationMs: 64 } } }],
    ['slow-dependency', 'less than twice the usual', { change: { front: { durationMs: 185 }, call: { durationMs: 145 }, store: { durationMs: 140 } } }],
    ['slow-self', 'less than twice the usual', { change: { front: { durationMs: 185 } } }],
    ['third-party', 'a third party that refuses what was asked', { more: () => [{ id: 'pay', parent: 'front', service: 'shop', kind: 'client', name: 'POST', startMs: 80, durationMs: 9, status: 'error', attributes: { 'server.address': 'pay.example.com', 'http.response.status_code': 422 } }] }],
    ['broken-context', 'a call to what never sends spans', { more: () => [{ id: 'pay', parent: 'front', service: 'shop', kind: 'client', name: 'POST', startMs: 80, durationMs: 9, attributes: { 'server.address': 'pay.example.com' } }] }],
    ['clock-skew', 'clocks that are two milliseconds apart', { change: { store: { startMs: 14 } } }],
  ])('%s: not for %s', (kind, _name, planted) => {
    expect(of(findPatterns(bad(planted), healthy), kind)).toBeUndefined();
  });

  test('by chance: of two hundred halves of healthy traffic with a failure now and then at most one in twenty says anything', () => {
    const random = fc.sample(fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 80, maxLength: 80 }), { numRuns: 200, seed: 7 });
    const runs = random.filter((draws) => {
      const traces = shopTraces(80, { plant: (index) => (draws[index]! < 15 ? CASES['third-party']!.planted : draws[index]! < 30 ? CASES['slow-statement']!.planted : {}) });
      return findPatterns(traces.filter((_, index) => index % 2 === 0), traces.filter((_, index) => index % 2 === 1)).length > 0;
    });
    expect(runs.length).toBeLessThanOrEqual(10);
  });

  test('in the healthy period of TrainTicket, except the N+1 calls that it is known for', async () => {
    const requests = requestsOf(await readTraffic(['test/report/trainticket-baseline.otlp.jsonl.gz']));
    expect(requests).toHaveLength(71);
    const findings = findPatterns(requests.filter((_, index) => index % 2 === 0), requests.filter((_, index) => index % 2 === 1));
    expect(findings.map(({ kind, service, peer, explains }) => [kind, service, peer, explains])).toEqual([['n-plus-one', 'ts-travel-service', 'ts-seat-service', false]]);
    expect(sharesInWords(findings[0]!)).toBe('4 of 36, 7 of 35 healthy');
  });
});
