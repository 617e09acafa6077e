import { describe, expect, test } from 'vitest';
import { loadRules } from '../config/load-rules.js';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { DecodeResult } from '../ingest/decoder.js';
import { createNormaliser } from '../ingest/normaliser.js';
import { NO_REDACTION } from '../ingest/redact-compile.js';
import { redactorFor, type RedactionHit } from '../ingest/redactor.js';
import { FakeClock } from '../lib/clock.js';
import { compileSlo } from '../sli/compile-slo.js';
import { createMeasurer } from '../sli/measurer.js';
import { MemorySpanSink } from '../store/memory-span-sink.js';
import { DEFAULT_START_MS, spanBatch } from '../trace/batch-builder.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { absorb, type AbsorbPorts } from './absorb.js';
import { IngestTally } from './ingest-tally.js';

const NOW_MS = DEFAULT_START_MS + 1_000;
const MINUTE = Math.floor(NOW_MS / 60_000);

function request(text: string, more: Partial<ExportRequest> = {}): ExportRequest {
  return { signal: 'traces', encoding: 'protobuf', protocol: 'http', body: Buffer.from(text), receivedAtMs: NOW_MS, ...more };
}

function slo(total = '{ kind = server }') {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  const compiled = compileSlo({
    name: 'checkout', displayName: '', description: '', service: 'checkout', target: 0.99, windowMs: 30 * 86_400_000, labels: {}, at,
    indicator: { total: { text: total, at }, bad: { text: '{ status = error }', at }, weight: 'auto' },
    policy: { name: 'none', tiers: [], evidence: { enabled: false, burn: 2, significance: 0.001 } },
  });
  if (!compiled.ok) throw new Error('the SLO of the test does not compile');
  return compiled.value;
}

/** Ports where a body of `bad` is not OTLP and everything else is two spans, one of them failed. */
function ports(): AbsorbPorts & { readonly sink: MemorySpanSink; readonly decoded: string[] } {
  const decoded: string[] = [];
  const measurer = createMeasurer([slo()]);
  const redactor = redactorFor(NO_REDACTION);
  const decode = ({ body }: { readonly body: Uint8Array }): DecodeResult<SpanBatch> => {
    const text = Buffer.from(body).toString();
    decoded.push(text);
    if (text === 'bad') return { ok: false, message: 'not OTLP protobuf' };
    const batch = spanBatch([{ name: text, status: 'error' }, { name: text }], text);
    return { ok: true, batch, rejected: { count: 1, reasons: new Map([['span-id-zero', 1]]), message: '1 of 3 spans rejected' }, limits: new Map([['string-bytes', 2]]) };
  };
  return { traces: { decode }, logs: { decode: () => ({ ok: false, message: 'no logs here' }) }, redactor: () => redactor, normaliser: createNormaliser(), measurer: () => measurer, sink: new MemorySpanSink(), tally: new IngestTally(), clock: new FakeClock(NOW_MS + 300), decoded };
}

