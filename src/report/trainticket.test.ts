import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { openStore, type SystemStore } from '../pipeline/system-store.js';
import { DuckdbQualityReader } from './duckdb-quality-reader.js';
import type { QualityReport } from './quality-report.js';
import { QualityReports } from './quality-reports.js';
import { DEFAULT_QUALITY } from '../config/quality-rule.js';

/**
 * The healthy period of 2023-01-29 of Nezha's TrainTicket data (IntelligentDDS/Nezha, MIT: test/report/LICENSE). What is expected here was counted
 * by hand: by a script of thirty lines that reads the file and knows nothing of Tocsin, and by reading single traces.
 */
const FILE = fileURLToPath(new URL('../../test/report/trainticket-baseline.otlp.jsonl.gz', import.meta.url));
const FROM_MS = Date.parse('2023-01-29T08:48:00Z');

let store: SystemStore;
let report: QualityReport;
beforeAll(async () => {
  store = await openStore({ dataDir: ':memory:', clock: new FakeClock(Date.parse('2023-01-29T09:00:00Z')) });
  const lines: string[] = [];
  for await (const line of createInterface(createReadStream(FILE).pipe(createGunzip()))) lines.push(line);
  await Promise.all(lines.map((line) => store.absorb({ signal: 'traces', encoding: 'json', body: Buffer.from(line), protocol: 'import', receivedAtMs: Date.parse('2023-01-29T09:00:00Z') })));
  report = await new QualityReports({
    reader: new DuckdbQualityReader(store), clock: new FakeClock(FROM_MS), hygiene: () => Promise.resolve([]), owners: () => new Map(), rules: () => DEFAULT_QUALITY, earlier: () => Promise.resolve(undefined),
  }).report({ fromMs: FROM_MS, toMs: FROM_MS + 4 * 60_000 });
});
afterAll(() => store.close());

const rule = (service: string, id: string): unknown => report.services.find((each) => each.service === service)?.score.rules.find((each) => each.id === id);

describe('the TrainTicket baseline', () => {
  test('has 4,890 spans in 71 whole traces, all of which begin at the gateway', () => {
    expect(report.overall).toMatchObject({ spans: 4_890, traces: 71, orphanRatio: 0, rootlessRatio: 0, partialRatio: 0, errorRatio: 0, samplingRate: 1 });
    expect(report.services.filter(({ measures }) => measures.traces > 0).map(({ service, measures }) => [service, measures.traces])).toEqual([['ts-gateway-service', 71]]);
    // Sorted by hand: the 36th of 71 latencies is 169.7 ms, the 68th 602.4 ms; buckets are right to 2 %.
    expect(report.overall.p50Ms! / 169.7).toBeCloseTo(1, 1);
    expect(report.overall.p95Ms! / 602.4).toBeCloseTo(1, 1);
  });

  test('has services with too many INTERNAL and tiny spans, counted trace by trace', () => {
    expect(rule('ts-order-service', 'SPA-001')).toMatchObject({ total: 39, failed: 20, passed: false });
    expect(rule('ts-order-service', 'SPA-005')).toMatchObject({ total: 39, failed: 10, passed: false });
    expect(rule('ts-config-service', 'SPA-001')).toMatchObject({ total: 35, failed: 11 });
    expect(rule('ts-config-service', 'SPA-005')).toMatchObject({ total: 35, failed: 11 });
    expect(rule('ts-route-service', 'SPA-001')).toMatchObject({ total: 51, failed: 43 });
    expect(rule('ts-travel-service', 'SPA-001')).toMatchObject({ total: 36, failed: 0, passed: true });
    expect(rule('ts-travel-service', 'SPA-002')).toMatchObject({ failed: 0, passed: true });
  });

  test('knows pods by name only: no instance id, no pod uid, no environment', () => {
    for (const { score } of report.services) expect(score.rules.filter(({ passed, id }) => !passed && id.startsWith('RES-')).map(({ id }) => id)).toEqual(['RES-001', 'RES-003', 'RES-007']);
    // ts-travel-service, by hand: 3 critical, 5 important and 3 normal rules are evaluated, 3 · 40 + 5 · 30 + 3 · 20 = 330; RES-001, RES-003 and RES-007 cost 20 + 30 + 30.
    expect(report.services.find(({ service }) => service === 'ts-travel-service')?.score.score).toBeCloseTo((250 / 330) * 100, 6);
  });

  test('has nothing else wrong: 781 calls between pods, none outside of its parent by more than 5 ms, no call without an answer', () => {
    expect(report.findings.map(({ kind, service, affected, of }) => [kind, service, affected, of])).toEqual([['tiny-spans', 'ts-config-service', 11, 35], ['tiny-spans', 'ts-order-service', 10, 39]]);
  });
});
