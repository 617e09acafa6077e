import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import { buildSpan, spanId, type SpanStory } from '../signature/span-builder.js';
import { cohortHint } from './cohort-hint.js';
import type { Evidence, RepresentativeTrace } from './evidence.js';
import { failureKinds, showsTheSame } from './failure-kinds.js';
import { shapeOf, type Shape } from './medoid.js';
import { chooseEvidence, examine, type EventTrace } from './representatives.js';
import { groupBy } from './suspect.js';

const NOON = Date.UTC(2026, 10, 20, 12, 0, 0);

interface Purchase {
  readonly id: number;
  readonly region?: string;
  /** Where and how it fails; undefined: it goes well. */
  readonly fails?: 'declined' | 'stock' | 'down';
  /** Extra milliseconds in the catalogue's database, or in payment. */
  readonly slow?: { readonly where: 'database' | 'payment'; readonly ms: number };
  readonly database?: string;
}

/** front → checkout → (catalogue → postgresql), payment: one purchase a second. */
function purchase({ id, region = 'eu-1', fails, slow, database = 'db-1' }: Purchase): EventTrace {
  const startMs = NOON + id * 1_000;
  const db = slow?.where === 'database' ? slow.ms : 0;
  const pay = slow?.where === 'payment' ? slow.ms : 0;
  const error = fails === undefined ? {} : { status: 'error' as const };
  const stock = fails === 'stock' ? { status: 'error' as const } : {};
  const charge = fails === 'declined' || fails === 'down' ? { status: 'error' as const } : {};
  const attributes = { 'shop.region': region, 'shop.order': `o-${id}`, 'shop.currency': 'EUR' };
  const stories: SpanStory[] = [
    { id: 'front', service: 'front', name: 'POST /buy', kind: 'server', durationMs: 100 + db + pay, attributes, ...error },
    { id: 'checkout', parent: 'front', service: 'checkout', name: 'POST /checkout', kind: 'server', startMs: 2, durationMs: 96 + db + pay, attributes, ...error },
    { id: 'call-cat', parent: 'checkout', service: 'checkout', name: 'GET', kind: 'client', startMs: 5, durationMs: 30 + db, ...stock },
    {
      id: 'catalog', parent: 'call-cat', service: 'catalogue', name: 'GET /items', kind: 'server', startMs: 8, durationMs: 24 + db, ...stock,
      ...(fails === 'stock' ? { exception: { type: 'OutOfStock', message: `item ${id}77 sold out` } } : {}),
    },
    { id: 'sql', parent: 'catalog', service: 'catalogue', name: 'SELECT items', kind: 'client', startMs: 10, durationMs: 20 + db, attributes: { 'db.system': 'postgresql', 'server.address': database, 'server.port': 5432 } },
    { id: 'call-pay', parent: 'checkout', service: 'checkout', name: 'POST', kind: 'client', startMs: 40 + db, durationMs: 50 + pay, attributes: { 'server.address': 'localhost', 'server.port': 4003 }, ...charge },
  ];
  if (fails !== 'down') {
    stories.push({
      id: 'payment', parent: 'call-pay', service: 'payment', name: 'POST /charge', kind: 'server', startMs: 45 + db, durationMs: 40 + pay, attributes: { 'shop.region': region }, ...charge,
      ...(fails === 'declined' ? { exception: { type: 'CardDeclined', message: `card ${id}4111 declined` } } : {}),
    });
  }
  const spans = stories.map((story) => buildSpan({ ...story, trace: `t${id}`, startMs: startMs + (story.startMs ?? 0) }));
  return { spans, badSpanId: spanId('checkout') };
}

const REGIONS = ['eu-1', 'eu-2', 'us-1', 'us-2'];
const healthy = (count: number, from = 1_000): EventTrace[] => Array.from({ length: count }, (_, index) => purchase({ id: from + index * 3, region: REGIONS[index % 4] }));
const declined = (count: number, from = 2_000): EventTrace[] => Array.from({ length: count }, (_, index) => purchase({ id: from + index, region: 'eu-2', fails: 'declined' }));

