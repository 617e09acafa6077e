import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_QUALITY, type QualityRules } from '../config/quality-rule.js';
import { advance } from '../incident/advance.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { qualityAlertDetail } from '../incident/quality-alert.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbHeardRecord } from './duckdb-heard-record.js';
import { DuckdbQualityReader } from './duckdb-quality-reader.js';
import { qualitySignals } from './quality-signals.js';
import { MINUTE_SPANS, QualityWatch, SETTLE_MS, WATCHED_MINUTES } from './quality-watch.js';

const TWO_PM = Date.parse('2026-11-20T14:00:00Z');
const at = (minute: number): number => TWO_PM + minute * MINUTE_MS;

let database: DuckdbDatabase;
let sink: DuckdbSpanSink;
let rules: QualityRules;
let watch: QualityWatch;
let incidents: readonly Incident[];
let told: string[];
let sent: number;
beforeEach(async () => {
  database = await openDatabase(':memory:');
  sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(TWO_PM), limits: { maxWaitMs: 1, maxRows: 100_000 } });
  rules = DEFAULT_QUALITY;
  watch = newWatch();
  [incidents, told, sent] = [[], [], 0];
});
afterEach(() => database.close());

function newWatch(): QualityWatch {
  return new QualityWatch({ reader: new DuckdbQualityReader(database), heard: new DuckdbHeardRecord(database), rules: () => rules, owners: () => new Map([['cart', 'team-cart']]) });
}

type Call = Readonly<Record<'root' | 'call' | 'server', SpanDescription>>;
type Change = (call: Call) => readonly SpanDescription[];
const whole: Change = ({ root, call, server }) => [root, call, server];
/** The header is lost on the way. */
const stripped: Change = ({ root, call, server }) => [root, call, { ...server, traceId: server.traceId!.replace(/^./, 'b'), parentSpanId: '' }];

