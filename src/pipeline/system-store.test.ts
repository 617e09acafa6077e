import { afterEach, beforeEach, expect, test } from 'vitest';
import { requests, tracesJson } from '../../test/support/otlp-json.js';
import { compiled } from '../../test/support/timeline-rules.js';
import { buildSlo } from '../budget/slo-builder.js';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import { NO_REDACTION } from '../ingest/redact-compile.js';
import { FakeClock } from '../lib/clock.js';
import { openStore, type SystemStore } from './system-store.js';

const NOW = Date.UTC(2026, 10, 26, 12);
const EXPORTS = 12;
const MAX_EXPORTS = 5_000;
const at = { file: 'rules/a.yaml', line: 1, column: 1 };
const NEW = compiled([buildSlo({ name: 'new', indicator: { total: { text: '{ resource.service.name = "checkout" }', at }, bad: { text: '{ status = error }', at }, weight: 'auto' } })])[0]!;

let store: SystemStore;
beforeEach(async () => { store = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW), group: { maxWaitMs: 1, maxRows: 10_000 } }); });
afterEach(() => store.close());

const ofLoop = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

function exportOf(index: number, spans: number): ExportRequest {
  const body = Buffer.from(tracesJson(requests(index * spans + 1, spans, { endMs: NOW - 1_000 })));
  return { signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: NOW, body };
}

/** Exports of ten spans, and how many of them were read so far. */
function burst(): { readonly exports: readonly ExportRequest[]; readonly begun: () => number } {
  const begun = new Set<number>();
  const exports = Array.from({ length: EXPORTS }, (_, index): ExportRequest => {
    const { body, ...rest } = exportOf(index, 10);
    return {
      ...rest,
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
    await ofLoop();
  }
  expect(await Promise.all(outcomes)).toEqual(exports.map(() => ({ kind: 'stored', admitted: 10, rejected: 0, deduplicated: 0, message: '' })));
});

test('what was accepted before closing is stored, also what had no turn yet', async () => {
  const outcomes = burst().exports.map((request) => store.absorb(request));
  await store.close();
  expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(Array.from({ length: EXPORTS }, () => 'stored'));
});

test('rules that change wait for what has had no turn yet, and not for the time of its group', async () => {
  const patient = await openStore({ dataDir: ':memory:', clock: new FakeClock(NOW), group: { maxWaitMs: 3_600_000, maxRows: 1_000_000 } });
  let isChanged = false;
  const changed = patient.useRules({ slos: [NEW], redaction: NO_REDACTION }).finally(() => { isChanged = true; });
  const before: Promise<ExportOutcome>[] = [];
  // Faster than they are begun, so that some have had no turn when the rules begin to change.
  for (let count = 0; !isChanged && count < MAX_EXPORTS; count += 2) {
    before.push(...[count, count + 1].map((index) => patient.absorb(exportOf(index, 1))));
    await ofLoop();
  }
  const found = await changed;
  await patient.close();
  expect(new Set((await Promise.all(before)).map(({ kind }) => kind))).toEqual(new Set(['stored']));
  expect(found.reduce((sum, { events }) => sum + events, 0)).toBeGreaterThan(0);
  expect(before.length).toBeLessThan(MAX_EXPORTS);
});
