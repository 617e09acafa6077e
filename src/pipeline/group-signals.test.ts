import { describe, expect, test } from 'vitest';
import { minuteOf, type CountSeries } from '../budget/minute-series.js';
import { SliceIndex } from '../budget/slice-index.js';
import { buildSlo, minuteOfEvents } from '../budget/slo-builder.js';
import { fullCoverage } from '../budget/window-reading.js';
import { onsetOfMinutes } from '../diagnosis/onset.js';
import type { Incident } from '../incident/incident.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { evaluate, type Evaluation, type MeasuredSlo } from './evaluate.js';

const NOW = Date.UTC(2026, 10, 26, 12);
const AT = { file: 'rules/a.yaml', line: 1, column: 1 };
const SLO = buildSlo({ indicator: { total: { text: '{ }', at: AT }, bad: { text: '{ status = error }', at: AT }, weight: 'auto', groupBy: [{ text: 'resource.cloud.region', at: AT }] } });
const RULE: MeasuredSlo = { slo: SLO, sliceKey: 'checkout-availability@1' };
const key = (region: string | []): string => `${RULE.sliceKey} ${JSON.stringify({ 'resource.cloud.region': region })}`;

/** Requests a minute by region for the last six hours; those in `failing` fail in the last ten minutes. */
function index(traffic: Readonly<Record<string, number>>, failing: readonly string[]): SliceIndex {
  const slices = new SliceIndex();
  slices.track(RULE);
  for (let back = 1; back <= 360; back += 1) {
    for (const [region, events] of Object.entries(traffic)) {
      const isBad = failing.includes(region) && back <= 10;
      const delta = minuteOfEvents(minuteOf(NOW) - back, isBad ? { bad: events } : { good: events });
      slices.add([{ sliceKey: RULE.sliceKey, ...delta }, { sliceKey: region === 'other' ? key([]) : key(region), ...delta }]);
    }
  }
  return slices;
}

function judge(slices: SliceIndex, openIncidents: readonly Incident[] = [], nowMs = NOW): Evaluation {
  return evaluate({ nowMs, slos: [RULE], slices, openIncidents, coverage: fullCoverage });
}

