import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rankSuspects } from './rank-suspects.js';
import { SHOP, tell, type FaultStory, type TrafficStory } from '../../../test/support/story-traffic.js';
import { buildSpan } from '../../signature/span-builder.js';
import type { Traffic } from './traffic.js';

const story = (changes: Partial<TrafficStory>): Traffic => tell({ services: SHOP, root: 'front', requests: 80, seed: 1, ...changes });
const diagnose = (fault: FaultStory, changes: Partial<TrafficStory> = {}) => rankSuspects(story(changes), story({ ...changes, seed: 2, fault })).suspects;
const withoutLogs = ({ spans }: Traffic): Traffic => ({ spans, logs: [] });

describe('the ranking of suspects', () => {
  test.each<[string, FaultStory, Partial<TrafficStory>]>([
    ['fails without getting slower', { service: 'price', fails: true, share: 0.4 }, {}],
    ['gets slower without failing', { service: 'stock', extraMs: 60, share: 0.5 }, {}],
    ['is slow on every request, a little', { service: 'search', extraMs: 12 }, {}],
    ['no longer calls what it used to call, and says nothing', { service: 'cart', drops: 'price', share: 0.5 }, {}],
    ['only writes a line that it never wrote', { service: 'tax', says: 'falling back to the default rate', share: 0.4 }, { severity: false }],
    ['only stops writing its line', { service: 'tax', silent: true, share: 0.5 }, { severity: false }],
    ['writes errors where neither status nor severity says so', { service: 'price', fails: true, share: 0.4 }, { severity: false }],
    ['is gone', { service: 'price', gone: true }, {}],
    ['has a slow network', { service: 'price', networkMs: 30 }, {}],
    ['has a slow network and many it calls', { service: 'cart', networkMs: 30 }, {}],
  ])('names the service that %s', (_what, fault, changes) => {
    const [first] = diagnose(fault, changes);
    expect(first).toMatchObject({ service: fault.service, strength: 'strong' });
  });

  test('needs no logs where spans say enough', () => {
    const { suspects } = rankSuspects(withoutLogs(story({})), withoutLogs(story({ seed: 2, fault: { service: 'price', fails: true, share: 0.4 } })));
    expect(suspects[0]).toMatchObject({ service: 'price', operation: 'GET /price/{id}' });
  });

  test('says in one sentence what a person can count again', () => {
    const [first] = diagnose({ service: 'tax', says: 'falling back to the default rate', share: 0.4 }, { severity: false });
    expect(first?.reason).toMatch(/^\d+ of 80 requests of tax GET \/tax\/\{country\} log "falling back to the default rate" \(0 of 80 in the baseline, like with like by call path\)$/);
  });

  test('names the pod on which it happens', () => {
    const [first] = diagnose({ service: 'price', fails: true, onPods: ['price-a'] });
    expect(first).toMatchObject({ service: 'price', resource: { attribute: 'k8s.pod.name', value: 'price-a' } });
    expect(first?.reason).toMatch(/100 % of them on k8s\.pod\.name=price-a \(0 % of the others\)$/);
  });

  test('does not blame a caller for what its callee explains', () => {
    const suspects = diagnose({ service: 'tax', fails: true, share: 0.5 });
    const [tax, ...others] = suspects;
    expect(tax?.service).toBe('tax');
    for (const other of others) expect(other.score).toBeLessThan(tax!.score / 5);
  });

  test('sees when it began where the incident was recorded from before', () => {
    const calm = story({ seed: 3, requests: 40 });
    const later = (traffic: Traffic): Traffic => ({
      spans: traffic.spans.map((span) => ({ ...span, startNs: span.startNs + 40_000_000_000n })), logs: traffic.logs.map((line) => ({ ...line, timeNs: line.timeNs + 40_000_000_000n })),
    });
    const storm = later(story({ seed: 4, requests: 40, fault: { service: 'price', fails: true, share: 0.8 } }));
    const { suspects, onsetMs } = rankSuspects(story({}), { spans: [...calm.spans, ...storm.spans], logs: [...calm.logs, ...storm.logs] });
    expect(suspects[0]).toMatchObject({ service: 'price', strength: 'strong' });
    expect(onsetMs).toBeGreaterThan(25_000);
    expect(onsetMs).toBeLessThan(50_000);
  });

  test('does not take other traffic for a fault: what nobody asked for before is no change of those who answer', () => {
    const gateway = { name: 'gateway', operation: '/*', workMs: 1, says: [] };
    const before = tell({ services: [...SHOP, { ...gateway, calls: ['search'] }], root: 'gateway', requests: 80, seed: 5 });
    const also = tell({ services: [...SHOP, { ...gateway, calls: ['cart'] }], root: 'gateway', requests: 40, seed: 6 });
    const again = tell({ services: [...SHOP, { ...gateway, calls: ['search'] }], root: 'gateway', requests: 40, seed: 7 });
    const { suspects } = rankSuspects(before, { spans: [...also.spans, ...again.spans], logs: [...also.logs, ...again.logs] });
    expect(suspects.filter(({ strength }) => strength === 'strong')).toEqual([]);
  });

  test('finds a statement that belongs to no request', () => {
    const line = { traceId: '', spanId: '', serviceName: 'batch', attributes: {}, severityNumber: 0 };
    const loose = (body: (second: number) => string): Traffic['logs'] => Array.from({ length: 60 }, (_, second) => ({ ...line, timeNs: BigInt(second) * 1_000_000_000n, body: body(second) }));
    const [calm, storm] = [story({}), story({ seed: 2 })];
    const { suspects } = rankSuspects({ ...calm, logs: [...calm.logs, ...loose(() => 'heartbeat')] }, { ...storm, logs: [...storm.logs, ...loose((second) => (second % 2 === 0 ? 'heartbeat' : 'disk is full'))] });
    expect(suspects[0]).toMatchObject({ service: 'batch', operation: 'logs', strength: 'strong' });
    expect(suspects[0]?.reason).toContain('"disk is full" outside of requests in 30 of 60 stretches of time (0 of 60 in the baseline)');
  });

  test('is the same for the same traffic in any order', () => {
    const [calm, storm] = [story({ requests: 30 }), story({ requests: 30, seed: 2, fault: { service: 'stock', extraMs: 60, fails: true, share: 0.4 } })];
    const expected = rankSuspects(calm, storm);
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000 }), (seed) => {
      expect(rankSuspects(shuffled(calm, seed), shuffled(storm, seed + 1))).toEqual(expected);
    }), { numRuns: 5 });
  });

  test('has no strong suspect between two healthy periods, nineteen times in twenty', () => {
    const rounds = 20;
    let wrong = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      const { suspects } = rankSuspects(story({ requests: 40, seed: seed * 2 + 100 }), story({ requests: 40, seed: seed * 2 + 101 }));
      if (suspects.some(({ strength }) => strength === 'strong')) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(Math.ceil(rounds * 0.1));
  });
});

