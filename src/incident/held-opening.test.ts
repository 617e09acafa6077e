import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncidentThreshold } from '../config/incident-threshold.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { AlertId } from '../lib/ids.js';
import { buildMatcher, type LabelMatcher } from '../lib/label-matcher.js';
import { advance, type AdvancedIncidents } from './advance.js';
import type { ConditionSignal } from './condition-signal.js';
import { heldInWords, type HeldOpening } from './held-opening.js';
import type { Incident } from './incident.js';

const T0 = Date.UTC(2026, 10, 20, 3, 0, 0);
const matcherOf = (value: string): LabelMatcher => {
  const built = buildMatcher({ name: 'alertname', operator: '=', value });
  if (!built.ok) throw new Error(built.error);
  return built.value;
};
const THRESHOLD: IncidentThreshold = { name: 'flaky', matchers: [matcherOf('DiskSlow')], occurrences: 3, withinMs: 10 * MINUTE_MS, firingForMs: 10 * MINUTE_MS };
const signal = (alertId: string, firing: boolean, alertname = 'DiskSlow'): ConditionSignal => ({ key: 'k', alertId: alertId as AlertId, labels: { alertname, instance: alertId }, annotations: {}, severity: 'ticket', title: 'Disk is slow', firing });

/** Minute by minute, with what is remembered between. */
class Story {
  held = new Map<string, HeldOpening>();
  open: readonly Incident[] = [];
  thresholds: readonly IncidentThreshold[] = [THRESHOLD];

  step(minute: number, signals: readonly ConditionSignal[]): AdvancedIncidents {
    const change = advance({ signals, openIncidents: this.open, thresholds: this.thresholds, held: this.held, nowMs: T0 + minute * MINUTE_MS });
    for (const key of change.noLongerHeld) this.held.delete(key);
    for (const held of change.held) this.held.set(held.key, held);
    this.open = [...this.open.filter(({ id }) => !change.incidents.some((changed) => changed.id === id)), ...change.incidents.filter(({ status }) => status !== 'resolved')];
    return change;
  }
}

describe('an alert under a threshold', () => {
  test('is an incident when it came often enough, and the incident says so', () => {
    const story = new Story();
    for (const [minute, firing] of [[0, true], [1, false], [3, true], [4, false]] as const) expect(story.step(minute, [signal('a', firing)]).incidents).toEqual([]);
    expect([...story.held.values()].map(heldInWords)).toEqual(['began to fire 2 of 3 times within 10 min (threshold "flaky"), and does not fire now']);
    const { incidents, transitions } = story.step(6, [signal('a', true)]);
    expect(transitions.map(({ kind }) => kind)).toEqual(['opened']);
    expect(incidents[0]).toMatchObject({ openedBecause: 'It began to fire 3 times within 10 min (03:00:00, 03:03:00, 03:06:00 UTC), as the threshold "flaky" asks.', timeline: [{ kind: 'note' }, { kind: 'opened' }] });
    expect(story.held.size).toBe(0);
  });

  test('counts alerts of one cause together', () => {
    const story = new Story();
    story.step(0, [signal('a', true)]);
    story.step(1, [signal('a', true), signal('b', true)]);
    expect(story.step(2, [signal('a', true), signal('b', true), signal('c', true)]).incidents[0]?.alerts).toHaveLength(3);
  });

  test('that stays is an incident however few there were, unless the rule says never', () => {
    const story = new Story();
    for (let minute = 0; minute < 10; minute += 1) expect(story.step(minute, [signal('a', true)]).incidents).toEqual([]);
    expect(story.step(10, [signal('a', true)]).incidents[0]?.openedBecause).toBe('It has been firing for 10 min, which the threshold "flaky" takes for as much as 3 times.');
    const patient = new Story();
    patient.thresholds = [{ ...THRESHOLD, firingForMs: undefined }];
    for (let minute = 0; minute < 60; minute += 1) expect(patient.step(minute, [signal('a', true)]).incidents).toEqual([]);
    expect(patient.held.get('k')?.firing).toEqual({ a: T0 });
  });

  test('is forgotten when its occurrences are too long ago, also where nothing speaks of it any more', () => {
    const story = new Story();
    story.step(0, [signal('a', true)]);
    story.step(1, []);
    expect(story.held.size).toBe(1);
    story.step(10, []);
    expect(story.held.size).toBe(0);
  });

  test('holds nothing that no threshold speaks of, and joins what is open', () => {
    const story = new Story();
    expect(story.step(0, [signal('a', true), signal('b', true, 'DiskFull')]).incidents).toHaveLength(1);
    expect(story.step(1, [signal('a', true), signal('b', true, 'DiskFull'), signal('c', true)]).incidents[0]?.alerts).toHaveLength(3);
    expect(story.held.size).toBe(0);
  });

  test('opens at once when its threshold is taken out of the rules', () => {
    const story = new Story();
    story.step(0, [signal('a', true)]);
    story.thresholds = [];
    expect(story.step(1, [signal('a', true)])).toMatchObject({ incidents: [{ status: 'open' }], noLongerHeld: ['k'] });
  });

  test('whatever comes, it opens exactly when the count or the time is reached', () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (minutes) => {
      const story = new Story();
      const begun: number[] = [];
      for (const [minute, firing] of minutes.entries()) {
        if (firing && minutes[minute - 1] !== true) begun.push(minute);
        const isOpen = story.step(minute, [signal('a', firing)]).incidents.length > 0;
        const recent = begun.filter((at) => minute - at < 10).length;
        const lasting = firing && minute - (begun.at(-1) ?? minute) >= 10;
        expect(isOpen).toBe(firing && (recent >= 3 || lasting));
        if (isOpen) return;
      }
    }));
  });
});
