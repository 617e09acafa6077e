import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8_192;
const SPAN_DIGITS = 16;
const TRACE_DIGITS = 32;
const NO_SPAN = '0'.repeat(SPAN_DIGITS);
const NO_TRACE = '0'.repeat(TRACE_DIGITS);

const pool = Buffer.alloc(POOL_BYTES);
let digits = '';
let used = 0;

/** Random hexadecimal digits: parts of a long text, because making one for each id takes longer. */
function take(count: number): string {
  if (used + count > digits.length) {
    randomFillSync(pool);
    digits = pool.toString('hex');
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}

/** 16 hexadecimal digits, never all zero. */
export function newSpanId(): string {
  const id = take(SPAN_DIGITS);
  return id === NO_SPAN ? newSpanId() : id;
}

/** 32 hexadecimal digits, never all zero. */
export function newTraceId(): string {
  const id = take(TRACE_DIGITS);
  return id === NO_TRACE ? newTraceId() : id;
}
