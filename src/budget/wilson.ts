/** Two-sided 95 %. */
const Z_95 = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson's score interval of a ratio seen among `n` independent events; never outside [0, 1], sane at 0 and 1 (Wilson 1927). */
export function wilsonInterval(ratio: number, n: number, z = Z_95): Interval {
  if (n <= 0) return { low: 0, high: 1 };
  const spread = (z * z) / n;
  const centre = (ratio + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((ratio * (1 - ratio)) / n + spread / (4 * n));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Whether surely more than `limit` of all are so: a few odd ones among few prove nothing. */
export function isShareAbove(count: number, of: number, limit: number): boolean {
  return of > 0 && wilsonInterval(Math.min(1, count / of), of).low > limit;
}
