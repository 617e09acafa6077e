/** `25%` → 0.25; a budget can be overspent, so it may be negative. */
export function parsePercent(text: string): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)\s*%$/.exec(text);
  return match === null ? undefined : Number(match[1]) / 100;
}
