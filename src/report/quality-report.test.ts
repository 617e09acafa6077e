import { afterAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { tracesJson } from '../../test/support/otlp-json.js';
import { openStore } from '../pipeline/system-store.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbQualityReader } from './duckdb-quality-reader.js';
import type { FindingKind } from './quality-finding.js';
import { earlierOf, type QualityReport } from './quality-report.js';
import { QualityReports, type QualityReportsPorts } from './quality-reports.js';
import { DEFAULT_QUALITY, DEFAULT_THRESHOLDS } from '../config/quality-rule.js';

const START = DEFAULT_START_MS;
const WINDOW = { fromMs: START - MINUTE_MS, toMs: START + 120 * MINUTE_MS };
const CALLS = 60;
const RESOURCE = { 'service.instance.id': 'a', 'deployment.environment.name': 'test', 'host.name': 'node-1' };

const open: DuckdbDatabase[] = [];
afterAll(() => Promise.all(open.map((database) => database.close())));

/** The report of these spans, all of one time. */
async function reportOf(spans: readonly SpanDescription[], ports: Partial<QualityReportsPorts> = {}, windowSpans?: number): Promise<QualityReport> {
  const database = await openDatabase(':memory:');
  open.push(database);
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 100_000 } });
  await sink.store({ digest: 'd'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs: START + 20 * MINUTE_MS, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  return new QualityReports({
    reader: new DuckdbQualityReader(database, windowSpans === undefined ? {} : { windowSpans }), clock: new FakeClock(WINDOW.toMs), hygiene: () => Promise.resolve([]), owners: () => new Map([['checkout', 'team-orders']]),
    rules: () => ({ ...DEFAULT_QUALITY, thresholds: { ...DEFAULT_THRESHOLDS, collectorLatencyMs: Infinity } }), earlier: () => Promise.resolve(undefined), ...ports,
  }).report(WINDOW);
}

type Change = (spans: { root: SpanDescription; call: SpanDescription; server: SpanDescription; query: SpanDescription }, index: number) => readonly SpanDescription[];

/** front calls checkout, which asks its database; sixty times, one every ten seconds. */
function calls(change: Change = ({ root, call, server, query }) => [root, call, server, query]): SpanDescription[] {
  return Array.from({ length: CALLS }, (_, index) => {
    const startMs = START + index * 10_000;
    const traceId = (index + 1).toString(16).padStart(32, 'a');
    const id = (part: number): string => (index * 10 + part + 1).toString(16);
    const http = { 'http.request.method': 'POST', 'http.response.status_code': 200 };
    return change({
      root: { traceId, spanId: id(0), service: 'front', name: 'POST /checkout', startMs, durationMs: 40, attributes: { ...http, 'url.path': '/checkout' }, resource: RESOURCE },
      call: { traceId, spanId: id(1), parentSpanId: id(0), service: 'front', kind: 'client', name: 'POST', startMs: startMs + 5, durationMs: 30, attributes: { ...http, 'url.full': 'http://checkout:80/orders', 'server.address': 'checkout' }, resource: RESOURCE },
      server: { traceId, spanId: id(2), parentSpanId: id(1), service: 'checkout', name: 'POST /orders', startMs: startMs + 10, durationMs: 20, attributes: { ...http, 'url.path': '/orders' }, resource: RESOURCE },
      query: { traceId, spanId: id(3), parentSpanId: id(2), service: 'checkout', kind: 'client', name: 'SELECT orders', startMs: startMs + 12, durationMs: 6, attributes: { 'db.system.name': 'postgresql' }, resource: RESOURCE },
    }, index);
  }).flat();
}

const kindsOf = ({ findings }: QualityReport): FindingKind[] => findings.map(({ kind }) => kind);

describe('where slow traces spend their time', () => {
  test('is what no child covers: of children side by side, or that go on after their parent, what they cover together and within it', async () => {
    const database = await openDatabase(':memory:');
    open.push(database);
    const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 100_000 } });
    const span = (spanId: string, [fromMs, durationMs]: readonly [number, number], more: Partial<SpanDescription> = {}): SpanDescription => ({ traceId: 'c'.repeat(32), spanId, parentSpanId: '1', service: 'front', name: 'child', startMs: START + fromMs, durationMs, ...more });
    // Of 100 ms: 10 to 50 and 80 to 100 are covered, 10 to 40 more than once.
    const root = { traceId: 'c'.repeat(32), spanId: '1', service: 'front', name: 'root', startMs: START, durationMs: 100 };
    const spans = spanBatch([root, span('2', [10, 30]), span('3', [10, 25]), span('4', [15, 5]), span('5', [30, 20]), span('6', [80, 70])]);
    await sink.store({ digest: 'e'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs: START, rejected: 0, deduplicated: 0, message: '', spans, sloSlices: [], redSlices: [] });
    const facts = await new DuckdbQualityReader(database).facts(WINDOW);
    expect(facts.filter(({ fact }) => fact === 'slow-self').map(({ subject, value }) => [subject, value / 1e6])).toEqual([['child', 150], ['root', 40]]);
  });
});

