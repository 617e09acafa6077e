/** What became of spans or log records: received = hot + rejected + deduplicated. */
export interface LedgerSum {
  readonly signal: string;
  readonly received: number;
  readonly hot: number;
  readonly rejected: number;
  readonly deduplicated: number;
}

/** A sender's requests since the start. */
export interface SenderReport {
  readonly sender: string;
  readonly service: string;
  readonly stored: number;
  /** Stored before: the sender had not got, or not believed, the answer. */
  readonly resent: number;
  /** Refused with the request to come again. */
  readonly busy: number;
  /** Never to be taken: not OTLP, too large, not allowed, broken off. */
  readonly failed: number;
  /** Spans and log records of its requests: what it sent is the sum. */
  readonly items: { readonly hot: number; readonly rejected: number; readonly deduplicated: number };
}

/** A service's spans since the start. */
export interface ServiceArrivals {
  readonly service: string;
  readonly spans: number;
  readonly dropped: number;
  /** From a span's end to the commit that made it readable: bounds of the buckets that hold the quantiles, in ms; undefined beyond a day. */
  readonly lagP50Ms: number | undefined;
  readonly lagP99Ms: number | undefined;
  /** Share of spans readable only after a minute, and after an hour, when they page no more. */
  readonly lateShare: number;
  readonly historyShare: number;
}

export interface Named {
  readonly name: string;
  readonly count: number;
}

/** The state of the way in. Counts are since the start, except those of the ledger. */
export interface IngestReport {
  readonly lastHour: readonly LedgerSum[];
  readonly lastDay: readonly LedgerSum[];
  readonly senders: readonly SenderReport[];
  readonly services: readonly ServiceArrivals[];
  readonly rejected: readonly Named[];
  readonly limits: readonly Named[];
  readonly redactions: readonly Named[];
  readonly oldNames: readonly Named[];
  readonly clockFaults: number;
  readonly waitingBytes: number;
  readonly commits: number;
  readonly meanCommitMs: number | undefined;
}

export interface IngestReader {
  ingest(): Promise<IngestReport>;
}

/** Every sum must hold; a ledger that does not is a defect of Tocsin. */
export function balances(sums: readonly LedgerSum[]): boolean {
  return sums.every(({ received, hot, rejected, deduplicated }) => received === hot + rejected + deduplicated);
}

/** Upper bound of the bucket that holds quantile `q`; undefined where there is none or it has no end. */
export function quantileBound(counts: readonly number[], bounds: readonly number[], q: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    seen += count;
    if (total > 0 && seen >= q * total) return Number.isFinite(bounds[index]) ? bounds[index] : undefined;
  }
  return undefined;
}

/** Share of what lies beyond `limit`, one of the bounds. */
export function shareBeyond(counts: readonly number[], bounds: readonly number[], limit: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const beyond = counts.reduce((sum, count, index) => sum + ((bounds[index] ?? 0) > limit ? count : 0), 0);
  return total === 0 ? 0 : beyond / total;
}
