import { execFile } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { blocksOf, readDocument, ROOT, SLO } from '../docs/documents.js';
import { eventually } from '../support/eventually.js';
import { sendTraces, spanIdOf, traceIdOf } from '../support/otlp-json.js';
import { disposeServices, newGround, runTocsin, startServiceProcess, type Addresses, type Exit, type Ground } from '../support/service-process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Cohort {
  readonly version: string;
  readonly flag: string;
  readonly requests: number;
  readonly failed: number;
  readonly durationMs: number;
}

/** 2.3 fails, 2.4 is as 2.2, 2.5 is slow, of 2.6 there are three requests. */
const COHORTS: readonly Cohort[] = [
  { version: '2.2', flag: 'off', requests: 200, failed: 2, durationMs: 20 }, { version: '2.3', flag: 'on', requests: 100, failed: 40, durationMs: 20 }, { version: '2.4', flag: 'none', requests: 100, failed: 1, durationMs: 20 },
  { version: '2.5', flag: 'none', requests: 100, failed: 1, durationMs: 60 }, { version: '2.6', flag: 'none', requests: 3, failed: 3, durationMs: 20 },
];

function tracesOf(cohorts: readonly Cohort[]): string {
  const text = (key: string, stringValue: string): unknown => ({ key, value: { stringValue } });
  const nowMs = Date.now();
  let id = 0;
  const span = ({ flag, failed, durationMs }: Cohort, index: number): unknown => ({
    traceId: traceIdOf((id += 1)), spanId: spanIdOf(id), name: 'POST /charge', kind: 2, status: index < failed ? { code: 2 } : {}, attributes: [text('flag.checkout', flag)],
    startTimeUnixNano: `${nowMs - durationMs - (index % 5)}000000`, endTimeUnixNano: `${nowMs}000000`,
  });
  return JSON.stringify({ resourceSpans: cohorts.map((cohort) => ({ resource: { attributes: [text('service.name', 'payment'), text('service.version', cohort.version)] }, scopeSpans: [{ spans: Array.from({ length: cohort.requests }, (_, index) => span(cohort, index)) }] })) });
}

let ground: Ground;
let addresses: Addresses;
let compare: (...words: string[]) => Promise<Exit>;

beforeAll(async () => {
  ground = newGround();
  addresses = await startServiceProcess({ ground }).ready;
  compare = (...words) => runTocsin(['compare', ...words, '--server', addresses.http], { ground });
  expect((await sendTraces(addresses.otlpHttp, tracesOf(COHORTS))).status).toBe(200);
  await eventually(async () => { expect((await compare('--version', '2.4', '--against', '2.2')).stdout).toContain('100 against 200 requests'); });
});
afterAll(disposeServices);

describe('tocsin compare ends with', () => {
  test.each<[number, string, readonly string[], RegExp]>([
    [0, 'nothing worse', ['--version', '2.4', '--against', '2.2', '--service', 'payment'], /ok {4} payment POST \/charge: 100 against 200/],
    [1, 'more failures', ['--version', '2.3', '--against', '2.2', '--service', 'payment'], /worse {2}payment POST \/charge: .* failed 40 % against 1 %/],
    [1, 'longer durations', ['--version', '2.5', '--against', '2.2'], /worse/],
    [1, 'a flag that breaks things', ['--cohort', '{ span.flag.checkout = "on" }', '--against', '{ span.flag.checkout = "off" }', '--range', '6h'], /worse/],
    [2, 'too few requests', ['--version', '2.6', '--against', '2.2'], /too few/],
    [2, 'a version that nobody has', ['--version', '9', '--against', '2.2'], /too few/],
  ])('exit code %i for %s', async (code, _what, words, output) => {
    const exit = await compare(...words);
    expect([exit.code, exit.stderr]).toEqual([code, '']);
    expect(exit.stdout).toMatch(output);
  });

  test('2 where no service answers', async () => {
    expect((await runTocsin(['compare', '--version', '2.3', '--against', '2.2', '--server', 'http://127.0.0.1:9'], { ground })).code).toBe(2);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['what is no number', ['--version', '2.4', '--against', '2.2', '--tolerance', 'abc'], /tolerance: must be a number\./], ['a version against itself', ['--version', '2.3', '--against', '2.3'], /both sides are the same/],
  ])('2 for %s', async (_what, words, output) => {
    const exit = await compare(...words);
    expect([exit.code, exit.stdout]).toEqual([2, '']);
    expect(exit.stderr).toMatch(output);
  });

  test('the verdict beside the code as JSON', async () => {
    const { code, stdout } = await compare('--version', '2.3', '--against', '2.2', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { verdict: 'worse', operations: [{ operation: 'payment POST /charge', requests: [100, 200], failed: [40, 2], failsMore: true, slower: false }] }]);
  });
});

/** A pipeline of the documentation, with the service of this test behind `tocsin`, and kubectl and curl that only say what they were asked for. */
async function runDocumented(script: string, env: Readonly<Record<string, string>> = {}): Promise<{ readonly code: number; readonly output: string; readonly asked: string }> {
  const log = ground.path('asked.log');
  ground.write('asked.log', '');
  const tool = (name: string, body: string): void => chmodSync(ground.write(`bin/${name}`, `#!/bin/sh\n${body}\n`), 0o755);
  const tocsin = `exec "${process.execPath}" "${join(ROOT, 'bin/tocsin.js')}"`;
  tool('tocsin', `${tocsin} "$@" --server ${addresses.http}`);
  tool('npx', `shift; ${tocsin} "$@" --server ${addresses.http}`);
  tool('kubectl', `echo "kubectl $*" >> "${log}"`);
  const answer = await new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    execFile('bash', ['-c', script], { cwd: ground.directory, env: ground.environment({ ...env, PATH: `${ground.path('bin')}:${process.env['PATH'] ?? ''}` }) }, (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }));
  });
  return { ...answer, asked: readFileSync(log, 'utf8') };
}

describe('what docs/diagnosis.md tells a pipeline to do', () => {
  const scripts = blocksOf(readDocument('docs/diagnosis.md')).filter(({ language, text }) => language === 'sh' && text.includes('tocsin compare')).map(({ text }) => text);
  const [examples = '', pipeline = ''] = scripts;

  test('is there', () => {
    expect(scripts).toHaveLength(2);
  });

  test.each(examples.trim().split('\n'))('%s says that it is worse', async (line) => {
    expect(await runDocumented(line)).toMatchObject({ code: 1 });
  });

  test.each<[string, string, string]>([
    ['rolls a worse version back', '2.3', 'kubectl rollout undo deployment/payment\n'], ['leaves a good one', '2.4', ''], ['rolls back where nothing can be said, as it says', '2.6', 'kubectl rollout undo deployment/payment\n'],
  ])('%s', async (_what, version, asked) => {
    expect(await runDocumented(pipeline, { NEW: version, OLD: '2.2' })).toMatchObject({ code: 0, asked });
  });
});

test('what docs/slo.md tells a pipeline to post is a change', async () => {
  const script = blocksOf(SLO).find(({ text }) => text.includes('/api/v1/changes'))!.text;
  expect(await runDocumented(script.replace('https://tocsin.example.com', addresses.http), { RESPONDER_TOKEN: 'none-is-needed' })).toMatchObject({ code: 0 });
  const { changes } = (await (await fetch(`${addresses.http}/api/v1/changes?range=1h`)).json()) as { readonly changes: readonly unknown[] };
  expect(changes).toContainEqual(expect.objectContaining({ kind: 'deployment', service: 'payment', version: 'v2.3', title: 'new bank client', by: 'ci' }));
});
