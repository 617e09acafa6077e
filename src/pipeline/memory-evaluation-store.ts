import type { HeldOpening } from '../incident/held-opening.js';
import { WINDOW_MAX_MS } from '../config/incident-window.js';
import type { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import type { PostedAlert } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import type { DrillRun } from '../notify/drill.js';
import type { MemoryOutbox } from '../notify/memory-outbox.js';
import { groupId, type Decision, type NotificationGroup } from '../notify/notification-group.js';
import type { AlertingMemory, EvaluationChanges, EvaluationStore } from './evaluation-store.js';

/** Outlives the engine that it is handed to, as a file would. */
export class MemoryEvaluationStore implements EvaluationStore {
  readonly decisions: Decision[] = [];
  readonly #incidents: MemoryIncidentTable;
  readonly #outbox: MemoryOutbox;
  readonly #groups = new Map<string, NotificationGroup>();
  readonly #posted = new Map<string, PostedAlert>();
  readonly #silences = new Map<string, Silence>();
  readonly #drills = new Map<string, DrillRun>();
  readonly #held = new Map<string, HeldOpening>();

  constructor(incidents: MemoryIncidentTable, outbox: MemoryOutbox) {
    this.#incidents = incidents;
    this.#outbox = outbox;
  }

  async loadMemory(): Promise<AlertingMemory> {
    const openIncidents = this.#incidents.open();
    const open = new Set(openIncidents.map(({ id }) => id));
    const groups = [...this.#groups.values()];
    const ended = [...new Set(groups.flatMap(({ members }) => Object.values(members)))].filter((id) => !open.has(id));
    const endedIncidents = (await Promise.all(ended.map((id) => this.#incidents.byId(id)))).filter((incident) => incident !== undefined);
    return { openIncidents, groups, endedIncidents, recentlyEnded: this.#incidents.recentlyEnded(WINDOW_MAX_MS), posted: [...this.#posted.values()], silences: [...this.#silences.values()], drills: [...this.#drills.values()].sort((left, right) => left.startedAtMs - right.startedAtMs), held: [...this.#held.values()] };
  }

  /** The table refuses before anything has changed, so all changes or nothing. */
  async save(changes: EvaluationChanges): Promise<void> {
    this.#incidents.replace(changes.incidents);
    this.#outbox.enqueue(changes.deliveries);
    for (const group of changes.removedGroups ?? []) this.#groups.delete(groupId(group));
    for (const group of changes.groups ?? []) this.#groups.set(groupId(group), group);
    for (const id of changes.removedPosted ?? []) this.#posted.delete(id);
    for (const alert of changes.posted ?? []) this.#posted.set(alert.id, alert);
    for (const id of changes.removedSilences ?? []) this.#silences.delete(id);
    for (const silence of changes.silences ?? []) this.#silences.set(silence.id, silence);
    for (const id of changes.removedDrills ?? []) this.#drills.delete(id);
    for (const run of changes.drills ?? []) this.#drills.set(run.id, run);
    for (const key of changes.noLongerHeld ?? []) this.#held.delete(key);
    for (const held of changes.held ?? []) this.#held.set(held.key, held);
    this.decisions.push(...(changes.decisions ?? []));
    return Promise.resolve();
  }
}
