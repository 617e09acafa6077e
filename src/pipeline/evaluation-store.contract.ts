import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR_MS } from '../lib/duration.js';
import type { HeldOpening } from '../incident/held-opening.js';
import type { IncidentReader } from '../incident/incident-reader.js';
import type { Incident } from '../incident/incident.js';
import { sampleAlert, sampleIncident, sampleReading } from '../incident/sample-incident.js';
import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Delivery } from '../notify/delivery.js';
import type { DrillRun } from '../notify/drill.js';
import type { Outbox } from '../notify/outbox.js';
import { groupOf } from '../notify/sample-delivery.js';
import type { EvaluationStore } from './evaluation-store.js';

export interface EvaluationStoreUnderTest {
  readonly store: EvaluationStore;
  readonly incidents: IncidentReader;
  readonly outbox: Outbox;
  close(): Promise<void>;
}

const T0 = 1_000_000;
const incident = (id: string, changes: Partial<Incident> = {}): Incident => sampleIncident({ id: id as IncidentId, startedAtMs: T0, ...changes });
const delivery = (id: string, of: Incident): Delivery => ({
  id: id as DeliveryId, incidentId: of.id, receiver: 'shop', integration: 'slack[0]', conversation: of.id, group: groupOf(of), transition: { kind: 'opened', incident: of, atMs: T0 },
  status: 'pending', attempts: 0, createdAtMs: T0, notBeforeMs: T0, lastError: undefined,
});

