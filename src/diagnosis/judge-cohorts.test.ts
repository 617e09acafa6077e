import { describe, expect, test } from 'vitest';
import { randomOf, type RandomSource } from '../budget/random-source.js';
import { judgeCohorts, type CohortRequest } from './judge-cohorts.js';

function requests(random: RandomSource, count: number, { operation = 'shop GET /', ms = 20, failing = 0.01 } = {}): CohortRequest[] {
  return Array.from({ length: count }, () => ({ operation, durationNs: ms * 1e6 * Math.exp(random.next() - 0.5), failed: random.next() < failing }));
}

describe('one cohort against another', () => {
  test('of equal ones is no worse, but for one in a hundred', () => {
    const random = randomOf(1);
    const worse = Array.from({ length: 300 }, () => judgeCohorts([...requests(random, 60), ...requests(random, 60, { operation: 'shop POST /', ms: 90 })], [...requests(random, 200), ...requests(random, 90, { operation: 'shop POST /', ms: 90 })])).filter(({ verdict }) => verdict === 'worse');
    expect(worse.length).toBeLessThanOrEqual(8);
  });

  test('that fails more often is worse', () => {
    const random = randomOf(2);
    const verdict = judgeCohorts(requests(random, 100, { failing: 0.2 }), requests(random, 400));
    expect(verdict).toMatchObject({ verdict: 'worse', operations: [{ failsMore: true, slower: false }] });
    expect(verdict.sentence).toMatch(/^shop GET \/ fails more often \(\d+ % against 0\.\d %\)\.$|^shop GET \/ fails more often \(.+\)\.$/);
  });

  test('that hardly fails is no worse than one that fails much, however many requests there are', () => {
    const of = (count: number, failed: number): CohortRequest[] => Array.from({ length: count }, (_, index) => ({ operation: 'shop GET /', durationNs: 20e6, failed: index < failed }));
    expect(judgeCohorts(of(5_000, 1), of(5_000, 1_500))).toMatchObject({ verdict: 'no-worse', operations: [{ failsMore: false, errorPValue: 1 }] });
  });

  test('that is slower is worse, within the tolerance it is not', () => {
    const random = randomOf(3);
    const [slow, base] = [requests(random, 200, { ms: 26 }), requests(random, 200)];
    expect(judgeCohorts(slow, base)).toMatchObject({ verdict: 'worse', operations: [{ slower: true, failsMore: false }] });
    expect(judgeCohorts(slow, base, { latency: 0.5, significance: 0.01 }).verdict).toBe('no-worse');
  });

  test('compares like with like: other traffic is no regression', () => {
    const random = randomOf(4);
    const [quick, slow] = [{ operation: 'shop GET /', ms: 5 }, { operation: 'shop GET /report', ms: 500 }];
    expect(judgeCohorts([...requests(random, 30, quick), ...requests(random, 300, slow)], [...requests(random, 300, quick), ...requests(random, 30, slow)]).verdict).toBe('no-worse');
  });

  test('with too few requests says so, and names what it left out', () => {
    const random = randomOf(5);
    expect(judgeCohorts(requests(random, 19), requests(random, 500))).toMatchObject({ verdict: 'too-few', leftOut: ['shop GET /'], operations: [] });
    expect(judgeCohorts(requests(random, 19), requests(random, 500)).sentence).toContain('(there are 19 against 500 in all)');
    expect(judgeCohorts([], []).verdict).toBe('too-few');
  });

  test('that nobody has seen is said to be missing, not to need more traffic', () => {
    const some = requests(randomOf(6), 100);
    expect(judgeCohorts([], some).sentence).toMatch(/^No request of what is to be judged was seen in this time: is it spelt as its spans say it\?/);
    expect(judgeCohorts(some, []).sentence).toMatch(/^No request of what it is compared with was seen/);
    expect(judgeCohorts([], []).sentence).toMatch(/^No request of what is to be judged and of what it is compared with was seen/);
  });

  test('has the same shares in the sentence as beside it', () => {
    const of = (count: number, failed: number): CohortRequest[] => Array.from({ length: count }, (_, index) => ({ operation: 'shop GET /', durationNs: 20e6, failed: index < failed }));
    expect(judgeCohorts(of(300, 22), of(400, 1)).sentence).toBe('shop GET / fails more often (7.33 % against 0.25 %).');
  });
});
