import type { CoverageIndex } from '../budget/coverage-index.js';
import { minuteOf } from '../budget/minute-series.js';
import type { SliceIndex } from '../budget/slice-index.js';
import { evaluateSlo, SEVERITY_RANK, type SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';
import type { Evidence } from '../diagnosis/evidence.js';
import type { IncidentChange } from '../incident/advance.js';
import { attachEvidence, attachLate } from '../incident/attach-evidence.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident, Transition } from '../incident/incident.js';
import { acknowledge, resolve } from '../incident/person-actions.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { Delivery } from '../notify/delivery.js';
import type { CommitNews } from '../store/span-sink.js';
import { TaskQueue } from '../store/task-queue.js';
import { evaluate, type Evaluation, type MeasuredSlo } from './evaluate.js';
import type { EvaluationStore } from './evaluation-store.js';
import { sloNameOf } from './slo-signal.js';

export interface EnginePorts {
  readonly store: EvaluationStore;
  /**
   * The proof for a page that opens, grows or changes; undefined when there is none to be had in time. All calls of one tick
   * share that time, or an outage that breaks fifty SLOs at once would be told a minute late. Must not throw.
   */
  gatherEvidence(measured: MeasuredSlo, status: SloStatus): Promise<Evidence | undefined>;
  /** Who is to be told, by the routing in force. */
  planDeliveries(transition: Transition, nowMs: number): readonly Delivery[];
  /** Deliveries were committed: send them. */
  wakeDispatcher(): void;
  /** A commit crossed a threshold: the next tick should not wait for its turn. */
  requestEarlyTick(): void;
}

/** So long is a proof looked for that was not found in time; later there is none to be found. */
const LATE_EVIDENCE_MS = 5 * MINUTE_MS;

/** What a commit added, as the engine hears of it; imported slices are not among it. */
export type CommittedSlices = Pick<CommitNews, 'sloSlices' | 'oldestReceivedAtMs'>;

/**
 * The living state between two ticks and the order of one: load → evaluate → evidence → save and enqueue → send.
 * Ticks and actions of people run one after the other, so that none overwrites what the other saved.
 */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #slices: SliceIndex;
  readonly #coverage: CoverageIndex;
  readonly #turns = new TaskQueue();
  readonly #badReceivedAtMs = new Map<string, number>();
  #slos: readonly MeasuredSlo[] = [];
  #statuses: readonly SloStatus[] = [];
  #signals: readonly ConditionSignal[] = [];
  #nextTrimMs = 0;

  constructor(ports: EnginePorts, state: { readonly slices: SliceIndex; readonly coverage: CoverageIndex }) {
    this.#ports = ports;
    this.#slices = state.slices;
    this.#coverage = state.coverage;
  }

  /** Takes new rules; slices of their keys must be in the index already. */
  useRules(slos: readonly MeasuredSlo[]): void {
    for (const { slo, sliceKey } of slos) this.#slices.track(sliceKey, slo);
    this.#slices.retain(new Set(slos.map(({ sliceKey }) => sliceKey)));
    this.#slos = slos;
    const names = new Set(slos.map(({ slo }) => slo.name));
    this.#statuses = this.#statuses.filter((status) => names.has(status.slo));
  }

  statuses(): readonly SloStatus[] {
    return this.#statuses;
  }

  /** What fires as of the last tick, hysteresis applied. */
  firing(): readonly ConditionSignal[] {
    return this.#signals.filter(({ firing }) => firing);
  }

  slo(name: string): Slo | undefined {
    return this.#slos.find(({ slo }) => slo.name === name)?.slo;
  }

  measured(): readonly MeasuredSlo[] {
    return this.#slos;
  }

  /** Takes what a commit added. When that crosses a threshold, asks for an early tick: nobody should sleep through the interval. */
  committed({ sloSlices, oldestReceivedAtMs }: CommittedSlices, nowMs: number): void {
    this.#slices.add(sloSlices);
    const worse = new Set(sloSlices.filter((slice) => slice.bad > 0).map((slice) => slice.sliceKey));
    for (const sliceKey of worse) {
      this.#badReceivedAtMs.set(sliceKey, Math.min(oldestReceivedAtMs, this.#badReceivedAtMs.get(sliceKey) ?? oldestReceivedAtMs));
    }
    if (worse.size > 0 && this.#crosses(worse, nowMs)) this.#ports.requestEarlyTick();
  }

  /** One tick. Rejects when the store fails; the next tick then finds everything as it was. */
  tick(nowMs: number): Promise<Evaluation> {
    return this.#turns.run(async () => {
      this.#coverage.markCovered(minuteOf(nowMs));
      const openIncidents = await this.#ports.store.loadOpenIncidents();
      const badReceivedAtMs = new Map(this.#badReceivedAtMs);
      const evaluation = evaluate({
        nowMs, slos: this.#slos, slices: this.#slices, openIncidents, badReceivedAtMs,
        coverage: (fromMinute, toMinute) => this.#coverage.share(fromMinute, toMinute),
      });
      await this.#save(await this.#withEvidence(evaluation), nowMs);
      await this.#save(await this.#lateEvidence(evaluation, openIncidents, nowMs), nowMs);
      this.#statuses = evaluation.statuses;
      this.#signals = evaluation.signals;
      for (const [sliceKey, at] of badReceivedAtMs) if (this.#badReceivedAtMs.get(sliceKey) === at) this.#badReceivedAtMs.delete(sliceKey);
      this.#trim(nowMs);
      return evaluation;
    });
  }

  /** `undefined` where no incident of that id is open. */
  acknowledge(id: string, who: string, nowMs: number): Promise<Incident | undefined> {
    return this.#act(id, (incident) => acknowledge(incident, who, nowMs), nowMs);
  }

  /** `undefined` where no incident of that id is open. */
  resolve(id: string, who: string, nowMs: number): Promise<Incident | undefined> {
    return this.#act(id, (incident) => resolve(incident, who, nowMs), nowMs);
  }

  #act(id: string, change: (incident: Incident) => IncidentChange, nowMs: number): Promise<Incident | undefined> {
    return this.#turns.run(async () => {
      const incident = (await this.#ports.store.loadOpenIncidents()).find((open) => open.id === id);
      if (incident === undefined) return undefined;
      const changed = change(incident);
      await this.#save(changed, nowMs);
      return changed.incidents[0] ?? incident;
    });
  }

  async #save(change: IncidentChange, nowMs: number): Promise<void> {
    if (change.incidents.length === 0) return;
    const deliveries = change.transitions.flatMap((transition) => [...this.#ports.planDeliveries(transition, nowMs)]);
    await this.#ports.store.save({ incidents: change.incidents, deliveries });
    if (deliveries.length > 0) this.#ports.wakeDispatcher();
  }

  async #withEvidence(evaluation: Evaluation): Promise<IncidentChange> {
    let change: IncidentChange = evaluation;
    const news = evaluation.transitions.filter(({ kind }) => kind !== 'resolved' && kind !== 'acknowledged');
    for (const { incident } of news.sort((left, right) => SEVERITY_RANK[right.incident.severity] - SEVERITY_RANK[left.incident.severity])) {
      const evidence = await this.#evidenceOf(incident, evaluation);
      if (evidence !== undefined) change = attachEvidence(change, incident.id, evidence);
    }
    return change;
  }

  /** What was told without its proof gets it as soon as there is time for it. */
  async #lateEvidence(evaluation: Evaluation, openIncidents: readonly Incident[], nowMs: number): Promise<IncidentChange> {
    const changed = new Set(evaluation.incidents.map(({ id }) => id));
    const bare = openIncidents.filter(({ id, evidence, startedAtMs }) => evidence === undefined && !changed.has(id) && nowMs - startedAtMs < LATE_EVIDENCE_MS);
    const changes: IncidentChange[] = [];
    for (const incident of bare) {
      const evidence = await this.#evidenceOf(incident, evaluation);
      if (evidence !== undefined) changes.push(attachLate(incident, evidence, nowMs));
    }
    return { incidents: changes.flatMap(({ incidents }) => incidents), transitions: changes.flatMap(({ transitions }) => transitions) };
  }

  async #evidenceOf(incident: Incident, evaluation: Evaluation): Promise<Evidence | undefined> {
    const name = sloNameOf(incident);
    const measured = this.#slos.find(({ slo }) => slo.name === name);
    const status = evaluation.statuses.find(({ slo }) => slo === name);
    return measured === undefined || status === undefined ? undefined : this.#ports.gatherEvidence(measured, status);
  }

  #crosses(sliceKeys: ReadonlySet<string>, nowMs: number): boolean {
    return this.#slos.some(({ slo, sliceKey }) => {
      if (!sliceKeys.has(sliceKey)) return false;
      const known = this.#statuses.find((status) => status.slo === slo.name)?.state;
      const coverage = (fromMinute: number, toMinute: number): number => this.#coverage.share(fromMinute, toMinute);
      const state = evaluateSlo(slo, this.#slices.judged(sliceKey, slo), { nowMs, coverage }).state;
      return state !== known && (state === 'page' || (state === 'ticket' && known !== 'page'));
    });
  }

  #trim(nowMs: number): void {
    if (nowMs < this.#nextTrimMs) return;
    this.#nextTrimMs = nowMs + HOUR_MS;
    this.#slices.trim(nowMs);
  }
}

