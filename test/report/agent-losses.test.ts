import { afterAll, beforeAll, expect, test } from 'vitest';
import { newCounters } from '../../agent/agent-counters.js';
import { LossReport, lossTotals } from '../../agent/loss-report.js';
import { Outbox } from '../../agent/otlp/outbox.js';
import { agentResource } from '../../agent/resource.js';
import { resourceHead } from '../../agent/span-batch.js';
import { DEFAULT_QUALITY } from '../../src/config/quality-rule.js';
import { FakeClock } from '../../src/lib/clock.js';
import { MINUTE_MS } from '../../src/lib/duration.js';
import { openStore, type SystemStore } from '../../src/pipeline/system-store.js';
import { DuckdbQualityReader } from '../../src/report/duckdb-quality-reader.js';
import type { QualityReport } from '../../src/report/quality-report.js';
import { QualityReports } from '../../src/report/quality-reports.js';

const START_MS = Date.parse('2026-11-20T14:00:00Z');
const MINUTES = 60;

let store: SystemStore;
beforeAll(async () => {
  store = await openStore({ dataDir: ':memory:', clock: new FakeClock(START_MS) });
});
afterAll(() => store.close());

/** An agent's own records, one a minute, as it sends them. */
async function send(host: string, lostEachMinute: number): Promise<void> {
  const head = resourceHead(agentResource({ name: host, id: host, arch: 'amd64', agentVersion: '1.2.3' }), '1.2.3');
  const report = new LossReport(head, START_MS);
  const { counters: outbox } = new Outbox(1);
  const sent: Promise<unknown>[] = [];
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    const totals = lossTotals({ counters: { ...newCounters(), begun: minute * 200, dataFrames: minute * 400 }, outbox: { ...outbox, sentSpans: minute * (200 - lostEachMinute), overflownSpans: minute * lostEachMinute }, losses: undefined, unsentSpans: 0 });
    const nowMs = START_MS + minute * MINUTE_MS - 1;
    sent.push(store.absorb({ signal: 'logs', encoding: 'protobuf', body: report.next(totals, nowMs), protocol: 'http', receivedAtMs: nowMs }));
    report.arrived();
  }
  await Promise.all(sent);
}

async function reportOfThem(): Promise<QualityReport> {
  const reports = new QualityReports({ reader: new DuckdbQualityReader(store, { windowSpans: 1 }), clock: new FakeClock(START_MS + MINUTES * MINUTE_MS), hygiene: () => Promise.resolve([]), owners: () => new Map(), rules: () => DEFAULT_QUALITY, earlier: () => Promise.resolve(undefined) });
  return reports.report({ fromMs: START_MS, toMs: START_MS + MINUTES * MINUTE_MS });
}

test('what eBPF agents say they lost is in the report, by host, with a fix where it is much; their records are no log records without a trace', async () => {
  await send('node-1', 20);
  await send('node-2', 0);
  const { agents, overall, findings, disclosure } = await reportOfThem();
  expect(agents).toEqual([
    { host: 'node-1', deliveredSpans: 180 * MINUTES, lostSpans: 20 * MINUTES, readEvents: 400 * MINUTES, lostEvents: 0, reasons: [{ reason: 'spans buffer_full', n: 20 * MINUTES }] },
    { host: 'node-2', deliveredSpans: 200 * MINUTES, lostSpans: 0, readEvents: 400 * MINUTES, lostEvents: 0, reasons: [] },
  ]);
  expect(overall).toMatchObject({ agentLossRatio: 0.05, of: { agentLossRatio: 400 * MINUTES, logCorrelation: 0 } });
  expect(findings).toEqual([expect.objectContaining({ kind: 'agent-loss', severity: 'medium', title: 'The agent on node-1 lost 10 % of its spans', detail: '1,200 of 12,000 spans and 0 of 24,000 events; spans by reason: buffer_full 1,200. Requests on this host are counted too low.', fix: expect.objectContaining({ text: expect.stringContaining('buffer_mib: 32') as string }) as unknown })]);
  expect(disclosure.notMeasured.join(' ')).not.toContain('eBPF');
});
