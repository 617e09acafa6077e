import type { TrackedSignature } from '../signature/tracked-signature.js';

/** Error signatures as pages and the API read them. */
export interface SignatureReader {
  all(): readonly TrackedSignature[];
  byId(id: string): TrackedSignature | undefined;
  /** Failed requests by Unix minute. */
  counts(id: string): ReadonlyMap<number, number>;
  /** Failed requests of one signature, or of all, in whole minutes, [from, to). */
  failures(fromMinute: number, toMinute: number, id?: string): number;
}
