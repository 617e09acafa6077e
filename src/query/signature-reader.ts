import type { TrackedSignature } from '../signature/tracked-signature.js';

/** Error signatures as pages and the API read them. */
export interface SignatureReader {
  all(): readonly TrackedSignature[];
  byId(id: string): TrackedSignature | undefined;
  /** All names under which what is counted as this one was seen. */
  family(id: string): readonly string[];
  /** What arrived until then has been read, Unix milliseconds. */
  readToMs(): number;
  /** Failed requests by Unix minute; each is counted for one signature. */
  counts(id: string): ReadonlyMap<number, number>;
  /** Failed requests of all, in whole minutes, [from, to). */
  failures(fromMinute: number, toMinute: number): number;
}
