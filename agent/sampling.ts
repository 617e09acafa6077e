import { traceIdText, type TraceId } from './otlp/id.js';

/** `otlp.traces`: every span, or a share of the traces that all nodes agree on. */
export interface Sampling {
  /** 0 to 1. */
  readonly rate: number;
  /** Kept whatever the rate says. */
  readonly keepErrors: boolean;
  readonly keepSlowerThanNs: number | undefined;
}

export interface Candidate {
  readonly traceId: TraceId;
  /** `sampled` flag and tracestate of the context that came in; undefined for a trace that begins here. */
  readonly remote: { readonly isSampled: boolean; readonly traceState: string } | undefined;
  readonly isError: boolean;
  readonly durationNs: number;
}

export interface Verdict {
  readonly isKept: boolean;
  readonly traceState: string;
  /** Why it is kept although its trace is not. */
  readonly keptReason: 'error' | 'slow' | undefined;
}

const KEPT: Verdict = { isKept: true, traceState: '', keptReason: undefined };
const BITS = 56n;
const WHOLE = 1n << BITS;

/**
 * parent_based_traceidratio: where a context came in, its decision holds, and so does the probability in its tracestate; a trace that begins
 * here is decided by its randomness (`rv`, else the last 56 bits of its id: OpenTelemetry, "Probability sampling in tracestate").
 */
export function sample({ traceId, remote, isError, durationNs }: Candidate, sampling: Sampling): Verdict {
  const fromParent = remote?.traceState ?? '';
  // Without sampling of its own the agent sends every span it sees, so that each stands for itself, whatever was sampled before.
  if (sampling.rate >= 1) return fromParent === '' ? KEPT : { isKept: true, traceState: withoutThreshold(fromParent), keptReason: undefined };
  const local = sampling.keepErrors && isError ? 'error' : sampling.keepSlowerThanNs !== undefined && durationNs >= sampling.keepSlowerThanNs ? 'slow' : undefined;
  const threshold = thresholdOf(sampling.rate);
  const isWithin = remote === undefined ? sampling.rate > 0 && randomnessOf(traceId, fromParent) >= threshold : remote.isSampled;
  // Everything of that kind is kept, so each one stands for itself alone.
  if (local !== undefined) return { isKept: true, traceState: withThreshold(fromParent, 0n), keptReason: isWithin ? undefined : local };
  if (!isWithin) return { isKept: false, traceState: fromParent, keptReason: undefined };
  if (remote !== undefined) return { isKept: true, traceState: fromParent, keptReason: undefined };
  return { isKept: true, traceState: withThreshold(fromParent, threshold), keptReason: undefined };
}

function thresholdOf(rate: number): bigint {
  if (rate >= 1) return 0n;
  // Four hexadecimal digits are as many as tracestate should have; the weight is that of the threshold, not of the rate as written.
  const digits = BigInt(Math.round((1 - rate) * 65_536));
  return (digits > 65_535n ? 65_535n : digits) << (BITS - 16n);
}

function randomnessOf(traceId: TraceId, traceState: string): bigint {
  const rv = /(?:^|,)\s*ot=(?:[^,]*;)?rv:([0-9a-f]{14})(?:[;,]|$)/.exec(traceState)?.[1];
  return BigInt(`0x${rv ?? traceIdText(traceId).slice(-14)}`) % WHOLE;
}

function withoutThreshold(traceState: string): string {
  return traceState.includes('th:') ? withThreshold(traceState, undefined) : traceState;
}

/** `ot=th:…` with the other members left as they are. A threshold without its trailing zeros; `0` for all. */
function withThreshold(traceState: string, threshold: bigint | undefined): string {
  const th = threshold === undefined ? '' : threshold === 0n ? '0' : threshold.toString(16).padStart(14, '0').replace(/0+$/, '');
  const members = traceState.split(',').map((member) => member.trim()).filter((member) => member !== '');
  const own = members.find((member) => member.startsWith('ot='));
  const rest = (own ?? 'ot=').slice(3).split(';').filter((part) => part !== '' && !part.startsWith('th:'));
  const parts = th === '' ? rest : [`th:${th}`, ...rest];
  return [...(parts.length === 0 ? [] : [`ot=${parts.join(';')}`]), ...members.filter((member) => member !== own)].join(',');
}