function evidence(badTraces: readonly EventTrace[], healthyTraces: readonly EventTrace[] = healthy(40)): Evidence {
  return chooseEvidence({ badTraces, healthyTraces, badEvents: badTraces.length, nowMs: NOON, slo: buildSlo() });
}

const roles = (found: Evidence): string[] => found.traces.map((trace) => trace.role);
const alike = (found: Evidence): string[][] => found.traces.map((trace) => (trace.alike ?? []).map(({ words }) => words));
const reasons = (found: Evidence): string[] => found.traces.map((trace) => trace.reason);

describe('payment fails for one region', () => {
  const mixed = [...declined(41), ...Array.from({ length: 16 }, (_, index) => purchase({ id: 2_100 + index, region: REGIONS[index % 4], fails: 'stock', slow: { where: 'database', ms: index === 15 ? 400 : index } }))];

  test('shows the most common failure, the slowest, the newest kind and a healthy twin, each a different trace with its reason', () => {
    const found = evidence(mixed);
    expect(roles(found)).toEqual(['most-common', 'slowest', 'newest', 'healthy']);
    expect(new Set(found.traces.map((trace) => trace.traceId)).size).toBe(4);
    expect(reasons(found)).toEqual([
      'Most common failure, and the first, at 2026-11-20 12:33:20 UTC: 41 of 57 failed like this (CardDeclined: card <number> declined in payment POST /charge)',
      'Slowest failure, 496 ms in checkout POST /checkout: 1 of 57 failed like this, 16 with the same error (OutOfStock: item <number> sold out in catalogue GET /items; 85 % of its time in catalogue SELECT items)',
      'Newest kind of failure: 15 of 57 failed like this, 16 with the same error (OutOfStock: item <number> sold out in catalogue GET /items; 39 % of its time in payment POST /charge)',
      expect.stringMatching(/^Healthy twin: the same checkout POST \/checkout .* (later|earlier) went well in 96 ms \(96 ms when it failed\)$/),
    ]);
  });

  test('names where the failures start and whom they hit', () => {
    const found = evidence(mixed);
    expect(found.suspect).toBe('41 of 57 failures start in payment POST /charge; all 41 have shop.region=eu-2 (10 of 40 healthy requests do)');
    expect(found).toMatchObject({ suspectPlace: { service: 'payment', operation: 'POST /charge' }, cohort: { attribute: 'shop.region', value: 'eu-2', badShare: 1, healthyShare: 0.25 } });
    expect(found.signature).toMatchObject({ type: 'CardDeclined', count: 41, service: 'payment' });
    expect(found).toMatchObject({ badEvents: 57, examined: 57 });
  });

  test('says the same in whichever order the traces were read', () => {
    expect(chooseEvidence({ badTraces: [...mixed].reverse(), healthyTraces: healthy(40).reverse(), badEvents: 57, nowMs: NOON, slo: buildSlo() })).toEqual(evidence(mixed));
  });

  test('says when it looked at a sample only', () => {
    const found = chooseEvidence({ badTraces: declined(250), healthyTraces: [], badEvents: 1_234, nowMs: NOON, slo: buildSlo() });
    expect(found).toMatchObject({ examined: 200, badEvents: 1_234 });
    expect(reasons(found)[0]).toMatch(/; 200 of 1234 bad events were looked at$/);
    expect(roles(found)).not.toContain('healthy');
  });
});

