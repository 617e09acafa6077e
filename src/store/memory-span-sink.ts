import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { GraphSlice, RedSlice, SloSlice } from '../sli/slice.js';
import type { SpanBatch } from '../trace/span-batch.js';
import type { Digest } from './digest-index.js';
import { groupGraphSlices, groupRedSlices, groupSloSlices } from './group-slices.js';
import type { LedgerEntry } from './ledger.js';
import { SinkAnswers } from './sink-answers.js';
import type { Admission, Claim } from './span-index.js';
import type { AdmittedExport, SpanSink } from './span-sink.js';

/** A sink that keeps what it is given, for tests of what stands before and behind the store. Commits at once. */
export class MemorySpanSink implements SpanSink {
  readonly exports: AdmittedExport[] = [];
  readonly liveSloSlices: SloSlice[] = [];
  readonly importedSloSlices: SloSlice[] = [];
  readonly redSlices: RedSlice[] = [];
  readonly graphSlices: GraphSlice[] = [];
  readonly ledger: LedgerEntry[] = [];
  /** Set to make commits fail, as a full disk does. */
  failure: Error | undefined;
  readonly #answers = new SinkAnswers({ seed: { high: 1, low: 2 } });

  recall(digest: Digest, request: ExportRequest): Promise<ExportOutcome> | undefined {
    return this.#answers.recall(digest, request);
  }

  admit(batch: SpanBatch, receivedAtMs: number): Promise<Admission> | Admission {
    return this.#answers.admit(batch, receivedAtMs);
  }

  abandon(claim: Claim): void {
    this.#answers.spans.settle(claim, false);
  }

  store(admitted: AdmittedExport): Promise<ExportOutcome> {
    return this.#answers.follow(admitted, this.#commit([admitted]));
  }

  drain(): Promise<void> {
    return this.#commit([]);
  }

  async #commit(group: readonly AdmittedExport[]): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    this.exports.push(...group);
    const slices = groupSloSlices(group);
    this.liveSloSlices.push(...slices.live);
    this.importedSloSlices.push(...slices.imported);
    this.redSlices.push(...groupRedSlices(group));
    this.graphSlices.push(...groupGraphSlices(group));
    this.ledger.push(...this.#answers.takeLedger(group).entries);
  }
}
