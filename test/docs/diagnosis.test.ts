import { expect, test } from 'vitest';
import { calleeProbability } from '../../src/diagnosis/culprit/common-callee.js';
import { beliefIn } from '../../src/diagnosis/culprit/judge.js';
import { partBeyond } from '../../src/diagnosis/culprit/rank-resources.js';
import { belief, mantelHaenszel, PRIOR_ODDS, shareOf, surpriseOf } from '../../src/diagnosis/culprit/statistics.js';
import { DETECTORS } from '../../src/diagnosis/pattern/find-patterns.js';
import { MIN_TRACES } from '../../src/diagnosis/culprit/strata.js';
import { MAX_SIGNATURES, SETTLE_MS } from '../../src/pipeline/signature-book.js';
import { MAX_MESSAGE_LENGTH, MAX_MESSAGE_LINES, PARAMETER_NAMES } from '../../src/signature/parameterise.js';
import { KEY_FRAMES } from '../../src/signature/stack-frames.js';
import { MAX_AFFECTED } from '../../src/signature/tracked-signature.js';
import { readDocument } from './documents.js';

const { text } = readDocument('docs/diagnosis.md');

test('the example of docs/diagnosis.md is what the code makes of it', () => {
  const rows = [...text.matchAll(/^\| (?:front|search) → cart \| (\d+) of (\d+) failed \| (\d+) of (\d+) failed \|/gm)].map((row) => row.slice(1).map(Number));
  const counts = rows.map(([baseline = 0, baselineOf = 0, incident = 0, incidentOf = 0]) => ({ baseline, baselineOf, incident, incidentOf }));
  expect(counts).toHaveLength(2);
  const pValue = mantelHaenszel(counts);
  expect(text).toContain(`so p = ${pValue.toFixed(5)}`);
  expect(text).toContain(`with a probability of ${belief(pValue).toFixed(2)}; p = 0.05 gives ${belief(0.05).toFixed(2)}, p = 0.01 ${belief(0.01).toFixed(2)}, p = 0.001 ${belief(0.001).toFixed(2)}`);
  const surprises = counts.map((count) => surpriseOf(count, shareOf(count.baseline, count.baselineOf)));
  for (const surprise of surprises) expect(text).toMatch(new RegExp(`= ${surprise.toFixed(2)} \\|$`, 'm'));
  const score = belief(pValue) * counts.reduce((sum, count, index) => sum + count.incident * surprises[index]!, 0);
  expect(text).toContain(`= ${score.toFixed(1)}, less`);
});

test('so is its example of a resource', () => {
  const [others = 0, othersOf = 0, affected = 0, affectedOf = 0] = /^\| GET \/price \| (\d+) of (\d+) on pod price-a \| (\d+) of (\d+) on pod price-a \|/m.exec(text)?.slice(1).map(Number) ?? [];
  const counts = [{ baseline: others, baselineOf: othersOf, incident: affected, incidentOf: affectedOf }];
  const [pValue, part] = [mantelHaenszel(counts), partBeyond(counts)];
  const believed = belief(pValue, PRIOR_ODDS / 3);
  expect(text).toContain(`so p = ${pValue.toExponential(1)}`);
  expect(text).toContain(`the belief is ${believed.toFixed(2)}.`);
  expect(text).toContain(`${affected} × 2.34 × ${part.toFixed(2)} × ${believed.toFixed(2)} = ${(affected * 2.34 * part * believed).toFixed(1)}.`);
});

test('so is its example of what callers have in common', () => {
  const row = (place: string): readonly number[] => new RegExp(`^\\| ${place} \\| (\\d+) \\| (\\d+) \\| (\\d+) of (\\d+) \\|$`, 'm').exec(text)?.slice(1).map(Number) ?? [];
  const [[exposed = 0, showing = 0, had = 0, of = 0], [others = 0, also = 0, baseline = 0, baselineOf = 0]] = [row('cart'), row('search')];
  const probability = calleeProbability({ caller: 'cart', usual: shareOf(had, of), own: [{ place: 'cart', requests: exposed, exposed, showing, beside: 0 }], others: [{ exposed: others, showing: also, baseline, baselineOf }] });
  expect(text).toContain(`= ${(probability / (1 - probability)).toFixed(1)} times as likely, ${probability.toFixed(2)} at even odds`);
  expect(text).toContain(`2 × ${probability.toFixed(2)} - 1 = ${(2 * probability - 1).toFixed(2)} are charged`);
});

test('it lists each pattern, and marks those that are told only where healthy traces have less of them', () => {
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| .+ \| (=?) ?\|$/gm)].map(([, kind, mark]) => [kind, mark === '=']);
  expect(rows.toSorted()).toEqual(DETECTORS.map(({ kind, judged }) => [kind, judged === 'change']).toSorted());
});

test('it has the replacements of messages in the order in which they are tried', () => {
  const [, listed = ''] = /these are tried in this order: ((?:`<[a-z]+>` ?)+)\./.exec(text) ?? [];
  expect([...listed.matchAll(/<([a-z]+)>/g)].map(([, name]) => name)).toEqual(PARAMETER_NAMES);
});

test('its limits of signatures are those of the code', () => {
  expect(text).toContain(`cut to two lines and ${MAX_MESSAGE_LENGTH.toLocaleString('en')} characters`);
  expect([MAX_MESSAGE_LINES, KEY_FRAMES]).toEqual([2, 5]);
  expect(text).toContain('the first five frames of the program itself');
  expect(text).toContain(`The ${MAX_SIGNATURES.toLocaleString('en')} seen last are kept at hand`);
  expect(text).toContain(`of more than ${MAX_AFFECTED} each too large`);
  expect(text).toContain(`A trace is read ${SETTLE_MS / 1_000} seconds after`);
});

test('its constants are those of the code', () => {
  expect(text).toContain(`prior odds of 1 to ${1 / PRIOR_ODDS}`);
  expect(text).toContain(`Where ten statements vary, p = 0.001 of one of them gives ${beliefIn({ pValue: 0.001, rivals: 10 }).toFixed(2)}`);
  expect(text).toContain(`fewer than ${MIN_TRACES} traces`);
});
