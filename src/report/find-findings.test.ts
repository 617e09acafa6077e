import { describe, expect, test } from 'vitest';
import { DEFAULT_THRESHOLDS } from '../config/quality-rule.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { bucketOf } from '../sli/latency-bucket.js';
import { alertQuality } from './alert-quality.js';
import { findFindings, type FindInput } from './find-findings.js';
import type { ServiceBefore } from './find-pipeline-findings.js';
import { FactTable, type FactName, type QualityFact } from './quality-fact.js';
import type { FindingKind, QualityFinding } from './quality-finding.js';
import { measuresOf } from './quality-measures.js';
import type { QualitySurroundings } from './quality-surroundings.js';

const MONDAY = Date.parse('2026-11-16T00:00:00Z');
const WEEK = { fromMs: MONDAY, toMs: MONDAY + 7 * DAY_MS };
const TRAFFIC = 10_000;
const RULE = { rule: 'front-latency', service: 'front', tickets: 0, actedOn: 0, flapping: 0, silenced: 0, acknowledgedAfterMs: undefined };

interface Case {
  readonly facts?: readonly QualityFact[];
  readonly counted?: FindInput['counted'];
  readonly ledger?: FindInput['ledger'];
  readonly glossary?: FindInput['glossary'];
  readonly before?: ReadonlyMap<string, ServiceBefore>;
  readonly around?: Partial<QualitySurroundings>;
}

const fact = (name: FactName, numbers: Partial<QualityFact> = {}): QualityFact => ({ fact: name, service: 'checkout', subject: '', n: 0, bad: 0, value: 0, examples: [], ...numbers });
/** A service that is heard all week. */
const spans = (n: number, service = 'checkout'): QualityFact[] => [fact('spans', { service, n }), fact('weighted', { service, n })];
const ratio = (name: FactName, bad: number, of = TRAFFIC): Case => ({ facts: [...spans(TRAFFIC), fact(name, { n: of, bad })] });
const lags = (slow: number, quick: number, name: FactName = 'arrival-lag'): QualityFact[] => [fact(name, { subject: String(bucketOf(60e9)), n: slow }), fact(name, { subject: String(bucketOf(10e6)), n: quick })];
const skew = (outside: number, offsetMs: number, calls = 1_000): Case => ({ facts: [fact('clock-skew', { service: 'front', subject: JSON.stringify(['checkout', 'node-1', 'node-2']), n: calls, bad: outside, value: outside * offsetMs * 1e6 })] });
const broken = (calls: number, chance: number): Case => ({ facts: [fact('edge', { service: 'front', subject: 'checkout', n: 200 }), fact('broken-context', { service: 'front', subject: 'checkout', n: calls, bad: calls, value: chance })] });
const traceLedger = (numbers: Partial<FindInput['ledger'][number]>): Case => ({ ledger: [{ signal: 'traces', received: TRAFFIC, hot: TRAFFIC, rejected: 0, deduplicated: 0, ...numbers }] });
const reader = (numbers: { readonly reads?: number; readonly refused?: number; readonly usual?: number }): Case => ({ around: { access: { readers: [{ reader: 'grafana', reads: 0, refused: 0, usual: 0, ...numbers }], latency: [] } } });
const answers = (p95AtLeastMs: number | undefined): Case => ({ around: { access: { readers: [], latency: [{ what: 'search', answers: 40, p50Ms: 10, p95Ms: 2_500, p95AtLeastMs, p99Ms: 3_000 }] } } });
const lastSpan = (lastMs: number, hours: readonly number[], minutes: number): QualityFact[] => [
  ...spans(4_000), fact('active-minutes', { n: minutes, value: lastMs }), fact('first-seen', { value: -MONDAY }), fact('active-minutes', { service: 'front', n: 10_080, value: WEEK.toMs - 1 }), fact('first-seen', { service: 'front', value: -MONDAY }),
  ...hours.map((hour) => fact('active-hour', { subject: String(MONDAY / HOUR_MS + hour), n: 60 })),
];
const allHours = (until: number): number[] => Array.from({ length: until }, (_, hour) => hour);
/** From nine to five, on so many days. */
const officeHours = (days: number): number[] => Array.from({ length: days }, (_, day) => Array.from({ length: 8 }, (__, hour) => day * 24 + 9 + hour)).flat();
const FRIDAY_5PM = MONDAY + (4 * 24 + 17) * HOUR_MS;

