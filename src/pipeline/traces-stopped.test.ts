import { describe, expect, test } from 'vitest';
import { SliceIndex } from '../budget/slice-index.js';
import { WORKBOOK_POLICY, buildSlo, minuteOfEvents } from '../budget/slo-builder.js';
import { fullCoverage } from '../budget/window-reading.js';
import type { Severity } from '../config/slo.js';
import type { Incident, Transition } from '../incident/incident.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { evaluate } from './evaluate.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const KEY = 'checkout-availability@1';

/** Ten requests a minute for two weeks, then whatever a test makes of it; evaluated minute by minute. */
class Life {
  readonly #slices = new SliceIndex();
  readonly #slo;
  readonly told: Transition[] = [];
  #open: readonly Incident[] = [];
  nowMs = NOW;

  constructor(whenStopped?: Severity) {
    this.#slo = buildSlo({ policy: { ...WORKBOOK_POLICY, ...(whenStopped === undefined ? {} : { whenStopped }) } });
    this.#slices.track({ sliceKey: KEY, slo: this.#slo });
    for (let minute = (NOW - 14 * DAY_MS) / MINUTE_MS; minute < NOW / MINUTE_MS; minute += 1) this.#add(minute, { good: 10 });
    this.#slices.trim(NOW);
  }

  minutes(count: number, counts: { good?: number; bad?: number } = {}): void {
    for (let passed = 0; passed < count; passed += 1) {
      this.#add(this.nowMs / MINUTE_MS, counts);
      this.nowMs += MINUTE_MS;
      const { incidents, transitions } = evaluate({ nowMs: this.nowMs, slos: [{ slo: this.#slo, sliceKey: KEY }], slices: this.#slices, coverage: fullCoverage, openIncidents: this.#open });
      const changed = new Map(incidents.map((incident) => [incident.id, incident]));
      this.#open = [...this.#open.filter(({ id }) => !changed.has(id)), ...incidents].filter(({ status }) => status !== 'resolved');
      this.told.push(...transitions);
    }
  }

  #add(minute: number, { good = 0, bad = 0 }: { good?: number; bad?: number }): void {
    if (good + bad > 0) this.#slices.add([{ sliceKey: KEY, ...minuteOfEvents(minute, { good, bad }) }]);
  }
}

describe('a policy that wants to hear of it', () => {
  test('is told once that traces have stopped, and once that they come again', () => {
    const life = new Life('ticket');
    life.minutes(90);
    expect(life.told.map(({ kind, incident }) => [kind, incident.severity, incident.title])).toEqual([['opened', 'ticket', 'The traces of "Checkout works" have stopped']]);
    expect(life.told[0]?.incident.alerts).toMatchObject([{ labels: { alertname: 'TracesStopped', slo: 'checkout-availability', severity: 'ticket' } }]);
    expect(life.told[0]?.incident.alerts[0]?.annotations['summary']).toMatch(/have stopped: nothing for \d+ min; the same time of the 2 weeks before saw \d+ events: traces have stopped$/);
    life.minutes(2, { good: 10 });
    expect(life.told.map(({ kind }) => kind)).toEqual(['opened', 'resolved']);
  });

  test('hears of a burn in the same incident when the service comes back broken', () => {
    const life = new Life('ticket');
    life.minutes(30);
    life.minutes(5, { bad: 10 });
    expect(life.told.map(({ kind }) => kind)).toEqual(['opened', 'upgraded']);
    expect(new Set(life.told.map(({ incident }) => incident.id)).size).toBe(1);
  });

  test('hears nothing of a pause that is no news', () => {
    const life = new Life('page');
    life.minutes(4);
    life.minutes(60, { good: 10 });
    expect(life.told).toEqual([]);
  });
});

test('other policies are not told: silence is shown on the page', () => {
  const life = new Life();
  life.minutes(90);
  expect(life.told).toEqual([]);
});
