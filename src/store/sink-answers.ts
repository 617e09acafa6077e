import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import { DigestIndex, type Answered, type Digest } from './digest-index.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { SpanIndex, type Admission, type Claim, type SpanIndexOptions } from './span-index.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { acceptedCount, admittedCount, type AdmittedExport } from './span-sink.js';

/** How long a sender should wait after a commit failed: long enough for a full disk to be noticed, short enough to lose nothing. */
const RETRY_AFTER_MS = 2_000;

/**
 * What a sink remembers so that nothing is stored twice: digests of the requests and fingerprints of the spans that were committed or are on their way.
 * Shared by all adapters, so that they agree.
 */
export class SinkAnswers {
  readonly digests = new DigestIndex();
  readonly spans: SpanIndex;
  readonly #pending = new Map<Digest, Promise<ExportOutcome>>();
  /** Duplicates are counted here and written with the next commit. */
  readonly #duplicates = new Ledger();

  constructor(index: SpanIndexOptions) {
    this.spans = new SpanIndex(index);
  }

  admit(batch: SpanBatch, receivedAtMs: number): Promise<Admission> | Admission {
    return this.spans.admitNow(batch, receivedAtMs) ?? this.spans.admit(batch, receivedAtMs);
  }

  recall(digest: Digest, request: ExportRequest): Promise<ExportOutcome> | undefined {
    const answered = this.digests.find(digest, request.receivedAtMs);
    if (answered !== undefined) return Promise.resolve(this.#duplicate(request, answered));
    return this.#pending.get(digest)?.then((outcome) =>
      outcome.kind === 'stored' ? this.#duplicate(request, { ...outcome, arrivalMs: request.receivedAtMs, accepted: outcome.admitted + outcome.deduplicated }) : outcome);
  }

  /** Follows one export until its commit has spoken. */
  follow(admitted: AdmittedExport, commit: Promise<void>): Promise<ExportOutcome> {
    const outcome = commit.then(
      () => {
        this.#settle(admitted.claim, true);
        return this.#stored(admitted);
      },
      (error: unknown): ExportOutcome => {
        this.#settle(admitted.claim, false);
        return { kind: 'busy', retryAfterMs: RETRY_AFTER_MS, message: `not stored: ${reasonOf(error)}` };
      },
    ).finally(() => this.#pending.delete(admitted.digest));
    this.#pending.set(admitted.digest, outcome);
    return outcome;
  }

  /** The ledger of one group: its exports and the duplicates since the last commit. Give it back when the commit fails. */
  takeLedger(group: readonly AdmittedExport[]): { readonly entries: readonly LedgerEntry[]; readonly giveBack: () => void } {
    const duplicates = this.#duplicates.take();
    const ledger = new Ledger();
    ledger.addAll(duplicates);
    for (const admitted of group) ledger.add(admitted, { hot: admittedCount(admitted), rejected: admitted.rejected, deduplicated: admitted.deduplicated });
    return { entries: ledger.take(), giveBack: () => this.#duplicates.addAll(duplicates) };
  }

  #stored(admitted: AdmittedExport): ExportOutcome {
    const { receivedAtMs, rejected, deduplicated, message } = admitted;
    this.digests.add(admitted.digest, { arrivalMs: receivedAtMs, accepted: acceptedCount(admitted), rejected, message });
    return { kind: 'stored', admitted: admittedCount(admitted), rejected, deduplicated, message };
  }

  #duplicate(request: ExportRequest, answered: Answered): ExportOutcome {
    const { accepted, rejected, message } = answered;
    this.#duplicates.add(request, { hot: 0, rejected, deduplicated: accepted });
    return { kind: 'stored', admitted: 0, rejected, deduplicated: accepted, message };
  }

  #settle(claim: Claim | undefined, committed: boolean): void {
    if (claim !== undefined) this.spans.settle(claim, committed);
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown';
}
