import type { Incident } from '../incident/incident.js';
import type { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import type { MemoryOutbox } from '../notify/memory-outbox.js';
import type { EvaluationChanges, EvaluationStore } from './evaluation-store.js';

export class MemoryEvaluationStore implements EvaluationStore {
  readonly #incidents: MemoryIncidentTable;
  readonly #outbox: MemoryOutbox;

  constructor(incidents: MemoryIncidentTable, outbox: MemoryOutbox) {
    this.#incidents = incidents;
    this.#outbox = outbox;
  }

  async loadOpenIncidents(): Promise<readonly Incident[]> {
    return Promise.resolve(this.#incidents.open());
  }

  /** The table refuses before anything has changed, so both change or neither. */
  async save(changes: EvaluationChanges): Promise<void> {
    this.#incidents.replace(changes.incidents);
    this.#outbox.enqueue(changes.deliveries);
    return Promise.resolve();
  }
}
