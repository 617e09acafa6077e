import { beforeEach, describe, expect, test } from 'vitest';
import { CoverageIndex } from '../budget/coverage-index.js';
import { minuteOf } from '../budget/minute-series.js';
import { SliceIndex } from '../budget/slice-index.js';
import { buildSlo, minuteOfEvents } from '../budget/slo-builder.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import { sampleIncident } from '../incident/sample-incident.js';
import type { Transition } from '../incident/incident.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { routingOf } from '../notify/sample-routing.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import { Engine, type EnginePorts } from './engine.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';

const START_MS = Date.UTC(2026, 10, 20, 3, 0, 0);
const ROUTING = routingOf('route: { receiver: team, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: team, slack_configs: [{ channel: a }] }]\n');
const PROOF = sampleIncident().evidence as Evidence;

/** SLOs whose proof is to be had now; asked for in this order. */
let found: Set<string>;
let asked: string[];
let proof: Evidence;
let late: (() => Promise<Evidence | undefined>) | undefined;
let told: Transition[];
let incidents: MemoryIncidentTable;
let engine: Engine;
let coverage: CoverageIndex;
let refusals: number;
/** What rules on error signatures say. */
let alerted: readonly ConditionSignal[];
let health: NonNullable<EnginePorts['traceHealth']>;

beforeEach(() => {
  found = new Set();
  asked = [];
  proof = PROOF;
  late = undefined;
  told = [];
  incidents = new MemoryIncidentTable();
  coverage = new CoverageIndex();
  refusals = 0;
  alerted = [];
  health = () => undefined;
  const store = new MemoryEvaluationStore(incidents, new MemoryOutbox());
  engine = new Engine({
    store: {
      loadMemory: () => store.loadMemory(),
      save: (changes) => {
        told.push(...changes.deliveries.map(({ transition }) => transition));
        return store.save(changes);
      },
    },
    gatherEvidence: ({ slo }, _status, when) => {
      asked.push(slo.name);
      if (when === 'late' && late !== undefined) return late();
      return Promise.resolve(found.has(slo.name) ? proof : undefined);
    },
    routing: () => ROUTING,
    wakeDispatcher: () => undefined,
    requestEarlyTick: () => undefined,
    refusals: () => refusals,
    signatureSignals: () => alerted,
    traceHealth: (services, nowMs) => health(services, nowMs),
    readIncident: (id) => incidents.byId(id),
  }, { slices: new SliceIndex(), coverage });
});

/** Ten thousand requests each, of which so many fail. */
function breach(failing: Readonly<Record<string, number>>): void {
  engine.useRules(Object.keys(failing).map((name) => ({ slo: buildSlo({ name, displayName: name }), sliceKey: `${name}@1` })));
  const sloSlices = Object.entries(failing).map(([name, bad]) => ({ sliceKey: `${name}@1`, arrivalMinute: minuteOf(START_MS), ...minuteOfEvents(minuteOf(START_MS), { good: 10_000 - bad, bad }) }));
  engine.committed({ sloSlices, oldestReceivedAtMs: START_MS }, START_MS);
}

test('a minute in which exports were refused is not covered, whatever else came in it', async () => {
  const minute = minuteOf(START_MS);
  for (const [offset, refusedBy] of [[0, 0], [1, 0], [1, 2], [1, 2], [2, 3], [3, 3]] as const) {
    refusals = refusedBy;
    await engine.tick((minute + offset) * MINUTE_MS);
  }
  expect([0, 1, 2, 3].map((offset) => engine.takesIn(minute + offset))).toEqual([true, false, false, true]);
  expect([0, 1, 2, 3].map((offset) => coverage.share(minute + offset, minute + offset + 1))).toEqual([1, 0, 0, 1]);
});

