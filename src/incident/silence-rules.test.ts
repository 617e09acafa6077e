import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { SilenceId } from '../lib/ids.js';
import { sampleAlert, sampleIncident, SAMPLE_START_MS as T0 } from './sample-incident.js';
import { silenceState, type Silence, type SilenceMatcher } from './silence.js';
import { remindOfSilences, silencedIncidents } from './silence-news.js';
import { expired, matchersOf, setSilence, type SilenceRequest } from './silence-rules.js';

const CHECKOUT: readonly SilenceMatcher[] = [{ name: 'service', value: 'checkout', isRegex: false, isEqual: true }];
const request = (changes: Partial<SilenceRequest> = {}): SilenceRequest => ({ matchers: CHECKOUT, endsAtMs: T0 + 2 * HOUR_MS, createdBy: 'ann', comment: 'deploy', ...changes });
const made = (changes: Partial<SilenceRequest> = {}, known: readonly Silence[] = [], nowMs = T0): readonly Silence[] => {
  const result = setSilence(request(changes), new Map(known.map((silence) => [silence.id, silence])), nowMs);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

/** Alertmanager's silence_test.go: TestSilenceSet, TestSilencesSetFail, TestCanUpdate. */
describe('a silence', () => {
  test('begins now where it does not say, or said the past', () => {
    expect(made()[0]).toMatchObject({ startsAtMs: T0, updatedAtMs: T0 });
    expect(made({ startsAtMs: T0 - HOUR_MS })[0]).toMatchObject({ startsAtMs: T0 });
    expect(silenceState(made({ startsAtMs: T0 + HOUR_MS })[0]!, T0)).toBe('pending');
  });

  test('that is active keeps its id when only its end moves', () => {
    const [before] = made();
    expect(made({ id: before!.id, endsAtMs: T0 + 3 * HOUR_MS }, [before!], T0 + HOUR_MS)).toMatchObject([{ id: before!.id, startsAtMs: T0, endsAtMs: T0 + 3 * HOUR_MS }]);
  });

  test('whose matchers change ends, and another begins: what was is not rewritten', () => {
    const [before] = made();
    const matchers = [{ ...CHECKOUT[0]!, value: 'front' }];
    const [old, next] = made({ id: before!.id, matchers }, [before!], T0 + HOUR_MS);
    expect(old).toMatchObject({ id: before!.id, endsAtMs: T0 + HOUR_MS, matchers: CHECKOUT });
    expect(next).toMatchObject({ matchers, startsAtMs: T0 + HOUR_MS });
    expect(next!.id).not.toBe(before!.id);
  });

  test('that is over is never revived', () => {
    const [before] = made();
    const [next, ...none] = made({ id: before!.id, endsAtMs: T0 + 9 * HOUR_MS }, [before!], T0 + 3 * HOUR_MS);
    expect([next!.id === before!.id, none]).toEqual([false, []]);
  });

  test('that nobody knows cannot be changed', () => {
    expect(setSilence(request({ id: 'none' as SilenceId }), new Map(), T0)).toMatchObject({ ok: false, error: { kind: 'not-found' } });
  });

  test('ends at once, once', () => {
    const ended = expired(made()[0]!, T0 + HOUR_MS);
    expect(ended.endsAtMs).toBe(T0 + HOUR_MS);
    expect(expired(ended, T0 + 2 * HOUR_MS)).toBe(ended);
    expect(expired(made({ startsAtMs: T0 + HOUR_MS })[0]!, T0)).toMatchObject({ startsAtMs: T0, endsAtMs: T0 });
  });

  test('has an id in the form of a UUID', () => {
    expect(made()[0]!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('an incident that is silenced', () => {
  test('says so in its history, and to those who know it', () => {
    const { incidents, transitions } = silencedIncidents([sampleIncident()], made()[0]!, T0);
    expect(incidents[0]?.timeline.at(-1)).toMatchObject({ kind: 'silenced', actor: 'ann', text: 'ann silenced it for 2h, until 2026-11-20 05:04:05 UTC: deploy.' });
    expect(transitions).toMatchObject([{ kind: 'updated', threadOnly: true, news: expect.stringContaining('ann silenced it') }]);
    expect(silencedIncidents([sampleIncident()], made({ matchers: [{ ...CHECKOUT[0]!, value: 'x' }] })[0]!, T0).incidents).toEqual([]);
  });

  test('is reminded of once, before the silence ends, if it still fires', () => {
    const silence = made()[0]!;
    const at = (minute: number, of = silence): ReturnType<typeof remindOfSilences> => remindOfSilences([sampleIncident()], [of], T0 + minute * MINUTE_MS);
    expect(at(107).silences).toEqual([]);
    const due = at(108);
    expect(due.transitions).toMatchObject([{ news: 'The silence of ann (deploy) ends in 12 min, and this still fires.' }]);
    expect(at(109, due.silences[0]).silences).toEqual([]);
    const quiet = sampleIncident({ alerts: [sampleAlert({ incidentId: sampleIncident().id, status: 'resolved' })] });
    expect(remindOfSilences([quiet], [silence], T0 + 110 * MINUTE_MS).silences).toEqual([]);
  });

  test('by what its firing alerts share; by its id where they share no name', () => {
    const { id } = sampleIncident();
    const one = sampleAlert({ incidentId: id, labels: { alertname: 'A', service: 's', pod: '1', incident: id } });
    const two = sampleAlert({ incidentId: id, labels: { alertname: 'A', service: 's', pod: '2', incident: id } });
    const other = sampleAlert({ incidentId: id, labels: { alertname: 'B', service: 's', incident: id } });
    expect(matchersOf(sampleIncident({ alerts: [one, two] })).map(({ name, value }) => `${name}=${value}`)).toEqual(['alertname=A', 'service=s']);
    expect(matchersOf(sampleIncident({ alerts: [one, other] })).map(({ name, value }) => `${name}=${value}`)).toEqual([`incident=${id}`]);
  });
});
