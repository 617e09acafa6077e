import type { Observation } from './observe.js';
import { placeName } from './observe.js';
import type { Visit } from './visit.js';

/** A call path must have been seen in so many traces of the baseline to be compared with itself; else the path is shortened from its root. */
export const MIN_TRACES = 5;

/** All visits of one trace to one place by one call path: what one request saw of it. */
export interface Unit {
  readonly traceId: string;
  readonly observations: readonly Observation[];
}

/** Requests that can be compared: the same place, reached by the same calls. */
export interface Stratum {
  readonly service: string;
  readonly operation: string;
  readonly caller: string | undefined;
  /** From the place towards the root. */
  readonly path: readonly string[];
  readonly baseline: readonly Unit[];
  readonly incident: readonly Unit[];
}

export interface Comparison {
  readonly baseline: readonly Observation[];
  readonly incident: readonly Observation[];
}

export interface StrataOptions {
  /** Only the whole path counts: what a place does depends on what it is asked. */
  readonly wholePaths: boolean;
  /** Requests that failed are compared with such that failed, the others with the others. */
  readonly byOutcome: boolean;
}

export function strataOf({ baseline, incident }: Comparison, { wholePaths, byOutcome }: StrataOptions): readonly Stratum[] {
  const paths = rememberedPaths(routersOf({ baseline, incident }));
  const split = (observation: Observation): string => (byOutcome ? String(observation.failed) : '');
  const seen = new Map<string, Map<string, Observation[]>>();
  for (const observation of baseline) {
    const path = paths(observation.visit);
    for (let length = 1; length <= path.length; length += 1) put(seen, [keyOf(path, length, split(observation)), observation]);
  }
  const asked = new Map<string, { readonly path: readonly string[]; readonly units: Map<string, Observation[]> }>();
  for (const observation of incident) {
    const path = paths(observation.visit);
    const outcome = split(observation);
    let length = path.length;
    while (!wholePaths && length > 1 && (seen.get(keyOf(path, length, outcome))?.size ?? 0) < MIN_TRACES) length -= 1;
    const key = keyOf(path, length, outcome);
    const entry = asked.get(key) ?? { path: path.slice(0, length), units: new Map<string, Observation[]>() };
    asked.set(key, entry);
    push(entry.units, observation);
  }
  return [...asked].map(([key, { path, units }]) => {
    const { service, operation, caller } = [...units.values()][0]![0]!.visit;
    return { service, operation, caller, path, baseline: unitsOf(seen.get(key) ?? new Map<string, Observation[]>()), incident: unitsOf(units) };
  });
}

function unitsOf(units: ReadonlyMap<string, readonly Observation[]>): readonly Unit[] {
  return [...units].map(([traceId, observations]) => ({ traceId, observations }));
}

function put(seen: Map<string, Map<string, Observation[]>>, [key, observation]: readonly [string, Observation]): void {
  const units = seen.get(key) ?? new Map<string, Observation[]>();
  seen.set(key, units);
  push(units, observation);
}

function push(units: Map<string, Observation[]>, observation: Observation): void {
  const { traceId } = observation.visit;
  const own = units.get(traceId);
  if (own === undefined) units.set(traceId, [observation]);
  else own.push(observation);
}

function keyOf(path: readonly string[], length: number, outcome: string): string {
  return `${outcome}\u0000${path.slice(0, length).join('\u0000')}`;
}

/**
 * Places that call different others but never more than one in a visit: gateways. Where a request goes from there is the
 * request's choice, so each way is a place of its own. What users ask for may be new in the incident; a place that is called by others
 * and now calls another than in the baseline has changed.
 */
function routersOf({ baseline, incident }: Comparison): ReadonlySet<string> {
  const callees = new Map<string, Set<string>>();
  const others = new Set<string>();
  for (const { visit } of [...baseline, ...incident]) if (visit.children.length > 1) others.add(placeName(visit));
  for (const { visit } of [...baseline, ...incident.filter((each) => each.visit.parent === undefined)]) {
    const name = placeName(visit);
    const known = callees.get(name) ?? new Set<string>();
    callees.set(name, known);
    for (const child of visit.children) known.add(placeName(child));
  }
  return new Set([...callees].filter(([name, known]) => known.size > 1 && !others.has(name)).map(([name]) => name));
}

function rememberedPaths(routers: ReadonlySet<string>): (visit: Visit) => readonly string[] {
  const remembered = new Map<Visit, readonly string[]>();
  const pathOf = (visit: Visit): readonly string[] => {
    const known = remembered.get(visit);
    if (known !== undefined) return known;
    const name = placeName(visit);
    const callee = routers.has(name) ? visit.children[0] : undefined;
    const path = [callee === undefined ? name : `${name} → ${placeName(callee)}`, ...(visit.parent === undefined ? [] : pathOf(visit.parent))];
    remembered.set(visit, path);
    return path;
  };
  return pathOf;
}
