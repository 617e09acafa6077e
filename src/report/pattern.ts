import { isShareAbove } from '../budget/wilson.js';

/** Fewer than this is no pattern. */
export const FEW = 10;

/** Whether something is a pattern and not an odd case: some number of them, and surely more than a share of all. */
export function isPattern({ n, bad }: { readonly n: number; readonly bad: number }, share: number, least = FEW): boolean {
  return bad >= least && isShareAbove(bad, n, share);
}
