import { afterEach, beforeEach, expect, test } from 'vitest';
import { requests, tracesJson } from '../../test/support/otlp-json.js';
import type { ExportRequest } from '../ingest/absorber.js';
import { FakeClock } from '../lib/clock.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.UTC(2026, 10, 26, 12);
const EXPORTS = 12;

let store: SystemStore;
beforeEach(async () => { store = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW), group: { maxWaitMs: 1, maxRows: 10_000 } }); });
afterEach(() => store.close());

/** Exports of ten spans, and how many of them were read so far. */
function burst(): { readonly exports: readonly ExportRequest[]; readonly begun: () => number } {
  const begun = new Set<number>();
  const exports = Array.from({ length: EXPORTS }, (_, index): ExportRequest => {
    const body = Buffer.from(tracesJson(requests(index * 10 + 1, 10, { endMs: NOW - 1_000 })));
    return {
      signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: NOW,
      get body() {
        begun.add(index);
        return body;
      },
    };
  });
  return { exports, begun: () => begun.size };
}

test('of exports that come together one is begun in each turn of the event loop, so that nobody waits for all of them', async () => {
  const { exports, begun } = burst();
  const outcomes = exports.map((request) => store.absorb(request));
  for (let turn = 0; turn < EXPORTS; turn += 1) {
    expect(begun()).toBeLessThanOrEqual(turn);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  expect(await Promise.all(outcomes)).toEqual(exports.map(() => ({ kind: 'stored', admitted: 10, rejected: 0, deduplicated: 0, message: '' })));
});

test('what was accepted before closing is stored, also what had no turn yet', async () => {
  const outcomes = burst().exports.map((request) => store.absorb(request));
  await store.close();
  expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(Array.from({ length: EXPORTS }, () => 'stored'));
});
