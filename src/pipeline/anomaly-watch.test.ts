import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnomalyRule } from '../config/anomaly-rule.js';
import { unusualTimes, windowsFor, WINDOW_MS } from '../diagnosis/anomaly/baseline-windows.js';
import type { Incident } from '../incident/incident.js';
import { sampleAlert, sampleIncident } from '../incident/sample-incident.js';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketOf } from '../sli/latency-bucket.js';
import { anomalySignals, ANOMALY_ALERT } from './anomaly-signals.js';
import { AnomalyWatch } from './anomaly-watch.js';
import { DuckdbAnomalyReader } from './duckdb-anomaly-reader.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.parse('2026-11-20T12:02:30Z');
const UNTIL = Date.parse('2026-11-20T12:00:00Z');
const RULE: AnomalyRule = { name: 'unusual', description: '', runbook: undefined, services: [], signals: ['errors', 'latency'], falseDiscoveryRate: 0.001, at: { file: 'rules/a.yaml', line: 1, column: 1 } };

let store: SystemStore;
let rules: readonly AnomalyRule[] = [RULE];

interface Minute {
  readonly service: string;
  readonly atMs: number;
  readonly spans: number;
  readonly errors: number;
  readonly durationMs?: number;
  readonly lateMinutes?: number;
  /** Each stands for so many. */
  readonly weight?: number;
}

async function count(minutes: readonly Minute[]): Promise<void> {
  const rows = minutes.map(({ service, atMs, spans, errors, durationMs = 20, lateMinutes = 0, weight = 1 }) => `('${service}', 'GET /', 2, ${atMs / MINUTE_MS}, ${atMs / MINUTE_MS + lateMinutes}, ${bucketOf(durationMs * 1e6)}, ${spans}, ${errors}, 0, ${spans * weight}, ${errors * weight})`);
  await store.transaction([{ sql: `INSERT INTO red_slices VALUES ${rows.join(',')}`, params: {} }]);
}

/** Each window's requests in its first minute: `pay` fails in the last two windows, `blip` only in the last, `slow` is slower in both. */
beforeAll(async () => {
  store = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW) });
  const windows = [...new Set([...windowsFor(UNTIL - WINDOW_MS), ...windowsFor(UNTIL - 2 * WINDOW_MS)].map(({ fromMs }) => fromMs))];
  await count(windows.flatMap((fromMs) => {
    const back = (UNTIL - fromMs) / WINDOW_MS;
    return [
      { service: 'pay', atMs: fromMs, spans: 200, errors: back <= 2 ? 16 : 1 }, { service: 'blip', atMs: fromMs, spans: 200, errors: back === 1 ? 40 : 1 },
      { service: 'slow', atMs: fromMs, spans: 200, errors: 0, durationMs: back <= 2 ? 90 : 20 }, { service: 'fine', atMs: fromMs, spans: 200, errors: 1 },
      { service: 'old', atMs: fromMs, spans: 200, errors: back <= 2 ? 1 : 0 }, { service: 'old', atMs: fromMs, spans: 200, errors: 200, lateMinutes: 600 },
    ];
  }));
});
afterAll(() => store.close());

const watch = (): AnomalyWatch => new AnomalyWatch({ reader: new DuckdbAnomalyReader(store), rules: () => rules });
const open = (watched: AnomalyWatch, openIncidents: readonly Incident[] = []): readonly (readonly [string, boolean])[] => anomalySignals({ picture: watched.picture(), rules, openIncidents }).map(({ title, firing }) => [title, firing] as const);

