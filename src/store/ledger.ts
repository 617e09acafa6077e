import type { ExportRequest } from '../ingest/absorber.js';

/** received = hot + rejected + deduplicated, in every row and so in every sum. Counts are of spans or of log records. */
export interface LedgerEntry {
  readonly arrivalMinute: number;
  readonly signal: ExportRequest['signal'];
  readonly protocol: ExportRequest['protocol'];
  received: number;
  hot: number;
  rejected: number;
  deduplicated: number;
}

type Counts = Pick<LedgerEntry, 'hot' | 'rejected' | 'deduplicated'>;

/** Sums what requests of one minute, signal and protocol became, so that a commit writes few rows. */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  add(request: Pick<ExportRequest, 'signal' | 'protocol' | 'receivedAtMs'>, counts: Counts): void {
    const arrivalMinute = Math.floor(request.receivedAtMs / 60_000);
    const key = `${arrivalMinute} ${request.signal} ${request.protocol}`;
    const entry = this.#entries.get(key) ?? { arrivalMinute, signal: request.signal, protocol: request.protocol, received: 0, hot: 0, rejected: 0, deduplicated: 0 };
    entry.received += counts.hot + counts.rejected + counts.deduplicated;
    entry.hot += counts.hot;
    entry.rejected += counts.rejected;
    entry.deduplicated += counts.deduplicated;
    this.#entries.set(key, entry);
  }

  addAll(entries: Iterable<LedgerEntry>): void {
    for (const entry of entries) this.add({ ...entry, receivedAtMs: entry.arrivalMinute * 60_000 }, entry);
  }

  /** Hands over what was summed and starts anew. */
  take(): LedgerEntry[] {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    return entries;
  }
}
