import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { ArchiveGroup, ArchiveSignal, CataloguedFile } from '../store/archive/archive-catalogue.js';
import { planRewrites, type RewritePlan } from './archive-rewrites.js';

const file = (fileId: string, hour: number, rows = 100, signal: ArchiveSignal = 'spans'): CataloguedFile => ({ signal, fileId, hour, rows, path: `${fileId}.parquet`, bytes: rows * 50, sha256: '', maxArrivalMs: (hour + 1) * HOUR_MS });
const group = (fileId: string, reason: string, rows = 50, service = 'cart'): ArchiveGroup => ({ fileId, reason, service, rows });
const plan = (changes: Partial<Omit<RewritePlan, 'limits'>> & { readonly limits?: Partial<RewritePlan['limits']> } = {}): RewritePlan => ({
  nowMs: 100 * HOUR_MS, closedBeforeHour: 90, freeBytes: undefined, ...changes, limits: { rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0, ...changes.limits },
});
const told = (contents: Parameters<typeof planRewrites>[0], with_: RewritePlan): unknown => planRewrites(contents, with_).map(({ files, dropped, isEmpty }) => [files.map(({ fileId }) => fileId).join('+'), dropped.join(' ').replaceAll('\u001f', '/'), isEmpty]);

test('files of an hour that is over are merged, as many as stay small enough together', () => {
  const files = [file('a', 80), file('b', 80), file('c', 95), file('d', 95), file('e', 70, 150_000), file('f', 70, 150_000), file('g', 70, 50_000)];
  const groups = files.map(({ fileId }) => group(fileId, 'baseline'));
  expect(told({ files, groups }, plan())).toEqual([['a+b', '', false], ['f+g', '', false]]);
});

test('says how many rows are left, with which what was written is compared', () => {
  const contents = { files: [file('a', 0), file('b', 0)], groups: [group('a', 'baseline', 30), group('a', 'error', 70), group('b', 'baseline', 100)] };
  const rows = (with_: RewritePlan): readonly number[] => planRewrites(contents, with_).map((rewrite) => rewrite.rows);
  expect(rows(plan())).toEqual([200]);
  expect(rows(plan({ nowMs: 3 * DAY_MS, limits: { rules: [{ reason: 'baseline', maxAgeMs: DAY_MS }] } }))).toEqual([70]);
});

test('log records are merged with log records, and what was imported long after with none that came in time', () => {
  const files = [file('a', 80), file('b', 80), file('c', 80, 100, 'logs'), file('d', 80, 100, 'logs'), { ...file('e', 80), maxArrivalMs: 200 * HOUR_MS }];
  expect(told({ files, groups: files.map(({ fileId }) => group(fileId, 'log')) }, plan({ nowMs: 210 * HOUR_MS, closedBeforeHour: 200 }))).toEqual([['a+b', '', false], ['c+d', '', false]]);
});

test('an open hour is merged when it has a dozen files', () => {
  const files = Array.from({ length: 12 }, (_, index) => file(`f${String(index)}`, 99));
  expect(planRewrites({ files, groups: [] }, plan()).map((rewrite) => rewrite.files.length)).toEqual([12]);
  expect(planRewrites({ files: files.slice(1), groups: [] }, plan())).toEqual([]);
});

test('age drops groups by the first rule that fits, and whole files where nothing is left, these first', () => {
  const contents = { files: [file('a', 0), file('b', 1)], groups: [group('a', 'baseline'), group('a', 'error'), group('b', 'baseline', 100)] };
  expect(told(contents, plan({ nowMs: 3 * DAY_MS, limits: { rules: [{ reason: 'baseline', maxAgeMs: DAY_MS }] } }))).toEqual([['b', 'cart/baseline', true], ['a', 'cart/baseline', false]]);
});

test('what was imported is kept from when it came, however old it is', () => {
  const contents = { files: [{ ...file('old', -20_000), maxArrivalMs: 100 * HOUR_MS }], groups: [group('old', 'baseline', 100)] };
  expect(told(contents, plan({ nowMs: 100 * HOUR_MS + 29 * DAY_MS }))).toEqual([]);
  expect(told(contents, plan({ nowMs: 100 * HOUR_MS + 30 * DAY_MS }))).toEqual([['old', 'cart/baseline', true]]);
});

test('for want of room, log records go before all traces, those of errors only before traces with errors', () => {
  const files = [file('old', 1, 100), file('logs', 2, 150, 'logs')];
  const groups = [group('old', 'error'), group('old', 'slow'), group('logs', 'pinned'), group('logs', 'log'), group('logs', 'error-log')];
  const within = (maxBytes: number): unknown => told({ files, groups }, plan({ limits: { maxBytes } }));
  expect(within(10_000)).toEqual([['logs', 'cart/log', false]]);
  expect(within(7_500)).toEqual([['old', 'cart/slow', false], ['logs', 'cart/log', false]]);
  expect(within(5_000)).toEqual([['old', 'cart/slow', false], ['logs', 'cart/error-log cart/log', false]]);
  expect(within(0)).toEqual([['old', 'cart/error cart/slow', true], ['logs', 'cart/error-log cart/log', false]]);
});

test('for want of room the oldest normal traces go first, then unusual ones, errors last and pinned ones never', () => {
  const files = [file('old', 1, 200), file('new', 2, 200)];
  const groups = files.flatMap(({ fileId }) => ['pinned', 'error', 'slow', 'baseline'].map((reason) => group(fileId, reason)));
  const within = (maxBytes: number): unknown => told({ files, groups }, plan({ limits: { maxBytes } }));
  expect(within(20_000)).toEqual([]);
  expect(within(17_500)).toEqual([['old', 'cart/baseline', false]]);
  expect(within(12_500)).toEqual([['old', 'cart/baseline cart/slow', false], ['new', 'cart/baseline', false]]);
  expect(within(0)).toEqual([['old', 'cart/baseline cart/error cart/slow', false], ['new', 'cart/baseline cart/error cart/slow', false]]);
  expect(told({ files, groups }, plan({ freeBytes: 1_000, limits: { minFreeBytes: 3_500 } }))).toEqual([['old', 'cart/baseline', false]]);
});