describe('a slow dependency', () => {
  const slow = (where: 'database' | 'payment', count = 38): EventTrace[] =>
    Array.from({ length: count }, (_, index) => purchase({ id: 3_000 + index, region: REGIONS[index % 4], slow: { where, ms: 900 + index } }));

  test('is found on the critical path: the database behind the catalogue', () => {
    const found = evidence([...slow('database'), ...slow('payment', 3).map((trace, index) => ({ ...trace, ...purchase({ id: 3_500 + index, slow: { where: 'payment', ms: 700 } }) }))]);
    expect(found.suspect).toBe('38 of 41 slow requests spend most of the extra time in postgresql SELECT items (called by catalogue)');
    expect(found.signature).toBeUndefined();
    expect(reasons(found)[0]).toMatch(/^Most common slow path: 38 of 41 spent most of the extra time in postgresql SELECT items \(called by catalogue\)/);
    // All take about as long: none is the slowest to be opened for that.
    expect(roles(found)).toEqual(['most-common', 'newest', 'healthy']);
  });

  test('has an address where all that waited for it called the same', () => {
    const waiting = (database: (index: number) => string): EventTrace[] => Array.from({ length: 20 }, (_, index) => purchase({ id: 3_000 + index, slow: { where: 'database', ms: 900 }, database: database(index) }));
    expect(evidence(waiting(() => 'db-1')).origins).toMatchObject([{ service: 'postgresql', caller: 'catalogue', address: 'db-1:5432', kind: 'slow', count: 20 }]);
    const [replicas] = evidence(waiting((index) => `db-${String(index % 2)}`)).origins ?? [];
    expect(replicas).toMatchObject({ service: 'postgresql', count: 20 });
    expect(replicas).not.toHaveProperty('address');
    expect(evidence(slow('payment')).origins![0]).not.toHaveProperty('address');
  });

  test('is what takes longer than usual, not what always takes longest', () => {
    // Payment usually takes 40 ms of 100; the database now takes 30 more than its 20.
    const found = evidence(Array.from({ length: 10 }, (_, index) => purchase({ id: 3_000 + index, slow: { where: 'database', ms: 15 } })));
    expect(found.suspect).toMatch(/postgresql SELECT items/);
  });

  test('has a cohort too, where there is one', () => {
    const found = evidence(Array.from({ length: 20 }, (_, index) => purchase({ id: 3_000 + index, region: 'us-2', slow: { where: 'payment', ms: 900 } })));
    expect(found.suspect).toBe('20 of 20 slow requests spend most of the extra time in payment POST /charge; all 20 have shop.region=us-2 (10 of 40 healthy requests do)');
  });
});

describe('few traces', () => {
  test('are not repeated: one failed trace is one role', () => {
    const found = evidence(declined(1));
    expect(roles(found)).toEqual(['most-common', 'healthy']);
    expect(reasons(found)[0]).toBe('The only bad trace that is stored, so the most common failure: 1 of 1 failed like this (CardDeclined: card <number> declined in payment POST /charge)');
    expect(found.suspect).toBe('1 of 1 failure starts in payment POST /charge');
  });

  test('say so: of two that failed alike one is shown, with a note', () => {
    const found = evidence(declined(2));
    expect(roles(found)).toEqual(['most-common', 'healthy']);
    expect(reasons(found)[0]).toMatch(/^Most common failure, and the first, at 2026-11-20 12:33:20 UTC: 2 of 2 failed like this .*; only 2 bad traces are stored$/);
  });

  test('of which none is stored leave the evidence empty but honest', () => {
    const found = chooseEvidence({ badTraces: [], healthyTraces: [], badEvents: 12, nowMs: NOON, slo: buildSlo() });
    expect(found).toMatchObject({ badEvents: 12, examined: 0, traces: [], signature: undefined, suspect: undefined });
  });

  test('without the bad span among their spans are passed over', () => {
    expect(evidence([{ spans: [], badSpanId: spanId('checkout') }, ...declined(3)]).examined).toBe(3);
  });
});

