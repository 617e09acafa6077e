import type { Finding } from './finding.js';
import { medoid, pathDifference, shapeOf, type Shape } from './medoid.js';
import { usualLimit } from './usual-limit.js';
import { weightOf } from './suspect.js';

/** Failures of one error whose paths have half or more in common show the same: another is one that waits for a database before it is refused. */
const SAME_PATH = 0.5;
/** Where paths scatter, it takes so many deviations more than is usual among them. */
const USUAL_DEVIATIONS = 3;
/** More paths than this of one error are scattered: what is left is one kind. */
const KINDS_OF_ONE_ERROR = 10;

/** Bad events that show the same thing. */
export interface FailureKind {
  /** In time order. */
  readonly members: readonly Shape[];
  /** The weight of its members. */
  readonly weight: number;
  /** All events with the same error, or the same slow place, in whatever kind. */
  readonly alike: number;
}

/**
 * Parts the bad events into kinds; each is in one. `clusters` are those of equal key, the heaviest first and each in time order: its kinds come together,
 * the heaviest first. In each the path of every member is near that of the most typical of what was left: half the same, or no further off than is usual for them,
 for the time of a request of a few milliseconds goes now here, now there.
 */
export function failureKinds(clusters: readonly (readonly Finding[])[]): readonly FailureKind[] {
  return clusters.flatMap((cluster) => {
    const kinds: FailureKind[] = [];
    for (let rest: readonly Shape[] = cluster.map(shapeOf); rest.length > 0;) {
      const typical = medoid(rest)!;
      const members = kinds.length + 1 === KINDS_OF_ONE_ERROR ? rest : membersAround(typical, rest);
      kinds.push({ members, weight: weightOf(members.map(({ finding }) => finding)), alike: cluster.length });
      rest = rest.filter((shape) => !members.includes(shape));
    }
    return kinds.sort((left, right) => right.weight - left.weight);
  });
}

function membersAround(typical: Shape, rest: readonly Shape[]): readonly Shape[] {
  const reach = Math.max(SAME_PATH, usualLimit(rest.map((shape) => pathDifference(shape, typical)), USUAL_DEVIATIONS));
  return rest.filter((shape) => shape.finding.kind === 'slow' || pathDifference(shape, typical) <= reach);
}

/** The same error at the same place after the same way. Of slow requests the place is where their time went: how much of it there was makes no other kind. */
export function showsTheSame(left: Shape, right: Shape): boolean {
  return left.finding.key === right.finding.key && (left.finding.kind === 'slow' || pathDifference(left, right) <= SAME_PATH);
}
