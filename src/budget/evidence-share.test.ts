import { describe, expect, test } from 'vitest';
import { evidenceInWords, evidenceShare } from './evidence-share.js';

const totals = (good: number, bad: number, events: number) => ({ good, bad, goodSquared: 0, badSquared: 0, events, unknownWeight: 0 });

describe('what an SLI stands on', () => {
  test.each([
    ['everything', totals(990, 10, 1_000), 1, 1, undefined],
    ['a sample of one in ten', totals(9_900, 100, 1_000), 1, 0.1, 'This SLI stands on 10 % of the traffic: 10 % of its events were received, the others are estimated by weight'],
    ['a window with a gap', totals(990, 10, 1_000), 0.71, 0.71, 'This SLI stands on 71 % of the traffic: 71 % of its minutes are covered'],
    ['both', totals(1_500, 500, 1_000), 0.8, 0.4, 'This SLI stands on 40 % of the traffic: 50 % of its events were received, the others are estimated by weight; 80 % of its minutes are covered'],
    ['slices, where events are not what counts', undefined, 0.9, 0.9, 'This SLI stands on 90 % of the traffic: 90 % of its minutes are covered'],
    ['no events yet', totals(0, 0, 0), 1, 1, undefined],
  ])('%s', (_name, counted, covered, share, words) => {
    const evidence = evidenceShare(counted, covered);
    expect(evidence.share).toBeCloseTo(share, 9);
    expect(evidenceInWords(evidence)).toBe(words);
  });
});
