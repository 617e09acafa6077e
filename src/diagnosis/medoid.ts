import { operationName } from '../signature/operation.js';
import { criticalPath, selfTimes } from './critical-path.js';
import type { Finding } from './finding.js';

/** Two traces this many times apart in duration are as different as durations can be. */
const FAR_APART = Math.log(10);
/** Where the time went says more about a trace than how much of it there was. */
const DURATION_WEIGHT = 0.5;

/** What the request waited for: the share of its critical path by operation. */
interface Shape {
  readonly finding: Finding;
  readonly shares: ReadonlyMap<string, number>;
  readonly logDuration: number;
}

/** The one nearest to all others, each counting as often as it was sampled: the most typical of the group. Equal ones in the order they are given. */
export function medoid(findings: readonly Finding[]): Finding | undefined {
  const shapes = findings.map(shapeOf);
  let best: { readonly finding: Finding; readonly distance: number } | undefined;
  for (const shape of shapes) {
    const distance = shapes.reduce((sum, other) => sum + other.finding.event.weight * distanceOf(shape, other), 0);
    if (best === undefined || distance < best.distance - 1e-9) best = { finding: shape.finding, distance };
  }
  return best?.finding;
}

function shapeOf(finding: Finding): Shape {
  const { event, tree } = finding;
  const node = tree.bySpanId.get(event.spanId);
  const shares = new Map<string, number>();
  for (const [{ span }, ns] of node === undefined ? [] : selfTimes(criticalPath(node))) {
    const operation = `${span.serviceName}\u0000${operationName(span)}`;
    shares.set(operation, (shares.get(operation) ?? 0) + ns / Math.max(1, event.durationNs));
  }
  return { finding, shares, logDuration: Math.log(Math.max(1, event.durationNs)) };
}

/** Half the sum of the differences of the shares (0: the same path, 1: no operation in common), and how far apart the durations are. */
function distanceOf(left: Shape, right: Shape): number {
  if (left === right) return 0;
  let difference = 0;
  for (const operation of new Set([...left.shares.keys(), ...right.shares.keys()])) difference += Math.abs((left.shares.get(operation) ?? 0) - (right.shares.get(operation) ?? 0));
  return difference / 2 + DURATION_WEIGHT * Math.min(1, Math.abs(left.logDuration - right.logDuration) / FAR_APART);
}
