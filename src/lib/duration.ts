import { err, ok, type Result } from './result.js';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const PATTERN = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/;

/**
 * Reads `5m`, `1h30m`, `250ms`, `30d`, `4w`. Returns milliseconds.
 * A bare number is an error: nobody should have to guess its unit.
 */
export function parseDuration(text: string): Result<number, string> {
  if (!PATTERN.test(text)) {
    return err(`"${text}" is not a duration: write a number and a unit, like 30s, 5m, 1h30m or 30d (ms, s, m, h, d, w)`);
  }
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return ok(totalMs);
}

/** The shortest exact form that `parseDuration` reads back: `5m`, `1h30m`, `3d`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = Math.abs(durationMs);
  let text = durationMs < 0 ? '-' : '';
  for (const [unit, unitMs] of [['d', DAY_MS], ['h', HOUR_MS], ['m', MINUTE_MS], ['s', SECOND_MS], ['ms', 1]] as const) {
    const count = unit === 'ms' ? Math.round(rest) : Math.floor(rest / unitMs);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