describe('alerts of groups', () => {
  test('a small region that fails pages in the incident of its SLO, while the whole looks well', () => {
    const { statuses: [status], incidents, signals } = judge(index({ eu: 20_000, us: 20_000, tiny: 10 }, ['tiny']));
    expect(status?.state).toBe('ok');
    expect(status?.groups?.map(({ group, state }) => [group?.text, state])).toEqual([['resource.cloud.region=tiny', 'page'], ['resource.cloud.region=eu', 'ok'], ['resource.cloud.region=us', 'ok']]);
    expect(incidents.map(({ key: name, severity, title, alerts }) => [name, severity, title, alerts.map(({ labels }) => labels['cloud_region'])])).toEqual([
      ['slo:checkout-availability', 'page', '"Checkout works (resource.cloud.region=tiny)" is failing', ['tiny']],
    ]);
    expect(signals.map(({ firing }) => firing)).toEqual([false]);
    // Records of an incident are small: they hold the group's own reading, not those of all groups.
    expect(incidents[0]?.alerts[0]?.reading?.group?.values).toEqual({ 'resource.cloud.region': 'tiny' });
  });

  test('since when it fails is told of the minutes of the group, not of all in which it is lost', () => {
    const slices = index({ eu: 20_000, us: 20_000, tiny: 10 }, ['tiny']);
    const [tiny] = judge(slices).statuses[0]?.groups ?? [];
    const onsetIn = (series: CountSeries): unknown => onsetOfMinutes(Array.from({ length: 120 }, (_, back) => minuteOf(NOW) - 120 + back).map((minute) => ({ minute, ...series.sum(minute, minute + 1) })));
    expect(onsetIn(slices.judgedOf(RULE, tiny?.group))).toMatchObject({ minute: minuteOf(NOW) - 10, before: 0, after: 1 });
    expect(onsetIn(slices.judgedOf(RULE, undefined))).toMatchObject({ after: 10 / 40_010 });
    expect(onsetIn(slices.judgedOf(RULE, { ...tiny!.group!, text: 'resource.cloud.region=gone' }))).toMatchObject({ after: 10 / 40_010 });
  });

  test('where all fail, the whole says it once', () => {
    const traffic = Object.fromEntries(Array.from({ length: 30 }, (_, region) => [`region-${region}`, 100]));
    const { statuses: [status], incidents } = judge(index(traffic, Object.keys(traffic)));
    expect(status?.groups?.filter(({ state }) => state === 'page').length).toBe(30);
    expect(incidents.flatMap(({ alerts }) => alerts.map(({ labels }) => labels['cloud_region']))).toEqual([undefined]);
  });

  test('a group goes on alerting when the whole joins in, and ends by its own recovery', () => {
    const slices = index({ eu: 20_000, tiny: 10 }, ['tiny']);
    const [opened] = judge(slices).incidents;
    slices.add([{ sliceKey: RULE.sliceKey, ...minuteOfEvents(minuteOf(NOW), { bad: 500_000 }) }, { sliceKey: key('eu'), ...minuteOfEvents(minuteOf(NOW), { bad: 500_000 }) }]);
    const joined = judge(slices, opened === undefined ? [] : [opened], NOW + MINUTE_MS - 1).incidents[0];
    expect(joined?.id).toBe(opened?.id);
    expect(joined?.alerts.map(({ labels, status }) => [labels['cloud_region'], status])).toEqual([['tiny', 'firing'], [undefined, 'firing']]);
    for (let minute = 1; minute <= 120; minute += 1) slices.add([{ sliceKey: RULE.sliceKey, ...minuteOfEvents(minuteOf(NOW) + minute, { good: 20_010 }) }, { sliceKey: key('tiny'), ...minuteOfEvents(minuteOf(NOW) + minute, { good: 5_000 }) }]);
    const later = judge(slices, joined === undefined ? [] : [joined], NOW + 2 * HOUR_MS).incidents[0];
    expect(later?.alerts.map(({ labels, status }) => [labels['cloud_region'], status])).toContainEqual(['tiny', 'resolved']);
  });

  test('that look the same are told apart: without the attribute, with an empty one, with the text of a number', () => {
    const slices = index({ eu: 100 }, []);
    const groupKeys = [null, '', 1, '1'].map((value) => `${RULE.sliceKey} ${JSON.stringify({ 'resource.cloud.region': value })}`);
    for (const [place, sliceKey] of groupKeys.entries()) slices.add(Array.from({ length: 10 }, (_, back) => ({ sliceKey, ...minuteOfEvents(minuteOf(NOW) - 1 - back, place % 2 === 0 ? { bad: 100 } : { good: 100 }) })));
    const { incidents: [incident] } = judge(slices);
    expect(incident?.alerts.map(({ labels }) => labels['cloud_region']).sort()).toEqual(['(none)', '1']);
    const later = judge(slices, incident === undefined ? [] : [incident], NOW + MINUTE_MS - 1).incidents[0] ?? incident;
    expect(later?.alerts.map(({ status }) => status)).toEqual(['firing', 'firing']);
  });

  test('"other" is a group as well, and groups by other attributes than now are left alone', () => {
    const slices = index({ eu: 100, other: 100 }, ['other']);
    slices.add([{ sliceKey: `${RULE.sliceKey} {"span.tenant":"a"}`, ...minuteOfEvents(minuteOf(NOW) - 1, { bad: 100 }) }]);
    expect(judge(slices).statuses[0]?.groups?.map(({ group }) => group?.text)).toEqual(['other', 'resource.cloud.region=eu']);
  });

  test('of many groups the last hundred are kept', () => {
    const slices = new SliceIndex();
    slices.track(RULE);
    for (let group = 0; group < 130; group += 1) slices.add([{ sliceKey: key(`r${group}`), ...minuteOfEvents(minuteOf(NOW) - 200 + group, { good: 1 }) }]);
    slices.trim(NOW);
    const names = judge(slices).statuses[0]?.groups?.map(({ group }) => group?.values?.['resource.cloud.region']);
    expect(names?.length).toBe(100);
    expect(names).not.toContain('r29');
    slices.retain([]);
    expect(slices.groups(RULE)).toEqual([]);
  });
});
