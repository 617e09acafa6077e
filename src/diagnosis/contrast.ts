import { benjaminiHochberg, fisherGreater } from '../budget/exact-tests.js';
import { groupBy } from '../lib/group-by.js';

/** How many spans of a side have this value. */
export interface ValueCount {
  readonly field: string;
  readonly value: string;
  readonly side: 'selection' | 'baseline';
  /** By weight: what shares are made of. */
  readonly weighted: number;
  /** As stored: what can be chance. */
  readonly stored: number;
}

export interface SideTotal {
  readonly weighted: number;
  readonly stored: number;
}

export interface ContrastedValue {
  readonly field: string;
  readonly value: string;
  readonly selectionShare: number;
  readonly baselineShare: number;
  /** The rate of false discoveries at which it is just believed. */
  readonly qValue: number;
  /** Further values with the same counts on both sides: most likely the same spans under another name. */
  readonly alike: readonly { readonly field: string; readonly value: string }[];
}

/** With fewer spans on a side nothing is said. */
export const MIN_SIDE = 10;
const MIN_SUPPORT = 5;
/** Smaller differences of shares help nobody, however certain they are. */
const MIN_DIFFERENCE = 0.05;
const FALSE_DISCOVERY_RATE = 0.05;

/**
 * What the spans of a selection have more often than the others: Fisher's exact test on each value, Benjamini-Hochberg over all that were tested,
 * the largest difference of shares first.
 */
export function contrast(counts: readonly ValueCount[], totals: Readonly<Record<ValueCount['side'], SideTotal>>): readonly ContrastedValue[] {
  if (totals.selection.stored < MIN_SIDE || totals.baseline.stored < MIN_SIDE) return [];
  const baseline = new Map(counts.filter(({ side }) => side === 'baseline').map((count) => [keyOf(count), count]));
  const tested = counts.filter(({ side, stored }) => side === 'selection' && stored >= MIN_SUPPORT).map((count) => {
    const other = baseline.get(keyOf(count));
    return {
      field: count.field, value: count.value, selectionShare: count.weighted / totals.selection.weighted, baselineShare: (other?.weighted ?? 0) / totals.baseline.weighted,
      counts: `${count.stored}/${other?.stored ?? 0}`, pValue: fisherGreater({ k1: count.stored, n1: totals.selection.stored, k2: other?.stored ?? 0, n2: totals.baseline.stored }),
    };
  });
  const q = benjaminiHochberg(tested.map(({ pValue }) => pValue));
  const believed = tested.map(({ pValue: _pValue, ...each }, index) => ({ ...each, qValue: q[index] ?? 1 }))
    .filter(({ qValue, selectionShare, baselineShare }) => qValue <= FALSE_DISCOVERY_RATE && selectionShare - baselineShare >= MIN_DIFFERENCE)
    .sort((left, right) => right.selectionShare - right.baselineShare - (left.selectionShare - left.baselineShare) || (left.field < right.field ? -1 : 1));
  return [...groupBy(believed, ({ counts: same }) => same).values()].map((twins) => {
    const { counts: _counts, ...first } = twins[0]!;
    return { ...first, alike: twins.slice(1).map(({ field, value }) => ({ field, value })) };
  });
}

function keyOf({ field, value }: Pick<ValueCount, 'field' | 'value'>): string {
  return JSON.stringify([field, value]);
}
