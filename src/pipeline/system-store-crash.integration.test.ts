import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { requireOrSkip } from '../../test/support/require.js';
import type { ExportOutcome } from '../ingest/absorber.js';
import { systemClock } from '../lib/system-clock.js';
import { compileSlo, type CompiledSlo } from '../sli/compile-slo.js';
import type { Row } from '../store/database.js';
import { openStore } from './system-store.js';

const SPANS = 200;
/** A campaign of a hundred is for a quiet evening: `TOCSIN_CRASH_ROUNDS=100`. */
const ROUNDS = Number(process.env['TOCSIN_CRASH_ROUNDS'] ?? 4);

const DIST = fileURLToPath(new URL('../../dist/pipeline/system-store.js', import.meta.url));
/** The store in a process that can be killed and be denied disk space. Answers each body it is sent. */
const CHILD = `
  const { openStore } = await import(${JSON.stringify(DIST)});
  process.on('SIGXFSZ', () => undefined);
  const [dataDir, slos, checkpointBytes] = JSON.parse(process.argv[2]);
  const store = await openStore({ dataDir, slos, clock: { nowMs: () => Date.now() }, database: { checkpointBytes }, group: { maxWaitMs: 5, maxRows: 2000 } });
  process.on('message', async ({ id, body }) => {
    const outcome = await store.absorb({ signal: 'traces', encoding: 'protobuf', protocol: 'grpc', body: Buffer.from(body, 'base64'), receivedAtMs: Date.now() });
    process.send({ id, outcome, reopened: (await store.stats()).database.reopened });
  });
  process.send({ ready: true });
`;

let directory = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-crash-'));
  writeFileSync(join(directory, 'child.mjs'), CHILD);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Child {
  readonly process: ChildProcess;
  /** How often the store had to open its file anew, as of the last answer. */
  reopened(): number;
  /** Resolves with the answer; never, when the process dies first. */
  send(body: string): Promise<ExportOutcome>;
  kill(): Promise<void>;
}

