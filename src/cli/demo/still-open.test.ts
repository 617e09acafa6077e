import { expect, test } from 'vitest';
import { endlessRound } from './script.js';
import { stillOpenLines, type PlayedAct } from './still-open.js';

const [payment, , cache] = endlessRound(false);
const incident = { id: 'inc-1', status: 'open', severity: 'page', title: 'Checkout burns' };
const before: readonly PlayedAct[] = [{ act: payment!, pages: [{ incident }] }];

test('a fault that meets the open incident of its last time says that no new page comes', () => {
  expect(stillOpenLines(payment!, before, new Set())).toEqual([expect.stringMatching(/still open from the last time: inc-1, Checkout burns\. .*without a new page/)]);
});

test.each([
  ['its first time', payment!, [], new Set<string>()], ['its incident is over', payment!, before, new Set(['inc-1'])], ['another fault has one', cache!, before, new Set<string>()],
])('nothing is said where %s', (_what, act, earlier, over) => {
  expect(stillOpenLines(act, earlier, over)).toEqual([]);
});
