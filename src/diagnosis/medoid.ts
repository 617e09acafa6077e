import { operationName } from '../signature/operation.js';
import { criticalPath, selfTimes } from './critical-path.js';
import type { Finding } from './finding.js';

/** Two traces this many times apart in duration are as different as durations can be. */
const FAR_APART = Math.log(10);
/** Where the time went says more about a trace than how much of it there was. */
const DURATION_WEIGHT = 0.5;

/** What the request waited for: the share of its critical path by operation. */
export interface Shape {
  readonly finding: Finding;
  /** By service and operation; together 1. */
  readonly shares: ReadonlyMap<string, number>;
  readonly logDuration: number;
}

/** The one nearest to all others, each counting as often as it was sampled: the most typical of the group. Equal ones in the order they are given. */
export function medoid(shapes: readonly Shape[]): Shape | undefined {
  let best: { readonly shape: Shape; readonly distance: number } | undefined;
  for (const shape of shapes) {
    const distance = shapes.reduce((sum, other) => sum + other.finding.event.weight * distanceOf(shape, other), 0);
    if (best === undefined || distance < best.distance - 1e-9) best = { shape, distance };
  }
  return best?.shape;
}

export function shapeOf(finding: Finding): Shape {
  const { event, tree } = finding;
  const node = tree.bySpanId.get(event.spanId);
  const shares = new Map<string, number>();
  for (const [{ span }, ns] of node === undefined ? [] : selfTimes(criticalPath(node))) {
    const operation = `${span.serviceName} ${operationName(span)}`;
    shares.set(operation, (shares.get(operation) ?? 0) + ns / Math.max(1, event.durationNs));
  }
  return { finding, shares, logDuration: Math.log(Math.max(1, event.durationNs)) };
}

/** Half the sum of the differences of the shares: 0 is the same path, 1 no operation in common. */
export function pathDifference(left: Shape, right: Shape): number {
  let difference = 0;
  for (const [operation, share] of left.shares) difference += Math.abs(share - (right.shares.get(operation) ?? 0));
  for (const [operation, share] of right.shares) if (!left.shares.has(operation)) difference += share;
  return difference / 2;
}

/** The difference of the paths, and how far apart the durations are. */
function distanceOf(left: Shape, right: Shape): number {
  return left === right ? 0 : pathDifference(left, right) + DURATION_WEIGHT * Math.min(1, Math.abs(left.logDuration - right.logDuration) / FAR_APART);
}
