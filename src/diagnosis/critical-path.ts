import { ascending } from '../lib/compare.js';
import type { TraceNode } from './trace-tree.js';

/** A stretch of time in which the whole request waited for this span and for nothing below it. */
export interface PathSegment {
  readonly node: TraceNode;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

interface Visit {
  readonly node: TraceNode;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/**
 * Which span the request was waiting for, at every moment from its start to its end (Jaeger's rules): from the end back to the child
 * that finished last, through it, then on from its start. Children outside their parent are cut to it; a consumer does not block
 * its producer. Segments are in time order, do not overlap and cover the whole of `root`.
 */
export function criticalPath(root: TraceNode): readonly PathSegment[] {
  const segments: PathSegment[] = [];
  const visits: Visit[] = [{ node: root, startNs: root.span.startNs, endNs: root.endNs }];
  for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
    let cursor = visit.endNs;
    for (const child of blockingChildren(visit)) {
      if (child.endNs > cursor) continue;
      pushSegment(segments, visit.node, [child.endNs, cursor]);
      visits.push(child);
      cursor = child.startNs;
    }
    pushSegment(segments, visit.node, [visit.startNs, cursor]);
  }
  return segments.sort((left, right) => ascending(left.startNs, right.startNs));
}

/** Time of the critical path by node, in nanoseconds. */
export function selfTimes(segments: readonly PathSegment[]): ReadonlyMap<TraceNode, number> {
  const times = new Map<TraceNode, number>();
  for (const { node, startNs, endNs } of segments) times.set(node, (times.get(node) ?? 0) + Number(endNs - startNs));
  return times;
}

/** Children cut to their parent's time, the last to finish first. */
function blockingChildren({ node, startNs, endNs }: Visit): Visit[] {
  const inside: Visit[] = [];
  for (const child of node.children) {
    if (node.span.kind === 'producer' && child.span.kind === 'consumer') continue;
    const start = child.span.startNs > startNs ? child.span.startNs : startNs;
    const end = child.endNs < endNs ? child.endNs : endNs;
    if (start < end) inside.push({ node: child, startNs: start, endNs: end });
  }
  return inside.sort((left, right) => (left.endNs > right.endNs ? -1 : left.endNs < right.endNs ? 1 : left.startNs < right.startNs ? -1 : 1));
}

function pushSegment(segments: PathSegment[], node: TraceNode, [startNs, endNs]: readonly [bigint, bigint]): void {
  if (startNs < endNs) segments.push({ node, startNs, endNs });
}
