import { SEVERITY_RANK } from '../budget/slo-status.js';
import type { IncidentChange } from './advance.js';
import type { Cause } from './cause.js';
import type { Incident, Transition } from './incident.js';
import { join, merge } from './join-incidents.js';

/** Port: says what shows that two incidents have one cause; undefined where nothing does. A pure function of what the incidents keep. */
export type CauseFinder = (joining: Incident, open: Incident) => Cause | undefined;

export interface CauseInput {
  readonly change: IncidentChange;
  /** Every incident that is not resolved, as before the change. */
  readonly openIncidents: readonly Incident[];
  /** The first that finds a cause has it. */
  readonly finders: readonly CauseFinder[];
  readonly nowMs: number;
}

/**
 * The change with incidents of one cause made one: what would open joins what is open, and of what was opened apart, before there was proof,
 * the worse goes on, so that one who was paged is not paged again; of equally bad ones the older. What nobody can explain stays as it is, and pages on its own.
 */
export function groupByCause(input: CauseInput): IncidentChange {
  const known = new Map(input.openIncidents.map(({ id, evidence }) => [id, evidence?.takenAtMs]));
  // What is found beside the ticks was taken a while before it is attached. What opens without proof may be about an error that others show.
  const isNew = ({ id, evidence }: Incident): boolean => evidence?.takenAtMs === input.nowMs || (known.has(id) ? evidence?.takenAtMs !== known.get(id) : evidence === undefined);
  const proven = input.change.incidents.filter((incident) => incident.status !== 'resolved' && isNew(incident));
  if (proven.length === 0) return input.change;
  const grouping = new Grouping(input);
  for (const incident of proven.toSorted(leadsFirst)) grouping.place(incident);
  return grouping.change();
}

/** Told first: the worst, then what burns a budget, then what fails by itself before what only suffers from it. */
function leadsFirst(left: Incident, right: Incident): number {
  return SEVERITY_RANK[right.severity] - SEVERITY_RANK[left.severity] || Number(burns(right)) - Number(burns(left)) || Number(isOwnFault(right)) - Number(isOwnFault(left));
}

function goesOnBefore(left: Incident, right: Incident): boolean {
  const worse = SEVERITY_RANK[left.severity] - SEVERITY_RANK[right.severity];
  return worse > 0 || (worse === 0 && left.startedAtMs <= right.startedAtMs);
}

function burns({ alerts }: Incident): boolean {
  return alerts.some(({ reading }) => reading !== undefined);
}

function isOwnFault({ evidence, alerts }: Incident): boolean {
  return evidence?.origins?.[0]?.service === alerts[0]?.labels['service'];
}

class Grouping {
  readonly #input: CauseInput;
  readonly #known: ReadonlySet<string>;
  /** As they stand now, the oldest first; those that would open are among them once they were placed. */
  readonly #open: Map<string, Incident>;
  readonly #incidents: Map<string, Incident>;
  #transitions: readonly Transition[];

  constructor(input: CauseInput) {
    this.#input = input;
    this.#known = new Set(input.openIncidents.map(({ id }) => id));
    this.#incidents = new Map(input.change.incidents.map((incident) => [incident.id, incident]));
    this.#transitions = input.change.transitions;
    const oldestFirst = input.openIncidents.toSorted((left, right) => left.startedAtMs - right.startedAtMs);
    this.#open = new Map(oldestFirst.map(({ id, ...incident }) => [id, this.#incidents.get(id) ?? { id, ...incident }]));
  }

  place(incident: Incident): void {
    const current = this.#incidents.get(incident.id);
    if (current === undefined || current.status === 'resolved') return;
    const found = this.#find(current);
    if (found === undefined) this.#open.set(current.id, current);
    else if (!this.#known.has(current.id)) this.#joinTo(found.other, current, found.cause);
    else if (goesOnBefore(found.other, current)) this.#merge(found.other, current, found.cause);
    else this.#merge(current, found.other, found.cause);
  }

  change(): IncidentChange {
    return { incidents: [...this.#incidents.values()], transitions: this.#transitions };
  }

  #find(incident: Incident): { readonly other: Incident; readonly cause: Cause } | undefined {
    for (const other of this.#open.values()) {
      if (other.id === incident.id || other.status === 'resolved') continue;
      for (const find of this.#input.finders) {
        const cause = find(incident, other);
        if (cause !== undefined) return { other, cause };
      }
    }
    return undefined;
  }

  /** It was never told: nobody needs to hear of an incident that is part of another. */
  #joinTo(target: Incident, source: Incident, cause: Cause): void {
    const { incident, transition } = join(target, source, { cause, actor: 'tocsin', nowMs: this.#input.nowMs, from: undefined });
    const received = this.#transitions.find((each) => each.incident.id === source.id)?.breachReceivedAtMs;
    this.#incidents.delete(source.id);
    this.#transitions = this.#transitions.filter((each) => each.incident.id !== source.id);
    this.#take(incident, { ...transition, ...(received === undefined || transition.kind !== 'upgraded' ? {} : { breachReceivedAtMs: received }) });
  }

  #merge(target: Incident, source: Incident, cause: Cause): void {
    const { incidents: [ended, incident], transitions: [end, news] } = merge(target, source, { cause, actor: 'tocsin', nowMs: this.#input.nowMs });
    if (ended === undefined || incident === undefined || end === undefined || news === undefined) return;
    this.#open.delete(ended.id);
    this.#incidents.set(ended.id, ended);
    this.#transitions = [...this.#transitions.filter((each) => each.incident.id !== ended.id), end];
    this.#take(incident, news);
  }

  /** What is told of it from now on tells of it as it is now; a page that opens at this moment need not say that it has changed. */
  #take(incident: Incident, news: Transition): void {
    this.#open.set(incident.id, incident);
    this.#incidents.set(incident.id, incident);
    const told = this.#transitions.filter((each) => each.incident.id === incident.id);
    const opens = told.some(({ kind }) => kind === 'opened');
    this.#transitions = [...this.#transitions.map((each) => (each.incident.id === incident.id ? { ...each, incident } : each)), ...(opens ? [] : [news])];
  }
}
