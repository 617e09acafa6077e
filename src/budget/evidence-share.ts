import { formatPercent } from '../lib/format.js';
import type { SliceTotals } from './minute-series.js';

/** How much of the traffic an SLI was really computed from. */
export interface EvidenceShare {
  /** `seen` · `covered`. */
  readonly share: number;
  /** Events that were received, by those that they stand for: 1 where nothing is sampled before it arrives. */
  readonly seen: number;
  /** Minutes of the window in which Tocsin was up and took what was sent. */
  readonly covered: number;
}

/** @param totals undefined where slices or parts are counted instead of events: then the minutes alone say it. */
export function evidenceShare(totals: Readonly<SliceTotals> | undefined, covered: number): EvidenceShare {
  const weight = totals === undefined ? 0 : totals.good + totals.bad;
  const seen = totals === undefined || weight <= 0 ? 1 : Math.min(1, totals.events / weight);
  return { share: seen * covered, seen, covered };
}

/** Undefined where it stands on everything. */
export function evidenceInWords({ share, seen, covered }: EvidenceShare): string | undefined {
  if (share > 0.999) return undefined;
  const reasons = [
    ...(seen > 0.999 ? [] : [`${formatPercent(seen, 1)} of its events were received, the others are estimated by weight`]), ...(covered > 0.999 ? [] : [`${formatPercent(covered, 1)} of its minutes are covered`]),
  ];
  return `This SLI stands on ${formatPercent(share, share < 0.1 ? 1 : 0)} of the traffic: ${reasons.join('; ')}`;
}
