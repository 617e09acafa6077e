/** `1,234`. */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `12 %`, `0.3 %`, `< 0.1 %`. */
export function percent(part: number, of: number): string {
  const share = of === 0 ? 0 : (part / of) * 100;
  if (share > 0 && share < 0.1) return '< 0.1 %';
  return `${share >= 10 ? share.toFixed(0) : share.toFixed(1)} %`;
}

/** `2026-11-27 14:05 UTC`. */
export function utcMinute(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `14:05 UTC`. */
export function utcClock(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 16)} UTC`;
}
