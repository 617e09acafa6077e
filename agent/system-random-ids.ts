import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8_192;
const SPAN_BYTES = 8;
const TRACE_BYTES = 16;
const NO_SPAN = '00'.repeat(SPAN_BYTES);
const NO_TRACE = '00'.repeat(TRACE_BYTES);

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Each id is a text of its own: a part of a long one would keep all of it in memory, for as long as the request is open that it names. */
function take(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** 16 hexadecimal digits, never all zero. */
export function newSpanId(): string {
  const id = take(SPAN_BYTES);
  return id === NO_SPAN ? newSpanId() : id;
}

/** 32 hexadecimal digits, never all zero. */
export function newTraceId(): string {
  const id = take(TRACE_BYTES);
  return id === NO_TRACE ? newTraceId() : id;
}