/** A minute in which gateway calls cart twenty times; spans of each ten seconds arrive together, some seconds later. */
async function minute(index: number, change: Change, lagMs = 2 * SECOND_MS): Promise<void> {
  for (let part = 0; part < 6; part += 1) {
    const spans = Array.from({ length: 4 }, (_, n) => change(call(at(index) + part * 10 * SECOND_MS + n * 1_900))).flat();
    await sink.store({ digest: (index * 6 + part).toString(16).padStart(32, 'd'), signal: 'traces', protocol: 'grpc', receivedAtMs: at(index) + part * 10 * SECOND_MS + 6 * SECOND_MS + lagMs, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  }
}

function call(startMs: number): Call {
  sent += 1;
  const traceId = sent.toString(16).padStart(32, 'a');
  const http = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
  return {
    root: { traceId, spanId: '1', service: 'gateway', name: 'GET /cart', startMs, durationMs: 40, attributes: { ...http, 'url.path': '/' }, resource: { 'host.name': 'node-1' } },
    call: { traceId, spanId: '2', parentSpanId: '1', service: 'gateway', kind: 'client', name: 'GET', startMs: startMs + 5, durationMs: 30, attributes: { ...http, 'url.full': 'http://cart/items' }, resource: { 'host.name': 'node-1' } },
    server: { traceId, spanId: '3', parentSpanId: '2', service: 'cart', name: 'GET /items', startMs: startMs + 10, durationMs: 20, attributes: { ...http, 'url.path': '/items' }, resource: { 'host.name': 'node-2' } },
  };
}

/** What the engine does with the watch at a time: reads what is due, and takes the step. */
async function tick(nowMs: number): Promise<readonly ConditionSignal[]> {
  await watch.read(nowMs);
  const signals = qualitySignals({ picture: watch.picture(), watch: rules.watch, openIncidents: incidents, publicUrl: 'https://tocsin.example' });
  const change = advance({ signals, openIncidents: incidents, nowMs });
  const changed = new Map(change.incidents.map((incident) => [incident.id, incident]));
  incidents = [...incidents.filter(({ id }) => !changed.has(id)), ...changed.values()].filter(({ status }) => status !== 'resolved');
  told.push(...change.transitions.map(({ kind, incident, atMs }) => `${new Date(atMs).toISOString().slice(11, 16)} ${kind} ${incident.severity}: ${incident.title}`));
  return signals;
}

async function play(minutes: readonly (Change | undefined)[], fromMinute = 0): Promise<void> {
  for (const [index, change] of minutes.entries()) {
    if (change !== undefined) await minute(fromMinute + index, change);
    await tick(at(fromMinute + index + 1) + SETTLE_MS);
  }
}

describe('while traces are whole', () => {
  test('nobody is told anything', async () => {
    await play(Array.from({ length: 8 }, () => whole));
    expect(told).toEqual([]);
    expect(watch.picture().findings).toEqual([]);
  });
});

describe('a header that is stripped from 14:05 on', () => {
  const from1405 = [whole, whole, whole, whole, whole, stripped, stripped];

  test('is one ticket within four minutes, with edge, onset, owner, cause, fix and traces', async () => {
    await play(from1405);
    expect(told).toEqual(['14:08 opened ticket: Context broken since 14:05 UTC at gateway → cart']);
    const [alert] = incidents[0]!.alerts;
    expect(alert).toMatchObject({ labels: { alertname: 'TraceQuality', kind: 'broken-context', service: 'cart', caller: 'gateway', severity: 'ticket', owner: 'team-cart' }, startsAtMs: at(5), generatorUrl: 'https://tocsin.example/quality' });
    const detail = qualityAlertDetail(alert!)!;
    expect(detail.words).toContain('48 of 120 calls from gateway');
    expect(detail.fix).toContain('OTEL_PROPAGATORS=tracecontext');
    expect(detail.traces.map(({ traceId }) => traceId[0])).toEqual(expect.arrayContaining(['a', 'b']));
  });

  test('stays one incident while it goes on, with the onset it had, also after a restart', async () => {
    await play(from1405);
    watch = newWatch();
    await play(Array.from({ length: 8 }, () => stripped), from1405.length);
    expect(told).toHaveLength(1);
    expect(incidents[0]!.alerts[0]).toMatchObject({ status: 'firing', startsAtMs: at(5) });
  });

  test('ends when calls are whole again for some minutes, and says so', async () => {
    await play(from1405);
    await play([whole, whole, whole, whole, whole], from1405.length);
    expect(told.slice(1)).toEqual(['14:12 resolved ticket: Context broken since 14:05 UTC at gateway → cart']);
  });

  test('does not end because nobody calls any more', async () => {
    await play(from1405);
    await play(Array.from({ length: 12 }, () => undefined), from1405.length);
    await play(Array.from({ length: 5 }, () => ({ root }: Call) => [root]), from1405.length + 12);
    expect(told).toHaveLength(1);
  });

  test('ends after the last three minutes in which a service spoke that speaks rarely', async () => {
    await play(from1405);
    const rarely = [undefined, undefined, undefined, undefined, undefined, undefined, whole];
    await play([...rarely, ...rarely], from1405.length);
    expect(told).toHaveLength(1);
    await play(rarely, from1405.length + 14);
    expect(told.slice(1)).toEqual(['14:29 resolved ticket: Context broken since 14:05 UTC at gateway → cart']);
    expect(incidents).toEqual([]);
  });

  test('ends after a day without any span, and says that nobody can see', async () => {
    await play(from1405);
    const hours = Array.from({ length: 24 }, (_, hour) => at(7 + 60 * hour));
    for (const nowMs of hours) await tick(nowMs + SETTLE_MS);
    expect(told).toHaveLength(1);
    const signals = await tick(at(7 + 60 * 24) + SETTLE_MS);
    expect(told.slice(1)).toEqual(['14:08 resolved ticket: Context broken since 14:05 UTC at gateway → cart']);
    expect(signals[0]?.annotations['summary']).toContain('No spans came for 24 hours');
  });

  test('ends after a day in which nobody made this call, while both services spoke, and says so; also where Tocsin was started anew in it', async () => {
    await play(from1405);
    const alone: Change = ({ root, server }) => [root, { ...server, traceId: server.traceId!.replace(/^./, 'c'), parentSpanId: '' }];
    const speak = async (atMinute: number): Promise<readonly ConditionSignal[]> => {
      await minute(atMinute - 1, alone);
      return tick(at(atMinute) + SETTLE_MS);
    };
    await speak(7 + 60 * 8);
    watch = newWatch();
    for (const hour of [8.5, 16, 23]) await speak(7 + 60 * hour);
    expect(told).toHaveLength(1);
    const signals = await speak(7 + 60 * 24);
    expect(told).toHaveLength(2);
    expect(signals[0]?.annotations['summary']).toContain('Nobody made this call for 24 hours');
  });

  test('is seen in spans that come minutes late', async () => {
    await play([whole, whole, undefined, undefined]);
    expect(told).toEqual([]);
    await minute(2, stripped, 3 * 60 * SECOND_MS);
    await minute(3, stripped, 2 * 60 * SECOND_MS);
    await tick(at(5) + SETTLE_MS);
    expect(told).toEqual(['14:06 opened ticket: Context broken since 14:02 UTC at gateway → cart', expect.stringContaining('Spans of cart arrive late, since 14:02'), expect.stringContaining('Spans of gateway arrive late, since 14:02')]);
  });

  test('of one minute only is a hiccup', async () => {
    await play([whole, whole, stripped, whole, whole, whole]);
    expect(told).toEqual([]);
  });

  test('that the rules do not watch is told to nobody, and ends what is open', async () => {
    await play(from1405);
    rules = { ...DEFAULT_QUALITY, watch: new Set() };
    await play([stripped], from1405.length);
    expect(told.slice(1)).toEqual([expect.stringContaining('resolved ticket')]);
    await play([stripped, stripped, stripped], from1405.length + 1);
    expect(told).toHaveLength(2);
  });
});

const moved = (span: SpanDescription, byMs: number): SpanDescription => ({ ...span, startMs: (span.startMs ?? 0) + byMs });

describe('each kind that is watched by default becomes a ticket', () => {
  test.each<[string, Change, string]>([
    ['clock-skew', ({ root, call, server }) => [root, call, moved(server, 2_500)], 'The clock of node-2 is 2.5 s ahead of that of node-1, since 14:01 UTC'],
    ['sensitive-data', ({ root, call, server }) => [root, call, { ...server, attributes: { ...server.attributes, note: 'Authorization: Bearer abcdef0123456789' } }], 'cart sends sensitive data: authorization in note, since 14:01 UTC'],
    ['partial-traces', ({ root, server }) => [root, server], 'of the traces that begin at gateway are incomplete, since 14:01 UTC'],
    ['missing-kinds', ({ root, call, server }) => [root, call, { ...server, kind: 'internal' }], 'of the calls that arrive at cart are not SERVER or CONSUMER spans, since 14:01 UTC'],
    ['unknown-weight', ({ root, call, server }) => [root, call, { ...server, weightUnknown: true }], 'of the spans of cart do not say how many they stand for, since 14:01 UTC'],
  ])('%s', async (kind, change, title) => {
    await play([whole, change, change, change]);
    expect(incidents.filter(({ alerts }) => alerts[0]!.labels['kind'] === kind).map((incident) => incident.title)).toEqual([expect.stringContaining(title)]);
    expect(incidents.every(({ severity }) => severity === 'ticket')).toBe(true);
  });

  test('collector-latency', async () => {
    for (let index = 0; index < 5; index += 1) await minute(index, whole, 40 * SECOND_MS);
    await tick(at(6) + SETTLE_MS);
    expect(told.map((line) => line.slice(6)).sort()).toEqual([expect.stringContaining('opened ticket: Spans of cart arrive late, since 14:01'), expect.stringContaining('opened ticket: Spans of gateway arrive late, since 14:01')]);
  });
});

describe('the health of traces at a time', () => {
  test('is not known before anything was read', () => {
    expect(watch.health(['cart'], at(5))).toBeUndefined();
  });

  test('says for the services of an incident, and for all, how good their traces of the last minutes were', async () => {
    await play([whole, whole, stripped, stripped, ({ root, server }) => [root, server]]);
    const health = watch.health(['gateway', 'nobody'], at(6))!;
    expect(health).toMatchObject({ takenAtMs: at(6), fromMs: at(0), toMs: at(WATCHED_MINUTES), findings: [expect.stringMatching(/^The trace breaks between gateway and cart, since 14:02 UTC$/)] });
    expect(health.services.map(({ service, spans }) => [service, spans])).toEqual([['gateway', 5 * 24 + 4 * 24], ['', 14 * 24]]);
    expect(health.services[0]).toMatchObject({ samplingRate: 1, unknownWeightShare: 0, orphanRatio: 0, partialRatio: expect.closeTo(0.2, 6) as number });
    expect(health.services[0]!.lagP99Ms! / (8 * SECOND_MS)).toBeCloseTo(1, 0);
  });
});

test('of a minute with more spans than may be read, its end is read', async () => {
  const read: [number, number][] = [];
  const busy = new QualityWatch({ reader: { count: () => Promise.resolve(4 * MINUTE_SPANS), facts: ({ fromMs, toMs }) => { read.push([fromMs, toMs]); return Promise.resolve([]); } }, heard: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() }, rules: () => rules, owners: () => new Map() });
  await busy.read(at(6) + SETTLE_MS);
  await busy.read(at(6) + SETTLE_MS + 20 * SECOND_MS);
  expect(read).toEqual([1, 2, 3, 4, 5].map((index) => [at(index) + 45 * SECOND_MS, at(index + 1)]));
});
