import { describe, expect, test } from 'vitest';
import type { FaultKind } from '../../bench/diagnosis/made-up-fault.js';
import { madeUpCalm, madeUpIncident } from '../../bench/diagnosis/made-up-incident.js';
import { rankSuspects } from '../../src/diagnosis/culprit/rank-suspects.js';

/** Systems with the noise of real ones; how often the ranking is right over many of them is in bench/RESULTS.md. */
describe('in a made-up system with noisy latencies, log lines and users, the ranking finds', () => {
  test.each<[string, FaultKind, number]>([
    ['errors without latency', 'errors', 11],
    ['latency without errors', 'slow code', 11],
    ['a failure that neither status nor severity tells', 'silent errors', 12],
    ['a changed path and nothing else', 'other call', 12],
    ['a new line of log and nothing else', 'new line of log', 11],
    ['a line of log that is missing, and nothing else', 'lost line of log', 12],
    ['messages that wait longer, and nothing else', 'messages pile up', 11],
  ])('%s', (_what, kind, seed) => {
    const { baseline, incident, answers } = madeUpIncident(kind, seed);
    expect(answers).toContain(rankSuspects(baseline, incident).suspects[0]?.service);
  });

  test.each<[string, FaultKind, number]>([
    ['a service that nobody can reach, though its callers do not say whom they called', 'gone', 20_000],
    ['answers that nobody can go on with', 'wrong answers', 20_090],
  ])('by what several callers have in common, without logs: %s', (_what, kind, seed) => {
    const { baseline, incident, answers } = madeUpIncident(kind, seed);
    const [first] = rankSuspects({ ...baseline, logs: [] }, { ...incident, logs: [] }).suspects;
    expect(answers).toContain(first?.service);
    expect(first?.reason).toContain('as its other callers show');
  });

  test('the pod that is bad', () => {
    const { baseline, incident, fault } = madeUpIncident('bad pod', 12);
    expect(rankSuspects(baseline, incident).suspects[0]).toMatchObject({ service: fault.service.name, resource: { attribute: 'k8s.pod.name', value: fault.pod?.name } });
  });

  test('nothing strong where nothing is wrong', () => {
    const { baseline, incident } = madeUpCalm(11);
    expect(rankSuspects(baseline, incident).suspects.filter(({ strength }) => strength === 'strong')).toEqual([]);
  });
});

test('the same seed gives the same incident', () => {
  expect(madeUpIncident('errors', 5)).toEqual(madeUpIncident('errors', 5));
});
