import { createHash } from 'node:crypto';
import type { ExportRequest } from '../ingest/absorber.js';

/** First 128 bits of a SHA-256 over signal, encoding and body: 32 hex digits. */
export type Digest = string;

export function digestOf(request: ExportRequest): Digest {
  return createHash('sha256').update(`${request.signal} ${request.encoding} `).update(request.body).digest('hex').slice(0, 32);
}

/** How an export was answered the first time. */
export interface Answered {
  readonly arrivalMs: number;
  /** Stored then, or before. */
  readonly accepted: number;
  readonly rejected: number;
  readonly message: string;
}

/** Exporters give up on a batch after about five minutes (traces.md §1.3); an hour also covers a collector that retries from disk. */
export const DIGEST_RETENTION_MS = 3_600_000;
/** About 25 MB. At 100 requests a second the oldest are forgotten after 17 minutes. */
export const MAX_DIGESTS = 100_000;

/** Digests of committed exports, oldest first. Bounded by age and by number; a batch resent later than that is stored again. */
export class DigestIndex {
  readonly #answered = new Map<Digest, Answered>();

  get size(): number {
    return this.#answered.size;
  }

  find(digest: Digest, nowMs: number): Answered | undefined {
    const found = this.#answered.get(digest);
    return found !== undefined && found.arrivalMs > nowMs - DIGEST_RETENTION_MS ? found : undefined;
  }

  add(digest: Digest, answered: Answered): void {
    this.#answered.delete(digest);
    this.#answered.set(digest, answered);
    this.#forget(answered.arrivalMs);
  }

  #forget(nowMs: number): void {
    for (const [digest, answered] of this.#answered) {
      if (this.#answered.size <= MAX_DIGESTS && answered.arrivalMs > nowMs - DIGEST_RETENTION_MS) return;
      this.#answered.delete(digest);
    }
  }
}