describe('clean traces', () => {
  test('have no finding and the full score, and their measures are right', async () => {
    const report = await reportOf(calls());
    expect(kindsOf(report)).toEqual([]);
    expect(report.score).toBe(100);
    expect(report.overall).toMatchObject({ spans: 4 * CALLS, traces: CALLS, samplingRate: 1, unknownWeightShare: 0, partialRatio: 0, orphanRatio: 0, rootlessRatio: 0, limitsHitRatio: 0, errorRatio: 0 });
    expect((report.overall.p50Ms ?? 0) / 40).toBeCloseTo(1, 1);
    const [checkout, front] = report.services;
    expect(checkout).toMatchObject({ service: 'checkout', owner: 'team-orders', measures: { spans: 2 * CALLS, traces: 0, p95Ms: undefined } });
    expect(front).toMatchObject({ service: 'front', owner: undefined, measures: { spans: 2 * CALLS, traces: CALLS } });
    expect(report.disclosure.notEvaluated.map(({ id }) => id)).toContain('MET-001');
  });

  test('read in many small windows give the same report as in one', async () => {
    const [whole, cut] = [await reportOf(calls()), await reportOf(calls(), {}, 20)];
    const counts = ({ overall, findings, services }: QualityReport): unknown => ({ overall: { ...overall, attributeBytes: 0 }, findings, services: services.map(({ score, measures }) => ({ score: score.rules.map(({ id, total, failed }) => [id, id === 'SPA-003' ? 0 : total, failed]), spans: measures.spans })) });
    expect(counts(cut)).toEqual(counts(whole));
  });

  test('a time without spans is a report without measures, not one of zeros', async () => {
    const report = await reportOf([]);
    expect(report).toMatchObject({ findings: [], services: [], score: undefined, overall: { spans: 0, errorRatio: undefined, samplingRate: undefined, p95Ms: undefined } });
  });
});

describe('a stripped header', () => {
  const stripped: Change = ({ root, call, server, query }, index) => {
    const traceId = (index + 1).toString(16).padStart(32, 'b');
    return [root, call, { ...server, traceId, parentSpanId: '' }, { ...query, traceId }];
  };

  test('is found in times so dense that they are read in parts', async () => {
    const [whole, cut] = [await reportOf(calls(stripped)), await reportOf(calls(stripped), {}, 20)];
    const found = ({ findings }: QualityReport): unknown => findings.map(({ examples: _examples, ...finding }) => finding);
    expect(found(cut)).toEqual(found(whole));
  });

  test('is found at its edge, with both traces and the fix', async () => {
    const report = await reportOf(calls(stripped));
    const [finding, ...others] = report.findings.filter(({ kind }) => kind === 'broken-context');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'high', service: 'checkout', edge: { caller: 'front', callee: 'checkout' }, owner: 'team-orders', affected: CALLS, of: CALLS, state: 'new' });
    expect(finding?.fix.text).toContain('OTEL_PROPAGATORS=tracecontext');
    expect(finding?.examples.map(({ traceId }) => traceId[0])).toEqual(expect.arrayContaining(['a', 'b']));
    expect(kindsOf(report)).toEqual(['broken-context']);
  });

  test('is not seen in calls that visitors make at another time, or of another path', async () => {
    const visitors: Change = (spans, index) => {
      const moved = { ...spans.server, traceId: (index + 1).toString(16).padStart(32, 'c'), parentSpanId: '', spanId: `${spans.server.spanId ?? ''}f`, startMs: (spans.server.startMs ?? 0) + 3_000 };
      const other = { ...moved, traceId: (index + 1).toString(16).padStart(32, 'd'), spanId: `${spans.server.spanId ?? ''}e`, startMs: spans.server.startMs ?? 0, attributes: { 'http.request.method': 'GET', 'url.path': '/health' } };
      return [...Object.values(spans), moved, other];
    };
    expect(kindsOf(await reportOf(calls(visitors)))).toEqual([]);
  });
});

