import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration.js';

/** `99.95 %`, `0.1 %`, `71 %`: as many digits as carry news, never `99.94999999`. */
export function formatPercent(ratio: number, digits = 2): string {
  return `${trimZeros((ratio * 100).toFixed(digits))} %`;
}

/** A span of time for people: `45 s`, `12 min`, `3.5 h`, `24 h`, `3 days`. Where a clock was set back between its ends it is none: `0 s`. */
export function formatSpan(durationMs: number): string {
  const size = Math.max(0, durationMs);
  if (size < MINUTE_MS) return `${Math.round(size / SECOND_MS)} s`;
  if (size < 2 * HOUR_MS) return `${Math.round(size / MINUTE_MS)} min`;
  if (size < 2 * DAY_MS) return `${trimZeros((size / HOUR_MS).toFixed(size < 10 * HOUR_MS ? 1 : 0))} h`;
  return `${trimZeros((size / DAY_MS).toFixed(size < 10 * DAY_MS ? 1 : 0))} days`;
}

/** Nanoseconds of each unit, and from how many of them on it is used. */
const LATENCY_UNITS = [['days', DAY_MS * 1e6, 2], ['h', HOUR_MS * 1e6, 2], ['min', MINUTE_MS * 1e6, 2], ['s', 1e9, 1], ['ms', 1e6, 1], ['µs', 1e3, 1]] as const;

/** A latency for people: `830 µs`, `12 ms`, `1.25 s`, `7.5 min`, `5 h`. */
export function formatLatency(durationNs: number): string {
  const unit = LATENCY_UNITS.find(([, ns, from]) => durationNs >= ns * from);
  return unit === undefined ? `${Math.round(durationNs)} ns` : `${threeDigits(durationNs / unit[1])} ${unit[0]}`;
}

/** `21x`, `14.4x`, `0.3x`. */
export function formatBurn(burnRate: number): string {
  const digits = burnRate >= 100 ? 0 : burnRate >= 10 ? 1 : 2;
  return `${trimZeros(burnRate.toFixed(digits))}x`;
}

/** `2026-11-20 03:04:05 UTC`. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1.25`, `12.5`, `999`, `1000`: never an exponent. */
function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `server` → `Server`. */
export function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
