import { randomOf } from '../../src/budget/random-source.js';
import { groupBy } from '../../src/lib/group-by.js';

/** Where the right answer stood in one ranking. */
export interface Outcome {
  /** 1 is first, 0 is not named. */
  readonly place: number;
  readonly fault: string;
  /** Faults that are much the same thing again (one kind in one service, one system): they are drawn together. */
  readonly cluster: string;
}

const DRAWS = 2_000;
/** With fewer clusters an interval would say more about them than about faults. */
const LEAST_CLUSTERS = 5;

export function shareWithin(outcomes: readonly Outcome[], most: number): number {
  return outcomes.filter(({ place }) => place > 0 && place <= most).length / Math.max(1, outcomes.length);
}

/** 95 % interval of that share by the bootstrap over clusters; undefined with few of them. */
function intervalOf(outcomes: readonly Outcome[], most: number): readonly [number, number] | undefined {
  const clusters = [...groupBy(outcomes, ({ cluster }) => cluster).values()];
  if (clusters.length < LEAST_CLUSTERS) return undefined;
  const random = randomOf(1);
  const shares = Array.from({ length: DRAWS }, () => shareWithin(clusters.flatMap(() => clusters[Math.floor(random.next() * clusters.length)]!), most)).sort((left, right) => left - right);
  return [shares[Math.floor(DRAWS * 0.025)]!, shares[Math.ceil(DRAWS * 0.975) - 1]!];
}

const percent = (share: number): string => (100 * share).toFixed(0);

function cell(outcomes: readonly Outcome[], most: number): string {
  const interval = intervalOf(outcomes, most);
  return `${percent(shareWithin(outcomes, most))} %${interval === undefined ? '' : ` (${percent(interval[0])}–${percent(interval[1])})`}`;
}

export const ACCURACY_HEADER: readonly string[] = ['| | faults | first | among the first 3 | among the first 5 |', '|---|---|---|---|---|'];

export function accuracyRow(label: string, outcomes: readonly Outcome[]): string {
  return `| ${label} | ${accuracyCells(outcomes)} |`;
}

export function accuracyCells(outcomes: readonly Outcome[]): string {
  return `${outcomes.length} | ${[1, 3, 5].map((most) => cell(outcomes, most)).join(' | ')}`;
}

/** The whole, then each kind of fault. */
export function accuracyRows(label: string, outcomes: readonly Outcome[]): readonly string[] {
  const faults = [...groupBy(outcomes, ({ fault }) => fault)].sort(([left], [right]) => (left < right ? -1 : 1));
  return [accuracyRow(label, outcomes), ...faults.map(([fault, own]) => accuracyRow(`– ${fault}`, own))];
}

/** For each kind of fault: the places it has with the constants that are best on all others; equal ones as they are. */
export function leaveOneKindOut(candidates: readonly (readonly Outcome[])[]): readonly Outcome[] {
  const faults = new Set(candidates[0]!.map(({ fault }) => fault));
  return [...faults].flatMap((fault) => {
    const onOthers = (outcomes: readonly Outcome[]): number => shareWithin(outcomes.filter((each) => each.fault !== fault), 1);
    const best = candidates.reduce((left, right) => (onOthers(right) > onOthers(left) ? right : left));
    return best.filter((each) => each.fault === fault);
  });
}
