import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGrpcOtlpReceiver } from '../../ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../ingest/http-otlp-receiver.js';
import { systemClock } from '../../lib/system-clock.js';
import { loadRuleBook } from '../../pipeline/fs-rule-book.js';
import { openStore } from '../../pipeline/system-store.js';
import { DuckdbQualityReader } from '../../report/duckdb-quality-reader.js';
import type { QualityReport } from '../../report/quality-report.js';
import { QualityReports } from '../../report/quality-reports.js';
import { DEFAULT_QUALITY } from '../../config/quality-rule.js';
import { ownersOf } from '../report/quality-source.js';
import { startShop } from './start-shop.js';

/** Enough for every pattern to show: findings need ten of a kind. Slowly enough that calls do not overlap on a busy machine, where chance explains what meets. */
const REQUESTS = 300;

/** The demo's shop into a store of its own, and the report of it. */
async function reportOfShop(spoilTraces: boolean): Promise<QualityReport> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-quality-'));
  const { book } = await loadRuleBook({ rulesDir: 'rules', runbooksDir: 'runbooks' });
  const store = await openStore({ dataDir: directory, clock: systemClock, redaction: book!.redaction });
  const receiver = { host: '127.0.0.1', port: 0, absorber: store, clock: systemClock };
  const [grpc, http] = await Promise.all([startGrpcOtlpReceiver(receiver), startHttpOtlpReceiver(receiver)]);
  const startedMs = Date.now();
  try {
    const shop = await startShop({ otlpGrpcUrl: `http://127.0.0.1:${grpc.port}`, otlpHttpUrl: `http://127.0.0.1:${http.port}`, logDirectory: directory, requestsPerSecond: 10, signal: new AbortController().signal, spoilTraces });
    try {
      await expect.poll(() => shop.load().answered, { timeout: 90_000, interval: 250 }).toBeGreaterThan(REQUESTS);
    } finally {
      // Its services send what they have before they end.
      await shop.close();
    }
    const reports = new QualityReports({ reader: new DuckdbQualityReader(store), clock: systemClock, hygiene: () => store.hygiene(), owners: () => ownersOf(book), rules: () => DEFAULT_QUALITY, earlier: () => Promise.resolve(undefined) });
    return await reports.report({ fromMs: startedMs - 60_000, toMs: Date.now() + 60_000 });
  } finally {
    await Promise.all([grpc.close(), http.close()]);
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A busy machine lets services wait between their spans: those blind spots are real. */
function ofTraces({ findings }: QualityReport): QualityReport['findings'] {
  return findings.filter(({ kind }) => kind !== 'blind-spot');
}

/** Both shops are open at once: they wait for their visitors most of the time. */
describe.concurrent('the report on the demo', () => {
  test('finds nothing to put right in a clean shop', { timeout: 180_000 }, async () => {
    const report = await reportOfShop(false);
    expect(ofTraces(report).map(({ kind, title, detail }) => `${kind}: ${title}. ${detail}`)).toEqual([]);
    expect(report.services.map(({ service }) => service)).toEqual(['catalogue', 'checkout', 'front', 'payment']);
    expect(report.overall.traces).toBeGreaterThan(REQUESTS);
  });

  test('names the stripped header, the leaking attribute and the skewed clock, each with its edge or service and its fix', { timeout: 180_000 }, async () => {
    const findings = ofTraces(await reportOfShop(true));
    const of = (kind: string): typeof findings => findings.filter((finding) => finding.kind === kind);
    expect(of('broken-context')).toEqual([expect.objectContaining({ severity: 'high', service: 'payment', edge: { caller: 'checkout', callee: 'payment' }, fix: expect.objectContaining({ text: expect.stringContaining('OTEL_PROPAGATORS=tracecontext') }) })]);
    expect(of('sensitive-data')).toEqual([expect.objectContaining({ service: 'front', title: 'front sends sensitive data: email in shop.customer', fix: expect.objectContaining({ text: expect.stringContaining('delete_key(span.attributes, "shop.customer")') }) })]);
    expect(of('clock-skew').map(({ edge, title }) => [edge?.callee, title])).toEqual(expect.arrayContaining([['catalogue', 'The clock of shop-node-2 is 2.5 s ahead of that of shop-node-1']]));
    expect(of('clock-skew').every(({ edge, fix }) => edge?.callee === 'catalogue' && fix.text.includes('chronyc'))).toBe(true);
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['broken-context', 'sensitive-data', 'clock-skew']));
    expect(findings.every(({ examples }) => examples.length > 0)).toBe(true);
  });
});
