/** Routes of one service that are kept apart. */
export const MAX_ROUTES = 200;
/** Of these, so many may differ in one place below the first: names and slugs do not look like ids, but there is no end of them. */
export const MAX_ROUTES_PER_PLACE = 64;
/** What further routes are called. */
export const OTHER_ROUTE = '/*';

/**
 * The routes of one service, limited. Routes are taken as they come: a place that has too many (`/articles/first-steps`, `/articles/our-team`, …)
 * gives `/articles/*` for new ones, and a service that has too many in all gives the route of everything else. Only here does the
 * order of arrival matter.
 */
export class RouteTable {
  readonly #maxRoutes: number;
  readonly #maxPerPlace: number;
  readonly #routes = new Set<string>();
  /** Beginnings of known routes, and how many different ones go on from each. */
  readonly #places = new Map<string, number>();
  #isFull = false;

  constructor({ maxRoutes = MAX_ROUTES, maxPerPlace = MAX_ROUTES_PER_PLACE }: { readonly maxRoutes?: number; readonly maxPerPlace?: number } = {}) {
    this.#maxRoutes = maxRoutes;
    this.#maxPerPlace = maxPerPlace;
  }

  get size(): number {
    return this.#routes.size;
  }

  /** Whether a limit was ever met. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The route itself, or the one it falls under. With `mayClaim` false a route that is not known takes no place: nobody knows whether it exists. */
  admit(route: string, mayClaim: boolean): string {
    if (this.#routes.has(route)) return route;
    const admitted = this.#withinPlace(route);
    if (admitted !== route) this.#isFull = true;
    if (this.#routes.has(admitted)) return admitted;
    if (!mayClaim) return OTHER_ROUTE;
    if (this.#routes.size >= this.#maxRoutes) {
      this.#isFull = true;
      return OTHER_ROUTE;
    }
    this.#claim(admitted);
    return admitted;
  }

  clear(): void {
    this.#routes.clear();
    this.#places.clear();
    this.#isFull = false;
  }

  #withinPlace(route: string): string {
    for (let start = 0; ; ) {
      const end = endOfSegment(route, start);
      const parent = route.slice(0, start);
      if (!this.#places.has(route.slice(0, end))) {
        const isLimited = start > 0 && route[start + 1] !== '{';
        return isLimited && (this.#places.get(parent) ?? 0) >= this.#maxPerPlace ? `${parent}/*` : route;
      }
      if (end === route.length) return route;
      start = end;
    }
  }

  #claim(route: string): void {
    this.#routes.add(route);
    for (let start = 0; start < route.length; ) {
      const end = endOfSegment(route, start);
      const place = route.slice(0, end);
      if (!this.#places.has(place)) {
        this.#places.set(place, 0);
        const parent = route.slice(0, start);
        this.#places.set(parent, (this.#places.get(parent) ?? 0) + 1);
      }
      start = end;
    }
  }
}

/** End of the segment whose slash is at `start`. */
function endOfSegment(route: string, start: number): number {
  const next = route.indexOf('/', start + 1);
  return next === -1 ? route.length : next;
}
