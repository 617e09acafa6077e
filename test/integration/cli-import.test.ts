import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { logsJson, requests, sendTraces, spanIdOf, traceIdOf, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, runTocsin, startServiceProcess, type Ground } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 90_000 });

/** A Sunday long gone: nothing that looks at the last hour or day shows it. */
const THEN_MS = Date.parse('2023-01-29T08:50:00Z');

interface Summary {
  readonly target: string;
  readonly requests: number;
  readonly spans: number;
  readonly logs: number;
  readonly rejected: number;
  readonly deduplicated: number;
  readonly failed: number;
  readonly from: string;
  readonly to: string;
  readonly url: string;
  readonly traceUrl: string;
  readonly messages: readonly string[];
}

/** Traces, more of them compressed, and logs, as a collector's file exporter writes them; one line is damaged. */
function writeFiles(ground: Ground): readonly string[] {
  const traces = [1, 11, 21].map((first) => tracesJson(requests(first, 10, { endMs: THEN_MS + first * 1_000 })));
  const more = tracesJson(requests(31, 10, { endMs: THEN_MS + 60_000, failEvery: 2 }));
  const logs = [1, 2].map((id) => logsJson({ id, text: `order ${id} was refused`, timeMs: THEN_MS }));
  ground.write('traces.jsonl', `${traces[0] ?? ''}\n${traces[1] ?? ''}\r\n\n{"resourceSpans":[{"broken":\n${traces[2] ?? ''}`);
  ground.write('more.jsonl.gz', gzipSync(`${more}\n`));
  ground.write('logs.jsonl.gz', gzipSync(logs.join('\n')));
  return ['traces.jsonl', 'more.jsonl.gz', 'logs.jsonl.gz'];
}

async function expectFound(url: string, http: string): Promise<void> {
  const found = await (await fetch(url)).text();
  expect(found).toContain(`/traces/${traceIdOf(1)}`);
  expect(found).toContain(`/traces/${traceIdOf(40)}`);
  // A second search from this page stays where the link led.
  expect(found).toContain('<option value="" selected>2023-01-29T08:50:00Z to 2023-01-29T08:51:01Z</option>');
  expect(found).toContain('<input type="hidden" name="from" value="2023-01-29T08:50:00Z">');
  // Of the one the span says what went wrong, of the other a log record does.
  for (const id of [40, 1]) {
    const page = await fetch(`${http}/traces/${traceIdOf(id)}?span=${spanIdOf(id)}`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`order ${id} was refused`);
  }
}

