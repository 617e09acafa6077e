import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncidentWindow } from '../config/incident-window.js';
import type { Severity } from '../config/slo.js';
import { MINUTE_MS } from '../lib/duration.js';
import { parseMatchers } from '../lib/label-matcher.js';
import { advance, type IncidentChange } from './advance.js';
import { attachEvidence } from './attach-evidence.js';
import { alertIdOf, type ConditionSignal } from './condition-signal.js';
import { UPDATE_INTERVAL_MS } from './incident-policy.js';
import type { Incident, Transition } from './incident.js';
import { acknowledge, resolve } from './person-actions.js';
import { sampleIncident, sampleReading, SAMPLE_START_MS as T0 } from './sample-incident.js';

function signal(changes: Partial<ConditionSignal> & { budget?: number; burn?: number; condition?: string } = {}): ConditionSignal {
  const { budget = 0.71, burn = 21, condition = 'burn', ...rest } = changes;
  const labels = { alertname: condition, slo: 'checkout' };
  return {
    key: 'slo:checkout', alertId: alertIdOf(labels), labels: { ...labels, severity: rest.severity ?? 'page' }, annotations: {}, severity: 'page', title: 'Checkout works',
    firing: true, reading: sampleReading({ errorBudgetRemaining: budget, firing: undefined, burnRates: { '1h': burn } }), runbook: 'checkout-errors', ...rest,
  };
}

/** Keeps the open incidents as the store would, and remembers the news. */
class Timeline {
  incidents = new Map<string, Incident>();
  news: Transition[] = [];
  windows: readonly IncidentWindow[] = [];

  tick(nowMs: number, ...signals: ConditionSignal[]): string[] {
    return this.apply(advance({ signals, openIncidents: this.open(), nowMs, recentlyEnded: this.ended(), windows: this.windows }));
  }

  apply(change: IncidentChange): string[] {
    for (const incident of change.incidents) this.incidents.set(incident.id, incident);
    this.news.push(...change.transitions);
    return change.transitions.map(({ kind }) => kind);
  }

  ended(): Incident[] {
    return [...this.incidents.values()].filter(({ status }) => status === 'resolved');
  }

  open(): Incident[] {
    return [...this.incidents.values()].filter(({ status }) => status !== 'resolved');
  }

  only(): Incident {
    expect(this.incidents.size).toBe(1);
    return [...this.incidents.values()][0]!;
  }
}

describe('one incident from start to end', () => {
  test('opens once, resolves once, and the next breach is a new incident', () => {
    const timeline = new Timeline();
    expect(timeline.tick(T0, signal({ firing: false }))).toEqual([]);
    expect(timeline.tick(T0, signal())).toEqual(['opened']);
    expect(timeline.tick(T0 + 5_000, signal())).toEqual([]);
    expect(timeline.tick(T0 + 10_000, signal({ firing: false }))).toEqual(['resolved']);
    expect(timeline.only()).toMatchObject({ status: 'resolved', endedAtMs: T0 + 10_000, alerts: [{ status: 'resolved', endsAtMs: T0 + 10_000 }] });
    expect(timeline.tick(T0 + 15_000, signal({ firing: false }))).toEqual([]);
    expect(timeline.tick(T0 + 60 * MINUTE_MS, signal())).toEqual(['opened']);
    expect(timeline.incidents.size).toBe(2);
  });

  test('an opened incident carries what a person needs', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal({ annotations: { summary: 'Checkout works: burning 21x with 71 % of the 30-day budget left' }, breachReceivedAtMs: T0 - 700 }));
    expect(timeline.only()).toMatchObject({
      id: 'inc-20261120-030405-d054', key: 'slo:checkout', severity: 'page', title: 'Checkout works', startedAtMs: T0, runbook: 'checkout-errors',
      alerts: [{ labels: { slo: 'checkout', incident: 'inc-20261120-030405-d054' }, status: 'firing', startsAtMs: T0 }],
      timeline: [{ kind: 'opened', actor: 'tocsin', text: 'Page opened: burning 21x with 71 % of the 30-day budget left.' }],
    });
    expect(timeline.news[0]).toMatchObject({ breachReceivedAtMs: T0 - 700, incident: timeline.only() });
  });

  test('silence about a key never resolves its incident', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal());
    expect(timeline.tick(T0 + 1)).toEqual([]);
    expect(timeline.tick(T0 + 2, signal({ key: 'slo:other', firing: false }))).toEqual([]);
    expect(timeline.only().status).toBe('open');
  });
});

