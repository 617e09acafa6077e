import { TraceqlFailure } from './traceql-error.js';

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9, d: 86_400e9, w: 604_800e9, y: 31_536_000e9,
};
const UNIT = '(?:ns|us|µs|μs|ms|s|m|h|d|w|y)';
const DURATION = new RegExp(`(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)${UNIT})+(?![A-Za-z0-9_.µμ])`, 'y');
const PART = new RegExp(`(\\d+(?:\\.\\d*)?|\\.\\d+)(${UNIT})`, 'g');

/** A hundred years: still a 64-bit count of nanoseconds. */
const MAX_DURATION_NS = 3_153_600_000e9;

/** `800ms`, `1.5s`, `1m30s` at `start`, in nanoseconds; undefined where there is no duration. */
export function readDuration(text: string, start: number): { readonly value: number; readonly end: number } | undefined {
  DURATION.lastIndex = start;
  const found = DURATION.exec(text)?.[0];
  if (found === undefined) return undefined;
  let totalNs = 0;
  for (const [, amount, unit] of found.matchAll(PART)) totalNs += Number(amount) * (UNIT_NS[unit ?? ''] ?? 0);
  if (totalNs > MAX_DURATION_NS) throw new TraceqlFailure(start, `${found} is longer than a hundred years`, 'write a shorter duration, like 1h');
  return { value: Math.round(totalNs), end: start + found.length };
}

/** The literal that `readDuration` reads back: the largest unit that divides it. */
export function durationText(durationNs: number): string {
  const unit = (['h', 'm', 's', 'ms', 'us'] as const).find((candidate) => durationNs !== 0 && durationNs % (UNIT_NS[candidate] ?? 1) === 0) ?? 'ns';
  return `${BigInt(durationNs) / BigInt(UNIT_NS[unit] ?? 1)}${unit}`;
}