describe('absorb', () => {
  test('decodes, measures, commits and answers with what was admitted and rejected', async () => {
    const world = ports();
    expect(await absorb(request('a'), world)).toEqual({ kind: 'stored', admitted: 2, rejected: 1, deduplicated: 0, message: '1 of 3 spans rejected' });
    expect(world.sink.exports).toMatchObject([{ protocol: 'http', receivedAtMs: NOW_MS, rejected: 1 }]);
    expect(world.sink.liveSloSlices).toMatchObject([{ eventMinute: MINUTE, arrivalMinute: MINUTE, good: 1, bad: 1 }]);
    expect(world.sink.redSlices.reduce((sum, slice) => sum + slice.spans, 0)).toBe(2);
  });

  test('counts and stores under the names of today, and never in minutes to come', async () => {
    const world = ports();
    const [hourAhead, old] = [{ name: 'GET /users/17', startMs: NOW_MS + 3_600_000 }, { name: 'GET', attributes: { 'http.method': 'GET', 'http.target': '/users/18?x' } }];
    const batch = spanBatch([hourAhead, old], 'odd');
    const decode = (): DecodeResult<SpanBatch> => ({ ok: true, batch, rejected: { count: 0, reasons: new Map(), message: '' }, limits: new Map() });
    await absorb(request('odd'), { ...world, traces: { decode } });
    const [stored] = world.sink.exports;
    expect(stored?.spans?.attributes.map(({ json }) => json)).toEqual([
      '"http.route":"/users/{id}"', '"tocsin.route":"derived"', '"tocsin.name.original":"GET /users/17"', '"tocsin.clock":"future"',
      '"http.request.method":"GET"', '"url.path":"/users/18"', '"url.query":"x"', '"http.route":"/users/{id}"', '"tocsin.route":"derived"',
    ]);
    expect(world.sink.liveSloSlices).toMatchObject([{ eventMinute: MINUTE, arrivalMinute: MINUTE, good: 2 }]);
    expect(world.sink.redSlices.map(({ operation, eventMinute }) => [operation, eventMinute])).toEqual([['GET /users/{id}', MINUTE], ['GET', MINUTE]]);
  });

  test('matches, counts and stores only what is left after redaction, and counts what was taken', async () => {
    const { rules } = loadRules([{ path: 'r.yaml', text: 'apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: own }\nspec:\n  rules: [{ name: mail, detect: [email] }, { name: tenant, attributes: { names: [tenant] }, mode: drop }]\n' }]);
    const redactor = redactorFor({ policies: rules.redactions, hashKey: undefined });
    const measurer = createMeasurer([slo('{ span.tenant = "acme" || span.mail = "ann@shop.example" }')]);
    const batch = spanBatch([{ name: 'mail ann@shop.example', attributes: { tenant: 'acme', mail: 'ann@shop.example' } }], 'redact');
    const decode = (): DecodeResult<SpanBatch> => ({ ok: true, batch, rejected: { count: 0, reasons: new Map(), message: '' }, limits: new Map() });
    const world = { ...ports(), traces: { decode }, redactor: () => redactor, measurer: () => measurer };
    await absorb(request('redact'), world);
    const [stored] = world.sink.exports;
    expect([stored?.spans?.names, stored?.spans?.attributes.map(({ json }) => json)]).toEqual([['mail ****@****'], ['"mail":"****@****"']]);
    expect(world.sink.redSlices.map(({ operation }) => operation)).toEqual(['mail ****@****']);
    expect(world.sink.liveSloSlices).toEqual([]);
    expect(world.tally.stats().redactions).toEqual([{ policy: 'own', rule: 'mail', mode: 'mask', count: 2 }, { policy: 'own', rule: 'tenant', mode: 'drop', count: 1 }]);
  });

  test('the same bytes again are not even decoded', async () => {
    const world = ports();
    await absorb(request('a'), world);
    expect(await absorb(request('a'), world)).toMatchObject({ kind: 'stored', admitted: 0, deduplicated: 2, rejected: 1 });
    expect(world.decoded).toEqual(['a']);
    expect(world.sink.exports).toHaveLength(1);
  });

  test('the same bytes by another signal or encoding are not the same export', async () => {
    const world = ports();
    await absorb(request('a'), world);
    await absorb(request('a', { encoding: 'json' }), world);
    expect(world.decoded).toEqual(['a', 'a']);
    expect(await absorb(request('a', { signal: 'logs' }), world)).toEqual({ kind: 'malformed', message: 'no logs here' });
  });

  test('malformed bytes add nothing and may be sent again', async () => {
    const world = ports();
    expect(await absorb(request('bad'), world)).toEqual({ kind: 'malformed', message: 'not OTLP protobuf' });
    expect(await absorb(request('bad'), world)).toEqual({ kind: 'malformed', message: 'not OTLP protobuf' });
    expect(world.sink.exports).toEqual([]);
  });

  test('a commit that fails is answered as busy, and the same bytes are then stored', async () => {
    const world = ports();
    world.sink.failure = new Error('No space left on device');
    expect(await absorb(request('a'), world)).toEqual({ kind: 'busy', retryAfterMs: 2_000, message: 'not stored: No space left on device' });
    world.sink.failure = undefined;
    expect(await absorb(request('a'), world)).toMatchObject({ kind: 'stored', admitted: 2, deduplicated: 0 });
  });
});

describe('the tally', () => {
  test('balances: received = hot + rejected + deduplicated', async () => {
    const world = ports();
    for (const text of ['a', 'b', 'a', 'bad']) world.tally.answered(request(text), await absorb(request(text), world));
    const [counts] = world.tally.stats().ingest;
    expect(counts).toMatchObject({ requests: 4, malformed: 1, busy: 0, hot: 4, rejected: 3, deduplicated: 2 });
    expect(world.tally.stats()).toMatchObject({ rejectedByReason: { 'span-id-zero': 2 }, limitsHit: { 'string-bytes': 4 } });
  });

  test('has a row for each redaction rule in force and for no other', () => {
    const tally = new IngestTally();
    const rule = (name: string, count: number): RedactionHit => ({ policy: 'own', rule: name, mode: 'mask', count });
    tally.useRedactionRules([rule('a', 0), rule('b', 0)]);
    tally.redacted([rule('a', 2)]);
    tally.redacted([rule('a', 1)]);
    expect(tally.stats().redactions).toEqual([rule('a', 3), rule('b', 0)]);
    tally.useRedactionRules([rule('c', 0), rule('a', 0)]);
    expect(tally.stats().redactions).toEqual([rule('c', 0), rule('a', 3)]);
  });

  test('says the longest commit since it was last asked', () => {
    const tally = new IngestTally();
    const news = { committedAtMs: NOW_MS, oldestReceivedAtMs: NOW_MS, exports: 1, spans: 5, logs: 0, sloSlices: [] };
    for (const tookMs of [3, 9, 6]) tally.committed({ ...news, tookMs });
    expect(tally.stats().commits).toEqual({ commits: 3, exports: 3, spans: 15, logs: 0, tookMs: 18, longestMs: 9 });
    expect(tally.stats().commits.longestMs).toBe(0);
    const busy: ExportOutcome = { kind: 'busy', retryAfterMs: 1, message: '' };
    tally.answered(request('x'), busy);
    expect(tally.stats().ingest[0]).toMatchObject({ busy: 1, hot: 0 });
  });
});
