import { RouteTable } from './route-template-table.js';
import type { OldNameCounts } from './normalise-row.js';

/** Services that are counted and limited apart; those beyond share one. */
export const MAX_SERVICES = 2_000;
/** Under which services beyond the limit are reported. */
export const OTHER_SERVICES = '(other services)';

/** What normalisation did to the spans of one service since the start. Plain data. */
export interface ServiceHygiene {
  readonly service: string;
  /** How often each old name came, by that name. */
  readonly oldNames: Readonly<Record<string, number>>;
  /** Spans whose route was derived, and those of them beyond a limit on the number of routes. */
  readonly routesDerived: number;
  readonly routesOverLimit: number;
  /** Spans whose name held a path that was templated. */
  readonly namesTemplated: number;
  /** Distinct routes that are known now, of requests and of calls to others. */
  readonly routes: number;
  /** Spans that ended after their receipt by more than the tolerance, and by how much at most. */
  readonly future: number;
  readonly maxAheadMs: number;
  /** Spans that began too long before their receipt. */
  readonly ancient: number;
}

/** The same of all services. */
export interface HygieneTotals {
  readonly oldNames: Readonly<Record<string, number>>;
  readonly routesDerived: number;
  readonly routesOverLimit: number;
  readonly namesTemplated: number;
  readonly future: number;
  readonly ancient: number;
}

export function totalsOf(services: readonly ServiceHygiene[]): HygieneTotals {
  const sum = (of: (service: ServiceHygiene) => number): number => services.reduce((total, service) => total + of(service), 0);
  const oldNames: Record<string, number> = {};
  for (const service of services) for (const [name, count] of Object.entries(service.oldNames)) oldNames[name] = (oldNames[name] ?? 0) + count;
  return {
    oldNames, routesDerived: sum((service) => service.routesDerived), routesOverLimit: sum((service) => service.routesOverLimit),
    namesTemplated: sum((service) => service.namesTemplated), future: sum((service) => service.future), ancient: sum((service) => service.ancient),
  };
}

export class ServiceState {
  readonly service: string;
  readonly oldNames: OldNameCounts;
  readonly server = new RouteTable();
  readonly client = new RouteTable();
  routesDerived = 0;
  routesOverLimit = 0;
  namesTemplated = 0;
  future = 0;
  maxAheadMs = 0;
  ancient = 0;

  constructor(service: string, oldNames: number) {
    this.service = service;
    this.oldNames = new Float64Array(oldNames);
  }

  report(oldNames: readonly string[]): ServiceHygiene {
    const { service, routesDerived, routesOverLimit, namesTemplated, future, maxAheadMs, ancient } = this;
    const seen = oldNames.flatMap((name, index): [string, number][] => ((this.oldNames[index] ?? 0) > 0 ? [[name, this.oldNames[index] ?? 0]] : []));
    return { service, oldNames: Object.fromEntries(seen), routesDerived, routesOverLimit, namesTemplated, routes: this.server.size + this.client.size, future, maxAheadMs, ancient };
  }
}

const MS_PER_DAY = 86_400_000;

/** The services seen so far, at most MAX_SERVICES. */
export class Services {
  readonly #oldNames: readonly string[];
  readonly #maxServices: number;
  readonly #states = new Map<string, ServiceState>();
  #day = -1;

  constructor(oldNames: readonly string[], maxServices = MAX_SERVICES) {
    this.#oldNames = oldNames;
    this.#maxServices = maxServices;
  }

  of(service: string): ServiceState {
    const known = this.#states.get(service);
    if (known !== undefined) return known;
    if (this.#states.size >= this.#maxServices && service !== OTHER_SERVICES) return this.of(OTHER_SERVICES);
    const state = new ServiceState(service, this.#oldNames.length);
    this.#states.set(service, state);
    return state;
  }

  /** Routes that were flooded out yesterday have a chance today (UTC); services within their limits keep theirs. */
  startBatch(receivedAtMs: number): void {
    const day = Math.floor(receivedAtMs / MS_PER_DAY);
    if (day === this.#day) return;
    this.#day = day;
    for (const { server, client } of this.#states.values()) {
      for (const routes of [server, client]) if (routes.isFull) routes.clear();
    }
  }

  report(): ServiceHygiene[] {
    return [...this.#states.values()].map((state) => state.report(this.#oldNames));
  }
}
