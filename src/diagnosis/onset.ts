import { effectiveTotal } from '../budget/window-reading.js';

/** Counted events of one minute, weighted, and the sums of their squared weights. */
export interface CountedMinute {
  /** Unix minutes. */
  readonly minute: number;
  readonly good: number;
  readonly bad: number;
  readonly goodSquared: number;
  readonly badSquared: number;
}

/** When the share of bad events rose. */
export interface Onset {
  readonly minute: number;
  /** With 95 % confidence it began in one of these minutes. */
  readonly earliest: number;
  readonly latest: number;
  /** Share of bad events before and from then on. */
  readonly before: number;
  readonly after: number;
}

/** Twice the logarithm of the likelihood ratio: below this a rise is no more than chance (a change-point that is looked for everywhere needs more than 3.84). */
const LEAST_EVIDENCE = 12;
/** 95 % of a chi-squared variable with one degree of freedom. */
const INTERVAL = 3.84;

/**
 * The minute from which on more events are bad, by maximum likelihood: one share before it, a larger one from then on, binomial counts; where events
 * stand for several the evidence is divided by how much that makes the share vary. Undefined where nothing rose, or where all of the minutes are alike. `minutes` oldest first, with or without gaps.
 */
export function onsetOfMinutes(minutes: readonly CountedMinute[]): Onset | undefined {
  const all = sumOf(minutes);
  const alike = logLikelihood(all);
  const twice = 2 / designEffect(minutes, all);
  let before: Counts = { good: 0, bad: 0 };
  const cuts = minutes.slice(1).map(({ minute }, index) => {
    const { good, bad } = minutes[index]!;
    before = { good: before.good + good, bad: before.bad + bad };
    const after = { good: all.good - before.good, bad: all.bad - before.bad };
    const rises = shareOf(after) > shareOf(before);
    return { minute, before, after, evidence: rises ? twice * (logLikelihood(before) + logLikelihood(after) - alike) : 0 };
  });
  const best = cuts.reduce<(typeof cuts)[number] | undefined>((most, cut) => (cut.evidence > (most?.evidence ?? 0) ? cut : most), undefined);
  if (best === undefined || best.evidence < LEAST_EVIDENCE) return undefined;
  const likely = cuts.filter(({ evidence }) => best.evidence - evidence <= INTERVAL).map(({ minute }) => minute);
  return { minute: best.minute, earliest: Math.min(...likely), latest: Math.max(...likely), before: shareOf(best.before), after: shareOf(best.after) };
}

interface Counts {
  readonly good: number;
  readonly bad: number;
}

function sumOf(minutes: readonly CountedMinute[]): Counts {
  return minutes.reduce<Counts>((sum, { good, bad }) => ({ good: sum.good + good, bad: sum.bad + bad }), { good: 0, bad: 0 });
}

/** Weighted events for each that would know their share of bad ones as well: with all failures kept and one in a hundred of the others, hardly more than 1. */
function designEffect(minutes: readonly CountedMinute[], all: Counts): number {
  const squares = minutes.reduce((sum, { goodSquared, badSquared }) => ({ goodSquared: sum.goodSquared + goodSquared, badSquared: sum.badSquared + badSquared }), { goodSquared: 0, badSquared: 0 });
  return Math.max(1, (all.good + all.bad) / effectiveTotal({ ...all, ...squares, events: 0, unknownWeight: 0 }));
}

function shareOf({ good, bad }: Counts): number {
  return good + bad === 0 ? 0 : bad / (good + bad);
}

function logLikelihood({ good, bad }: Counts): number {
  const total = good + bad;
  return (good === 0 ? 0 : good * Math.log(good / total)) + (bad === 0 ? 0 : bad * Math.log(bad / total));
}
