import type { TraceId } from '../lib/ids.js';

/** `linked`: a newer version of the normaliser has other names for it. */
export type SignatureState = 'new' | 'ongoing' | 'regressed' | 'resolved' | 'ignored' | 'linked';

/** An error signature over time, as it is stored. */
export interface TrackedSignature {
  readonly id: string;
  readonly type: string;
  readonly message: string;
  readonly service: string;
  readonly operation: string;
  readonly frames: readonly string[];
  /** Of the failure itself, also under names that earlier versions gave it. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Failed requests in all, weighted. */
  readonly total: number;
  /** It was there when Tocsin began to keep track, or an earlier version knew it: to rules it is never new. */
  readonly wasThere: boolean;
  /** Requests that failed for it, by what; of more than MAX_AFFECTED the most frequent, and too large by at most that part of all. */
  readonly operations: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly tenants: Readonly<Record<string, number>>;
  /** The latest occurrence: its text and stack explain the signature. */
  readonly example: { readonly traceId: TraceId; readonly text: string; readonly stack: string };
  readonly firstTraceId: TraceId;
  /** What a person decided last. */
  readonly decision?: { readonly kind: 'resolved' | 'ignored' | 'merged'; readonly by: string; readonly atMs: number; readonly into?: string };
  /** When it came back after it was resolved, or after it had been quiet for long. */
  readonly regressedAtMs?: number;
  /** What earlier versions of the normaliser called it, where those were seen. */
  readonly earlierIds: readonly string[];
  /** Set where later versions have other names for it. */
  readonly laterIds: readonly string[];
}

export const MAX_AFFECTED = 50;
