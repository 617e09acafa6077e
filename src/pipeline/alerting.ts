import type { HeldOpening } from '../incident/held-opening.js';
import type { IncidentWindow } from '../config/incident-window.js';
import type { Incident } from '../incident/incident.js';
import { isRecent } from '../incident/flapping.js';
import { isOver, type PostedAlert } from '../incident/posted-alert.js';
import { silenceState, SilencesInForce, type Silence } from '../incident/silence.js';
import { DAY_MS } from '../lib/duration.js';
import type { AlertId, IncidentId, SilenceId } from '../lib/ids.js';
import { advanceGroups, type GroupingChange } from '../notify/advance-groups.js';
import { AlertView } from '../notify/alert-view.js';
import { DRILL_WINDOW_MS, drillIncident, type DrillRun } from '../notify/drill.js';
import { escalate, nextEscalationMs, type EscalationChange } from '../notify/escalation.js';
import { groupId, type NotificationGroup } from '../notify/notification-group.js';
import type { Routing } from '../notify/routing.js';
import type { AlertingChange } from './alerting-change.js';
import type { EvaluationChanges, EvaluationStore } from './evaluation-store.js';

export interface AlertingPorts {
  readonly store: EvaluationStore;
  /** The routing in force. */
  routing(): Routing;
  /** How long incidents take what comes back, where that is not the usual time. */
  windows?(): readonly IncidentWindow[];
  /** Deliveries were committed: send them. */
  wakeDispatcher(): void;
  /** A notification group has its turn at this moment: a tick should not be late for it. */
  requestTickAt?(atMs: number): void;
}

/** Alerting at one moment. */
export interface AlertingPicture {
  readonly nowMs: number;
  readonly routing: Routing;
  readonly view: AlertView;
  readonly groups: readonly NotificationGroup[];
  readonly silences: readonly Silence[];
  readonly posted: ReadonlyMap<AlertId, PostedAlert>;
}

interface Memory {
  readonly open: Map<IncidentId, Incident>;
  /** Over, and not yet told by every group. */
  readonly ended: Map<IncidentId, Incident>;
  /** So recently that they may open again. */
  readonly recent: readonly Incident[];
  readonly groups: Map<string, NotificationGroup>;
  readonly posted: Map<AlertId, PostedAlert>;
  readonly silences: Map<SilenceId, Silence>;
  /** Oldest first. */
  readonly drills: Map<IncidentId, DrillRun>;
  /** By key. */
  readonly held: ReadonlyMap<string, HeldOpening>;
}

/** Expired silences are kept as long as Alertmanager keeps them (data.retention, 120 h). */
const EXPIRED_SILENCE_KEPT_MS = 5 * DAY_MS;

/**
 * What alerting remembers, and the one way to change it: news of incidents → notification groups → one transaction → dispatcher.
 * The memory is a copy of what is stored; a save that fails throws it away. Calls must not overlap: the engine takes turns.
 */
export class Alerting {
  readonly #ports: AlertingPorts;
  #memory: Memory | undefined;

  constructor(ports: AlertingPorts) {
    this.#ports = ports;
  }

