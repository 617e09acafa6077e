/**
 * How many spans one span stands for, by OpenTelemetry's probability sampling
 * (opentelemetry-specification, trace/tracestate-probability-sampling.md; OTEP 235): the rejection threshold T of
 * `tracestate: ot=th:…` is 56 bits wide, a span is kept where its randomness R ≥ T, and stands for 2^56 / (2^56 - T).
 */
export type AdjustedCount =
  | { readonly kind: 'known'; readonly count: number }
  /** Nothing says that the sender samples. */
  | { readonly kind: 'unsampled' }
  /** The sender samples, but how is not known: taken as 1 and flagged. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** 56 bits as two numbers of 28, so that no BigInt is needed and the comparison is exact. */
interface Bits56 {
  readonly high: number;
  readonly low: number;
}

const HALF = 2 ** 28;
const DIGITS = 14;
const THRESHOLD = /^[0-9a-f]{1,14}$/;
const RANDOMNESS = /^[0-9a-f]{14}$/;
/** 2^56: what the smallest probability that `th` can say stands for. A larger rate is a mistake. */
const MAX_COUNT = 2 ** 56;

const UNSAMPLED: AdjustedCount = { kind: 'unsampled' };

/**
 * Reads `ot=th:…;rv:…` out of a whole `tracestate`. `traceIds` from `offset` holds the 16 bytes of the trace id,
 * whose low 56 bits are the randomness where `rv` is absent.
 *
 * Unknown, because the specification says that the count is then undefined and not 1: `ot=` with `rv` but no `th`;
 * a `th` or `rv` that is not lowercase hex of the right length; R < T, which a consistent sampler would have dropped.
 */
export function adjustedCountOfTraceState(traceState: string, traceIds: Uint8Array, offset: number): AdjustedCount {
  const member = otMember(traceState);
  if (member === undefined) return UNSAMPLED;
  const threshold = subKey(member, 'th');
  const randomness = subKey(member, 'rv');
  if (randomness !== undefined && !RANDOMNESS.test(randomness)) return { kind: 'unknown', reason: 'rv is not 14 lowercase hex digits' };
  if (threshold === undefined) {
    return randomness === undefined ? UNSAMPLED : { kind: 'unknown', reason: 'rv without th' };
  }
  if (!THRESHOLD.test(threshold)) return { kind: 'unknown', reason: 'th is not 1 to 14 lowercase hex digits' };
  const t = bits56OfHex(threshold.padEnd(DIGITS, '0'));
  const r = randomness === undefined ? bits56OfTraceId(traceIds, offset) : bits56OfHex(randomness);
  if (r.high < t.high || (r.high === t.high && r.low < t.low)) return { kind: 'unknown', reason: 'th is above the randomness' };
  return { kind: 'known', count: MAX_COUNT / ((HALF - t.high) * HALF - t.low) };
}

/** Reads a rate attribute such as Honeycomb's `SampleRate`: 1 in N, as a number or as its decimal text. */
export function adjustedCountOfRate(value: unknown): AdjustedCount {
  const rate = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
  if (typeof rate !== 'number' || !(rate >= 1 && rate <= MAX_COUNT)) return { kind: 'unknown', reason: 'the sample rate is not a number of at least 1' };
  return { kind: 'known', count: rate };
}

/** The value of list member `ot`; the first one where several were sent, as W3C Trace Context wants it. */
function otMember(traceState: string): string | undefined {
  if (!traceState.includes('ot=')) return undefined;
  for (const member of traceState.split(',')) {
    const trimmed = member.trim();
    if (trimmed.startsWith('ot=')) return trimmed.slice('ot='.length);
  }
  return undefined;
}

function subKey(member: string, name: string): string | undefined {
  for (const pair of member.split(';')) {
    const colon = pair.indexOf(':');
    if (colon === name.length && pair.startsWith(name)) return pair.slice(colon + 1);
  }
  return undefined;
}

function bits56OfHex(digits: string): Bits56 {
  return { high: Number.parseInt(digits.slice(0, 7), 16), low: Number.parseInt(digits.slice(7), 16) };
}

function bits56OfTraceId(bytes: Uint8Array, offset: number): Bits56 {
  const at = (index: number): number => bytes[offset + index] ?? 0;
  return {
    high: (at(9) << 20) | (at(10) << 12) | (at(11) << 4) | (at(12) >> 4),
    low: ((at(12) & 15) << 24) | (at(13) << 16) | (at(14) << 8) | at(15),
  };
}
