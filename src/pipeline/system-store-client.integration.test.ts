import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { ExportRequest } from '../ingest/absorber.js';
import { NO_REDACTION } from '../ingest/redact-compile.js';
import { compileSlo, type CompiledSlo } from '../sli/compile-slo.js';
import type { CommitNews } from '../store/span-sink.js';
import { sloMinutes } from '../store/slo-slice-columns.js';
import { MAX_PENDING_BYTES, StoreClient } from './system-store-client.js';

let dataDir = '';
const clients: StoreClient[] = [];
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'tocsin-client-')); });
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(slos: readonly CompiledSlo[] = [], onCommit: (news: CommitNews) => void = () => undefined): Promise<StoreClient> {
  const client = await StoreClient.start({ dataDir, slos, redaction: NO_REDACTION }, { onCommit });
  clients.push(client);
  return client;
}


/** Ids of its own for every name and place. */
const idOf = (name: string, index: number, digits: number): string => createHash('sha1').update(`${name} ${index}`).digest('hex').slice(0, digits);

function exportOf(names: readonly string[], nowMs: number): ExportRequest {
  const resource = resourceFromAttributes({ 'service.name': 'checkout' });
  const spans = names.map((name, index) => ({
    name, kind: 1, spanContext: () => ({ traceId: idOf(name, index, 32), spanId: idOf(name, index, 16), traceFlags: 1 }),
    startTime: [Math.floor(nowMs / 1000) - 1, 0], endTime: [Math.floor(nowMs / 1000), 0], status: { code: name === 'bad' ? 2 : 0 },
    attributes: {}, events: [], links: [], droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
    resource, instrumentationScope: { name: 'test' },
  }) as unknown as ReadableSpan);
  const body = ProtobufTraceSerializer.serializeRequest(spans);
  if (body === undefined) throw new Error('the serializer gave nothing');
  return { signal: 'traces', encoding: 'protobuf', protocol: 'grpc', body, receivedAtMs: nowMs };
}

function slo(): CompiledSlo {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  const compiled = compileSlo({
    name: 'checkout', displayName: '', description: '', service: 'checkout', target: 0.99, windowMs: 30 * 86_400_000, labels: {}, at,
    indicator: { total: { text: '{ resource.service.name = "checkout" && kind = server }', at }, bad: { text: '{ status = error }', at }, weight: 'auto' },
    policy: { name: 'none', tiers: [], evidence: { enabled: false, burn: 2, significance: 0.001 } },
  });
  if (!compiled.ok) throw new Error('the SLO of the test does not compile');
  return compiled.value;
}

test('spans sent to the thread are stored, counted, announced, and there after a restart', async () => {
  const news: CommitNews[] = [];
  const nowMs = Date.now();
  const minute = Math.floor(Math.floor(nowMs / 1000) / 60);
  const rule = slo();
  const first = await start([rule], (commit) => news.push(commit));
  const request = exportOf(['good', 'bad', 'good'], nowMs);
  expect(await first.absorb(request)).toEqual({ kind: 'stored', admitted: 3, rejected: 0, deduplicated: 0, message: '' });
  expect(request.body.length).toBeGreaterThan(0);
  expect(news).toHaveLength(1);
  expect(news[0]).toMatchObject({ spans: 3, oldestReceivedAtMs: nowMs, sloSlices: [{ sliceKey: rule.sliceKey, eventMinute: minute, good: 2, bad: 1 }] });
  expect(await first.query({ sql: 'SELECT name FROM spans WHERE status = $status', params: { status: 2 } })).toEqual([{ name: 'bad' }]);
  expect(await first.stats()).toMatchObject({ ingest: [{ signal: 'traces', protocol: 'grpc', requests: 1, hot: 3 }], commits: { commits: 1, spans: 3 } });
  expect(first.pendingBytes).toBe(0);
  await first.close();

  const second = await start([rule]);
  expect(await second.absorb(exportOf(['good', 'bad', 'good'], nowMs))).toMatchObject({ kind: 'stored', admitted: 0, deduplicated: 3 });
  expect([...sloMinutes(await second.loadSloSlices(minute))]).toEqual([
    { sliceKey: rule.sliceKey, eventMinute: minute, good: 2, bad: 1, goodSquared: 2, badSquared: 1, events: 3, unknownWeight: 0 },
  ]);
});

test('new rules count what is stored and what comes, and tell what they found', async () => {
  const client = await start();
  const nowMs = Date.now();
  await client.absorb(exportOf(['before'], nowMs));
  expect(await client.useRules({ slos: [slo()], redaction: NO_REDACTION })).toMatchObject([{ events: 1 }]);
  await client.absorb(exportOf(['after'], nowMs));
  expect([...sloMinutes(await client.loadSloSlices(0))].map((row) => row.events)).toEqual([2]);
});

test('garbage is malformed, errors of SQL reject, and the thread goes on', async () => {
  const client = await start();
  const garbage = { ...exportOf([], 0), body: Buffer.from('not protobuf') };
  expect(await client.absorb(garbage)).toMatchObject({ kind: 'malformed' });
  await expect(client.query({ sql: 'SELECT nonsense' })).rejects.toThrow('nonsense');
  expect(await client.absorb(exportOf(['one'], Date.now()))).toMatchObject({ kind: 'stored', admitted: 1 });
});

test('closing commits and answers what was accepted, and refuses what comes later', async () => {
  const client = await start();
  const nowMs = Date.now();
  const waiting = Array.from({ length: 20 }, (_, index) => client.absorb(exportOf([`span ${index}`], nowMs)));
  await client.close();
  expect((await Promise.all(waiting)).map((outcome) => outcome.kind)).toEqual(waiting.map(() => 'stored'));
  expect(await client.absorb(exportOf(['late'], nowMs))).toMatchObject({ kind: 'busy', message: 'the service is stopping' });
  const again = await start();
  expect(await again.query({ sql: 'SELECT count(*)::INTEGER AS spans FROM spans' })).toEqual([{ spans: 20 }]);
});

test('senders are told to wait when too many bytes wait already', async () => {
  const client = await start();
  const big = (): ExportRequest => ({ ...exportOf([], 0), body: new Uint8Array(MAX_PENDING_BYTES) });
  const first = client.absorb(big());
  expect(client.pendingBytes).toBe(MAX_PENDING_BYTES);
  expect(await client.absorb(exportOf(['one'], Date.now()))).toMatchObject({ kind: 'busy', retryAfterMs: 1_000 });
  expect(client.refused).toBe(1);
  await first;
  expect(await client.absorb(exportOf(['one'], Date.now()))).toMatchObject({ kind: 'stored' });
});

test('a data directory that cannot be opened is a typed error, not a crash', async () => {
  writeFileSync(join(dataDir, 'file'), '');
  await expect(StoreClient.start({ dataDir: join(dataDir, 'file'), slos: [], redaction: NO_REDACTION })).rejects.toMatchObject({ name: 'DatabaseUnavailableError', reason: 'not-writable' });
});