test('a clock that is ahead makes no trace longer: where clocks disagree the latency is that of the root', async () => {
  const ahead: Change = ({ root, call, server, query }) => [root, call, ...[server, query].map((span) => ({ ...span, startMs: (span.startMs ?? 0) + 2_500, resource: { ...RESOURCE, 'host.name': 'node-2' } }))];
  const { overall, findings } = await reportOf(calls(ahead));
  expect(findings.map(({ kind }) => kind)).toEqual(['clock-skew']);
  for (const latencyMs of [overall.p50Ms, overall.p99Ms]) expect((latencyMs ?? 0) / 40).toBeCloseTo(1, 1);
});

test('work that goes on after its root is a part of the latency', async () => {
  const { overall } = await reportOf(calls(({ root, call, server, query }) => [root, call, server, query, { ...server, spanId: `${server.spanId ?? ''}f`, kind: 'consumer', startMs: (root.startMs ?? 0) + 900, durationMs: 100 }]));
  expect((overall.p50Ms ?? 0) / 1_000).toBeCloseTo(1, 1);
});

describe('what is wrong with spans', () => {
  const onServer = (changes: (server: SpanDescription, index: number) => Partial<SpanDescription>): Change => ({ root, call, server, query }, index) => [root, call, { ...server, ...changes(server, index) }, query];
  const cases: readonly [string, Change, FindingKind, Record<string, unknown>][] = [
    ['a clock that is ahead', ({ root, call, server, query }) => [root, call, ...[server, query].map((span) => ({ ...span, startMs: (span.startMs ?? 0) + 2_500, resource: { ...RESOURCE, 'host.name': 'node-2' } }))], 'clock-skew', { service: 'checkout', severity: 'high', title: 'The clock of node-2 is 2.5 s ahead of that of node-1', edge: { caller: 'front', callee: 'checkout' } }],
    ['an e-mail address that redaction concealed', onServer((server) => ({ attributes: { ...server.attributes, 'app.user': '****@****' } })), 'sensitive-data', { service: 'checkout', severity: 'medium', title: 'checkout sends sensitive data: email in app.user', affected: CALLS }],
    ['a secret that nobody concealed', onServer((server) => ({ attributes: { ...server.attributes, note: 'Authorization: Bearer abcdef0123456789' } })), 'sensitive-data', { severity: 'high', title: 'checkout sends sensitive data: authorization in note' }],
    ['parents that were lost', ({ root, server, query }) => [root, server, query], 'orphans', { service: 'checkout', affected: CALLS, of: 2 * CALLS }],
    ['ids in span names', onServer((_server, index) => ({ name: `GET /orders/${index}` })), 'span-name-cardinality', { service: 'checkout' }],
    ['raw paths for routes', onServer((server, index) => ({ attributes: { ...server.attributes, 'http.route': `/orders/${index}` } })), 'attribute-cardinality', { service: 'checkout', title: expect.stringMatching(/^checkout puts about \d+ different values into http\.route$/) as string }],
    ['work after the end of its parent', ({ root, call, server, query }) => [root, call, server, { ...query, startMs: (query.startMs ?? 0) + 100 }], 'after-parent', { service: 'checkout', affected: CALLS }],
    ['a service without kinds', ({ root, call, server, query }) => [root, call, { ...server, kind: 'internal' }, { ...query, kind: 'internal' }], 'missing-kinds', { service: 'checkout' }],
    ['a failure without its status', onServer((server) => ({ attributes: { ...server.attributes, 'http.response.status_code': 500 } })), 'wrong-status', { service: 'checkout', about: undefined }],
    ['a 404 that is called a failure', onServer((server) => ({ status: 'error', attributes: { ...server.attributes, 'http.response.status_code': 404 } })), 'wrong-status', { service: 'checkout' }],
    ['many tiny spans', ({ root, call, server, query }) => [root, call, server, ...Array.from({ length: 25 }, (_, index) => ({ ...query, kind: 'internal' as const, name: `step ${index}`, spanId: `${query.spanId ?? ''}${(index + 16).toString(16)}`, durationMs: 0.1 }))], 'tiny-spans', { service: 'checkout' }],
    ['a query in a loop', ({ root, call, server, query }) => [root, call, server, ...Array.from({ length: 25 }, (_, index) => ({ ...query, spanId: `${query.spanId ?? ''}${(index + 16).toString(16)}` }))], 'loop', { service: 'checkout', title: 'checkout does "SELECT orders" up to 25 times under one span' }],
    ['weights that nobody knows', onServer(() => ({ weightUnknown: true })), 'unknown-weight', { service: 'checkout', affected: CALLS }],
    ['samplers that disagree', onServer(() => ({ weight: 4 })), 'mixed-weights', { service: 'front' }],
    ['limits of the SDK', onServer(() => ({ droppedCount: 3 })), 'limits-hit', { service: 'checkout', affected: CALLS }],
    ['a call that nobody answers', ({ root, call, server, query }) => [root, call, server, query, { ...call, spanId: `${call.spanId ?? ''}f`, attributes: { 'server.address': 'legacy-billing', 'url.full': 'http://legacy-billing/x', 'http.request.method': 'GET' } }], 'blind-spot', { service: 'front', edge: { caller: 'front', callee: 'legacy-billing' } }],
    ['two SDK versions', ({ root, call, server, query }, index) => [root, call, ...[server, query].map((span) => ({ ...span, resource: { ...RESOURCE, 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': index % 2 === 0 ? '1.30.0' : '2.0.0' } }))], 'mixed-versions', { service: 'checkout' }],
    ['a service that stops', ({ root, call, server, query }, index) => (index < 20 ? [root, call, server, query] : [root, { ...call, attributes: { 'db.system.name': 'redis' } }]), 'silent-service', { service: 'checkout', severity: 'high' }],
  ];

  test.each(cases)('%s is found', async (words, change, kind, expected) => {
    const spans = words === 'a service that stops' ? calls(change).map((span, index) => stretched(span, index)) : calls(change);
    const report = await reportOf(words === 'ids in span names' || words === 'raw paths for routes' ? [...calls(change), ...many(300)] : spans, {}, 1_000_000);
    const found = report.findings.find((finding) => finding.kind === kind);
    const { about: _about, ...rest } = expected;
    expect(kindsOf(report)).toContain(kind);
    expect(found).toMatchObject(rest);
    expect(found?.examples.length).toBeGreaterThan(0);
    for (const text of [found?.cause, found?.detail, found?.fix.text, found?.fix.where]) expect(text).toMatch(/\w{3}/);
  });

  /** Sixty calls over 110 minutes. */
  function stretched(span: SpanDescription, _index: number): SpanDescription {
    const startMs = span.startMs ?? START;
    return { ...span, startMs: START + (startMs - START) * 11 };
  }

  function many(count: number): SpanDescription[] {
    return Array.from({ length: count }, (_, index) => ({ traceId: (index + 1).toString(16).padStart(32, 'e'), spanId: '1', service: 'checkout', name: `GET /baskets/${index}`, startMs: START + index, durationMs: 5, attributes: { 'http.route': `/baskets/${index}` }, resource: RESOURCE }));
  }

  test('attributes outside of the glossary are named where there is a glossary, conventions never', async () => {
    const spans = calls(onServer((server) => ({ attributes: { ...server.attributes, 'shop.region': 'eu', custmer: 'x', tenant: 'a' } })));
    const report = await reportOf(spans, { rules: () => ({ thresholds: DEFAULT_THRESHOLDS, glossary: { attributes: new Set(['tenant']), prefixes: ['shop.'] } }) });
    const [finding, ...others] = report.findings.filter(({ kind }) => kind === 'outside-glossary');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ service: 'checkout', title: 'checkout uses 1 attribute that is not in the glossary', detail: expect.stringMatching(/^custmer\. /), fix: { text: '  glossary:\n    attributes: ["custmer"]' } });
    expect(finding?.examples.length).toBeGreaterThan(0);
    expect(kindsOf(await reportOf(spans))).toEqual([]);
  });

  test('ids that come twice are found, whatever else is different about the spans that bring them', async () => {
    const store = await openStore({ dataDir: ':memory:', clock: new FakeClock(START) });
    try {
      const request = (id: number, name: string): Uint8Array => Buffer.from(tracesJson([{ id, name, endMs: START + id * 1_000 }]));
      for (let index = 0; index < 40; index += 1) {
        for (const name of index < 15 ? ['GET /a', 'GET /b'] : ['GET /a']) await store.absorb({ signal: 'traces', encoding: 'json', body: request(index, name), protocol: 'http', receivedAtMs: START + index * 1_000 });
      }
      const reports = new QualityReports({ reader: new DuckdbQualityReader(store), clock: new FakeClock(WINDOW.toMs), hygiene: () => Promise.resolve([]), owners: () => new Map(), rules: () => DEFAULT_QUALITY, earlier: () => Promise.resolve(undefined) });
      const { findings, ledgerBalances } = await reports.report(WINDOW);
      expect(findings).toEqual([expect.objectContaining({ kind: 'duplicate-ids', affected: 15, of: 55, title: '27 % of the spans came with ids that were stored before' })]);
      expect(ledgerBalances).toBe(true);
    } finally {
      await store.close();
    }
  });

  test('no value of a sensitive attribute is in the report', async () => {
    const report = await reportOf(calls(onServer((server) => ({ attributes: { ...server.attributes, note: 'Authorization: Bearer abcdef0123456789' } }))));
    expect(JSON.stringify(report)).not.toContain('abcdef0123456789');
  });
});

describe('from week to week', () => {
  const leak: Change = ({ root, call, server, query }) => [root, call, { ...server, attributes: { ...server.attributes, 'app.user': '****@****' } }, query];

  test('a finding is new, then open since then, then fixed', async () => {
    const first = await reportOf(calls(leak));
    expect(first.findings.map(({ state }) => state)).toEqual(['new']);
    const before = { ...earlierOf(first), findings: earlierOf(first).findings.map((finding) => ({ ...finding, since: 17 })) };
    const second = await reportOf(calls(leak), { earlier: () => Promise.resolve(before) });
    expect(second.findings.map(({ state, since }) => [state, since])).toEqual([['open', 17]]);
    const third = await reportOf(calls(), { earlier: (_window, weeks) => Promise.resolve(weeks === 1 ? before : undefined) });
    expect(third).toMatchObject({ findings: [], fixed: [{ title: 'checkout sends sensitive data: email in app.user', since: 17 }], fourWeeksAgo: undefined });
  });

  test('twice the spans is a jump in volume', async () => {
    const first = earlierOf(await reportOf(calls()));
    const before = { ...first, services: first.services.map(({ service }) => ({ service, spansPerSecond: 5 })) };
    const report = await reportOf(calls(), { earlier: (_window, weeks) => Promise.resolve(weeks === 1 ? before : undefined) });
    expect(report.findings.map(({ kind, service }) => [kind, service])).toEqual([['volume-jump', 'checkout'], ['volume-jump', 'front']]);
  });
});
