import type { Span } from '../trace/span.js';
import { buildTraceTree, type TraceNode } from './trace-tree.js';

/** Below this it is how exactly clocks are read, not how they are set. */
const TOLERATED_NS = 1_000_000n;

export interface ClockShift {
  readonly service: string;
  /** Added to the times of its spans. */
  readonly shiftNs: bigint;
}

export interface AdjustedSpans {
  readonly spans: readonly Span[];
  /** The largest shift of each service whose spans were moved. */
  readonly shifts: readonly ClockShift[];
  /** Spans that were moved, by span id. */
  readonly moved: ReadonlyMap<string, bigint>;
}

/**
 * Spans as they must have been, where two machines' clocks disagree: a server cannot begin before its client asked, nor after the client had
 * its answer. Such a server is put into the middle of its client (Jaeger's rule), and what its process did below it moves along. One that
 * outlasts its client is left alone: the client gave up. So is a consumer: a message may wait.
 */
export function adjustClocks(spans: readonly Span[]): AdjustedSpans {
  const moved = new Map<string, bigint>();
  const shifts = new Map<string, bigint>();
  for (const node of buildTraceTree(spans).preorder) {
    const shift = shiftOf(node, moved);
    if (shift === 0n) continue;
    moved.set(node.span.spanId, shift);
    const largest = shifts.get(node.span.serviceName) ?? 0n;
    if (magnitude(shift) > magnitude(largest)) shifts.set(node.span.serviceName, shift);
  }
  if (moved.size === 0) return { spans, shifts: [], moved };
  const byService = [...shifts].map(([service, shiftNs]): ClockShift => ({ service, shiftNs }));
  return { spans: spans.map((span) => shifted(span, moved.get(span.spanId) ?? 0n)), shifts: byService, moved };
}

function shiftOf({ span, endNs, parent }: TraceNode, moved: ReadonlyMap<string, bigint>): bigint {
  if (parent === undefined) return 0n;
  const ofParent = moved.get(parent.span.spanId) ?? 0n;
  if (parent.span.serviceName === span.serviceName) return ofParent;
  if (span.kind !== 'server' || parent.span.kind !== 'client') return 0n;
  const [from, to] = [parent.span.startNs + ofParent, parent.endNs + ofParent];
  const answered = parent.span.status !== 'error';
  const isPossible = span.startNs >= from - TOLERATED_NS && (span.startNs <= to + TOLERATED_NS || !answered);
  if (isPossible) return 0n;
  const room = to - from - (endNs - span.startNs);
  return from + (room > 0n ? room / 2n : 0n) - span.startNs;
}

function shifted(span: Span, shiftNs: bigint): Span {
  if (shiftNs === 0n) return span;
  return { ...span, startNs: span.startNs + shiftNs, events: span.events.map((event) => ({ ...event, timeNs: event.timeNs + shiftNs })) };
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
