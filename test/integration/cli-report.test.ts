import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { HOUR_MS } from '../../src/lib/duration.js';
import { DuckdbQualityArchive } from '../../src/report/duckdb-quality-archive.js';
import type { FactName, QualityFact } from '../../src/report/quality-fact.js';
import type { QualityMeasures } from '../../src/report/quality-measures.js';
import type { QualityReportView } from '../../src/report/quality-report-view.js';
import { WEEK_MS } from '../../src/report/quality-week.js';
import { API_SCHEMAS } from '../../src/query/openapi.js';
import { openDatabase } from '../../src/store/duckdb-database.js';
import { disposeServices, newGround, runTocsin, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 90_000 });

const BASELINE = fileURLToPath(new URL('../report/trainticket-baseline.otlp.jsonl.gz', import.meta.url));

describe('tocsin report quality', () => {
  test('of files alone is JSON as its schema says, or one HTML file that loads nothing', async () => {
    const ground = newGround();
    const json = await runTocsin(['report', 'quality', '--from', BASELINE, '--format', 'json'], { ground });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(json.stdout) as QualityReportView;
    expect(API_SCHEMAS.Quality.safeParse(report).error).toBeUndefined();
    expect(report).toMatchObject({ week: null, from: '2023-01-29T08:48:00.000Z', to: '2023-01-29T08:52:00.000Z', overall: { spans: 4_890, traces: 71 }, ledgerBalances: true });
    const html = await runTocsin(['report', 'quality', '--from', BASELINE, '--out', 'quality.html'], { ground });
    expect(html.stdout).toContain('quality.html: 4890 spans of 25 services, Instrumentation Score ');
    expect(html.stdout).toContain('low: ts-config-service makes more than 20 spans under 5 ms in 31 % of its traces');
    const text = readFileSync(join(ground.directory, 'quality.html'), 'utf8');
    expect(text).toMatch(/<style>[\s\S]*@media print[\s\S]*<\/style>/);
    expect(text).not.toMatch(/<script|<link|src=|@import|url\(/);
  });

  test('of a week without spans says so', async () => {
    const quiet = await runTocsin(['report', 'quality', '--week', '2020-W10', '--from', BASELINE, '--out', 'quality.json', '--format', 'json'], { ground: newGround() });
    expect(quiet).toMatchObject({ code: 0, stderr: 'No spans ended in this time.\n' });
  });

  test('of a week whose spans are gone is that of its stored hours, also where no service runs, beside the week before', async () => {
    const ground = newGround();
    mkdirSync(ground.dataDir);
    const database = await openDatabase(join(ground.dataDir, 'tocsin.duckdb'));
    const archive = new DuckdbQualityArchive(database);
    const fact = (name: FactName, numbers: Partial<QualityFact>): QualityFact => ({ fact: name, service: 'checkout', subject: '', n: 1_000, bad: 0, value: 1_000, examples: [], ...numbers });
    const monday = Date.parse('2026-11-16T00:00:00Z');
    for (const hour of [0, 100, 167]) await archive.storeHour(monday + hour * HOUR_MS, [fact('spans', {}), fact('weighted', {}), fact('orphans', { bad: 90 })]);
    await archive.storeReport({ window: { fromMs: monday - WEEK_MS, toMs: monday }, overall: { spans: 7 } as QualityMeasures, score: 61, services: [], findings: [] }, monday);
    await database.close();
    const { code, stdout, stderr } = await runTocsin(['report', 'quality', '--week', '2026-W47', '--json'], { ground });
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      week: '2026-W47', asked: { from: '2026-11-16T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' }, overall: { spans: 3_000 }, findings: [{ kind: 'orphans', service: 'checkout', affected: 270 }], trend: { lastWeek: { score: 61 } }, history: [{ week: '2026-W46', score: 61 }],
    });
  });

  test('of a running service is what its API answers', async () => {
    const ground = newGround();
    const { http } = await startServiceProcess({ ground }).ready;
    expect(await runTocsin(['import', BASELINE, '--server', http], { ground })).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await runTocsin(['report', 'quality', '--week', '2023-W04', '--json', '--server', http], { ground });
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ week: '2023-W04', overall: { spans: 4_890, traces: 71 }, findings: [{ kind: 'tiny-spans', state: 'new' }, { kind: 'tiny-spans' }] });
  });
});