describe('the watch over what is usual', () => {
  test('tells what fails or is slow in the last quarter of an hour and the one before, and nothing else', async () => {
    const watched = watch();
    await watched.read(NOW);
    expect(open(watched)).toEqual([['pay GET / fails more often than usual', true], ['slow GET / is slower than usual', true]]);
    const [signal] = anomalySignals({ picture: watched.picture(), rules, openIncidents: [] });
    expect(signal).toMatchObject({ key: 'anomaly:["pay","GET /","errors"]', severity: 'ticket', labels: { alertname: ANOMALY_ALERT, service: 'pay', operation: 'GET /', signal: 'errors', rule: 'unusual', severity: 'ticket' } });
    expect(signal?.annotations['summary']).toBe('pay GET / fails more often than usual: 8 % of its requests fail, 0.5 % at this hour of the week');
  });

  test('keeps to the services and signals of its rule, reads nothing without one, and takes a changed rule at once', async () => {
    const watched = watch();
    rules = [{ ...RULE, services: ['slow', 'pay'], signals: ['latency'] }];
    await watched.read(NOW);
    expect(open(watched)).toEqual([['slow GET / is slower than usual', true]]);
    rules = [];
    await watched.read(NOW);
    expect(open(watched)).toEqual([]);
    rules = [RULE];
    await watched.read(NOW);
    expect(open(watched)).toHaveLength(2);
  });

  test('says nothing new of a service whose SLO alerts, and ends a ticket when a quarter is as usual again or the rule is gone', async () => {
    const watched = watch();
    await watched.read(NOW);
    const burning = sampleIncident();
    const alert = burning.alerts[0]!;
    expect(open(watched, [{ ...burning, alerts: [{ ...alert, labels: { ...alert.labels, service: 'pay' } }] }])).toEqual([['slow GET / is slower than usual', true]]);
    const labels = (service: string): Record<string, string> => ({ alertname: ANOMALY_ALERT, service, operation: 'GET /', signal: 'errors', rule: 'unusual', severity: 'ticket' });
    const ticket = (service: string): Incident => sampleIncident({ key: `anomaly:["${service}","GET /","errors"]`, title: service, alerts: [sampleAlert({ incidentId: burning.id, labels: labels(service), severity: 'ticket' })] });
    expect(open(watched, [ticket('fine'), ticket('unheard')])).toContainEqual(['fine', false]);
    expect(open(watched, [ticket('fine'), ticket('unheard')]).map(([title]) => title)).not.toContain('unheard');
    rules = [{ ...RULE, services: ['pay'] }];
    expect(open(watched, [ticket('unheard')])).toContainEqual(['unheard', false]);
    rules = [RULE];
  });

  test('grows quieter with each ticket that ended and nobody took', async () => {
    const own = { actor: 'tocsin' };
    const incident = (id: number, document: object): { readonly sql: string; readonly params: Record<string, string | number> } => ({
      sql: 'INSERT INTO incidents VALUES ($id, $key, \'resolved\', \'ticket\', \'t\', $started, $started, $document)',
      params: { id: `i${id}`, key: 'anomaly:["pay","GET /","errors"]', started: NOW - id * MINUTE_MS, document: JSON.stringify(document) },
    });
    await store.transaction([incident(99, { acknowledgedBy: 'anna' }), incident(98, { timeline: [own, { actor: 'anna' }] }), incident(97, {}), ...Array.from({ length: 7 }, (_, id) => incident(id, { timeline: [own, { actor: 'tocsin drill' }] }))]);
    expect(await new DuckdbAnomalyReader(store).unheeded(NOW - 24 * 60 * MINUTE_MS)).toEqual(new Map([['anomaly:["pay","GET /","errors"]', 8]]));
    const watched = watch();
    await watched.read(NOW);
    expect(open(watched)).toEqual([['slow GET / is slower than usual', true]]);
  });
});

describe('a fault that lasts, in a service that is twelve hours old', () => {
  const KEY = 'anomaly:["young","GET /","errors"]';
  const BROKEN = Date.parse('2026-11-24T00:00:00Z');
  const [OPENED, MENDED] = [BROKEN + 2 * WINDOW_MS + 150_000, BROKEN + 60 * 60 * MINUTE_MS];
  const ticket = sampleIncident({ key: KEY, title: 'young', alerts: [sampleAlert({ incidentId: sampleIncident().id, labels: { alertname: ANOMALY_ALERT, service: 'young', operation: 'GET /', signal: 'errors', rule: 'unusual', severity: 'ticket' }, severity: 'ticket' })] });
  const toldAt = async (atMs: number, openIncidents: readonly Incident[]): Promise<readonly (readonly [string, boolean])[]> => {
    const watched = watch();
    await watched.read(atMs);
    return open(watched, openIncidents);
  };

  test('has a ticket in the second window, which is open until it is mended', async () => {
    const windows = Array.from({ length: 74 * 4 }, (_, index) => BROKEN - 12 * 60 * MINUTE_MS + index * WINDOW_MS);
    await count(windows.map((atMs) => ({ service: 'young', atMs, spans: 1_000, errors: atMs >= BROKEN && atMs < MENDED ? 300 : 1 })));
    expect(await toldAt(OPENED - WINDOW_MS, [])).toEqual([]);
    expect(await toldAt(OPENED, [])).toEqual([['young GET / fails more often than usual', true]]);
    await store.transaction([{ sql: 'INSERT INTO incidents VALUES (\'young\', $key, \'open\', \'ticket\', \'t\', $started, NULL, \'{}\')', params: { key: KEY, started: OPENED } }]);
    for (const hours of [1, 5, 9, 26, 55]) expect(await toldAt(OPENED + hours * 60 * MINUTE_MS, [ticket])).toEqual([['young GET / fails more often than usual', true]]);
    expect(await toldAt(MENDED + WINDOW_MS + 150_000, [ticket])).toEqual([['young', false]]);
  });
});

