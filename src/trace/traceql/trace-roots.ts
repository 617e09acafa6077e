import { hexOf } from '../../lib/ids.js';
import type { SpanBatch } from '../span-batch.js';

const ROOTS = new WeakMap<SpanBatch, ReadonlyMap<string, number>>();

/**
 * Row of the root of the row's trace within the batch; undefined where the batch does not hold it, which is common: a service only sends its own
 * spans. Of several spans without parent the earliest is the root, then the one with the smallest id.
 */
export function rootRowOf(batch: SpanBatch, row: number): number | undefined {
  let roots = ROOTS.get(batch);
  if (roots === undefined) {
    roots = findRoots(batch);
    ROOTS.set(batch, roots);
  }
  return roots.get(traceKey(batch, row));
}

function findRoots(batch: SpanBatch): ReadonlyMap<string, number> {
  const roots = new Map<string, number>();
  for (let row = 0; row < batch.count; row += 1) {
    if (!isRoot(batch, row)) continue;
    const key = traceKey(batch, row);
    const known = roots.get(key);
    if (known === undefined || precedes(batch, row, known)) roots.set(key, row);
  }
  return roots;
}

function isRoot(batch: SpanBatch, row: number): boolean {
  for (let index = row * 8; index < row * 8 + 8; index += 1) {
    if (batch.parentSpanIds[index] !== 0) return false;
  }
  return true;
}

function precedes(batch: SpanBatch, row: number, other: number): boolean {
  const start = batch.startNs[row] ?? 0n;
  const otherStart = batch.startNs[other] ?? 0n;
  if (start !== otherStart) return start < otherStart;
  return hexOf(batch.spanIds, row * 8, 8) < hexOf(batch.spanIds, other * 8, 8);
}

function traceKey(batch: SpanBatch, row: number): string {
  return hexOf(batch.traceIds, row * 16, 16);
}
