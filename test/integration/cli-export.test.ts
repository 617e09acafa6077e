import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createTraceDecoder } from '../../src/ingest/decoder.js';
import { spansOfBatch } from '../../src/trace/spans-of-batch.js';
import type { Span } from '../../src/trace/span.js';
import { requests, traceIdOf, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, runTocsin, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 90_000 });

const THEN_MS = Date.parse('2023-01-29T08:50:00Z');
const SENT = tracesJson(requests(1, 6, { endMs: THEN_MS, failEvery: 3 }));

/** By trace and span, so that two lists can be compared. */
function spansIn(lines: string): Span[] {
  const decoder = createTraceDecoder();
  return lines.trim().split('\n').flatMap((line) => {
    const decoded = decoder.decode({ encoding: 'json', body: Buffer.from(line), receivedAtMs: Date.now() });
    if (!decoded.ok) throw new Error(decoded.message);
    return spansOfBatch(decoded.batch);
  }).sort((left, right) => `${left.traceId}${left.spanId}`.localeCompare(`${right.traceId}${right.spanId}`));
}

describe('tocsin export', () => {
  test('from the data directory: what comes out is what went in, in every format', async () => {
    const ground = newGround();
    ground.write('traces.jsonl', SENT);
    expect(await runTocsin(['import', 'traces.jsonl'], { ground })).toMatchObject({ code: 0 });

    const all = await runTocsin(['export', '--query', '{ }', '--range', 'all', '--out', 'out.jsonl'], { ground });
    expect(all).toMatchObject({ code: 0, stdout: '' });
    expect(all.stderr).toContain(`out.jsonl: 6 traces, ${spansIn(SENT).length} spans`);
    const again = await runTocsin(['export', '--query', '{ }', '--range', 'all'], { ground });
    expect(spansIn(again.stdout)).toEqual(spansIn(SENT));

    const jaeger = await runTocsin(['export', traceIdOf(1), 'f00d', '--format', 'jaeger'], { ground });
    expect(jaeger).toMatchObject({ code: 1 });
    expect(jaeger.stderr).toContain('f00d is not stored');
    expect(JSON.parse(jaeger.stdout)).toMatchObject({ total: 1, data: [{ traceID: traceIdOf(1) }] });

    expect(await runTocsin(['export', '--query', '{ status = error }', '--range', 'all', '--format', 'parquet', '--out', 'failed.parquet'], { ground })).toMatchObject({ code: 0 });
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll(`SELECT DISTINCT TraceId, ServiceName, StatusCode, typeof("Timestamp") AS time, SpanAttributes['http.route'] AS route FROM read_parquet('${join(ground.directory, 'failed.parquet')}') WHERE StatusCode = 'Error' ORDER BY 1`)).getRowObjects();
    connection.closeSync();
    instance.closeSync();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row['time'] === 'TIMESTAMP_NS' && row['ServiceName'] !== '')).toBe(true);

    expect(await runTocsin(['export', '--query', '{ name = "nobody" }', '--range', 'all'], { ground })).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nothing to export') as string });
    expect(await runTocsin(['export', '--query', '{ name = }'], { ground })).toMatchObject({ code: 2, stderr: expect.stringContaining('--query:') as string });
  });

  test('of any number of traces, many more than a search shows: each once, from the directory and from the service, in every format', async () => {
    const ground = newGround();
    const sent = tracesJson(requests(1, 900, { endMs: THEN_MS }));
    ground.write('traces.jsonl', sent);
    expect(await runTocsin(['import', 'traces.jsonl'], { ground })).toMatchObject({ code: 0 });
    const all = ['export', '--query', '{ }', '--range', 'all', '--limit', 'all'];
    expect(spansIn((await runTocsin(all, { ground })).stdout)).toEqual(spansIn(sent));
    expect(await runTocsin([...all, '--format', 'parquet', '--out', 'all.parquet'], { ground })).toMatchObject({ code: 0, stderr: expect.stringContaining('all.parquet: 900 traces') as string });
    expect(spansIn((await runTocsin(['export', '--query', '{ }', '--range', 'all', '--limit', '450'], { ground })).stdout).length).toBeLessThan(spansIn(sent).length);

    const service = startServiceProcess({ ground });
    const { http } = await service.ready;
    expect(spansIn((await runTocsin([...all, '--server', http], { ground })).stdout)).toEqual(spansIn(sent));
    const jaeger = JSON.parse((await runTocsin([...all, '--format', 'jaeger', '--server', http], { ground })).stdout) as { readonly total: number; readonly data: readonly { readonly traceID: string }[] };
    expect([jaeger.total, new Set(jaeger.data.map(({ traceID }) => traceID)).size]).toEqual([900, 900]);
    const answer = await fetch(`${http}/api/v1/export?q=${encodeURIComponent('{ status = error }')}&range=all&format=jaeger`);
    expect([answer.headers.get('content-type'), (await answer.json() as { readonly total: number }).total]).toEqual(['application/json', 0]);
  });

  test('from a running service: the same', async () => {
    const ground = newGround();
    ground.write('traces.jsonl', SENT);
    const service = startServiceProcess({ ground });
    const { http } = await service.ready;
    expect(await runTocsin(['import', 'traces.jsonl', '--server', http], { ground })).toMatchObject({ code: 0 });
    const found = await runTocsin(['export', '--query', '{ }', '--range', 'all', '--server', http], { ground });
    expect(spansIn(found.stdout)).toEqual(spansIn(SENT));
    expect(await runTocsin(['export', 'f00d', '--server', http], { ground })).toMatchObject({ code: 1, stderr: expect.stringContaining('is not stored') as string });
    expect(await runTocsin(['export', '--query', '{ name = }', '--server', http], { ground })).toMatchObject({ code: 2, stderr: expect.stringContaining('the service says') as string });
    expect(await (await fetch(`${http}/api/v1/traces/${traceIdOf(1)}?format=jaeger`)).json()).toMatchObject({ data: [{ traceID: traceIdOf(1) }] });
  });
});