describe('what was not as it is as a rule', () => {
  const DAY = 24 * 60 * MINUTE_MS;
  const NIGHT = Date.parse('2026-12-10T03:00:00Z');
  const reader = (): DuckdbAnomalyReader => new DuckdbAnomalyReader(store);
  const usualOf = async (service: string): Promise<number> => {
    const counts = await reader().counts(windowsFor(NIGHT), [...await reader().burning(NIGHT - 28 * DAY, NIGHT), ...unusualTimes(await reader().unusual(NIGHT - 28 * DAY))]);
    return counts.find((each) => each.service === service)?.windows.filter(({ baseline }) => baseline !== undefined).reduce((sum, { errors }) => sum + errors, 0) ?? -1;
  };

  test('is no baseline: while an SLO of the service alerted, and where a window was judged to be unusual that nobody was told of', async () => {
    const yesterday = windowsFor(NIGHT).filter(({ baseline, fromMs }) => baseline === 'day' && NIGHT - fromMs < 1.5 * DAY);
    const bad = yesterday.map(({ fromMs }) => fromMs);
    await count(['burnt', 'odd', 'plain'].flatMap((service) => windowsFor(NIGHT).map(({ fromMs }) => ({ service, atMs: fromMs, spans: 100, errors: bad.includes(fromMs) ? 50 : 0 }))));
    expect([await usualOf('burnt'), await usualOf('odd'), await usualOf('plain')]).toEqual([250, 250, 250]);
    const document = JSON.stringify({ alerts: [{ labels: { service: 'burnt' } }] });
    await store.transaction([{ sql: 'INSERT INTO incidents VALUES (\'slo\', \'slo:x\', \'resolved\', \'page\', \'t\', $started, $ended, $document)', params: { started: bad[0]! + MINUTE_MS, ended: bad.at(-1)! + MINUTE_MS, document } }]);
    for (const fromMs of bad) await reader().remember([{ service: 'odd', operation: 'GET /' }], { fromMs, forgetMs: 0 });
    expect([await usualOf('burnt'), await usualOf('odd'), await usualOf('plain')]).toEqual([0, 0, 250]);
    await reader().remember([], { fromMs: NIGHT, forgetMs: NIGHT });
    expect(await usualOf('odd')).toBe(250);
  });

  test('is usual when it is so more than eight times a day', () => {
    const windows = Array.from({ length: 96 }, (_, index) => ({ service: 's', operation: 'o', fromMs: NIGHT + index * WINDOW_MS }));
    expect(unusualTimes(windows).map(({ fromMs }) => (fromMs - NIGHT) / WINDOW_MS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(unusualTimes(windows.filter((_, index) => index % 16 === 0))).toHaveLength(6);
  });
});

test('what was usual before a ticket are whole quarters, also where it is not known to begin with one', async () => {
  const began = UNTIL - 8 * WINDOW_MS;
  const ticket = { service: 'pay', operation: 'GET /', fromMs: began, toMs: undefined };
  await count([{ service: 'pay', atMs: began - 24 * WINDOW_MS, spans: 200, errors: 1 }]);
  const windows = windowsFor(UNTIL - WINDOW_MS, [ticket]);
  const counted = async (fromMs: number): Promise<unknown> => (await new DuckdbAnomalyReader(store).counts(windows, [{ ...ticket, fromMs }])).find(({ service }) => service === 'pay')?.windows.map((window) => window.fromMs);
  expect(await counted(began)).toContain(began - 24 * WINDOW_MS);
  expect(await counted(began + 14 * MINUTE_MS)).toEqual(await counted(began));
});

test('reads two thousand operations with ten latencies each within the memory that the database has', async () => {
  const at = Date.parse('2027-02-01T12:00:00Z');
  const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-anomalies-'));
  const own = await openStore({ dataDir, clock: new FakeClock(at) });
  try {
    const starts = windowsFor(at).map(({ fromMs }) => fromMs / MINUTE_MS).join(',');
    await own.transaction([{ sql: `INSERT INTO red_slices SELECT 'service-' || (o % 50), 'GET /operation/' || o, 2, minute, minute, 700 + b, 5, b % 2, 1, 5, b % 2 FROM range(2100) AS o(o), range(10) AS b(b), unnest([${starts}]) AS m(minute)`, params: {} }]);
    await own.transaction([{ sql: 'SET max_temp_directory_size = \'0KB\'', params: {} }]);
    const counts = await new DuckdbAnomalyReader(own).counts(windowsFor(at), []);
    expect(counts).toHaveLength(2_000);
    expect(counts.every(({ windows }) => windows.length === windowsFor(at).length && windows.every(({ requests, errors }) => requests === 50 && errors === 5))).toBe(true);
  } finally {
    await own.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 120_000);