describe('severity', () => {
  test('words that are a sentence already get no second full stop', () => {
    const timeline = new Timeline();
    timeline.tick(T0, { ...signal(), annotations: { summary: 'Alerts come later by as much.' } });
    expect(timeline.only().timeline[0]?.text).toBe('Page opened: Alerts come later by as much.');
  });

  test('a ticket that becomes a page is upgraded in the same incident', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal({ severity: 'ticket', burn: 3 }));
    expect(timeline.tick(T0 + 1_000, signal({ severity: 'page' }))).toEqual(['upgraded']);
    expect(timeline.only()).toMatchObject({ severity: 'page', alerts: [{ severity: 'page', labels: { severity: 'page' }, startsAtMs: T0 }] });
    expect(timeline.only().timeline.at(-1)?.text).toContain('Upgraded from ticket to page: burning 21x');
  });

  test('also when the page is a condition of its own that takes the place of the ticket', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal({ severity: 'ticket', condition: 'slow' }));
    expect(timeline.tick(T0 + 1_000, signal({ condition: 'fast' }))).toEqual(['upgraded']);
    expect(timeline.only().alerts.map(({ status }) => status)).toEqual(['resolved', 'firing']);
    expect(timeline.tick(T0 + 2_000, signal({ condition: 'fast', firing: false }))).toEqual(['resolved']);
  });

  test('a page that calms down to a ticket notifies nobody, and back up neither', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal());
    expect(timeline.tick(T0 + 1_000, signal({ severity: 'ticket' }))).toEqual([]);
    expect(timeline.tick(T0 + 2_000, signal())).toEqual([]);
    expect(timeline.only().severity).toBe('page');
  });
});

describe('numbers', () => {
  test('that change are told at most every ten minutes, with what they are then', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal());
    const heard = [];
    for (let now = T0 + 5_000; now <= T0 + 3 * UPDATE_INTERVAL_MS; now += 5_000) heard.push(...timeline.tick(now, signal({ burn: 21 + ((now - T0) / 5_000) * 0.1 })));
    expect(heard).toEqual(['updated', 'updated', 'updated']);
    expect(timeline.news.map(({ news }) => news)).toEqual([undefined, undefined, undefined, undefined]);
    expect(timeline.only().timeline.at(-1)?.text).toContain('burning 57x');
  });

  test('that stay the same are never told again', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal());
    expect(timeline.tick(T0 + 60 * MINUTE_MS, signal())).toEqual([]);
  });

  test('a service that comes of age is measured by another yardstick, which is no news', () => {
    const reading = (young: boolean) => sampleReading({ young, errorBudgetRemaining: -160, projectedBudgetRemaining: young ? 0.99 : undefined, firing: undefined, burnRates: { '1h': 21 } });
    const timeline = new Timeline();
    timeline.tick(T0, signal({ reading: reading(true) }));
    expect(timeline.tick(T0 + 5_000, signal({ reading: reading(false) }))).toEqual([]);
  });

  test.each([[0.71, 0.5, 'Less than 50 %'], [0.6, 0.2, 'Less than 25 %'], [0.2, 0.08, 'Less than 10 %'], [0.05, -0.02, 'The error budget is spent']])(
    'a budget that falls from %d to %d is news at once', (before, after, words) => {
      const timeline = new Timeline();
      timeline.tick(T0, signal({ budget: before }));
      expect(timeline.tick(T0 + 5_000, signal({ budget: after }))).toEqual(['updated']);
      expect(timeline.news.at(-1)?.news).toContain(words);
      expect(timeline.tick(T0 + 10_000, signal({ budget: after }))).toEqual([]);
    });

  test('a budget that recovers is no news', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal({ budget: 0.2 }));
    expect(timeline.tick(T0 + 5_000, signal({ budget: 0.9 }))).toEqual([]);
  });

  test('the timeline of a long incident has an end, and keeps what matters', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal());
    for (let round = 1; round <= 600; round += 1) timeline.tick(T0 + round * UPDATE_INTERVAL_MS, signal({ burn: 20 + round }));
    expect(timeline.only().timeline).toHaveLength(500);
    expect(timeline.only().timeline[0]?.kind).toBe('opened');
  });
});