describe('no two show the same thing', () => {
  const burst = (count: number): EventTrace[] => declined(count).map((trace) => shifted(trace, -1));

  test('of alike failures at one moment one is shown', () => {
    const found = evidence(burst(12));
    expect(roles(found)).toEqual(['most-common', 'healthy']);
    expect(reasons(found)[0]).toBe('Most common failure, and the first, at 2026-11-20 12:33:20 UTC: 12 of 12 failed like this (CardDeclined: card <number> declined in payment POST /charge)');
  });

  test('the first and the slowest of the same kind are named beside it, not shown', () => {
    const late = purchase({ id: 2_002, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 60 } });
    const first = shifted(purchase({ id: 1_999, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 5 } }), -20);
    const found = evidence([...burst(12), shifted(late, 0), first]);
    expect(roles(found)).toEqual(['most-common', 'healthy']);
    expect(alike(found)[0]).toEqual(['The first of these was at 2026-11-20 12:33:01 UTC', 'In the slowest of these checkout POST /checkout took 156 ms']);
    expect(found.traces[0]?.alike?.map(({ traceId }) => traceId)).toEqual([first.spans[0]!.traceId, late.spans[0]!.traceId]);
  });

  test('the first of another kind is shown, with what it stands for', () => {
    const found = evidence([purchase({ id: 1_990, fails: 'down' }), ...burst(12), purchase({ id: 2_900, fails: 'stock' })]);
    expect(found.traces.map(({ role, share }) => [role, share])).toEqual([['most-common', 12 / 14], ['first', 1 / 14], ['newest', 1 / 14], ['healthy', undefined]]);
    expect(reasons(found)[1]).toMatch(/^First failure, at 2026-11-20 12:33:10 UTC: 1 of 14 failed like this \(/);
    expect(alike(found).flat()).toEqual([]);
  });

  test('a trace that is the first, the slowest or the newest as well says so', () => {
    const slow = purchase({ id: 1_990, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 60 } });
    expect(alike(evidence([slow, ...burst(12)]))[0]).toEqual(['The first of these was at 2026-11-20 12:33:10 UTC; it is the slowest too: checkout POST /checkout took 156 ms']);
    const stock = purchase({ id: 1_990, fails: 'stock' });
    expect(reasons(evidence([stock, ...burst(12)]))[0]).toMatch(/^Most common failure, and the newest kind: 12 of 13 failed like this/);
  });

  test('one error after two ways is two kinds, which say how many have it in all and what sets them apart', () => {
    const waits = Array.from({ length: 5 }, (_, index) => purchase({ id: 2_050 + index, region: 'eu-2', fails: 'declined', slow: { where: 'database', ms: 900 } }));
    const found = evidence([...declined(15), ...waits]);
    expect(found.signature).toMatchObject({ type: 'CardDeclined', count: 20 });
    expect(found.traces.map(({ role, share }) => [role, share])).toEqual([['most-common', 0.75], ['slowest', 0.25], ['healthy', undefined]]);
    expect(reasons(found)[1]).toBe('Slowest failure, 996 ms in checkout POST /checkout, and the newest kind: 5 of 20 failed like this, 20 with the same error (CardDeclined: card <number> declined in payment POST /charge; 92 % of its time in catalogue SELECT items)');
  });

  test('the time of quick requests goes now here, now there: that makes no other kind', () => {
    // Each waits for something else a little; the database takes 3 to 60 % of it.
    const scattered = Array.from({ length: 20 }, (_, index) => purchase({ id: 2_000 + index, region: 'eu-2', fails: 'declined', slow: { where: index % 2 === 0 ? 'database' : 'payment', ms: 10 * index } }));
    expect(evidence(scattered).traces[0]).toMatchObject({ role: 'most-common', share: 1 });
  });

  const failure = fc.record({
    gap: fc.constantFrom(0.01, 0.4, 1), fails: fc.constantFrom('declined', 'stock', 'down', undefined), where: fc.constantFrom('database', 'payment'), ms: fc.constantFrom(0, 20, 200, 900, 4_000), weight: fc.integer({ min: 1, max: 9 }),
  });
  const failures = fc.array(failure, { minLength: 1, maxLength: 30 }).map((all) => {
    let id = 2_000;
    return all.map(({ gap, fails, where, ms, weight }): EventTrace => {
      id += gap;
      const trace = purchase({ id, fails, slow: { where: where, ms } });
      return { ...trace, spans: trace.spans.map((span) => ({ ...span, weight })) };
    });
  });

  test('whatever failed, in whichever order it is read', () => {
    fc.assert(fc.property(failures, fc.integer(), (bad, seed) => {
      const [found, shuffled] = [evidence(bad), evidence(shuffle(bad, seed))];
      expect(shuffled).toEqual(found);
      const traceIds = found.traces.flatMap(({ traceId, alike: named = [] }) => [traceId, ...named.map((each) => each.traceId)]);
      expect(new Set(traceIds).size).toBe(traceIds.length);
      const shapes = new Map(examine(bad, healthy(40)).map((finding) => [finding.event.traceId as string, shapeOf(finding)]));
      const kinds = failureKinds(groupBy(examine(bad, healthy(40)), ({ key }) => key));
      const shown = found.traces.filter(({ role }) => role !== 'healthy').map((trace) => ({ ...trace, shape: shapes.get(trace.traceId)!, kind: kinds.findIndex(({ members }) => members.some(({ finding }) => finding.event.traceId === trace.traceId)) }));
      for (const [index, left] of shown.entries()) for (const right of shown.slice(index + 1)) expect(tellsApart(left, right)).toBe(true);
      expect(new Set(shown.map(({ traceId }) => traceId)).size).toBe(shown.length);
    }), { numRuns: 30 });
  });

  test('and says for how many it stands: kinds part the failures', () => {
    fc.assert(fc.property(failures, (bad) => {
      const findings = examine(bad, healthy(40));
      const kinds = failureKinds(groupBy(findings, ({ key }) => key));
      const found = evidence(bad);
      const all = findings.reduce((sum, { event }) => sum + event.weight, 0);
      expect(kinds.flatMap(({ members }) => members.map(({ finding }) => finding.event.traceId)).sort()).toEqual(findings.map(({ event }) => event.traceId).sort());
      for (const { traceId, share } of found.traces.filter(({ role }) => role !== 'healthy')) {
        const own = kinds.find(({ members }) => members.some(({ finding }) => finding.event.traceId === traceId))!.members;
        expect(share).toBeCloseTo(own.reduce((sum, { finding }) => sum + finding.event.weight, 0) / all);
      }
      // One kind is counted once: of one for each kind the shares are no more than all.
      const shares = new Map(found.traces.flatMap(({ traceId, share = 0 }) => kinds.flatMap(({ members }, index) => (members.some(({ finding }) => finding.event.traceId === traceId) ? [[index, share] as const] : []))));
      expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
    }), { numRuns: 30 });
  });
});

