import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { loadSettings } from '../../config/fs-settings.js';
import type { TraceId } from '../../lib/ids.js';
import { exportText, weightedOtlp } from '../../query/export-formats.js';
import type { WholeTrace } from '../../query/trace-reader.js';
import { spanBatch } from '../../trace/batch-builder.js';
import { spansOfBatch } from '../../trace/spans-of-batch.js';
import { openTraces } from './trace-source.js';

const TRACE_ID = 'a'.repeat(32) as TraceId;
/** Of the first Tocsin kept one in twenty, after the sender's one in four. */
const KEPT: WholeTrace = { traceId: TRACE_ID, spans: spansOfBatch(spanBatch([{ traceId: TRACE_ID, spanId: '1' }, { traceId: TRACE_ID, spanId: '2' }])).map((span, index) => ({ ...span, weight: index === 0 ? 80 : 1 })) };

async function* stored(): AsyncGenerator<WholeTrace> {
  yield await Promise.resolve(KEPT);
}

test('traces of a running service come with their whole weights, searched for or by id', async () => {
  const { settings } = await loadSettings({});
  if (settings === undefined) throw new Error('the defaults are no settings');
  const server = createServer((request, response) => void (async () => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service');
    if (pathname === '/readyz') response.end('{"ready":{"otlpHttp":"http://127.0.0.1:4318"}}');
    else if (searchParams.get('format') !== 'weighted') response.end('{"resourceSpans":[]}');
    else if (pathname === '/api/v1/export') for await (const text of exportText('weighted', stored())) response.end(text);
    else response.end(JSON.stringify(weightedOtlp(KEPT.spans)));
  })()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const source = await openTraces(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, settings);
    const found: WholeTrace[] = [];
    for await (const trace of source.find({ query: '{ }', rangeMs: Infinity, limit: undefined })) found.push(trace);
    found.push({ traceId: TRACE_ID, spans: (await source.trace(TRACE_ID))?.spans ?? [] });
    expect(found.map(({ spans }) => spans.map(({ weight }) => weight))).toEqual([[80, 1], [80, 1]]);
  } finally {
    server.close();
  }
});
