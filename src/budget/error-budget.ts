/** The share of events that may be bad: 0.001 for 0.999, without the noise of binary fractions (1 - 0.999 is 0.0010000000000000009). */
export function allowedRatio(target: number): number {
  return Math.round((1 - target) * 1e12) / 1e12;
}
