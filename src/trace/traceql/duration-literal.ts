import { TraceqlFailure } from './traceql-error.js';

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9, d: 86_400e9, w: 604_800e9, y: 31_536_000e9,
};
/** What can follow a number in a duration; whether it is one is decided for the whole run, as Tempo does. */
const RUN = /[0-9nsumhµdwy.]+/y;
// Tempo takes Prometheus' durations (whole numbers, falling units, with days, weeks and years) and Go's (fractions, any order, no days).
const PROMETHEUS = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;
const GO = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w|y)/g;

/** What a 64-bit count of nanoseconds holds, a good 292 years. */
const MAX_DURATION_NS = 2 ** 63;

/** `800ms`, `1.5s`, `1m30s`, in nanoseconds: `digits` were read, the text goes on at `end`. Undefined where there is no duration. */
export function readDuration(text: string, digits: string, end: number): { readonly value: number; readonly end: number } | undefined {
  RUN.lastIndex = end;
  const run = RUN.exec(text)?.[0];
  if (run === undefined) return undefined;
  const whole = digits + run;
  if (!PROMETHEUS.test(whole) && !GO.test(whole)) return undefined;
  let totalNs = 0;
  for (const [, amount, unit] of whole.matchAll(PART)) totalNs += Number(amount) * (UNIT_NS[unit ?? ''] ?? 0);
  if (totalNs >= MAX_DURATION_NS) throw new TraceqlFailure(end - digits.length, `${whole} is longer than 292 years`, 'write a shorter duration, like 1h');
  return { value: Math.round(totalNs), end: end + run.length };
}

/** The literal that `readDuration` reads back: the largest unit that divides it. */
export function durationText(durationNs: number): string {
  const unit = (['h', 'm', 's', 'ms', 'us'] as const).find((candidate) => durationNs !== 0 && durationNs % (UNIT_NS[candidate] ?? 1) === 0) ?? 'ns';
  return `${BigInt(durationNs) / BigInt(UNIT_NS[unit] ?? 1)}${unit}`;
}
