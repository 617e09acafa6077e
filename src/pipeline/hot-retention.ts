import { MIN_HOT_RETENTION_MS } from '../config/settings.js';

export interface DiskRoom {
  /** On the disk of the database; undefined where there is no limit. */
  readonly freeBytes: number | undefined;
  /** What must stay free: below it the archive makes room too. */
  readonly minFreeBytes: number;
}

/**
 * How long spans stay hot: as long as is wanted while there is room, then less, in step with what is free, but never less than what evaluation needs. The
 * database's file does not shrink, but what leaves is written over, so that it ends growing before senders have to be refused.
 */
export function hotRetentionFor(wantedMs: number, { freeBytes, minFreeBytes }: DiskRoom): number {
  if (freeBytes === undefined || freeBytes >= minFreeBytes) return wantedMs;
  return Math.min(wantedMs, Math.max(MIN_HOT_RETENTION_MS, wantedMs * (freeBytes / minFreeBytes)));
}
