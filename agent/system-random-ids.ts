import { randomFillSync } from 'node:crypto';
import type { SpanWords, TraceWords } from './otlp/id.js';

const pool = new Int32Array(2_048);
let used = pool.length;

function word(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 1;
  return pool[used - 1]!;
}

/** Never all zero. */
export function newSpanId(): SpanWords {
  const id = { first: word(), second: word() };
  return (id.first | id.second) === 0 ? newSpanId() : id;
}

/** Never all zero. */
export function newTraceId(): TraceWords {
  const id = { first: word(), second: word(), third: word(), fourth: word() };
  return (id.first | id.second | id.third | id.fourth) === 0 ? newTraceId() : id;
}
