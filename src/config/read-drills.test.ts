import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { loadRules } from './load-rules.js';
import { nextDrillMs } from './read-drills.js';

const drill = (spec: string, name = 'pager'): string => `apiVersion: tocsin.dev/v1\nkind: Drill\nmetadata: { name: ${name} }\nspec: ${spec}\n---\n`;
const load = (text: string): ReturnType<typeof loadRules> => loadRules([{ path: 'drills.yaml', text }]);

test('a drill is read, with its defaults', () => {
  const { rules, problems } = load(drill('{ receivers: [a, b], every: 1h, tell: [a, b] }') + drill('{ receivers: [c], cron: "0 10 * * 1-5", timeZone: Europe/Berlin, deliveredWithin: 2m, target: 0.99, tell: [a], severity: page }', 'other'));
  expect(problems).toEqual([]);
  expect(rules.drills).toMatchObject([
    { name: 'pager', receivers: ['a', 'b'], schedule: { everyMs: HOUR_MS }, withinMs: 30 * SECOND_MS, target: 0.95, tell: ['a', 'b'], severity: 'ticket' },
    { name: 'other', receivers: ['c'], schedule: { cron: '0 10 * * 1-5', timeZone: 'Europe/Berlin' }, withinMs: 2 * MINUTE_MS, target: 0.99, tell: ['a'], severity: 'page' },
  ]);
});

test('the clock on the wall decides, also where it is put back', () => {
  const schedule = { cron: '30 10 * * *', timeZone: 'Europe/Berlin' };
  const days = [Date.UTC(2026, 9, 24, 8, 30)];
  for (let day = 0; day < 2; day += 1) days.push(nextDrillMs(schedule, days.at(-1) ?? 0));
  expect(days.map((at) => new Date(at).toISOString())).toEqual(['2026-10-24T08:30:00.000Z', '2026-10-25T09:30:00.000Z', '2026-10-26T09:30:00.000Z']);
});

describe('mistakes are named with their place', () => {
  test.each([
    ['never due', '{ receivers: [a], tell: [b] }', 'rules/missing-key', 'spec'],
    ['two schedules', '{ receivers: [a], tell: [b], every: 1h, cron: "0 10 * * *" }', 'rules/invalid-value', 'spec.cron'],
    ['too often', '{ receivers: [a], tell: [b], every: 1m }', 'rules/invalid-value', 'spec.every'],
    ['too often by the clock', '{ receivers: [a], tell: [b], cron: "* * * * *" }', 'rules/invalid-value', 'spec.cron'],
    ['a field for seconds', '{ receivers: [a], tell: [b], cron: "* 0 10 * * *" }', 'rules/invalid-value', 'spec.cron'],
    ['no cron at all', '{ receivers: [a], tell: [b], cron: "at ten in the morning" }', 'rules/invalid-value', 'spec.cron'],
    ['a place that is no zone', '{ receivers: [a], tell: [b], cron: "0 10 * * *", timeZone: Berlin }', 'rules/invalid-value', 'spec.timeZone'],
    ['a zone without a clock', '{ receivers: [a], tell: [b], every: 1h, timeZone: UTC }', 'rules/invalid-value', 'spec.timeZone'],
    ['nobody else who would hear', '{ receivers: [a], tell: [a], every: 1h }', 'rules/invalid-value', 'spec.tell'],
    ['a limit of nothing', '{ receivers: [a], tell: [b], every: 1h, deliveredWithin: 0s }', 'rules/invalid-value', 'spec.deliveredWithin'],
  ])('%s', (_name, spec, code, path) => {
    expect(load(drill(spec)).problems).toMatchObject([{ code, path }]);
  });

  test('a receiver that two drills name', () => {
    expect(load(drill('{ receivers: [a], tell: [b], every: 1h }') + drill('{ receivers: [c, a], tell: [b], every: 1h }', 'other')).problems).toMatchObject([{ code: 'rules/invalid-value', path: 'spec.receivers[1]', message: expect.stringContaining('"pager"') as string }]);
  });
});
