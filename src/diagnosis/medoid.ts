import { operationName } from '../signature/operation.js';
import type { Finding } from './finding.js';

/** Two traces this many times apart in duration are as different as durations can be. */
const FAR_APART = Math.log(10);
/** Which operations take part says more about a trace than how long it took. */
const DURATION_WEIGHT = 0.5;

interface Shape {
  readonly finding: Finding;
  readonly operations: ReadonlySet<string>;
  readonly logDuration: number;
}

/** The one nearest to all others: the most typical of the group. Equal ones in the order they are given. */
export function medoid(findings: readonly Finding[]): Finding | undefined {
  const shapes = findings.map(shapeOf);
  let best: { readonly finding: Finding; readonly distance: number } | undefined;
  for (const shape of shapes) {
    const distance = shapes.reduce((sum, other) => sum + distanceOf(shape, other), 0);
    if (best === undefined || distance < best.distance - 1e-9) best = { finding: shape.finding, distance };
  }
  return best?.finding;
}

function shapeOf(finding: Finding): Shape {
  const operations = new Set(finding.trace.spans.map((span) => `${span.serviceName}\u0000${operationName(span)}`));
  return { finding, operations, logDuration: Math.log(Math.max(1, finding.event.durationNs)) };
}

function distanceOf(left: Shape, right: Shape): number {
  if (left === right) return 0;
  let shared = 0;
  for (const operation of left.operations) if (right.operations.has(operation)) shared += 1;
  const jaccard = 1 - shared / (left.operations.size + right.operations.size - shared);
  return jaccard + DURATION_WEIGHT * Math.min(1, Math.abs(left.logDuration - right.logDuration) / FAR_APART);
}
