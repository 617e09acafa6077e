import { ascending } from '../lib/compare.js';
import type { Span } from './span.js';

/** By start, then trace id, then span id. */
export function compareSpans(left: Span, right: Span): number {
  return ascending(left.startNs, right.startNs) || ascending<string>(left.traceId, right.traceId) || ascending<string>(left.spanId, right.spanId);
}
