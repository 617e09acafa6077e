import { SchedulerRegistry } from '@nestjs/schedule';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { CoverageIndex } from '../budget/coverage-index.js';
import { SliceIndex } from '../budget/slice-index.js';
import type { SignatureCondition, SignatureRule } from '../config/signature-rule.js';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import type { Transition } from '../incident/incident.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import { routingOf } from '../notify/sample-routing.js';
import { stateOf } from '../signature/signature-life.js';
import { SIGNATURE_VERSIONS, type SignatureVersion } from '../signature/signature-versions.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbEvidenceReader } from './duckdb-evidence-reader.js';
import { DuckdbSignatureStore } from './duckdb-signature-store.js';
import { Engine } from './engine.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';
import { RoundJob } from './round.job.js';
import { SETTLE_MS, SignatureBook } from './signature-book.js';
import { signatureSignals } from './signature-signals.js';

const ARRIVED = DEFAULT_START_MS;
const READ = ARRIVED + SETTLE_MS + SECOND_MS;
const AT = { file: 'rules/x.yaml', line: 1, column: 1 };
const rule = (name: string, when: SignatureCondition): SignatureRule => ({ name, description: '', severity: 'page', runbook: undefined, services: [], types: [], when, at: AT });
const RULES = [rule('many', { kind: 'rate', above: 3, overMs: 5 * MINUTE_MS }), rule('news', { kind: 'new', atLeast: 1, overMs: 5 * MINUTE_MS })];

/** What a later release may bring: it leaves the currency out as well, which the present one tells apart. */
const [today, ...earlier] = SIGNATURE_VERSIONS;
const tomorrow: SignatureVersion = { ...today, name: 'v99', normalise: (failure) => ({ message: today.normalise(failure).message.replace(/\b(?:EUR|USD)\b/u, '<currency>') }) };

let store: TraceqlStore;
beforeAll(async () => { store = await openTraceqlStore(); });
afterAll(() => store.close());

const failures: SpanDescription[] = Array.from({ length: 20 }, (_, index) => ({
  traceId: (index + 1).toString(16).padStart(32, '0'), spanId: (index + 1).toString(16).padStart(16, '0'), name: 'POST /charge', service: 'payment', kind: 'server', startMs: ARRIVED - 5_000, durationMs: 10, status: 'error',
  events: [{ name: 'exception', timeMs: ARRIVED - 5_000, attributes: { 'exception.type': 'Declined', 'exception.message': `no ${index % 2 === 0 ? 'EUR' : 'USD'} on card ${4_000 + index}` } }],
}));

test('a better normaliser takes over what the one before it found: one page goes on, nobody is called a second time, and nothing is new', async () => {
  await store.replace(failures);
  const kept = new DuckdbSignatureStore(store.database, new DuckdbEvidenceReader(store.database));
  await kept.save({ signatures: [], counts: [], progress: { sinceMs: ARRIVED - DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
  const told: Transition[] = [];
  const incidents = new MemoryIncidentTable();
  const evaluations = new MemoryEvaluationStore(incidents, new MemoryOutbox());
  let book = new SignatureBook(kept, SIGNATURE_VERSIONS);
  const engine = new Engine({
    store: {
      loadMemory: () => evaluations.loadMemory(),
      save: (changes) => {
        told.push(...changes.deliveries.map(({ transition }) => transition));
        return evaluations.save(changes);
      },
    },
    gatherEvidence: () => Promise.resolve(undefined), signatureSignals: (openIncidents, nowMs) => signatureSignals({ rules: RULES, book, openIncidents, nowMs }),
    routing: () => routingOf('route: { receiver: team, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: team, slack_configs: [{ channel: a }] }]\n'), wakeDispatcher: () => undefined, requestEarlyTick: () => undefined,
  }, { slices: new SliceIndex(), coverage: new CoverageIndex() });
  const clock = new FakeClock(READ);
  const live = async (until: () => boolean): Promise<void> => {
    await book.resume(clock.nowMs());
    const job = new RoundJob({ name: 'signatures', everyMs: 5, read: (nowMs) => book.read(nowMs), scheduler: new SchedulerRegistry(), clock, onError: (error) => { throw error; } });
    job.onApplicationBootstrap();
    await eventually(() => expect(until()).toBe(true));
    await job.onApplicationShutdown();
    await engine.tick(clock.nowMs());
  };

  await live(() => book.all().length === 2);
  expect(book.all().map(({ message, total }) => [message, total]).sort()).toEqual([['no EUR on card <number>', 10], ['no USD on card <number>', 10]]);
  expect(told.map(({ kind, incident }) => [kind, incident.severity])).toEqual([['opened', 'page'], ['opened', 'page']]);
  const open = incidents.open().map(({ key, alerts }) => [key, alerts.map(({ id, status }) => [id, status])]);

  // Tomorrow's release starts on the same data, and more fails.
  await kept.save({ signatures: [], counts: [], progress: { sinceMs: ARRIVED - DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
  book = new SignatureBook(kept, [tomorrow, today, ...earlier]);
  clock.advance(SECOND_MS);
  await live(() => book.all().some(({ id }) => id.startsWith('v99:')));
  const merged = book.all().filter(({ id }) => id.startsWith('v99:'));
  expect(merged).toMatchObject([{ message: 'no <currency> on card <number>', total: 40, wasThere: true, earlierIds: [expect.stringMatching(/^v3:/), expect.stringMatching(/^v3:/)] as string[] }]);
  const linked = book.all().filter(({ id }) => id.startsWith('v3:'));
  expect(linked.map((signature) => stateOf(signature, clock.nowMs()))).toEqual(['linked', 'linked']);
  // The page that goes on under its old name is proved by what fails under the new one.
  for (const { id } of linked) expect(book.failedSince(id, 0)).toHaveLength(20);
  expect(told.filter(({ kind }) => kind === 'opened')).toHaveLength(2);
  expect(incidents.open().map(({ key, alerts }) => [key, alerts.filter(({ status }) => status === 'firing').length]).filter(([, firing]) => firing === 1)).toHaveLength(1);
  expect(open.map(([key]) => key)).toEqual(expect.arrayContaining(incidents.open().map(({ key }) => key)));
});