interface Shown extends RepresentativeTrace {
  readonly shape: Shape;
  readonly kind: number;
}

function tellsApart(left: Shown, right: Shown): boolean {
  return left.kind !== right.kind && !showsTheSame(left.shape, right.shape);
}

/** The same at 12:33:21 and so many seconds. */
function shifted(trace: EventTrace, seconds: number): EventTrace {
  const byNs = BigInt(NOON + (2_001 + seconds) * 1_000) * 1_000_000n - trace.spans[0]!.startNs;
  return { ...trace, spans: trace.spans.map((span) => ({ ...span, startNs: span.startNs + byNs })) };
}

function shuffle<T>(items: readonly T[], seed: number): T[] {
  return items.map((item, index) => ({ item, key: Math.imul(seed ^ (index * 0x9e3779b1), 0x85ebca6b) })).sort((left, right) => left.key - right.key).map(({ item }) => item);
}

test('the healthy twin is not from a trace in which something failed', () => {
  const bad = declined(5);
  const other = { ...bad[0]!, badSpanId: spanId('checkout') };
  expect(roles(evidence(bad, [other]))).not.toContain('healthy');
});

test('the most common failure is shown by its most typical trace', () => {
  const outlier = purchase({ id: 2_001, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 5_000 } });
  const slowest = purchase({ id: 2_500, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 9_000 } });
  const found = evidence([...declined(1), outlier, ...declined(6, 2_010), slowest]);
  expect(found.traces[0]).toMatchObject({ role: 'most-common', durationNs: 100e6 });
  expect(found.traces[1]).toMatchObject({ role: 'slowest', durationNs: 9_100e6 });
});

