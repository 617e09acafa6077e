import type { CoverageIndex } from '../budget/coverage-index.js';
import { minuteOf } from '../budget/minute-series.js';
import { groupStatuses } from '../budget/group-statuses.js';
import { countedFor, type SliceIndex } from '../budget/slice-index.js';
import { evaluateSlo, SEVERITY_RANK, type SloState, type SloStatus } from '../budget/slo-status.js';
import type { IncidentThreshold } from '../config/incident-threshold.js';
import type { Slo } from '../config/slo.js';
import type { Evidence } from '../diagnosis/evidence.js';
import type { TraceHealth } from '../diagnosis/trace-health.js';
import type { IncidentChange } from '../incident/advance.js';
import { attachEvidence, attachLate } from '../incident/attach-evidence.js';
import { attachHealth, servicesOf } from '../incident/attach-health.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import { groupByCause, type CauseFinder } from '../incident/group-by-cause.js';
import type { HeldOpening } from '../incident/held-opening.js';
import type { Incident } from '../incident/incident.js';
import { merge } from '../incident/join-incidents.js';
import { acknowledge, note, resolve } from '../incident/person-actions.js';
import { mergePosted, receivePosted, type PostedAlert, type PostedAlertInput } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import { remindOfSilences, silencedIncidents } from '../incident/silence-news.js';
import { expired, matchersOf, setSilence, type SilenceRefusal, type SilenceRequest } from '../incident/silence-rules.js';
import { traceCause } from '../incident/trace-cause.js';
import { HOUR_MS } from '../lib/duration.js';
import type { AlertId, IncidentId, SilenceId } from '../lib/ids.js';
import { err, ok, type Result } from '../lib/result.js';
import type { DrillRefusal, DrillWish } from '../notify/drill-view.js';
import type { DrillRun, DrillStatus } from '../notify/drill.js';
import type { CommitNews } from '../store/span-sink.js';
import { TaskQueue } from '../store/task-queue.js';
import { Alerting, type AlertingPicture, type AlertingPorts } from './alerting.js';
import { Drills, type DrillPorts } from './drills.js';
import { hasGrown, isUnproven, LateEvidence } from './late-evidence.js';
import { evaluate, type Evaluation, type MeasuredSlo } from './evaluate.js';
import { postedSignals } from './posted-signals.js';
import { sloNameOf } from './slo-signal.js';

/** A page that opens cannot wait for its proof; one that went out without can, outside of the ticks. */
export type EvidenceTime = 'opening' | 'late';

export interface EnginePorts extends AlertingPorts {
  /**
   * The proof for a page that opens, grows or changes; undefined when there is none to be had in time. All calls of one tick
   * share that time, or an outage that breaks fifty SLOs at once would be told a minute late. Must not throw.
   */
  gatherEvidence(measured: MeasuredSlo, status: SloStatus, when?: EvidenceTime): Promise<Evidence | undefined>;
  /** The same for incidents without an SLO: error signatures, unusual operations. */
  gatherConditionEvidence?(incident: Incident, nowMs: number, when?: EvidenceTime): Promise<Evidence | undefined>;
  /** Has whole traces judged that are due; what counts comes as a commit. Must not throw. */
  judgeJourneys?(): Promise<void>;
  /** What rules say of error signatures. */
  signatureSignals?(openIncidents: readonly Incident[], nowMs: number): readonly ConditionSignal[];
  /** One that is over. */
  readIncident?(id: IncidentId): Promise<Incident | undefined>;
  /** What must come often before it is an incident. */
  thresholds?(): readonly IncidentThreshold[];
  /** Tests of receivers; none where it is left out. */
  readonly drills?: DrillPorts;
  /** What is unusual of operations without an SLO. */
  anomalySignals?(openIncidents: readonly Incident[]): readonly ConditionSignal[];
  /** What the watch over the quality of the traces says. */
  qualitySignals?(openIncidents: readonly Incident[]): readonly ConditionSignal[];
  /** What the watch over the room on disk says. */
  diskSignals?(openIncidents: readonly Incident[]): readonly ConditionSignal[];
  /** How well services are traced just now; undefined where that is not known. */
  traceHealth?(services: readonly string[], nowMs: number): TraceHealth | undefined;
  /** Who says that two incidents have one cause; by default their traces do. */
  readonly causes?: readonly CauseFinder[];
  /** How often an export was refused for want of room since the start. Minutes in which it was are not covered: what they hold is incomplete. */
  refusals?(): number;
  /** A commit crossed a threshold: the next tick should not wait for its turn. */
  requestEarlyTick(): void;
}