test('what fails in an excluded minute wakes nobody, and the status says what it would have cost', async () => {
  const slo = buildSlo({ name: 'broken', exclusions: [{ name: 'upgrade', by: 'ann', reason: 'database', window: { kind: 'once', fromMs: START_MS - MINUTE_MS, toMs: START_MS + 2 * MINUTE_MS } }] });
  engine.useRules([{ slo, sliceKey: 'broken@1' }]);
  const fail = (minute: number) => ({ sliceKey: 'broken@1', arrivalMinute: minute, ...minuteOfEvents(minute, { good: 100, bad: 900 }) });
  engine.committed({ sloSlices: [fail(minuteOf(START_MS)), fail(minuteOf(START_MS) + 1)], oldestReceivedAtMs: START_MS }, START_MS);
  await engine.tick(START_MS + MINUTE_MS);
  expect(told).toEqual([]);
  expect(engine.statuses()).toMatchObject([{ state: 'no-data', excluded: { minutes: 3, now: 'upgrade', budgetWithout: expect.closeTo(-899, 6) as number } }]);
  engine.committed({ sloSlices: [fail(minuteOf(START_MS) + 2)], oldestReceivedAtMs: START_MS }, START_MS + 2 * MINUTE_MS);
  await engine.tick(START_MS + 2 * MINUTE_MS);
  expect(told).toMatchObject([{ kind: 'opened' }]);
});

test('pages get their proof before tickets do, for the time is short', async () => {
  breach({ slow: 40, broken: 5_000 });
  await engine.tick(START_MS);
  expect(incidents.open().map(({ severity }) => severity).sort()).toEqual(['page', 'ticket']);
  expect(asked).toEqual(['broken', 'slow']);
});

test('a page that went out without its proof gets it at the next tick: edited, not told again', async () => {
  breach({ broken: 5_000 });
  await engine.tick(START_MS);
  expect(told).toMatchObject([{ kind: 'opened', incident: { evidence: undefined } }]);
  found.add('broken');
  await engine.tick(START_MS + 5 * SECOND_MS);
  await engine.tick(START_MS + 10 * SECOND_MS);
  expect(told).toMatchObject([{ kind: 'opened' }, { kind: 'updated', incident: { evidence: PROOF } }]);
  expect(told[1]?.news).toBeUndefined();
  expect(incidents.open()).toMatchObject([{ evidence: PROOF, timeline: [{ kind: 'opened' }, { kind: 'note', text: expect.stringContaining('Traces attached') }] }]);
});

test('a proof that is not found is not looked for for ever', async () => {
  breach({ broken: 5_000 });
  for (let minute = 0; minute < 9; minute += 1) await engine.tick(START_MS + minute * MINUTE_MS);
  expect(asked).toHaveLength(5);
  expect(told.map(({ kind }) => kind)).toEqual(['opened']);
});

test('an incident keeps how well its services were traced when it opened, and what it tells has it too', async () => {
  health = (services) => ({ takenAtMs: START_MS, fromMs: START_MS - 5 * MINUTE_MS, toMs: START_MS, services: services.map((service) => ({ service, spans: 9, samplingRate: 1, unknownWeightShare: 0, partialRatio: 0.2, orphanRatio: 0, lagP99Ms: 900 })), findings: [] });
  breach({ broken: 5_000 });
  await engine.tick(START_MS);
  health = () => undefined;
  await engine.tick(START_MS + MINUTE_MS);
  expect(told[0]?.incident.traceHealth?.services).toMatchObject([{ service: 'checkout', partialRatio: 0.2 }]);
  expect(incidents.open()).toMatchObject([{ traceHealth: { takenAtMs: START_MS } }]);
});

test('a note of a person is kept, told in the thread only, and can follow after the end', async () => {
  breach({ broken: 5_000 });
  await engine.tick(START_MS);
  const [open] = incidents.open();
  expect(await engine.note(open!.id, { text: 'rolled back', who: 'ann' }, START_MS + MINUTE_MS)).toMatchObject({ timeline: [{ kind: 'opened' }, { kind: 'note', actor: 'ann', text: 'rolled back' }] });
  expect(told.at(-1)).toMatchObject({ kind: 'updated', news: 'ann: rolled back' });
  await engine.resolve(open!.id, 'ann', START_MS + 2 * MINUTE_MS);
  await engine.note(open!.id, { text: 'it was the pool', who: 'bob' }, START_MS + 3 * MINUTE_MS);
  expect((await incidents.byId(open!.id))?.timeline.map(({ text }) => text).slice(-2)).toEqual([expect.stringContaining('ann resolved it'), 'it was the pool']);
  expect(told.map(({ kind }) => kind)).toEqual(['opened', 'updated', 'resolved']);
  expect(await engine.note('inc-none', { text: 'x', who: 'ann' }, START_MS)).toBeUndefined();
});