  async openIncidents(): Promise<readonly Incident[]> {
    return [...(await this.#remembered()).open.values()];
  }

  /** Those that may open again, and those that ended just now; the youngest end last. */
  async recentlyEnded(nowMs: number): Promise<readonly Incident[]> {
    const windows = this.#ports.windows?.() ?? [];
    return (await this.#remembered()).recent.filter((incident) => isRecent(incident, windows, nowMs));
  }

  async posted(): Promise<ReadonlyMap<AlertId, PostedAlert>> {
    return (await this.#remembered()).posted;
  }

  async silences(): Promise<ReadonlyMap<SilenceId, Silence>> {
    return (await this.#remembered()).silences;
  }

  /** What has begun to fire and is no incident yet, by key. */
  async held(): Promise<ReadonlyMap<string, HeldOpening>> {
    return (await this.#remembered()).held;
  }

  /** Of DRILL_WINDOW_MS, oldest first. */
  async drills(): Promise<readonly DrillRun[]> {
    return [...(await this.#remembered()).drills.values()];
  }

  async groups(): Promise<readonly NotificationGroup[]> {
    return [...(await this.#remembered()).groups.values()];
  }

  /** Durable when it resolves. What follows from it for incidents is the next tick's to say. */
  async keepPosted(posted: readonly PostedAlert[]): Promise<void> {
    const memory = await this.#remembered();
    await this.#commit({ incidents: [], deliveries: [], posted });
    for (const alert of posted) memory.posted.set(alert.id, alert);
  }

  /** Saves a change of incidents or silences, and tells whom it concerns. Also without any change: groups have their turns by the clock. */
  async save(change: AlertingChange, nowMs: number): Promise<void> {
    const memory = await this.#remembered();
    const after = afterChange(memory, change);
    const corrected = correctEnds(after, nowMs);
    const grouping = advanceGroups({
      nowMs, routing: this.#ports.routing(), silences: new SilencesInForce([...after.silences.values()], nowMs), groups: memory.groups.values(),
      incidents: [...after.ended.values(), ...after.open.values(), ...drillIncidents(after, change)], transitions: change.transitions,
    });
    const escalation = this.#escalate(after, grouping, nowMs);
    const changes = this.#changesOf({ change: { ...change, incidents: latest([...change.incidents, ...corrected, ...escalation.incidents]) }, grouping: joined(grouping, escalation), after, nowMs });
    if (isSomething(changes)) await this.#commit(changes);
    this.#memory = { ...settled(after, changes), recent: after.recent.filter((incident) => isRecent(incident, this.#ports.windows?.() ?? [], nowMs)) };
    if (changes.deliveries.length > 0) this.#ports.wakeDispatcher();
    this.#askForTurn(nowMs);
  }

  /** Who is called next because nobody takes it. The incidents in `after` are brought up to date. */
  #escalate(after: Memory, grouping: GroupingChange, nowMs: number): EscalationChange {
    const routing = this.#ports.routing();
    const groups = new Map(after.groups);
    for (const group of grouping.removed) groups.delete(groupId(group));
    for (const group of grouping.groups) groups.set(groupId(group), group);
    const view = new AlertView([...after.open.values()], { routing, silences: new SilencesInForce([...after.silences.values()], nowMs), nowMs });
    const escalation = escalate({ nowMs, routing, view, incidents: after.open.values(), groups: [...groups.values()] });
    for (const incident of escalation.incidents) after.open.set(incident.id, incident);
    return escalation;
  }

  async picture(nowMs: number): Promise<AlertingPicture> {
    const { open, ended, groups, silences, posted } = await this.#remembered();
    const routing = this.#ports.routing();
    const incidents = [...ended.values(), ...open.values()];
    const view = new AlertView(incidents, { routing, silences: new SilencesInForce([...silences.values()], nowMs), nowMs });
    return { nowMs, routing, view, groups: [...groups.values()], silences: [...silences.values()], posted };
  }

  #changesOf({ change, grouping, after, nowMs }: { readonly change: AlertingChange; readonly grouping: GroupingChange; readonly after: Memory; readonly nowMs: number }): EvaluationChanges {
    return {
      incidents: change.incidents, deliveries: grouping.deliveries, groups: grouping.groups, removedGroups: grouping.removed, decisions: grouping.decisions,
      posted: change.posted ?? [], removedPosted: donePosted(after, nowMs), silences: change.silences ?? [], drills: change.drills ?? [], held: change.held ?? [], noLongerHeld: change.noLongerHeld ?? [],
      removedSilences: [...after.silences.values()].filter((silence) => silenceState(silence, nowMs - EXPIRED_SILENCE_KEPT_MS) === 'expired').map(({ id }) => id),
      removedDrills: [...after.drills.values()].filter(({ startedAtMs, endedAtMs }) => endedAtMs !== undefined && startedAtMs < nowMs - DRILL_WINDOW_MS).map(({ id }) => id),
    };
  }

  async #commit(changes: EvaluationChanges): Promise<void> {
    try {
      await this.#ports.store.save(changes);
    } catch (error) {
      this.#memory = undefined;
      throw error;
    }
  }

  #askForTurn(nowMs: number): void {
    let nextMs = Infinity;
    for (const { nextFlushMs } of this.#memory?.groups.values() ?? []) nextMs = Math.min(nextMs, nextFlushMs);
    for (const incident of this.#memory?.open.values() ?? []) {
      const stepMs = nextEscalationMs(incident) ?? Infinity;
      // A step that is overdue waits for its hours, or for the end of a silence: ordinary ticks see to that.
      if (stepMs > nowMs) nextMs = Math.min(nextMs, stepMs);
    }
    if (nextMs < Infinity) this.#ports.requestTickAt?.(nextMs);
  }

  async #remembered(): Promise<Memory> {
    if (this.#memory !== undefined) return this.#memory;
    const { openIncidents, endedIncidents, recentlyEnded, groups, posted, silences, drills, held } = await this.#ports.store.loadMemory();
    return this.#memory = {
      open: byId(openIncidents), ended: byId(endedIncidents), recent: recentlyEnded, groups: new Map(groups.map((group) => [groupId(group), group])), posted: byId(posted), silences: byId(silences), drills: byId(drills), held: byKey(held),
    };
  }
}

function byId<Id extends string, T extends { readonly id: Id }>(items: readonly T[]): Map<Id, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function byKey(held: Iterable<HeldOpening>): Map<string, HeldOpening> {
  return new Map([...held].map((each) => [each.key, each]));
}

function heldAfter(known: Memory['held'], { held = [], noLongerHeld = [] }: AlertingChange): Memory['held'] {
  if (held.length + noLongerHeld.length === 0) return known;
  const gone = new Set(noLongerHeld);
  return byKey([...[...known.values()].filter(({ key }) => !gone.has(key)), ...held]);
}

/** The memory as it will be, groups not yet asked. */
function afterChange(memory: Memory, change: AlertingChange): Memory {
  const after: Memory = { ...memory, open: new Map(memory.open), ended: new Map(memory.ended) };
  for (const incident of change.incidents) {
    after.open.delete(incident.id);
    after.ended.delete(incident.id);
    (incident.status === 'resolved' ? after.ended : after.open).set(incident.id, incident);
  }
  const changed = new Set(change.incidents.map(({ id }) => id));
  return {
    ...after, recent: [...memory.recent.filter(({ id }) => !changed.has(id)), ...change.incidents.filter(({ status }) => status === 'resolved')], posted: withAll(memory.posted, change.posted ?? []), silences: withAll(memory.silences, change.silences ?? []), drills: withAll(memory.drills, change.drills ?? []), held: heldAfter(memory.held, change),
  };
}

function withAll<Id extends string, T extends { readonly id: Id }>(known: Map<Id, T>, changed: readonly T[]): Map<Id, T> {
  return changed.length === 0 ? known : new Map([...known, ...byId<Id, T>(changed)]);
}

/** What drills tell of: the incident of each that is under way, or that has just ended. */
function drillIncidents({ drills }: Memory, { drills: changed = [] }: AlertingChange): Incident[] {
  const told = new Set(changed.map(({ id }) => id));
  return [...drills.values()].filter(({ id, endedAtMs }) => endedAtMs === undefined || told.has(id)).map(drillIncident);
}

/** Posted alerts that are over, that no open incident has, and that nobody is still to be told of. */
function donePosted({ posted, open, ended }: Memory, nowMs: number): AlertId[] {
  const over = [...posted.values()].filter((alert) => isOver(alert, nowMs));
  if (over.length === 0) return [];
  const known = new Set([...open.values(), ...ended.values()].flatMap(({ alerts }) => alerts.map(({ id }) => id)));
  return over.filter(({ id }) => !known.has(id)).map(({ id }) => id);
}

/** An end that is posted again, later, before its group told of it: the later one is told. */
function correctEnds({ posted, ended }: Memory, nowMs: number): Incident[] {
  const corrected: Incident[] = [];
  for (const incident of ended.values()) {
    const alerts = incident.alerts.map((alert) => {
      const again = posted.get(alert.id);
      if (again === undefined || alert.status !== 'resolved' || !isOver(again, nowMs) || again.endsAtMs <= (alert.endsAtMs ?? 0)) return alert;
      return { ...alert, endsAtMs: again.endsAtMs, annotations: again.annotations, updatedAtMs: nowMs };
    });
    if (alerts.every((alert, index) => alert === incident.alerts[index])) continue;
    const next = { ...incident, alerts };
    corrected.push(next);
    ended.set(next.id, next);
  }
  return corrected;
}

function settled(after: Memory, changes: EvaluationChanges): Omit<Memory, 'recent'> {
  const groups = new Map(after.groups);
  for (const group of changes.removedGroups ?? []) groups.delete(groupId(group));
  for (const group of changes.groups ?? []) groups.set(groupId(group), group);
  const posted = new Map(after.posted);
  for (const id of changes.removedPosted ?? []) posted.delete(id);
  const silences = new Map(after.silences);
  for (const id of changes.removedSilences ?? []) silences.delete(id);
  const drills = new Map(after.drills);
  for (const id of changes.removedDrills ?? []) drills.delete(id);
  const awaited = new Set([...groups.values()].flatMap(({ members }) => Object.values(members)));
  return { open: after.open, ended: new Map([...after.ended].filter(([id]) => awaited.has(id))), groups, posted, silences, drills, held: after.held };
}

/** The last version of each. */
function latest(incidents: readonly Incident[]): Incident[] {
  return [...byId(incidents).values()];
}

function joined(grouping: GroupingChange, escalation: EscalationChange): GroupingChange {
  const groups = new Map([...grouping.groups, ...escalation.groups].map((group) => [groupId(group), group]));
  return {
    groups: [...groups.values()], removed: grouping.removed,
    deliveries: [...grouping.deliveries, ...escalation.deliveries], decisions: [...grouping.decisions, ...escalation.decisions],
  };
}

function isSomething({ incidents, deliveries, groups = [], removedGroups = [], decisions = [], posted = [], removedPosted = [], silences = [], removedSilences = [], drills = [], removedDrills = [], held = [], noLongerHeld = [] }: EvaluationChanges): boolean {
  return [incidents, deliveries, groups, removedGroups, decisions, posted, removedPosted, silences, removedSilences, drills, removedDrills, held, noLongerHeld].some((list) => list.length > 0);
}