function find({ facts = [], counted = [], ledger = [], glossary, before = new Map(), around }: Case): QualityFinding[] {
  const table = new FactTable(facts);
  const services = table.services().map((service) => ({ service, measures: measuresOf({ table, window: WEEK, counted, prices: undefined }, service) }));
  const surroundings = around === undefined ? undefined : { alerts: alertQuality([], WEEK), objectives: [], newSignatures: [], access: { readers: [], latency: [] }, ...around };
  return findFindings({ table, window: WEEK, ledger, counted, thresholds: DEFAULT_THRESHOLDS, glossary, services, before, around: surroundings }, new Map());
}

/** Of each kind what is found, and what is nearly so and is not. */
const CASES: Readonly<Record<FindingKind, readonly [found: Case, nearMisses: readonly Case[]]>> = {
  'broken-context': [broken(100, 10), [broken(100, 40), broken(4, 0), broken(9, 0)]],
  'clock-skew': [skew(700, 40), [skew(700, 4), skew(40, 40), skew(1, 40, 10), skew(5, 40, 5)]],
  'sensitive-data': [{ facts: [...spans(900), fact('sensitive', { subject: JSON.stringify(['email', 'app.user', 'concealed']), n: 1, bad: 1 })] }, [{ facts: spans(900) }]],
  orphans: [ratio('orphans', 130), [ratio('orphans', 100), ratio('orphans', 9, 20)]],
  'partial-traces': [ratio('traces', 560), [ratio('traces', 500), ratio('traces', 10, 150)]],
  'rootless-traces': [ratio('rootless', 130), [ratio('rootless', 100), ratio('rootless', 9, 20)]],
  'span-name-cardinality': [{ facts: [...spans(900), fact('span-names', { n: 900, value: 201 })] }, [{ facts: [...spans(900), fact('span-names', { n: 900, value: 200 })] }]],
  'attribute-cardinality': [{ facts: [fact('attribute-values', { subject: 'http.route', n: 900, value: 201 })] }, [{ facts: [fact('attribute-values', { subject: 'http.route', n: 900, value: 200 })] }]],
  'attribute-keys': [{ facts: [fact('attribute-keys', { n: 900, value: 301 })] }, [{ facts: [fact('attribute-keys', { n: 900, value: 300 })] }]],
  'after-parent': [ratio('after-parent', 130), [ratio('after-parent', 100), ratio('after-parent', 9, 20)]],
  'duplicate-ids': [traceLedger({ deduplicated: 130 }), [traceLedger({ deduplicated: 100 }), traceLedger({ deduplicated: 9, received: 20 })]],
  'missing-kinds': [ratio('inner-kind', TRAFFIC), [ratio('inner-kind', TRAFFIC - 1), ratio('inner-kind', 3, 3), ratio('entry-kind', 500)]],
  'client-roots': [ratio('root-kind', 560), [ratio('root-kind', 500), ratio('root-kind', 9, 9)]],
  'wrong-status': [{ facts: [fact('wrong-status', { subject: 'server', n: 1_000, bad: 30 })] }, [{ facts: [fact('wrong-status', { subject: 'server', n: 1_000, bad: 10 })] }, { facts: [fact('wrong-status', { subject: 'server', n: 4, bad: 4 })] }]],
  'old-names': [{ facts: [...spans(900), fact('old-name', { subject: 'http.method', n: 5, bad: 5 })] }, [{ facts: spans(900) }]],
  'mixed-versions': [{ facts: [fact('sdk-version', { subject: 'nodejs 1.30.0', n: 9 }), fact('sdk-version', { subject: 'nodejs 2.0.0', n: 9 })] }, [{ facts: [fact('sdk-version', { subject: 'nodejs 2.0.0', n: 9 }), fact('sdk-version', { service: 'front', subject: 'nodejs 1.30.0', n: 9 })] }]],
  'tiny-spans': [ratio('tiny-spans', 1_100), [ratio('tiny-spans', 1_000), ratio('tiny-spans', 9, 20)]],
  loop: [{ facts: [fact('loop', { subject: 'SELECT', n: 60, bad: 60, value: 25 }), fact('tiny-spans', { n: TRAFFIC })] }, [{ facts: [fact('loop', { subject: 'SELECT', n: 10, bad: 10, value: 25 }), fact('tiny-spans', { n: TRAFFIC })] }, { facts: [fact('loop', { subject: 'SELECT', n: 4, bad: 4, value: 25 })] }]],
  'sampling-bias': [
    { facts: [fact('unknown-weight', { n: 1_000, bad: 900 }), fact('unknown-weight-errors', { n: 100, bad: 10 })] },
    [{ facts: [fact('unknown-weight', { n: 1_000, bad: 500 }), fact('unknown-weight-errors', { n: 100, bad: 45 })] }, { facts: [fact('unknown-weight', { n: 110, bad: 60 }), fact('unknown-weight-errors', { n: 50, bad: 22 })] }],
  ],
  'mixed-weights': [ratio('mixed-weights', 560), [ratio('mixed-weights', 500), ratio('mixed-weights', 9, 20)]],
  'unknown-weight': [ratio('unknown-weight', 130), [ratio('unknown-weight', 100), ratio('unknown-weight', 9, 20)]],
  'silent-service': [
    { facts: lastSpan(MONDAY + 100 * HOUR_MS, allHours(100), 6_000) },
    [
      { facts: lastSpan(WEEK.toMs - 29 * MINUTE_MS, allHours(168), 10_050) },
      // A job of the night, whose last run was as long ago as before every run.
      { facts: lastSpan(MONDAY + 147 * HOUR_MS, [3, 27, 51, 75, 99, 123, 147].map((hour) => hour - 1), 420) },
      // The weekend of an office: the first that anybody sees, and one as there was before.
      { facts: lastSpan(FRIDAY_5PM, officeHours(5), 2_400) },
      { facts: lastSpan(FRIDAY_5PM, officeHours(5), 2_400), before: new Map([['checkout', { spansPerSecond: 1, pauseMinutes: 55 * 60 }]]) },
    ],
  ],
  'blind-spot': [{ facts: [fact('unanswered-call', { subject: 'legacy', n: 100, bad: 100 })] }, [{ facts: [fact('unanswered-call', { subject: 'legacy', n: 19, bad: 19 })] }, { facts: [fact('unanswered-call', { subject: 'api.stripe.com', n: 100, bad: 100 })] }, { facts: [fact('unanswered-call', { subject: 'legacy', n: 100, bad: 100 }), fact('edge', { subject: 'cart', n: 1_900 })] }]],
  'limits-hit': [ratio('limits-hit', 24), [ratio('limits-hit', 10), ratio('limits-hit', 9, 9)]],
  'collector-latency': [{ facts: [...spans(1_000), ...lags(20, 980)] }, [{ facts: [...spans(1_000), ...lags(12, 988)] }, { facts: [...spans(20), ...lags(1, 19)] }]],
  'sampling-rate': [{ facts: [fact('spans', { n: 500 }), fact('weighted', { n: 1_000 })] }, [{ facts: [fact('spans', { n: 500 }), fact('weighted', { n: 6_000 })] }, { facts: [fact('spans', { n: 50 }), fact('weighted', { n: 100 })] }]],
  'error-capture': [
    { facts: [...spans(900), fact('requests', { n: 900, bad: 400 })], counted: [{ service: 'checkout', requests: 900, failures: 500 }] },
    [{ facts: [...spans(900), fact('requests', { n: 900, bad: 495 })], counted: [{ service: 'checkout', requests: 900, failures: 500 }] }, { facts: [...spans(900), fact('requests', { n: 900, bad: 11 })], counted: [{ service: 'checkout', requests: 900, failures: 20 }] }],
  ],
  'volume-jump': [{ facts: spans(TRAFFIC), before: new Map([['checkout', { spansPerSecond: (2.1 * TRAFFIC) / 604_800, pauseMinutes: undefined }]]) }, [{ facts: spans(TRAFFIC), before: new Map([['checkout', { spansPerSecond: (1.9 * TRAFFIC) / 604_800, pauseMinutes: undefined }]]) }, { facts: spans(100), before: new Map([['checkout', { spansPerSecond: 900 / 604_800, pauseMinutes: undefined }]]) }]],
  'logs-without-trace': [ratio('logs', 5_200), [ratio('logs', 5_000), ratio('logs', 60, 90)]],
  'outside-glossary': [{ facts: [fact('attribute-key', { subject: 'custmer', n: 9 })], glossary: { attributes: new Set(['customer']), prefixes: [] } }, [{ facts: [fact('attribute-key', { subject: 'customer', n: 9 }), fact('attribute-key', { subject: 'shop.region', n: 9 })], glossary: { attributes: new Set(['customer']), prefixes: ['shop.'] } }, { facts: [fact('attribute-key', { subject: 'custmer', n: 9 })] }]],
  'query-latency': [answers(2_100), [answers(1_900), answers(undefined)]],
  'slow-traces': [
    { facts: [...spans(500), fact('traces', { n: 500, value: 500 }), ...lags(60, 440, 'trace-latency')], around: {} },
    [{ facts: [...spans(500), fact('traces', { n: 500, value: 500 }), ...lags(30, 470, 'trace-latency')], around: {} }, { facts: [...spans(3), fact('traces', { n: 3, value: 3 }), ...lags(3, 0, 'trace-latency')], around: { objectives: [{ slo: 'fast', displayName: '', service: 'checkout', owner: undefined, partOf: undefined, group: undefined, target: 0.9, counts: 'events', events: 3, attained: 1, budgetSpent: 0, isProjected: false }] } }],
  ],
  'refused-access': [reader({ refused: 10 }), [reader({ refused: 9 })]],
  'unusual-access': [reader({ reads: 1_000, usual: 100 }), [reader({ reads: 999 }), reader({ reads: 1_000, usual: 101 })]],
  'sender-loss': [traceLedger({ rejected: 24 }), [traceLedger({ rejected: 10 }), traceLedger({ rejected: 9, received: 20 })]],
  'agent-loss': [{ facts: [fact('agent-spans', { subject: 'node-1', n: 1_000, bad: 20 }), fact('agent-lost-by', { subject: '["node-1","spans buffer_full"]', n: 20 })] }, [{ facts: [fact('agent-spans', { subject: 'node-1', n: 1_000, bad: 10 })] }, { facts: [fact('agent-spans', { subject: 'node-1', n: 20, bad: 9 })] }]],
  'unheeded-pages': [{ around: { alerts: { ...alertQuality([], WEEK), rules: [{ ...RULE, pages: 3, unheededPages: 3 }] } } }, [{ around: { alerts: { ...alertQuality([], WEEK), rules: [{ ...RULE, pages: 3, unheededPages: 2 }, { ...RULE, rule: 'other', pages: 2, unheededPages: 2 }] } } }]],
};