describe('tocsin import', () => {
  test('into the data directory: what is good is stored once, the bad line is named, and the link shows the traces', async () => {
    const ground = newGround();
    const files = writeFiles(ground);
    const first = await runTocsin(['import', ...files], { ground });
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(/^40 spans and 2 log records from 7 requests imported into the data directory .* in \S+ s; 1 request could not be read\.$/m);
    expect(first.stderr).toContain('traces.jsonl:4: not JSON');
    const path = /\/traces\?from=2023-01-29T08:50:00Z&to=2023-01-29T08:51:01Z$/m.exec(first.stdout)?.[0];
    expect(path, first.stdout).toBeDefined();

    const second = await runTocsin(['import', ...files, '--json'], { ground });
    expect(JSON.parse(second.stdout)).toMatchObject({ spans: 0, logs: 0, deduplicated: 42, failed: 1, rejected: 0 });

    const service = startServiceProcess({ ground });
    const { http } = await service.ready;
    await expectFound(`${http}${path ?? ''}`, http);
    expect((await service.stop()).code).toBe(0);
  });

  test('into a running service: the same, young data included, and nothing pages', async () => {
    const ground = newGround();
    const files = writeFiles(ground);
    const service = startServiceProcess({ ground });
    const { http, otlpHttp } = await service.ready;
    const first = await runTocsin(['import', ...files, '--server', http, '--json'], { ground });
    expect(first.code).toBe(1);
    const summary = JSON.parse(first.stdout) as Summary;
    expect(summary).toMatchObject({ target: `the service at ${http}`, requests: 7, spans: 40, logs: 2, rejected: 0, deduplicated: 0, failed: 1, from: '2023-01-29T08:50:00.000Z', to: '2023-01-29T08:51:00.000Z' });
    expect(summary.messages.join('\n')).toContain('traces.jsonl:4: not JSON');
    expect(summary.url.startsWith(`${http}/traces?from=`)).toBe(true);
    await expectFound(summary.url, http);
    expect((await fetch(summary.traceUrl)).status).toBe(200);

    const again = await runTocsin(['import', ...files, '--server', http, '--json'], { ground });
    expect(JSON.parse(again.stdout)).toMatchObject({ spans: 0, logs: 0, deduplicated: 42 });

    ground.write('young.jsonl', tracesJson(requests(1_001, 200, { failEvery: 2 })));
    expect(await runTocsin(['import', 'young.jsonl', '--server', http], { ground })).toMatchObject({ code: 0, stderr: '' });
    // The same failures as live traffic page at once; so two more evaluations without them would have.
    const before = await ticks(http);
    await eventually(async () => expect(await ticks(http)).toBeGreaterThan(before + 2));
    expect(await incidents(http)).toEqual([]);
    await sendTraces(otlpHttp, tracesJson(requests(2_001, 200, { failEvery: 2 })));
    await eventually(async () => expect(await incidents(http)).toHaveLength(1));
    expect((await service.stop()).code).toBe(0);
  });

  test('finds the running service by itself when it is where the settings say', async () => {
    const ground = newGround();
    const service = startServiceProcess({ ground });
    const { http } = await service.ready;
    ground.write('one.jsonl', tracesJson(requests(1, 1, { endMs: THEN_MS })));
    const { code, stdout } = await runTocsin(['import', 'one.jsonl'], { ground, env: { TOCSIN_HTTP_PORT: new URL(http).port } });
    expect(code).toBe(0);
    expect(stdout).toContain(`1 span and 0 log records from 1 request imported into the service at ${http}`);
    expect(stdout).toContain(`One of them: ${http}/traces/${traceIdOf(1)}`);

    // Elsewhere it cannot be found, and its file is locked.
    const lost = await runTocsin(['import', 'one.jsonl'], { ground });
    expect(lost).toMatchObject({ code: 2, stdout: '' });
    expect(lost.stderr).toMatch(/^tocsin: .*in use by process \d+.*--server/);
    await service.stop();
  });

  test('needs a token where the service does', async () => {
    const ground = newGround({ 'tokens.yaml': `tokens: [{ name: loader, role: ingest, hash: 'sha256:${createHash('sha256').update('load-it').digest('hex')}' }]\n` });
    const service = startServiceProcess({ ground, env: { TOCSIN_TOKENS_FILE: ground.path('tokens.yaml') } });
    const { http } = await service.ready;
    ground.write('one.jsonl', tracesJson(requests(1, 1, { endMs: THEN_MS })));
    const refused = await runTocsin(['import', 'one.jsonl', '--server', http], { ground });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^tocsin: .*set TOCSIN_TOKEN[^\n]*\n$/);
    expect(await runTocsin(['import', 'one.jsonl', '--server', http], { ground, env: { TOCSIN_TOKEN: 'load-it' } })).toMatchObject({ code: 0, stderr: '' });
    await service.stop();
  });

  test('names what is wrong with a file and imports the rest', async () => {
    const ground = newGround();
    ground.write('cut.jsonl.gz', gzipSync([1, 2, 3].map((id) => tracesJson(requests(id * 1_000, 300, { endMs: THEN_MS }))).join('\n')).subarray(0, -200));
    ground.write('metrics.jsonl', '{"resourceMetrics":[]}\n');
    ground.write('random.bin', Buffer.from('fffefdfcfbfa', 'hex'));
    ground.write('bad-ids.jsonl', tracesJson(requests(1, 3, { endMs: THEN_MS })).replace(/"traceId":"[^"]*02"/, '"traceId":"00000000000000000000000000000000"'));
    const { code, stdout, stderr } = await runTocsin(['import', 'cut.jsonl.gz', 'metrics.jsonl', 'random.bin', 'bad-ids.jsonl', '--json'], { ground });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { messages, rejected, failed, spans } = JSON.parse(stdout) as Summary;
    expect(messages.join('\n')).toMatch(/cut\.jsonl\.gz:\d: the file is damaged from here on/);
    expect(messages.join('\n')).toContain('metrics.jsonl:1: not an OTLP export request');
    expect(messages.join('\n')).toContain('random.bin:1: not OTLP protobuf');
    expect(messages.join('\n')).toContain('bad-ids.jsonl:1: ');
    expect({ rejected, failed }).toEqual({ rejected: 1, failed: 3 });
    expect(spans).toBeGreaterThanOrEqual(2);
  });
});

async function ticks(http: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(/^tocsin_ticks_total\{outcome="done"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function incidents(http: string): Promise<readonly unknown[]> {
  return ((await (await fetch(`${http}/api/v1/incidents`)).json()) as { readonly incidents: readonly unknown[] }).incidents;
}
