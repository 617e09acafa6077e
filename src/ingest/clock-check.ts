/** Clocks that are kept by NTP are not further apart than this; the span is counted in the minute of its receipt without remark. */
export const CLOCK_TOLERANCE_MS = 5_000;
/** A span that began longer ago was not running all the time: its clock is wrong, or the span waited somewhere. */
export const ANCIENT_AFTER_MS = 7 * 86_400_000;

const NS_PER_MS = 1_000_000;

export interface Arrival {
  readonly receivedAtMs: number;
  /** Brought by `tocsin import`: old times are what it is for. */
  readonly imported: boolean;
}

/** What is odd about the times of a span, as its attribute `tocsin.clock` says. */
export type ClockFault = 'future' | 'ancient';

/** `endMs` as sent; the decoder has refused what ends later than its own limit after the receipt. */
export function clockFault(endMs: number, durationNs: number, { receivedAtMs, imported }: Arrival): ClockFault | undefined {
  if (endMs - receivedAtMs > CLOCK_TOLERANCE_MS) return 'future';
  if (!imported && receivedAtMs - (endMs - durationNs / NS_PER_MS) > ANCIENT_AFTER_MS) return 'ancient';
  return undefined;
}