test('lost spans are put down to what lost spans, however many events were lost', () => {
  const facts = [
    fact('agent-spans', { subject: 'node-1', n: 5_000, bad: 500 }), fact('agent-lost-by', { subject: '["node-1","spans buffer_full"]', n: 500 }),
    fact('agent-events', { subject: 'node-1', n: 10_000_000, bad: 5_000 }), fact('agent-lost-by', { subject: '["node-1","events ring_full"]', n: 5_000 }),
  ];
  expect(find({ facts }).find(({ kind }) => kind === 'agent-loss')).toMatchObject({ cause: expect.stringContaining('could not be reached'), detail: expect.stringContaining('spans by reason: buffer_full 500.') });
});

describe('every kind of finding', () => {
  test.each(Object.entries(CASES))('%s is found, and what is nearly so is not', (kind, [found, nearMisses]) => {
    const finding = find(found).find((each) => each.kind === kind);
    for (const text of [finding?.title, finding?.detail, finding?.cause, finding?.fix.where, finding?.fix.text]) expect(text).toMatch(/\w{3}/);
    for (const nearMiss of nearMisses) expect(find(nearMiss).map((each) => each.kind)).not.toContain(kind);
  });
});

describe('silence', () => {
  test('of a whole week is told of a service that spoke in the week before', () => {
    const [finding] = find({ facts: spans(900, 'front'), before: new Map([['checkout', { spansPerSecond: 0.1, pauseMinutes: 0 }]]) });
    expect(finding).toMatchObject({ kind: 'silent-service', service: 'checkout', severity: 'high', detail: expect.stringContaining('nothing in the whole time of this report; as in the week before, some 60,480 spans') as string });
    expect(find({ facts: spans(900, 'front'), before: new Map([['rarely', { spansPerSecond: 0.001, pauseMinutes: 0 }]]) })).toEqual([]);
  });

  test('of a weekend is told where there was none before', () => {
    const before = new Map([['checkout', { spansPerSecond: 0.01, pauseMinutes: 20 }]]);
    expect(find({ facts: lastSpan(FRIDAY_5PM, officeHours(5), 2_400), before }).map(({ kind }) => kind)).toEqual(['silent-service']);
  });
});