test('what was around an incident is added once when it was not known in time; the traces stay those with which it was told', async () => {
  const { snapshot, ...bare } = PROOF;
  const around = snapshot ?? { changes: [], minutes: { from: 0, good: [], bad: [] }, graph: [] };
  proof = bare;
  found.add('broken');
  breach({ broken: 5_000 });
  await engine.tick(START_MS);
  proof = { ...bare, traces: [], snapshot: around };
  for (let round = 1; round <= 6; round += 1) await engine.tick(START_MS + round * 10 * SECOND_MS);
  expect(told.map(({ kind }) => kind)).toEqual(['opened', 'updated']);
  expect(told[1]?.news).toBeUndefined();
  expect(incidents.open()).toMatchObject([{ evidence: { traces: bare.traces, snapshot: around }, timeline: [{ kind: 'opened' }, { kind: 'note', text: expect.stringContaining('Attached what was around it') }] }]);
  expect(asked).toHaveLength(2);
});

/** What checkout fails by, as so many requests show it. */
const fewOf = (bad: number, id = 'v2:first', digit = 'a'): Evidence => ({
  ...PROOF, takenAtMs: START_MS, badEvents: bad, examined: bad, signature: { ...PROOF.signature!, id, count: bad }, traces: PROOF.traces.slice(0, 1).map((trace) => ({ ...trace, traceId: digit.repeat(32) as TraceId })),
  snapshot: { changes: [], minutes: { from: 0, good: [], bad: [] }, graph: [] },
});
const more = (bad: number, nowMs: number): void => { engine.committed({ sloSlices: [{ sliceKey: 'broken@1', arrivalMinute: minuteOf(nowMs), ...minuteOfEvents(minuteOf(nowMs), { good: 0, bad }) }], oldestReceivedAtMs: nowMs }, nowMs); };

test('what was told with a handful of failures is looked at once more when there are three times as many: the traces stay, nobody is told again', async () => {
  proof = fewOf(6);
  found.add('broken');
  breach({ broken: 300 });
  await engine.tick(START_MS);
  more(580, START_MS);
  for (let second = 1; second <= 20; second += 1) await engine.tick(START_MS + second * SECOND_MS);
  expect(asked).toHaveLength(1);
  proof = { ...fewOf(18), takenAtMs: START_MS + 21 * SECOND_MS, traces: [], suspect: 'found by then' };
  more(20, START_MS);
  for (let second = 21; second <= 60; second += 1) await engine.tick(START_MS + second * SECOND_MS);
  expect(asked).toHaveLength(2);
  expect(told.map(({ kind, news }) => [kind, news])).toEqual([['opened', undefined], ['updated', undefined]]);
  expect(incidents.open()).toMatchObject([{ evidence: { examined: 18, suspect: 'found by then', traces: [{ traceId: 'a'.repeat(32) }] }, timeline: [{ kind: 'opened' }, { kind: 'note', text: 'Looked at again, with 18 bad events: when it opened there were 6.' }] }]);
});

test('where most fail in another way than the first few did, traces of that come before those that were told', async () => {
  proof = fewOf(4);
  found.add('broken');
  breach({ broken: 300 });
  await engine.tick(START_MS);
  more(900, START_MS);
  proof = fewOf(16, 'v2:other', 'b');
  for (let second = 1; second <= 5; second += 1) await engine.tick(START_MS + second * SECOND_MS);
  expect(incidents.open()[0]!.evidence!.traces.map(({ traceId }) => traceId[0])).toEqual(['b', 'a']);
});

test('after five minutes what was told stays as it was told', async () => {
  proof = fewOf(4);
  found.add('broken');
  breach({ broken: 300 });
  await engine.tick(START_MS);
  more(900, START_MS + 5 * MINUTE_MS);
  proof = fewOf(16);
  for (let second = 0; second <= 5; second += 1) await engine.tick(START_MS + 5 * MINUTE_MS + second * SECOND_MS);
  expect(incidents.open()).toMatchObject([{ evidence: { examined: 4 } }]);
});

test('ticks do not wait for what is looked for late', async () => {
  breach({ broken: 5_000 });
  await engine.tick(START_MS);
  let answer: (evidence: Evidence) => void = () => undefined;
  late = () => new Promise((resolve) => { answer = resolve; });
  await engine.tick(START_MS + 5 * SECOND_MS);
  await engine.tick(START_MS + 30 * SECOND_MS);
  expect(told.map(({ kind }) => kind)).toEqual(['opened']);
  answer(PROOF);
  await engine.tick(START_MS + 35 * SECOND_MS);
  await engine.tick(START_MS + 40 * SECOND_MS);
  expect(told.map(({ kind }) => kind)).toEqual(['opened', 'updated']);
});