test('the most typical trace is the one whose time went where it usually goes, not the one that merely took as long', () => {
  const swapped = purchase({ id: 2_002, region: 'eu-2', fails: 'declined', slow: { where: 'database', ms: 200 } });
  const typical = [2_003, 2_004, 2_005, 2_006].map((id) => purchase({ id, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 200 } }));
  const first = purchase({ id: 2_001, region: 'eu-2', fails: 'declined' });
  const slowest = purchase({ id: 2_009, region: 'eu-2', fails: 'declined', slow: { where: 'payment', ms: 900 } });
  expect(evidence([first, swapped, ...typical, slowest]).traces[0]?.traceId).toBe(typical[0]!.spans[0]!.traceId);
});

test('a sampled event counts as often as those that it stands for, and the reason says so', () => {
  const weigh = (trace: EventTrace, weight: number): EventTrace => ({ ...trace, spans: trace.spans.map((span) => ({ ...span, weight })) });
  const stock = [0, 1, 2].map((index) => weigh(purchase({ id: 3_000 + index, fails: 'stock' }), 10));
  const found = evidence([...declined(6), ...stock]);
  expect(found.signature?.type).toBe('OutOfStock');
  const common = found.traces.find(({ role }) => role === 'most-common');
  expect(common?.share).toBeCloseTo(30 / 36);
  expect(common?.reason).toMatch(/3 of 9, which stand for 83 % of all, failed like this/);
  expect(found.traces.find(({ role }) => role === 'healthy')?.share).toBeUndefined();
});

test('a trace whose root is still on its way bears the name of its topmost span, also when a clock lets a child begin first', () => {
  const late = declined(3).map(({ spans, badSpanId }) => ({
    badSpanId,
    spans: spans.filter((span) => span.spanId !== spanId('front')).map((span) => (span.spanId === spanId('call-cat') ? { ...span, startNs: span.startNs - 4_000_000n } : span)),
  }));
  expect(evidence(late).traces[0]).toMatchObject({ role: 'most-common', rootService: 'checkout', rootName: 'POST /checkout' });
});

test('a service that is down is named by who used to answer at its address', () => {
  const found = evidence(Array.from({ length: 12 }, (_, index) => purchase({ id: 4_000 + index, region: REGIONS[index % 4], fails: 'down' })));
  expect(found.suspect).toBe('12 of 12 failures start in payment POST (called by checkout)');
});

describe('the cohort hint', () => {
  test('is silent where bad and healthy requests do not differ: A against A', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      expect(cohortHint(healthy(30, 10_000 + seed * 7), healthy(30, 20_000 + seed * 11), 'payment')).toBeUndefined();
    }
  });

  test('never names a consequence of failing or an identifier', () => {
    const bad = declined(20).map((trace) => ({ ...trace, spans: trace.spans.map((span) => ({ ...span, attributes: { ...span.attributes, 'http.response.status_code': 500, 'error.handler': 'fallback', fallback: 'on' } })) }));
    expect(cohortHint(bad, healthy(40), 'payment')).toMatchObject({ attribute: 'shop.region' });
    expect(cohortHint(bad.map((trace) => ({ ...trace, spans: trace.spans.map((span) => ({ ...span, attributes: { 'shop.order': span.traceId } })) })), healthy(40), 'payment')).toBeUndefined();
  });

  test('needs enough traces on both sides', () => {
    expect(cohortHint(declined(4), healthy(40), 'payment')).toBeUndefined();
    expect(cohortHint(declined(40), healthy(4), 'payment')).toBeUndefined();
  });
});
