import { expect, test } from 'vitest';
import type { Incident } from '../incident/incident.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { diskSignals, msUntilFull, withSample, type DiskSample } from './disk-outlook.js';

const GIB = 2 ** 30;
const OPEN = [{ key: 'disk:tocsin' } as Incident];
const sample = (minute: number, freeGib: number, holdsArchive = true): DiskSample => ({ atMs: minute * MINUTE_MS, freeBytes: freeGib * GIB, minFreeBytes: GIB, holdsArchive });
const told = (samples: readonly DiskSample[], open: readonly Incident[] = []): unknown[] => diskSignals(samples, open).map(({ firing, severity, annotations }) => [firing, severity, annotations['summary']]);

test('says when the disk will be full, from the pace of the last hour and from no less than a quarter of one', () => {
  expect(msUntilFull([sample(0, 10), sample(14, 9)])).toBeUndefined();
  expect(msUntilFull([sample(0, 10), sample(60, 7)])).toBe(2 * HOUR_MS);
  expect(msUntilFull([sample(0, 10), sample(60, 12)])).toBeUndefined();
  expect(withSample([sample(0, 10), sample(30, 9), sample(60, 8)], sample(61, 7)).map(({ atMs }) => atMs / MINUTE_MS)).toEqual([30, 60, 61]);
});

test('a ticket before traces are dropped, a page when dropping them is not enough', () => {
  expect(told([sample(0, 100), sample(60, 99)])).toEqual([]);
  expect(told([sample(0, 10), sample(60, 7)])).toEqual([[true, 'ticket', '7.0 GiB are free, 1.0 GiB must be; at the pace of the last hour that is reached in 2.0 hours, and then archived log records and traces are dropped, the oldest normal ones first.']]);
  expect(told([sample(0, 0.9)])).toEqual([[true, 'ticket', '0.9 GiB are free, 1.0 GiB must be: archived log records and traces are dropped, the oldest normal ones first.']]);
  expect(told([sample(0, 0.9, false)])).toEqual([[true, 'ticket', '0.9 GiB are free, 1.0 GiB must be.']]);
  expect(told([sample(0, 0.4)])).toMatchObject([[true, 'page', expect.any(String)]]);
});

test('ends with room to spare, not at the very bound', () => {
  expect(told([sample(0, 1.1)], OPEN)).toMatchObject([[true, 'ticket', expect.any(String)]]);
  expect(told([sample(0, 1.3), sample(20, 1.3)], OPEN)).toEqual([[false, 'ticket', '1.3 GiB are free, 1.0 GiB must be.']]);
  expect(told([sample(0, 20), sample(60, 18)], OPEN)).toMatchObject([[true, 'ticket', expect.any(String)]]);
  expect(told([sample(0, 20), sample(60, 19)], OPEN)).toMatchObject([[false, 'ticket', expect.any(String)]]);
  expect(told([])).toEqual([]);
  // Just started: how fast it fills is not known, and ends nothing.
  expect(told([sample(0, 20)], OPEN)).toEqual([]);
});
