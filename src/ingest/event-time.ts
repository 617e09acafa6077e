/** Unsigned 64-bit nanoseconds from here on do not fit a signed 64-bit integer: the year 2262. */
const INT64_HIGH = 2 ** 31;

/** Whole milliseconds of 64-bit nanoseconds given as two unsigned halves; exact, which a double of the whole is not. */
export function msOfNsHalves(high: number, low: number): number {
  // 2^32 ns are 4294 ms and 967296 ns; the second term stays below 2^53.
  return high * 4_294 + Math.floor((high * 967_296 + low) / 1_000_000);
}

export function fitsInt64(high: number): boolean {
  return high < INT64_HIGH;
}
