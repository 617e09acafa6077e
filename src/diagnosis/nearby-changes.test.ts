import { describe, expect, test } from 'vitest';
import { MINUTE_MS } from '../lib/duration.js';
import { changeNearInWords, nearbyChanges, newVersions, suspiciousChange, type RecordedChange } from './nearby-changes.js';

const BEGAN = 1_000 * MINUTE_MS;
const recorded = (id: string, beforeMinutes: number, about: Partial<RecordedChange> = {}): RecordedChange => ({
  id, atMs: BEGAN - beforeMinutes * MINUTE_MS, kind: 'deployment', service: undefined, version: undefined, title: id, by: 'ci', url: undefined, ...about,
});
const seen = (version: string, minutes: number, service = 'payment') => ({ service, version, firstSeenMs: BEGAN + minutes * MINUTE_MS });

describe('changes near the beginning', () => {
  test('are ordered by whom they concern, before it rather than after it, the nearest first; what is far away is left out', () => {
    const changes = nearbyChanges({ recorded: [recorded('far', 121), recorded('late', -6), recorded('other', 1, { service: 'mail' }), recorded('after', -3, { service: 'payment' }), recorded('own', 40, { service: 'payment' }), recorded('all', 2)], versions: [], beganMs: BEGAN, withinMs: MINUTE_MS, services: ['payment'] });
    expect(changes.map(({ title }) => title)).toEqual(['own', 'after', 'all', 'other']);
    expect(suspiciousChange(changes, ['payment'])?.title).toBe('after');
    expect(suspiciousChange(nearbyChanges({ recorded: [recorded('own', 40, { service: 'payment' }), recorded('other', 1, { service: 'mail' }), recorded('remark', 1, { kind: 'note' })], versions: [], beganMs: BEGAN, withinMs: MINUTE_MS, services: ['payment'] }), ['payment'])).toBeUndefined();
  });

  test('within the minute in which it began, of which no more is known, are neither before nor after it', () => {
    const own = [recorded('same', -0.3, { service: 'payment' }), recorded('next', -1, { service: 'payment' }), recorded('before', 3, { service: 'payment' })];
    const near = (withinMs: number) => nearbyChanges({ recorded: own, versions: [], beganMs: BEGAN, withinMs, services: ['payment'] });
    expect(near(MINUTE_MS).map((change) => changeNearInWords(change))).toEqual(['payment deployed in the minute in which it began: same (by ci)', 'payment deployed 3 min before it began: before (by ci)', 'payment deployed 1 min after it began: next (by ci)']);
    expect(near(0).map((change) => changeNearInWords(change))).toContain('payment deployed 18 s after it began: same (by ci)');
  });

  test('are told with their distance, and with what the version does differently', () => {
    const [change] = nearbyChanges({ recorded: [recorded('new bank', 4, { service: 'payment', version: '2.3' })], versions: newVersions([seen('2.2', -110), seen('2.3', -3)], BEGAN - 120 * MINUTE_MS), beganMs: BEGAN, withinMs: MINUTE_MS, services: ['payment'] });
    expect(change).toMatchObject({ id: 'new bank', previous: '2.2', beforeMs: 4 * MINUTE_MS });
    expect(changeNearInWords({ ...change!, difference: 'payment POST /charge fails more often (82 % against 0.1 %).' })).toBe('payment 2.3 deployed 4 min before it began: new bank (by ci). payment POST /charge fails more often (82 % against 0.1 %).');
  });
});

describe('versions that nobody recorded', () => {
  test('are known by their own spans, where another version was there before', () => {
    const versions = newVersions([seen('2.2', -110), seen('2.3', -3), seen('1.0', -110, 'cart'), seen('7', -20, 'new-service')], BEGAN - 115 * MINUTE_MS);
    expect(versions).toEqual([{ kind: 'version', atMs: BEGAN - 3 * MINUTE_MS, service: 'payment', version: '2.3', previous: '2.2', title: 'first requests of version 2.3, after 2.2' }]);
    expect(changeNearInWords({ ...versions[0]!, beforeMs: 3 * MINUTE_MS })).toBe('payment 2.3 appeared 3 min before it began, first requests of version 2.3, after 2.2');
  });

  test('are not taken for new because the view of the store begins there', () => {
    expect(newVersions([seen('2.2', -110), seen('2.3', -109)], BEGAN - 120 * MINUTE_MS)).toEqual([]);
    expect(newVersions([], BEGAN)).toEqual([]);
  });
});