/** `fileBlocks`: the largest file it may write, in blocks of 512 bytes. */
async function startChild(checkpointBytes: number, fileBlocks = 'unlimited'): Promise<Child> {
  const settings = JSON.stringify([join(directory, 'data'), [slo()], checkpointBytes]);
  const child = spawn('sh', ['-c', `ulimit -S -f ${fileBlocks}; exec "$@"`, 'sh', process.execPath, join(directory, 'child.mjs'), settings], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  let reopened = 0;
  const waiting = new Map<number, (outcome: ExportOutcome) => void>();
  let nextId = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the child ended with code ${code}`)));
    child.on('message', (message: { ready?: true; id: number; outcome: ExportOutcome; reopened: number }) => {
      reopened = message.reopened;
      if (message.ready === true) resolve();
      else waiting.get(message.id)?.(message.outcome);
    });
  });
  return {
    process: child,
    reopened: () => reopened,
    send: (body) => new Promise((resolve) => {
      const id = nextId++;
      waiting.set(id, resolve);
      child.send({ id, body }, () => undefined);
    }),
    kill: () => new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    }),
  };
}

let batches = 0;
/** A batch that is like no other; its spans carry its number as their name. */
function newBatch(): { readonly name: string; readonly body: string } {
  const number = ++batches;
  const name = `batch ${number}`;
  const nowS = Math.floor(Date.now() / 1000);
  const resource = resourceFromAttributes({ 'service.name': 'checkout' });
  const spans = Array.from({ length: SPANS }, (_, row) => ({
    name, kind: 1, spanContext: () => ({ traceId: hex(number, 32), spanId: hex(number * SPANS + row, 16), traceFlags: 1 }),
    startTime: [nowS - 1, 0], endTime: [nowS, 0], status: { code: row % 10 === 0 ? 2 : 0 }, attributes: { filler: 'x'.repeat(200), row },
    events: [], links: [], droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0, resource, instrumentationScope: { name: 'test' },
  }) as unknown as ReadableSpan);
  return { name, body: Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []).toString('base64') };
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

function slo(): CompiledSlo {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  const compiled = compileSlo({
    name: 'checkout', displayName: '', description: '', service: 'checkout', target: 0.99, windowMs: 30 * 86_400_000, labels: {}, at,
    indicator: { total: { text: '{ kind = server }', at }, bad: { text: '{ status = error }', at }, weight: 'auto' },
    policy: { name: 'none', tiers: [], evidence: { enabled: false, burn: 2, significance: 0.001 } },
  });
  if (!compiled.ok) throw new Error('the SLO of the test does not compile');
  return compiled.value;
}

interface Found {
  readonly perBatch: ReadonlyMap<string, number>;
  readonly sums: Row | undefined;
}

/** Opens what the dead process left and looks at everything in it. */
async function inspect(): Promise<Found> {
  const store = await openStore({ dataDir: join(directory, 'data'), clock: systemClock });
  try {
    const rows = await store.query({ sql: 'SELECT name, count(*)::INTEGER AS spans FROM spans GROUP BY name' });
    const sums = await store.query({
      sql: `SELECT (SELECT count(*)::DOUBLE FROM spans) AS spans, (SELECT count(*)::DOUBLE FROM spans WHERE status = 2) AS errors,
        (SELECT count(*)::DOUBLE FROM (SELECT DISTINCT trace_id_high, trace_id_low, span_id FROM spans)) AS ids,
        (SELECT coalesce(sum(good + bad), 0) FROM slo_slices) AS counted, (SELECT coalesce(sum(bad), 0) FROM slo_slices) AS bad,
        (SELECT coalesce(sum(spans), 0) FROM red_slices) AS red, (SELECT coalesce(sum(errors), 0) FROM red_slices) AS red_errors,
        (SELECT coalesce(sum(hot), 0) FROM ledger) AS hot, (SELECT coalesce(sum(received - hot - rejected - deduplicated), 0) FROM ledger) AS unbalanced`,
    });
    return { perBatch: new Map(rows.map((row) => [row['name'] as string, row['spans'] as number])), sums: sums[0] };
  } finally {
    await store.close();
  }
}

/** Slices equal a recount, the ledger balances, nothing is there twice, nothing that was answered is missing. */
function expectWhole({ perBatch, sums }: Found, stored: ReadonlySet<string>): void {
  for (const name of stored) expect(perBatch.get(name), name).toBe(SPANS);
  for (const [name, spans] of perBatch) expect(spans, name).toBe(SPANS);
  const spans = perBatch.size * SPANS;
  const errors = spans / 10;
  expect(sums).toEqual({ spans, errors, ids: spans, counted: spans, bad: errors, red: spans, red_errors: errors, hot: spans, unbalanced: 0 });
}

test(`a process killed at any moment loses nothing that it answered and doubles nothing that is sent again (${ROUNDS} times)`, async () => {
  const stored = new Set<string>();
  let unanswered: { name: string; body: string }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = await startChild(1 << 20);
    const inFlight = new Map<string, { name: string; body: string }>();
    const diesAfter = 3 + ((round * 7) % 20);
    let answers = 0;
    await new Promise<void>((resolve) => {
      const sendOne = (batch: { name: string; body: string }): void => {
        inFlight.set(batch.name, batch);
        void child.send(batch.body).then((outcome) => {
          if (outcome.kind === 'stored') {
            stored.add(batch.name);
            inFlight.delete(batch.name);
          }
          answers += 1;
          if (answers === diesAfter) void child.kill().then(resolve);
          else if (answers < diesAfter) sendOne(newBatch());
        });
      };
      for (const batch of [...unanswered, newBatch(), newBatch(), newBatch(), newBatch()]) sendOne(batch);
    });
    unanswered = [...inFlight.values()];
    expectWhole(await inspect(), stored);
  }
}, 60_000 + ROUNDS * 10_000);

test.runIf(requireOrSkip('prlimit', 'apt-get install util-linux'))('a full disk makes senders wait, and when there is room again all goes on by itself', async () => {
  const child = await startChild(64 << 20, '4000');
  const stored = new Set<string>();
  const refused: { name: string; body: string }[] = [];
  while (refused.length < 3) {
    const batch = newBatch();
    const outcome = await child.send(batch.body);
    if (outcome.kind === 'stored') stored.add(batch.name);
    else {
      expect(outcome).toMatchObject({ kind: 'busy', retryAfterMs: 2_000, message: expect.stringContaining('tocsin.duckdb.wal') });
      refused.push(batch);
    }
  }
  execFileSync('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited']);
  for (const batch of refused) {
    expect(await child.send(batch.body)).toMatchObject({ kind: 'stored', admitted: SPANS });
    stored.add(batch.name);
  }
  await child.kill();
  expectWhole(await inspect(), stored);
});

test.runIf(requireOrSkip('prlimit', 'apt-get install util-linux'))('an error that DuckDB does not survive is survived: the file is opened anew', async () => {
  // The limit lets the log grow to the size at which it is written into the file, and then fails that.
  const child = await startChild(1_500_000, '3400');
  const stored = new Set<string>();
  let refused: { name: string; body: string } | undefined;
  for (let count = 0; count < 400 && refused === undefined; count += 1) {
    const batch = newBatch();
    const outcome = await child.send(batch.body);
    if (outcome.kind === 'stored') stored.add(batch.name);
    else refused = batch;
  }
  expect(refused).toBeDefined();
  execFileSync('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited']);
  const name = refused?.name ?? '';
  await expect.poll(async () => (await child.send(refused?.body ?? '')).kind, { timeout: 20_000, interval: 300 }).toBe('stored');
  expect(child.reopened()).toBeGreaterThan(0);
  stored.add(name);
  await child.kill();
  expectWhole(await inspect(), stored);
});
