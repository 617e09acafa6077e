import type { IncidentId } from '../lib/ids.js';
import type { Incident } from './incident.js';
import { INCIDENT_LIST_MAX, type IncidentFilter, type IncidentReader } from './incident-reader.js';

/** Incidents in memory: what the memory store writes is what this reads. */
export class MemoryIncidentTable implements IncidentReader {
  readonly #byId = new Map<IncidentId, Incident>();

  /** All or nothing. Throws when a key would have two incidents that are not resolved. */
  replace(incidents: readonly Incident[]): void {
    const after = new Map([...this.#byId, ...incidents.map((incident) => [incident.id, incident] as const)]);
    const open = new Set<string>();
    for (const { key, status } of after.values()) {
      if (status === 'resolved') continue;
      if (open.has(key)) throw new Error(`an incident is open already for ${key}`);
      open.add(key);
    }
    for (const incident of incidents) this.#byId.set(incident.id, incident);
  }

  async byId(id: IncidentId): Promise<Incident | undefined> {
    return Promise.resolve(this.#byId.get(id));
  }

  /** Those that are not resolved, oldest first. */
  open(): Incident[] {
    return [...this.#byId.values()].filter((incident) => incident.status !== 'resolved').sort((left, right) => left.startedAtMs - right.startedAtMs || (left.id < right.id ? -1 : 1));
  }

  /** Those that ended so long before the last end or later, the youngest end last. */
  recentlyEnded(withinMs: number): Incident[] {
    const ended = [...this.#byId.values()].filter((incident): incident is Incident & { readonly endedAtMs: number } => incident.status === 'resolved' && incident.endedAtMs !== undefined);
    const lastMs = ended.reduce((last, { endedAtMs }) => Math.max(last, endedAtMs), 0);
    return ended.filter(({ endedAtMs }) => endedAtMs >= lastMs - withinMs).sort((left, right) => left.endedAtMs - right.endedAtMs || (left.id < right.id ? -1 : 1));
  }

  async list(filter: IncidentFilter): Promise<readonly Incident[]> {
    const wanted = [...this.#byId.values()].filter((incident) => filter.status === undefined || filter.status.length === 0 || filter.status.includes(incident.status));
    wanted.sort((left, right) => right.startedAtMs - left.startedAtMs || (left.id < right.id ? 1 : -1));
    return Promise.resolve(wanted.slice(0, Math.min(filter.limit, INCIDENT_LIST_MAX)));
  }
}