/** What every EvaluationStore promises, together with the reader and the outbox that read what it saved. */
export function evaluationStoreContract(open: () => Promise<EvaluationStoreUnderTest>): void {
  let subject: EvaluationStoreUnderTest;
  beforeEach(async () => { subject = await open(); });
  afterEach(async () => { await subject.close(); });
  const save = (incidents: Incident[], deliveries: Delivery[] = []): Promise<void> => subject.store.save({ incidents, deliveries });

  describe('incidents', () => {
    test('come back exactly as they were saved', async () => {
      const odd = incident('a', {
        title: 'O\'Hara "quoted" $1 — ünï 🔔', evidence: undefined, runbook: undefined,
        alerts: [sampleAlert({ incidentId: 'a' as IncidentId, labels: { '$': 'dollar', '': 'empty' }, reading: sampleReading({ sli: undefined, burnRates: { '5m': undefined, '1h': Number.POSITIVE_INFINITY }, exhaustionMs: undefined }) })],
      });
      await save([odd]);
      expect((await subject.store.loadMemory()).openIncidents).toStrictEqual([odd]);
      expect(await subject.incidents.byId(odd.id)).toStrictEqual(odd);
    });

    test('a saved version replaces the one before', async () => {
      await save([incident('a')]);
      for (let round = 1; round <= 5; round += 1) await save([incident('a', { title: `round ${round}` })]);
      expect((await subject.store.loadMemory()).openIncidents).toStrictEqual([incident('a', { title: 'round 5' })]);
      expect(await subject.incidents.list({ limit: 10 })).toHaveLength(1);
    });

    test('a resolved one is no longer loaded, and still read', async () => {
      const resolved = incident('a', { status: 'resolved', endedAtMs: T0 + 5 });
      await save([incident('a')]);
      await save([resolved]);
      expect((await subject.store.loadMemory()).openIncidents).toEqual([]);
      expect(await subject.incidents.byId(resolved.id)).toStrictEqual(resolved);
    });

    test('those that ended within a day before the last end come back, the youngest end last', async () => {
      const ended = (id: string, hours: number): Incident => incident(id, { key: id, status: 'resolved', endedAtMs: T0 + hours * HOUR_MS });
      await save([ended('a', 0), ended('b', 25), ended('c', 20), incident('d', { key: 'd' })]);
      expect((await subject.store.loadMemory()).recentlyEnded.map(({ id }) => id)).toEqual(['c', 'b']);
    });

    test('drills come back oldest first, each in its last version, and go when they are too old', async () => {
      const run = (id: string, startedAtMs: number, changes: Partial<DrillRun> = {}): DrillRun => ({ id: id as IncidentId, drill: 'd', receiver: 'shop', startedAtMs, by: 'tocsin', withinMs: 1_000, results: [], endedAtMs: undefined, ...changes });
      await subject.store.save({ incidents: [], deliveries: [], drills: [run('drill-b', T0 + 1), run('drill-a', T0 + 2)] });
      await subject.store.save({ incidents: [], deliveries: [], drills: [run('drill-b', T0 + 1, { endedAtMs: T0 + 9 }), run('drill-c', T0)] });
      expect((await subject.store.loadMemory()).drills).toStrictEqual([run('drill-c', T0), run('drill-b', T0 + 1, { endedAtMs: T0 + 9 }), run('drill-a', T0 + 2)]);
      await subject.store.save({ incidents: [], deliveries: [], removedDrills: ['drill-b' as IncidentId] });
      expect((await subject.store.loadMemory()).drills.map(({ id }) => id)).toEqual(['drill-c', 'drill-a']);
    });

    test('what is held back is replaced by key, and goes', async () => {
      const held = (key: string, wanted: number): HeldOpening => ({ key, title: 't', threshold: 'flaky', wanted, withinMs: 1, occurrences: [{ alertId: 'a', atMs: T0 }], firing: { a: T0 } });
      await subject.store.save({ incidents: [], deliveries: [], held: [held('a', 2), held('b', 2)] });
      await subject.store.save({ incidents: [], deliveries: [], held: [held('a', 3)], noLongerHeld: ['b'] });
      expect((await subject.store.loadMemory()).held).toStrictEqual([held('a', 3)]);
    });

    test('an unknown id is undefined', async () => {
      expect(await subject.incidents.byId('inc-none' as IncidentId)).toBeUndefined();
    });

    test('are listed newest first, by status, up to a limit', async () => {
      await save([
        incident('a', { key: 'a', startedAtMs: T0 + 1, status: 'resolved', endedAtMs: T0 + 9 }),
        incident('b', { key: 'b', startedAtMs: T0 + 3, status: 'acknowledged', acknowledgedBy: 'ann' }),
        incident('c', { key: 'c', startedAtMs: T0 + 2 }),
      ]);
      const ids = async (filter: Parameters<IncidentReader['list']>[0]): Promise<string[]> => (await subject.incidents.list(filter)).map(({ id }) => id);
      expect(await ids({ limit: 10 })).toEqual(['b', 'c', 'a']);
      expect(await ids({ limit: 2 })).toEqual(['b', 'c']);
      expect(await ids({ status: ['open', 'acknowledged'], limit: 10 })).toEqual(['b', 'c']);
      expect(await ids({ status: ['resolved'], limit: 10 })).toEqual(['a']);
    });
  });

  describe('one open incident per key', () => {
    test('a second one is refused, and nothing of that save is kept', async () => {
      await save([incident('a')]);
      await expect(save([incident('c', { key: 'other' }), incident('b')], [delivery('d', incident('b'))])).rejects.toThrow();
      expect((await subject.store.loadMemory()).openIncidents.map(({ id }) => id)).toEqual(['a']);
      expect(await subject.outbox.counts()).toMatchObject({ pending: 0 });
    });

    test('acknowledging keeps the key taken', async () => {
      await save([incident('a')]);
      await save([incident('a', { status: 'acknowledged' })]);
      await expect(save([incident('b')])).rejects.toThrow();
    });

    test('two of one key in one save are refused', async () => {
      await expect(save([incident('a'), incident('b')])).rejects.toThrow();
      expect((await subject.store.loadMemory()).openIncidents).toEqual([]);
    });

    test('a resolved one frees the key, also within the same save and in any order', async () => {
      await save([incident('a')]);
      await save([incident('b', { startedAtMs: T0 + 1 }), incident('a', { status: 'resolved', endedAtMs: T0 })]);
      await save([incident('b', { status: 'resolved', endedAtMs: T0 + 2 }), incident('c', { startedAtMs: T0 + 2 })]);
      expect((await subject.store.loadMemory()).openIncidents.map(({ id }) => id)).toEqual(['c']);
    });
  });

  describe('deliveries', () => {
    test('are in the outbox as soon as their incident is saved', async () => {
      const saved = incident('a');
      await save([saved], [{ ...delivery('d1', saved), breachReceivedAtMs: T0 - 3 }, delivery('d2', saved)]);
      expect(await subject.outbox.ofIncident(saved.id)).toStrictEqual([{ ...delivery('d1', saved), breachReceivedAtMs: T0 - 3 }, delivery('d2', saved)]);
    });

    test('saved twice are one', async () => {
      const saved = incident('a');
      await save([saved], [delivery('d', saved)]);
      await save([saved], [delivery('d', saved)]);
      expect(await subject.outbox.counts()).toMatchObject({ pending: 1 });
    });

    test('saving nothing is fine', async () => {
      await expect(save([])).resolves.toBeUndefined();
    });
  });
}
