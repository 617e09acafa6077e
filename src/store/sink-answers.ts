import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import { DigestIndex, type Answered, type Digest } from './digest-index.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { admittedCount, type AdmittedExport } from './span-sink.js';

/** How long a sender should wait after a commit failed: long enough for a full disk to be noticed, short enough to lose nothing. */
const RETRY_AFTER_MS = 2_000;

/**
 * What a sink remembers to answer a resent batch without storing it again: digests of what was committed, and of what is on its way.
 * Shared by all adapters, so that they agree.
 */
export class SinkAnswers {
  readonly digests = new DigestIndex();
  readonly #pending = new Map<Digest, Promise<ExportOutcome>>();
  /** Duplicates are counted here and written with the next commit. */
  readonly #duplicates = new Ledger();

  recall(digest: Digest, request: ExportRequest): Promise<ExportOutcome> | undefined {
    const answered = this.digests.find(digest, request.receivedAtMs);
    if (answered !== undefined) return Promise.resolve(this.#duplicate(request, answered));
    return this.#pending.get(digest)?.then((outcome) =>
      outcome.kind === 'stored' ? this.#duplicate(request, { arrivalMs: request.receivedAtMs, ...outcome }) : outcome);
  }

  /** Follows one export until its commit has spoken. */
  follow(admitted: AdmittedExport, commit: Promise<void>): Promise<ExportOutcome> {
    const outcome = commit.then(
      () => this.#stored(admitted),
      (error: unknown): ExportOutcome => ({ kind: 'busy', retryAfterMs: RETRY_AFTER_MS, message: `not stored: ${reasonOf(error)}` }),
    ).finally(() => this.#pending.delete(admitted.digest));
    this.#pending.set(admitted.digest, outcome);
    return outcome;
  }

  /** The ledger of one group: its exports and the duplicates since the last commit. Give it back when the commit fails. */
  takeLedger(group: readonly AdmittedExport[]): { readonly entries: readonly LedgerEntry[]; readonly giveBack: () => void } {
    const duplicates = this.#duplicates.take();
    const ledger = new Ledger();
    ledger.addAll(duplicates);
    for (const admitted of group) ledger.add(admitted, { hot: admittedCount(admitted), rejected: admitted.rejected, deduplicated: 0 });
    return { entries: ledger.take(), giveBack: () => this.#duplicates.addAll(duplicates) };
  }

  #stored(admitted: AdmittedExport): ExportOutcome {
    const answered = { arrivalMs: admitted.receivedAtMs, admitted: admittedCount(admitted), rejected: admitted.rejected, message: admitted.message };
    this.digests.add(admitted.digest, answered);
    return { kind: 'stored', admitted: answered.admitted, rejected: answered.rejected, deduplicated: 0, message: answered.message };
  }

  #duplicate(request: ExportRequest, answered: Answered): ExportOutcome {
    this.#duplicates.add(request, { hot: 0, rejected: 0, deduplicated: answered.admitted + answered.rejected });
    return { kind: 'stored', admitted: 0, rejected: answered.rejected, deduplicated: answered.admitted, message: answered.message };
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown';
}