describe('people', () => {
  test('the first to acknowledge has it', () => {
    const taken = acknowledge(sampleIncident(), 'ann', T0 + 4 * MINUTE_MS);
    expect(taken.transitions).toMatchObject([{ kind: 'acknowledged', incident: { status: 'acknowledged', acknowledgedBy: 'ann' } }]);
    expect(taken.incidents[0]?.timeline.at(-1)).toMatchObject({ actor: 'ann', text: 'ann has it, 4 min after it began.' });
    expect(acknowledge(taken.incidents[0]!, 'bob', T0 + 5 * MINUTE_MS)).toEqual({ incidents: [], transitions: [] });
  });

  test('an acknowledged incident still upgrades and resolves by itself', () => {
    const timeline = new Timeline();
    timeline.tick(T0, signal({ severity: 'ticket' }));
    timeline.apply(acknowledge(timeline.only(), 'ann', T0 + 1));
    expect(timeline.tick(T0 + 2, signal())).toEqual(['upgraded']);
    expect(timeline.only().status).toBe('acknowledged');
    expect(timeline.tick(T0 + 3, signal({ firing: false }))).toEqual(['resolved']);
  });

  test('resolving ends every alert, once', () => {
    const ended = resolve(sampleIncident(), 'ann', T0 + MINUTE_MS);
    expect(ended.incidents).toMatchObject([{ status: 'resolved', endedAtMs: T0 + MINUTE_MS, alerts: [{ status: 'resolved' }] }]);
    expect(resolve(ended.incidents[0]!, 'bob', T0 + 2 * MINUTE_MS).transitions).toEqual([]);
    expect(acknowledge(ended.incidents[0]!, 'bob', T0 + 2 * MINUTE_MS).transitions).toEqual([]);
  });
});

test('evidence is attached to what is stored and to what is told', () => {
  const evidence = sampleIncident().evidence!;
  const change = advance({ signals: [signal(), signal({ key: 'slo:other' })], openIncidents: [], nowMs: T0 });
  const attached = attachEvidence(change, change.incidents[0]!.id, evidence);
  expect(attached.incidents.map((incident) => incident.evidence)).toEqual([evidence, undefined]);
  expect(attached.transitions.map(({ incident }) => incident.evidence)).toEqual([evidence, undefined]);
});

test('alert ids do not depend on the order of labels or on the incident', () => {
  expect(alertIdOf({ a: '1', b: '2' })).toBe(alertIdOf({ incident: 'x', b: '2', a: '1' }));
  expect(alertIdOf({ a: '1', b: '2' })).not.toBe(alertIdOf({ a: '1b', '': '2' }));
});

test('two keys that open in one second with the same hash get two ids', () => {
  const change = advance({ signals: [signal({ key: 'a' }), signal({ key: 'b' })], openIncidents: [], nowMs: T0, newIncidentId: (_key, _now, attempt) => `inc-${String(attempt)}` as Incident['id'] });
  expect(change.incidents.map(({ id }) => id)).toEqual(['inc-0', 'inc-1']);
});

test('what a person ends opens again at that very moment as another incident, with an id of its own', () => {
  const timeline = new Timeline();
  timeline.tick(T0, signal());
  timeline.apply(resolve(timeline.only(), 'bob', T0));
  expect(timeline.tick(T0, signal())).toEqual(['opened']);
  expect([...timeline.incidents.values()].map(({ status }) => status)).toEqual(['resolved', 'open']);
});

describe('whatever the signals', () => {
  const anySignal = fc.record({
    key: fc.constantFrom('slo:a', 'slo:b', 'slo:c'), condition: fc.constantFrom('fast', 'slow'), severity: fc.constantFrom<Severity>('page', 'ticket'), firing: fc.boolean(),
    budget: fc.double({ min: -0.5, max: 1, noNaN: true }), burn: fc.double({ min: 0, max: 1_000, noNaN: true }),
  }).map(signal);
  const anyTick = fc.record({ afterMs: fc.integer({ min: 1_000, max: 20 * MINUTE_MS }), signals: fc.array(anySignal, { maxLength: 6 }), person: fc.constantFrom('nobody', 'acknowledges', 'resolves') });

  test('a tick repeated changes nothing, one incident is open per key, and news comes in an order that makes sense', () => {
    fc.assert(fc.property(fc.array(anyTick, { maxLength: 40 }), (ticks) => {
      const timeline = new Timeline();
      let now = T0;
      for (const { afterMs, signals, person } of ticks) {
        now += afterMs;
        timeline.tick(now, ...signals);
        expect(advance({ signals, openIncidents: timeline.open(), recentlyEnded: timeline.ended(), nowMs: now })).toEqual({ incidents: [], transitions: [], held: [], noLongerHeld: [] });
        const [first] = timeline.open();
        if (first !== undefined && person === 'acknowledges') timeline.apply(acknowledge(first, 'ann', now));
        if (first !== undefined && person === 'resolves') timeline.apply(resolve(first, 'ann', now));
        const keys = timeline.open().map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
      }
      for (const incident of timeline.incidents.values()) {
        const kinds = timeline.news.filter((news) => news.incident.id === incident.id).map(({ kind }) => kind);
        // Opened and ended by turns; in each of its lives it is upgraded once at most.
        const turns = kinds.filter((kind) => kind === 'opened' || kind === 'resolved');
        expect(turns).toEqual(turns.map((_, index) => (index % 2 === 0 ? 'opened' : 'resolved')));
        expect(turns.length % 2).toBe(incident.status === 'resolved' ? 0 : 1);
        expect(kinds[0]).toBe('opened');
        for (const life of kinds.join(' ').split('resolved')) expect(life.match(/upgraded/g)?.length ?? 0).toBeLessThanOrEqual(1);
        if (incident.status === 'resolved') expect(kinds.at(-1)).toBe('resolved');
        expect(incident.status === 'resolved').toBe(incident.alerts.every(({ status }) => status === 'resolved'));
      }
    }));
  });
});