/** Until the store has heard of them. */
const REFUSALS_KEPT_MINUTES = 5;

/** What a commit added, as the engine hears of it; imported slices are not among it. */
export type CommittedSlices = Pick<CommitNews, 'sloSlices' | 'oldestReceivedAtMs'>;

/**
 * The living state between two ticks and the order of one: evaluate → evidence → group → save and enqueue → send.
 * Ticks and actions of people run one after the other, so that none overwrites what the other saved.
 */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #slices: SliceIndex;
  readonly #coverage: CoverageIndex;
  readonly #alerting: Alerting;
  readonly #turns = new TaskQueue();
  readonly #drills: Drills;
  readonly #late = new LateEvidence();
  readonly #badReceivedAtMs = new Map<string, number>();
  #slos: readonly MeasuredSlo[] = [];
  #statuses: readonly SloStatus[] = [];
  #signals: readonly ConditionSignal[] = [];
  #drillStatuses: readonly DrillStatus[] = [];
  #nextTrimMs = 0;
  #refusals = 0;
  /** The last few minutes with refusals. */
  #refusing: readonly number[] = [];

  constructor(ports: EnginePorts, state: { readonly slices: SliceIndex; readonly coverage: CoverageIndex }) {
    this.#ports = ports;
    this.#alerting = new Alerting(ports);
    this.#drills = new Drills(ports.drills ?? { rules: () => [], decisionsOf: () => Promise.resolve([]) });
    this.#slices = state.slices;
    this.#coverage = state.coverage;
  }

  /** Takes new rules; slices of their keys must be in the index already. */
  useRules(slos: readonly MeasuredSlo[]): void {
    for (const rule of slos) this.#slices.track(rule);
    this.#slices.retain(slos);
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
      this.#cover(minuteOf(nowMs));
      await this.#remind(nowMs);
      const drills = await this.#advanceDrills(nowMs);
      await this.#ports.judgeJourneys?.();
      const openIncidents = await this.#alerting.openIncidents();
      const badReceivedAtMs = new Map(this.#badReceivedAtMs);
      const evaluation = evaluate({
        nowMs, slos: this.#slos, slices: this.#slices, openIncidents, badReceivedAtMs, recentlyEnded: await this.#alerting.recentlyEnded(nowMs),
        thresholds: this.#ports.thresholds?.() ?? [], windows: this.#ports.windows?.() ?? [], held: await this.#alerting.held(),
        otherSignals: [...postedSignals((await this.#alerting.posted()).values(), { routing: this.#ports.routing(), openIncidents, nowMs }), ...(this.#ports.signatureSignals?.(openIncidents, nowMs) ?? []), ...(this.#ports.qualitySignals?.(openIncidents) ?? []), ...(this.#ports.anomalySignals?.(openIncidents) ?? []), ...(this.#ports.diskSignals?.(openIncidents) ?? []), ...this.#drills.signals(openIncidents, { runs: drills, nowMs })],
        coverage: (fromMinute, toMinute) => this.#coverage.share(fromMinute, toMinute),
      });
      const proven = this.#withHealth(await this.#withEvidence(evaluation, nowMs), nowMs);
      const finders = this.#ports.causes ?? [traceCause];
      await this.#alerting.save({ ...groupByCause({ change: proven, openIncidents, finders, nowMs }), held: evaluation.held, noLongerHeld: evaluation.noLongerHeld }, nowMs);
      const stillOpen = await this.#alerting.openIncidents();
      const late = groupByCause({ change: this.#lateEvidence(evaluation, stillOpen, nowMs), openIncidents: stillOpen, finders, nowMs });
      if (late.incidents.length > 0) await this.#alerting.save(late, nowMs);
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

  /** What a person wrote about it, also when it is over; `undefined` where there is none of that id. */
  note(id: string, wish: { readonly text: string; readonly who: string }, nowMs: number): Promise<Incident | undefined> {
    return this.#turns.run(async () => {
      const incident = (await this.#alerting.openIncidents()).find((open) => open.id === id) ?? (await this.#ports.readIncident?.(id as IncidentId));
      if (incident === undefined) return undefined;
      const noted = note(incident, wish, nowMs);
      await this.#alerting.save(noted, nowMs);
      return noted.incidents[0];
    });
  }

  /** A person says that two incidents are one: `id` ends, and goes on in `into`. Gives the latter; undefined where one of them is not open. */
  merge({ id, into }: { readonly id: string; readonly into: string }, who: string, nowMs: number): Promise<Incident | undefined> {
    return this.#turns.run(async () => {
      const open = new Map((await this.#alerting.openIncidents()).map((incident) => [incident.id as string, incident]));
      const [source, target] = [open.get(id), open.get(into)];
      if (source === undefined || target === undefined || source === target) return undefined;
      const cause = { rule: 'person', place: undefined, shares: [], words: `${who} says that they have one cause` } as const;
      const change = merge(target, source, { cause, actor: who, nowMs });
      await this.#alerting.save(change, nowMs);
      return change.incidents.at(-1);
    });
  }

  /** Takes alerts that others judged. They are on disk when it resolves, and the next tick, which comes soon, makes incidents of them. */
  post(alerts: readonly PostedAlertInput[], nowMs: number): Promise<void> {
    return this.#turns.run(async () => {
      const known = await this.#alerting.posted();
      const { resolveTimeoutMs } = this.#ports.routing();
      const merged = new Map<AlertId, PostedAlert>();
      for (const input of alerts) {
        const alert = receivePosted(input, { nowMs, resolveTimeoutMs });
        merged.set(alert.id, mergePosted(merged.get(alert.id) ?? known.get(alert.id), alert, nowMs));
      }
      await this.#alerting.keepPosted([...merged.values()]);
      this.#ports.requestEarlyTick();
    });
  }

  /** Makes or changes a silence. What it holds back is told at once that it does. */
  setSilence(request: SilenceRequest, nowMs: number): Promise<Result<Silence, SilenceRefusal>> {
    return this.#turns.run(async () => {
      const changed = setSilence(request, await this.#alerting.silences(), nowMs);
      if (!changed.ok) return changed;
      const silence = changed.value.at(-1) as Silence;
      const news = silencedIncidents(await this.#alerting.openIncidents(), silence, nowMs);
      await this.#alerting.save({ ...news, silences: changed.value }, nowMs);
      return ok(silence);
    });
  }

  /** Ends a silence; what still fires behind it is told at once. Undefined where there is none of that id. */
  expireSilence(id: string, nowMs: number): Promise<Silence | undefined> {
    return this.#turns.run(async () => {
      const known = (await this.#alerting.silences()).get(id as SilenceId);
      if (known === undefined) return undefined;
      const ended = expired(known, nowMs);
      if (ended !== known) await this.#alerting.save({ incidents: [], transitions: [], silences: [ended] }, nowMs);
      return ended;
    });
  }

  /** Silences what fires in an incident, for so long. */
  silenceIncident(id: string, wish: { readonly durationMs: number; readonly comment: string; readonly createdBy: string }, nowMs: number): Promise<Result<Silence, SilenceRefusal>> {
    return this.#alerting.openIncidents().then((open) => {
      const incident = open.find((candidate) => candidate.id === id);
      if (incident === undefined) return err({ kind: 'not-found', message: `no incident ${id} is open` });
      return this.setSilence({ matchers: matchersOf(incident), endsAtMs: nowMs + wish.durationMs, comment: wish.comment, createdBy: wish.createdBy }, nowMs);
    });
  }

  /** Tests receivers now. Their outcome is in `drillStatuses` as soon as it is known. */
  drill(wish: DrillWish, nowMs: number): Promise<Result<readonly DrillRun[], DrillRefusal>> {
    return this.#turns.run(async () => {
      const started = this.#drills.start(wish, { routing: this.#ports.routing(), runs: await this.#alerting.drills(), nowMs });
      if (!started.ok) return started;
      await this.#alerting.save(started.value, nowMs);
      return ok(started.value.drills ?? []);
    });
  }

  /** What has begun to fire and is no incident yet. */
  held(): Promise<readonly HeldOpening[]> {
    return this.#turns.run(async () => [...(await this.#alerting.held()).values()]);
  }

  /** How the drills of each receiver went; those under way as of now. */
  drillStatuses(nowMs: number): Promise<readonly DrillStatus[]> {
    return this.#turns.run(async () => this.#drills.statuses({ runs: await this.#advanceDrills(nowMs), nowMs }));
  }

  /** The same as of the last tick, for those who must not wait. */
  lastDrillStatuses(): readonly DrillStatus[] {
    return this.#drillStatuses;
  }

  /** What alerting looks like now, for those who show it. */
  picture(nowMs: number): Promise<AlertingPicture> {
    return this.#turns.run(() => this.#alerting.picture(nowMs));
  }

  /** Whether what was sent in this minute was taken, as far as is known. */
  takesIn(minute: number): boolean {
    return !this.#refusing.includes(minute);
  }

  #cover(minute: number): void {
    const refusals = this.#ports.refusals?.() ?? 0;
    if (refusals > this.#refusals) this.#refusing = [...this.#refusing.filter((each) => each !== minute && each > minute - REFUSALS_KEPT_MINUTES), minute];
    this.#refusals = refusals;
    if (this.takesIn(minute)) this.#coverage.markCovered(minute);
    else this.#coverage.markUncovered(minute);
  }

  async #advanceDrills(nowMs: number): Promise<readonly DrillRun[]> {
    const change = await this.#drills.advance({ routing: this.#ports.routing(), runs: await this.#alerting.drills(), nowMs });
    if ((change.drills ?? []).length > 0) await this.#alerting.save(change, nowMs);
    const runs = await this.#alerting.drills();
    this.#drillStatuses = this.#drills.statuses({ runs, nowMs });
    return runs;
  }

  async #remind(nowMs: number): Promise<void> {
    const silences = await this.#alerting.silences();
    if (silences.size === 0) return;
    const change = remindOfSilences(await this.#alerting.openIncidents(), silences.values(), nowMs);
    if (change.silences.length > 0) await this.#alerting.save(change, nowMs);
  }

  #act(id: string, change: (incident: Incident) => IncidentChange, nowMs: number): Promise<Incident | undefined> {
    return this.#turns.run(async () => {
      const incident = (await this.#alerting.openIncidents()).find((open) => open.id === id);
      if (incident === undefined) return undefined;
      const changed = change(incident);
      if (changed.incidents.length > 0) await this.#alerting.save(changed, nowMs);
      return changed.incidents[0] ?? incident;
    });
  }

  async #withEvidence(evaluation: Evaluation, nowMs: number): Promise<IncidentChange> {
    let change: IncidentChange = evaluation;
    const news = evaluation.transitions.filter(({ kind }) => kind !== 'resolved' && kind !== 'acknowledged');
    for (const { incident } of news.sort((left, right) => SEVERITY_RANK[right.incident.severity] - SEVERITY_RANK[left.incident.severity])) {
      const evidence = await this.#evidenceOf(incident, evaluation.statuses, { nowMs, when: 'opening' });
      if (evidence !== undefined) change = attachEvidence(change, incident.id, evidence);
    }
    return change;
  }

  /** What was told without its proof, or with little, gets it as soon as it is found; it is looked for beside the ticks. */
  #lateEvidence(evaluation: Evaluation, openIncidents: readonly Incident[], nowMs: number): IncidentChange {
    const changed = new Set(evaluation.incidents.map(({ id }) => id));
    const unproven = openIncidents.filter((incident) => isUnproven(incident, nowMs) || hasGrown(incident, this.#statusOf(incident, evaluation.statuses), nowMs));
    this.#late.retain(new Set(unproven.map(({ id }) => id)));
    const changes: IncidentChange[] = [];
    for (const incident of unproven.filter(({ id }) => !changed.has(id))) {
      const found = this.#late.take(incident.id);
      const late = found && attachLate(incident, found, nowMs);
      if (late !== undefined) changes.push(late);
      else this.#late.lookFor(incident.id, () => this.#evidenceOf(incident, evaluation.statuses, { nowMs, when: 'late' }), nowMs);
    }
    return { incidents: changes.flatMap(({ incidents }) => incidents), transitions: changes.flatMap(({ transitions }) => transitions) };
  }

  /** Told and stored with what opened, or became worse: later nobody could know it. */
  #withHealth(change: IncidentChange, nowMs: number): IncidentChange {
    const news = change.transitions.filter(({ kind }) => kind === 'opened' || kind === 'upgraded');
    return news.reduce((sum, { incident }) => {
      const health = this.#ports.traceHealth?.(servicesOf(incident), nowMs);
      return health === undefined ? sum : attachHealth(sum, incident.id, health);
    }, change);
  }

  async #evidenceOf(incident: Incident, statuses: readonly SloStatus[], { nowMs, when }: { readonly nowMs: number; readonly when: EvidenceTime }): Promise<Evidence | undefined> {
    const name = sloNameOf(incident);
    if (name === undefined) return this.#ports.gatherConditionEvidence?.(incident, nowMs, when);
    const measured = this.#slos.find(({ slo }) => slo.name === name);
    const status = this.#statusOf(incident, statuses);
    return measured === undefined || status === undefined ? undefined : this.#ports.gatherEvidence(measured, status, when);
  }

  /** Of its SLO. Where only a group fires, the proof is of its events. */
  #statusOf(incident: Incident, statuses: readonly SloStatus[]): SloStatus | undefined {
    const name = sloNameOf(incident);
    const status = statuses.find(({ slo }) => slo === name);
    return status?.firing === undefined ? (status?.groups?.find(({ firing }) => firing !== undefined) ?? status) : status;
  }

  #crosses(sliceKeys: ReadonlySet<string>, nowMs: number): boolean {
    return this.#slos.some((rule) => {
      const { slo } = rule;
      if (slo.partOf !== undefined || !countedFor(rule).some(({ sliceKey }) => sliceKeys.has(sliceKey))) return false;
      const status = this.#statuses.find((each) => each.slo === slo.name);
      const coverage = (fromMinute: number, toMinute: number): number => this.#coverage.share(fromMinute, toMinute);
      const isWorse = (state: SloState, before: SloState | undefined): boolean => state !== before && (state === 'page' || (state === 'ticket' && before !== 'page'));
      if (isWorse(evaluateSlo(slo, this.#slices.judged(rule), { nowMs, coverage }).state, status?.state)) return true;
      const groups = new Map(status?.groups?.map(({ group, state }) => [group?.text, state]));
      return groupStatuses(rule, this.#slices, { nowMs, coverage }).some(({ group, state }) => isWorse(state, groups.get(group?.text)));
    });
  }

  #trim(nowMs: number): void {
    if (nowMs < this.#nextTrimMs) return;
    this.#nextTrimMs = nowMs + HOUR_MS;
    this.#slices.trim(nowMs);
  }
}

