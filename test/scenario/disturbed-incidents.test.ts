import { describe, expect, test } from 'vitest';
import { DISTURBANCES, renamedService } from '../../bench/diagnosis/disturbances.js';
import { FAULT_KINDS, type FaultKind } from '../../bench/diagnosis/made-up-fault.js';
import { madeUpIncident, type Circumstances } from '../../bench/diagnosis/made-up-incident.js';
import { rankSuspects, type Diagnosis } from '../../src/diagnosis/culprit/rank-suspects.js';
import type { Traffic } from '../../src/diagnosis/culprit/traffic.js';

/** Each of these tests ranks twice. */
const SMALL: Circumstances = { size: 6 };

/** Numbers that can be compared, each suspect once, the most likely first. */
function expectSound({ suspects, operations, resources }: Diagnosis): void {
  for (const ranking of [suspects, operations, resources]) {
    const scores = ranking.map(({ score }) => score);
    expect(scores.every(Number.isFinite)).toBe(true);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    expect(ranking.filter(({ reason }) => /NaN|undefined|Infinity/.test(reason))).toEqual([]);
  }
  expect(new Set(suspects.map(({ service }) => service)).size).toBe(suspects.length);
}

describe('a ranking is sound, and the same each time, with', () => {
  test.each(DISTURBANCES.map((disturbance, index) => ({ ...disturbance, kind: FAULT_KINDS[index % FAULT_KINDS.length]! })))('$label ($kind)', ({ kind, disturb }) => {
    const { baseline, incident, answers } = madeUpIncident(kind, 40, SMALL);
    const disturbed = disturb({ baseline, incident }, 0, answers[0]!);
    const diagnosis = rankSuspects(disturbed.baseline, disturbed.incident);
    expectSound(diagnosis);
    expect(rankSuspects(disturbed.baseline, disturbed.incident)).toEqual(diagnosis);
  });

  test.each<[string, FaultKind, Circumstances]>([
    ['five services', 'errors', { size: 5 }],
    ['two services', 'slow code', { size: 2 }],
    ['hardly any requests', 'gone', { quiet: true }],
    ['services that stand nearly still now and then', 'starved of CPU', { badMoments: true }],
  ])('%s', (_what, kind, circumstances) => {
    const { baseline, incident } = madeUpIncident(kind, 40, circumstances);
    const diagnosis = rankSuspects(baseline, incident);
    expectSound(diagnosis);
    expect(rankSuspects(baseline, incident)).toEqual(diagnosis);
  });

  test.each<[string, Pick<Record<'baseline' | 'incident', Traffic>, 'baseline' | 'incident'>]>([
    ['nothing at all', { baseline: { spans: [], logs: [] }, incident: { spans: [], logs: [] } }],
    ['no baseline', { baseline: { spans: [], logs: [] }, incident: madeUpIncident('errors', 40, SMALL).incident }],
    ['nothing in the incident', { baseline: madeUpIncident('errors', 40, SMALL).baseline, incident: { spans: [], logs: [] } }],
    ['lines of log only', { baseline: { spans: [], logs: madeUpIncident('errors', 40, SMALL).baseline.logs }, incident: { spans: [], logs: madeUpIncident('errors', 40, SMALL).incident.logs } }],
  ])('%s', (_what, { baseline, incident }) => {
    expectSound(rankSuspects(baseline, incident));
  });
});

test('lines of requests whose spans were not kept speak against nobody', () => {
  const { baseline, incident } = madeUpIncident('errors', 40, SMALL);
  const sampled: Traffic = { spans: incident.spans.filter(({ traceId }) => Number(traceId.slice(-1)) % 2 === 0), logs: incident.logs };
  const loose = rankSuspects(baseline, sampled).suspects.filter(({ reason }) => reason.includes('outside of requests'));
  expect(loose.filter(({ reason }) => !/pool has|evicted/.test(reason))).toEqual([]);
});

test.each<[FaultKind]>([['errors'], ['slow network'], ['gone']])('the order of what comes in changes nothing (%s), to the last digit', (kind) => {
  const { baseline, incident } = madeUpIncident(kind, 40, SMALL);
  const reversed = ({ spans, logs }: Traffic): Traffic => ({ spans: spans.toReversed(), logs: logs.toReversed() });
  expect(rankSuspects(reversed(baseline), reversed(incident))).toEqual(rankSuspects(baseline, incident));
});

test('nor do the names of services', () => {
  const { baseline, incident, answers } = madeUpIncident('errors', 40, SMALL);
  const other = DISTURBANCES.find(({ label }) => label.startsWith('in another order'))!.disturb({ baseline, incident }, 0, answers[0]!);
  const scoresOf = ({ suspects }: Diagnosis, nameOf: (service: string) => string): unknown => suspects.map(({ service, score }) => [nameOf(service), score.toFixed(6)]).toSorted();
  expect(scoresOf(rankSuspects(other.baseline, other.incident), String)).toEqual(scoresOf(rankSuspects(baseline, incident), renamedService));
});
