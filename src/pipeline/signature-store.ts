import type { LogLine } from '../diagnosis/culprit/traffic.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { Span } from '../trace/span.js';

export interface SignatureCount {
  readonly id: string;
  readonly minute: number;
  readonly failures: number;
}

export interface SignatureProgress {
  readonly sinceMs: number;
  readonly readToMs: number;
}

export interface SignatureMemory {
  readonly signatures: readonly TrackedSignature[];
  readonly counts: readonly SignatureCount[];
  readonly progress: SignatureProgress | undefined;
}

export interface SignatureChanges {
  readonly signatures: readonly TrackedSignature[];
  readonly counts: readonly SignatureCount[];
  readonly progress?: SignatureProgress;
}

export interface FailedTraces {
  /** All whose first failed span arrived then. */
  readonly count: number;
  /** A sample of them, whole as far as they have arrived. */
  readonly traces: readonly { readonly spans: readonly Span[]; readonly logs: readonly LogLine[] }[];
}

/** Port of the book of signatures. */
export interface SignatureStore {
  load(fromMinute: number): Promise<SignatureMemory>;
  /** Those of these names that are stored. */
  find(ids: readonly string[]): Promise<readonly TrackedSignature[]>;
  /** Those that tell of somebody who is erased, each with whether its example is from a trace of the erasure. */
  ofErasure(erasure: { readonly id: string; readonly value: string }): Promise<readonly { readonly signature: TrackedSignature; readonly isExampleErased: boolean }[]>;
  /** Of these names, since then. */
  countsOf(ids: readonly string[], fromMinute: number): Promise<readonly SignatureCount[]>;
  /** All or nothing. */
  save(changes: SignatureChanges): Promise<void>;
  /** Traces whose first failed span arrived after `fromMs` and not after `toMs`. */
  failedTraces(fromMs: number, toMs: number): Promise<FailedTraces>;
  /** Forgets counts of minutes before, and of too many signatures those that were quiet for longest. */
  trim(beforeMinute: number): Promise<void>;
}