test('of what can be found for each key, five are told, and how many more there are', () => {
  const leaks = Array.from({ length: 8 }, (_, index) => fact('sensitive', { subject: JSON.stringify(['email', `order.${index}`, 'stored']), n: 1, bad: 1 }));
  const found = find({ facts: [...spans(900), ...leaks] });
  expect(found).toHaveLength(5);
  expect(found.map(({ detail }) => detail.includes('3 more like this are left out'))).toEqual([false, false, false, false, true]);
});

test('a service that is all INTERNAL and serves nobody may be a job', () => {
  const job = fact('inner-kind', { n: 100, bad: 100 });
  expect(find({ facts: [job] })).toMatchObject([{ severity: 'low', cause: expect.stringContaining('A job that serves nobody') as string }]);
  expect(find({ facts: [job, fact('entry-kind', { n: 3, bad: 3 })] })).toMatchObject([{ severity: 'medium' }]);
});

describe('two hosts whose clocks differ', () => {
  const calls = ([caller, callee, from, to]: readonly [string, string, string, string], n: number, offsetMs: number): QualityFact =>
    fact('clock-skew', { service: caller, subject: JSON.stringify([callee, from, to]), n, bad: n, value: n * offsetMs * 1e6, examples: [{ traceId: caller, spanId: callee }] });
  const across = (checkout: number): QualityFact[] => [
    calls(['front', 'cart', 'node-1', 'node-2'], 200, 40), calls(['front', 'checkout', 'node-1', 'node-2'], checkout, 40), calls(['cart', 'front', 'node-2', 'node-1'], 100, -40), calls(['front', 'payment', 'node-1', 'node-3'], 50, 2_000),
  ];

  test('are one thing to put right, however many services call each other across them', () => {
    const [other, both, ...more] = find({ facts: across(300) });
    expect(more).toEqual([]);
    expect(other).toMatchObject({ severity: 'high', title: 'The clock of node-3 is 2.0 s ahead of that of node-1', affected: 50 });
    expect(both).toMatchObject({
      severity: 'medium', title: 'The clock of node-2 is 40 ms ahead of that of node-1', service: 'checkout', edge: { caller: 'front', callee: 'checkout' }, affected: 600, of: 600,
      detail: expect.stringContaining('In 600 of 600 calls from front to checkout, from front to cart, from cart to front the answer') as string, examples: [{ traceId: 'front' }, { traceId: 'front' }, { traceId: 'cart' }],
    });
  });

  test('keep their name where other services call most across them in another week', () => {
    const [first, later] = [300, 150].map((checkout) => find({ facts: across(checkout) })[1]);
    expect([first?.service, later?.service]).toEqual(['checkout', 'cart']);
    expect(later?.id).toBe(first?.id);
  });
});

test('what is concealed in some spans and stored in others is one leak, told as the worse', () => {
  const facts = [...spans(900), ...['concealed', 'stored'].map((state) => fact('sensitive', { subject: JSON.stringify(['email', 'app.user', state]), n: 40, bad: 40 }))];
  expect(find({ facts })).toMatchObject([{ severity: 'high', title: 'checkout sends sensitive data: email in app.user' }]);
});