/** Spans and lines in another order, by a hash of their place. */
function shuffled({ spans, logs }: Traffic, seed: number): Traffic {
  const mix = (index: number): number => Math.imul(index + 1, 2_654_435_761 ^ seed) >>> 0;
  const shuffle = <T>(items: readonly T[]): T[] => items.map((item, index) => ({ item, order: mix(index) })).sort((left, right) => left.order - right.order).map(({ item }) => item);
  return { spans: shuffle(spans), logs: shuffle(logs) };
}

describe('a service that answers nobody any more', () => {
  /** cart asks price, then its database; neither call says whom it is for. */
  const request = (index: number, isAnswered: boolean): Traffic['spans'] => {
    const own = { trace: `t${index}`, service: 'cart', startMs: index * 100 };
    const price = buildSpan({ ...own, id: `p${index}`, parent: `g${index}`, service: 'price', name: 'GET /price', kind: 'server', durationMs: 5 });
    const database = buildSpan({ ...own, id: `s${index}`, parent: `c${index}`, name: 'SELECT', kind: 'client', startMs: own.startMs + 10, durationMs: 5 });
    return [
      buildSpan({ ...own, id: `c${index}`, name: 'GET /cart', kind: 'server', durationMs: 20, status: isAnswered ? 'unset' : 'error' }),
      buildSpan({ ...own, id: `g${index}`, parent: `c${index}`, name: 'GET', kind: 'client', durationMs: 6, status: isAnswered ? 'unset' : 'error' }), ...(isAnswered ? [price, database] : []),
    ];
  };
  const requests = (from: number, isAnswered: boolean): Traffic => ({ spans: Array.from({ length: 40 }, (_, index) => request(from + index, isAnswered)).flat(), logs: [] });

  test('is known by the calls of its name, also where its callers then make fewer others that nobody answers', () => {
    expect(rankSuspects(requests(0, true), requests(100, false)).suspects[0]?.service).toBe('price');
  });
});