describe('an alert on an error signature that opens while the SLO that the error breaks has no proof yet', () => {
  const labels = { alertname: 'ErrorSignature', rule: 'new-errors', signature: 'v2:declined', service: 'payment', severity: 'page' };
  const signal: ConditionSignal = { key: 'signature:v2:declined', alertId: alertIdOf(labels), labels, annotations: {}, severity: 'page', title: 'Declined in payment POST /charge', firing: true };
  const shows: Evidence = { ...PROOF, takenAtMs: START_MS + 5 * SECOND_MS, origins: [{ service: 'payment', operation: 'POST /charge', kind: 'failed', key: 'v2:declined', count: PROOF.examined }] };

  test('waits for it, so that one fault is one page', async () => {
    breach({ broken: 5_000 });
    await engine.tick(START_MS);
    alerted = [signal];
    proof = shows;
    found.add('broken');
    for (let second = 5; second <= 40; second += 1) await engine.tick(START_MS + second * SECOND_MS);
    expect(told.map(({ kind, incident }) => `${kind} ${incident.key}`)).toEqual(['opened slo:broken', 'updated slo:broken']);
    expect(incidents.open()).toMatchObject([{ key: 'slo:broken', alerts: [{ status: 'firing' }, { labels: { alertname: 'ErrorSignature' }, status: 'firing' }], causes: [{ place: { service: 'payment' } }] }]);
  });

  test('waits for it also where what was seen of the SLO are two failures', async () => {
    proof = fewOf(2);
    found.add('broken');
    breach({ broken: 300 });
    await engine.tick(START_MS);
    alerted = [signal];
    await engine.tick(START_MS + 5 * SECOND_MS);
    expect(told.map(({ incident }) => incident.key)).toEqual(['slo:broken']);
    expect(incidents.open()).toHaveLength(2);
  });

  test('is told after 15 seconds where no proof comes', async () => {
    breach({ broken: 5_000 });
    await engine.tick(START_MS);
    alerted = [signal];
    for (let second = 5; second <= 19; second += 1) await engine.tick(START_MS + second * SECOND_MS);
    expect(told.map(({ kind, incident }) => `${kind} ${incident.key}`)).toEqual(['opened slo:broken']);
    await engine.tick(START_MS + 20 * SECOND_MS);
    expect(told.map(({ kind, incident }) => `${kind} ${incident.key}`)).toEqual(['opened slo:broken', 'opened signature:v2:declined']);
  });

  test('does not wait where the SLO is proven, or none burns', async () => {
    alerted = [signal];
    await engine.tick(START_MS);
    expect(told.map(({ incident }) => incident.key)).toEqual(['signature:v2:declined']);
    found.add('broken');
    breach({ broken: 5_000 });
    await engine.tick(START_MS + MINUTE_MS);
    const other = { ...signal, key: 'signature:v2:other', alertId: alertIdOf({ ...labels, signature: 'v2:other' }), labels: { ...labels, signature: 'v2:other' } };
    alerted = [signal, other];
    await engine.tick(START_MS + MINUTE_MS + SECOND_MS);
    expect(told.map(({ incident }) => incident.key)).toEqual(['signature:v2:declined', 'slo:broken', 'signature:v2:other']);
  });
});

test('a ticket that opens before its traces were found waits for them, 15 seconds at most', async () => {
  breach({ slow: 40 });
  await engine.tick(START_MS);
  expect(told).toEqual([]);
  found.add('slow');
  for (let second = 1; second <= 20; second += 1) await engine.tick(START_MS + second * SECOND_MS);
  expect(told).toMatchObject([{ kind: 'opened', incident: { severity: 'ticket', evidence: PROOF } }]);
});

test('a ticket whose traces are not found is told without them', async () => {
  breach({ slow: 40 });
  for (let second = 0; second <= 14; second += 1) await engine.tick(START_MS + second * SECOND_MS);
  expect(told).toEqual([]);
  await engine.tick(START_MS + 15 * SECOND_MS);
  expect(told).toMatchObject([{ kind: 'opened', incident: { evidence: undefined } }]);
});
