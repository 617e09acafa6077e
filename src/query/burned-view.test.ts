import { expect, test } from 'vitest';
import type { BurnedBy } from '../pipeline/burned-by.js';
import { burnedView } from './burned-view.js';

function row(version: string, operation: string, counts: Partial<BurnedBy> = {}): BurnedBy {
  return { service: 'checkout', version, operation, bad: 0, total: 100, firstSeenMs: 1_000, lastSeenMs: 9_000, ...counts };
}

test('bad events are ranked by version and by operation, each with its share of all and of its own', () => {
  const view = burnedView([row('1.4.2', 'POST /orders', { bad: 60, total: 200 }), row('1.4.2', 'GET /orders', { bad: 20 }), row('1.4.1', 'POST /orders', { bad: 20, total: 800 }), row('', 'GET /', {})]);
  expect(view.bad).toBe(100);
  expect(view.byVersion).toEqual([
    { label: '1.4.2', bad: 80, total: 300, share: 0.8, errorRatio: 80 / 300 }, { label: '1.4.1', bad: 20, total: 800, share: 0.2, errorRatio: 0.025 }, { label: '(no version)', bad: 0, total: 100, share: 0, errorRatio: 0 },
  ]);
  expect(view.byOperation.map(({ label, bad }) => [label, bad])).toEqual([['POST /orders', 80], ['GET /orders', 20], ['GET /', 0]]);
});

test('a version that appears beside another one is a deployment; the first one of the window is not', () => {
  const rows = [row('1.4.1', 'a', { firstSeenMs: 10 }), row('1.4.2', 'a', { firstSeenMs: 700 }), row('1.4.2', 'b', { firstSeenMs: 500 }), row('7', 'x', { service: 'bank', firstSeenMs: 600 }), row('', 'x', { firstSeenMs: 800 })];
  expect(burnedView(rows).deployments).toEqual([{ atMs: 500, service: 'checkout', version: '1.4.2' }]);
});

test('where several services count, labels say which', () => {
  expect(burnedView([row('1', 'a', { bad: 1 }), row('1', 'a', { service: 'bank', bad: 2 })]).byVersion.map(({ label }) => label)).toEqual(['bank 1', 'checkout 1']);
});

test('nothing stored is nothing burned', () => {
  expect(burnedView([])).toEqual({ bad: 0, byVersion: [], byOperation: [], deployments: [] });
});