describe('what comes back', () => {
  const fire = signal();
  const quiet = signal({ firing: false });

  test('soon after its end opens the same incident again, told like a new one and taken by nobody', () => {
    const story = new Timeline();
    story.tick(T0, fire);
    story.apply(acknowledge(story.open()[0]!, 'ann', T0));
    story.tick(T0 + MINUTE_MS, quiet);
    expect(story.tick(T0 + 10 * MINUTE_MS, fire)).toEqual(['opened']);
    expect(story.open()).toMatchObject([{ status: 'open', acknowledgedBy: undefined, endedAtMs: undefined, startedAtMs: T0, alerts: [{ status: 'firing', startsAtMs: T0 + 10 * MINUTE_MS }] }]);
    expect(story.open()[0]!.timeline.at(-1)!.text).toContain('Page opened again, 9 min after its end');
    expect(story.incidents.size).toBe(1);
  });

  test('a clock that was set back gives no time below zero', () => {
    const story = new Timeline();
    story.tick(T0, fire);
    story.tick(T0 - MINUTE_MS, quiet);
    story.tick(T0 - 4 * MINUTE_MS, fire);
    const texts = [...story.incidents.values()].flatMap(({ timeline }) => timeline.map(({ text }) => text));
    expect(texts.join('\n')).toContain('Page opened again, 0 s after its end');
    expect(texts.filter((text) => /[-−]\d/.test(text))).toEqual([]);
  });

  test.each([
    ['after a quarter of an hour', (story: Timeline) => story.tick(T0 + MINUTE_MS, quiet), 17],
    ['where a person ended it', (story: Timeline) => story.apply(resolve(story.open()[0]!, 'ann', T0 + MINUTE_MS)), 2],
    ['where it went on in another', (story: Timeline) => { const [open] = story.open(); return story.apply({ incidents: [{ ...open!, status: 'resolved', endedAtMs: T0 + MINUTE_MS, mergedInto: 'inc-other' as Incident['id'] }], transitions: [] }); }, 2],
  ])('is a new incident %s', (_, end, minutes) => {
    const story = new Timeline();
    story.tick(T0, fire);
    end(story);
    expect(story.tick(T0 + minutes * MINUTE_MS, fire)).toEqual(['opened']);
    expect(story.incidents.size).toBe(2);
  });

  test.each([
    ['rolling', 'checkout', 15, 119, true], ['rolling', 'checkout', 15, 136, false], ['rolling', 'cart', 15, 119, false],
    ['fixed', 'checkout', 15, 119, true], ['fixed', 'checkout', 15, 121, false],
  ] as const)('with a %s window of two hours for %s, ended after %i minutes and back after %i: the same one is %s', (type, slo, endMinute, backMinute, isSame) => {
    const parsed = parseMatchers(`slo="${slo}"`);
    const story = new Timeline();
    story.windows = [{ name: 'long', matchers: parsed.ok ? parsed.value : [], lengthMs: 120 * MINUTE_MS, type }];
    story.tick(T0, fire);
    story.tick(T0 + endMinute * MINUTE_MS, quiet);
    expect(story.tick(T0 + backMinute * MINUTE_MS, fire)).toEqual(['opened']);
    expect(story.incidents.size).toBe(isSame ? 1 : 2);
  });

  test('again and again keeps the incident open until it was quiet for a quarter of an hour, and tells nobody of what lies between', () => {
    const story = new Timeline();
    for (const minute of [0, 4, 8]) {
      story.tick(T0 + minute * MINUTE_MS, fire);
      if (minute < 8) story.tick(T0 + (minute + 2) * MINUTE_MS, quiet);
    }
    story.news = [];
    for (const minute of [10, 12, 14]) story.tick(T0 + minute * MINUTE_MS, minute === 12 ? fire : quiet);
    for (let minute = 15; minute < 29; minute += 1) story.tick(T0 + minute * MINUTE_MS, quiet);
    expect(story.news.filter(({ kind }) => kind !== 'updated')).toEqual([]);
    expect(story.open()[0]!.timeline.filter(({ kind, text }) => kind === 'note' && text.startsWith('Quiet, and kept open'))).toHaveLength(2);
    expect(story.tick(T0 + 29 * MINUTE_MS, quiet)).toEqual(['resolved']);
  });
});
