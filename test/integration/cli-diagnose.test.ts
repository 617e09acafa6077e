import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { disposeServices, newGround, runTocsin, type Ground } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 90_000 });

interface Output {
  readonly suspects: readonly { readonly service: string; readonly operation: string; readonly score: number; readonly strength: string; readonly reason: string; readonly resource?: unknown }[];
  readonly operations: Output['suspects'];
  readonly resources: readonly unknown[];
  readonly since: string | null;
  readonly incident: { readonly spans: number; readonly logs: number };
}

const text = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });
const resource = (service: string): unknown => ({ attributes: [text('service.name', service), text('k8s.pod.name', `${service}-7f`)] });
const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

/** Requests of shop → store; in each `failEvery`-th the store writes a line that it never wrote before. */
function lines(first: number, failEvery: number): { readonly traces: string; readonly logs: string } {
  const traces: string[] = [];
  const logs: string[] = [];
  for (let id = first; id < first + 60; id += 1) {
    const traceId = hex(id, 32);
    const startMs = Date.parse('2023-01-29T08:50:00Z') + id * 500;
    const span = (service: string, own: { readonly spanId: string; readonly parentSpanId?: string; readonly kind: number; readonly name: string; readonly durationMs: number }): unknown => ({
      resource: resource(service),
      scopeSpans: [{ spans: [{ traceId, ...own, startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + own.durationMs}000000` }] }],
    });
    const [root, call, server] = [hex(id * 10 + 1, 16), hex(id * 10 + 2, 16), hex(id * 10 + 3, 16)];
    traces.push(JSON.stringify({ resourceSpans: [
      span('shop', { spanId: root, kind: 2, name: 'GET /basket', durationMs: 20 + (id % 5) }),
      span('shop', { spanId: call, parentSpanId: root, kind: 3, name: 'GET', durationMs: 12 }),
      span('store', { spanId: server, parentSpanId: call, kind: 2, name: 'GET /items/{id}', durationMs: 10 }),
    ] }));
    const body = failEvery > 0 && id % failEvery === 0 ? `item ${id} is not on its shelf` : `item ${id} found`;
    logs.push(JSON.stringify({ resourceLogs: [{ resource: resource('store'), scopeLogs: [{ logRecords: [{ timeUnixNano: `${startMs + 1}000000`, body: { stringValue: body }, traceId, spanId: server }] }] }] }));
  }
  return { traces: traces.join('\n'), logs: logs.join('\n') };
}

function writeSides(ground: Ground): readonly string[] {
  const [before, during] = [lines(1, 0), lines(1_001, 2)];
  ground.write('before-traces.jsonl.gz', gzipSync(before.traces));
  ground.write('before-logs.jsonl', before.logs);
  ground.write('during-traces.jsonl.gz', gzipSync(during.traces));
  ground.write('during-logs.jsonl', `${during.logs}\n{"broken`);
  return ['--baseline', 'before-traces.jsonl.gz', 'before-logs.jsonl', '--incident', 'during-traces.jsonl.gz', 'during-logs.jsonl'];
}

describe('tocsin diagnose', () => {
  test('names the service whose only sign is a line of log, from files alone, and the same each time', async () => {
    const ground = newGround();
    const files = writeSides(ground);
    const first = await runTocsin(['diagnose', '--json', ...files], { ground });
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain('during-logs.jsonl:61: not an OTLP export request');
    const output = JSON.parse(first.stdout) as Output;
    expect(output.suspects[0]).toMatchObject({ service: 'store', operation: 'GET /items/{id}', strength: 'strong', resource: { attribute: 'k8s.pod.name', value: 'store-7f' } });
    expect(output.suspects[0]?.reason).toContain('30 of 60 requests of store GET /items/{id} log "item <number> is not on its shelf" (0 of 60 in the baseline');
    expect(output.operations[0]).toMatchObject({ service: 'store', operation: 'GET /items/{id}', strength: 'strong' });
    expect(output.resources).toEqual([]);
    expect(output.incident).toEqual({ spans: 180, logs: 60 });
    expect((await runTocsin(['diagnose', ...files, '--json'], { ground })).stdout).toBe(first.stdout);
  });

  test('says it to people in lines, and that nothing speaks against anyone where nothing does', async () => {
    const ground = newGround();
    const files = writeSides(ground);
    const said = await runTocsin(['diagnose', ...files], { ground });
    expect(said.stdout).toMatch(/^180 spans and 60 log records of the incident compared with 180 spans and 60 log records of the baseline\.\n/);
    expect(said.stdout).toMatch(/\n1\. store GET \/items\/\{id\} \(score [\d.]+, strong, k8s\.pod\.name=store-7f\)\n {3}30 of 60/);
    expect(said.stdout).toMatch(/\nOperations by how much they explain:\n1\. store GET \/items\/\{id\} \(score [\d.]+, strong\): as above\n/);
    expect(said.stdout).not.toContain('Resources');
    const same = await runTocsin(['diagnose', '--baseline', 'before-traces.jsonl.gz', 'before-logs.jsonl', '--incident', 'before-traces.jsonl.gz', 'before-logs.jsonl'], { ground });
    expect(same).toMatchObject({ code: 0 });
    expect(same.stdout).toContain('Nothing speaks against any service');
  });

  test('does not call two systems alike that have nothing in common', async () => {
    const ground = newGround();
    writeSides(ground);
    ground.write('other.jsonl', lines(5_001, 0).traces.replaceAll('/basket', '/orders').replaceAll('/items/{id}', '/stock'));
    const said = await runTocsin(['diagnose', '--baseline', 'before-traces.jsonl.gz', '--incident', 'other.jsonl'], { ground });
    expect(said.stdout).toContain('No request of the incident is of a kind that the baseline has, so hardly anything could be compared: are both of the same system?\n');
    expect(said.stdout).not.toContain('no more than chance');
    ground.write('mixed.jsonl', `${lines(6_001, 0).traces}\n${lines(5_001, 0).traces.replaceAll('/basket', '/orders')}`);
    const mixed = await runTocsin(['diagnose', '--baseline', 'before-traces.jsonl.gz', '--incident', 'mixed.jsonl'], { ground });
    expect(mixed.stdout).toContain('\n60 of 240 requests to single services in the incident are of kinds that the baseline does not have: they are left out.\n');
  });

  test('names spans that it does not take', async () => {
    const ground = newGround();
    const files = writeSides(ground);
    ground.write('odd.jsonl', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000000","spanId":"00000000000000aa","name":"x"}]}]}]}');
    const said = await runTocsin(['diagnose', ...files, 'odd.jsonl'], { ground });
    expect(said.stderr).toContain('odd.jsonl:1: 1 of 1 spans rejected: ');
  });
});
