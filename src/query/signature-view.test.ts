import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { SignatureReader } from './signature-reader.js';
import { signatureViews } from './signature-view.js';

const NOW = 1_000_000 * HOUR_MS;
const MINUTE = NOW / MINUTE_MS;
const TRACE = 'a'.repeat(32) as TraceId;
const of = (id: string, changes: Partial<TrackedSignature> = {}): TrackedSignature => ({
  id, type: 'Declined', message: 'card <int>', service: 'payment', operation: 'charge', frames: [], firstSeenMs: NOW - DAY_MS, lastSeenMs: NOW, total: 1, wasThere: true, operations: {}, versions: {}, tenants: {},
  example: { traceId: TRACE, text: '', stack: '' }, firstTraceId: TRACE, earlierIds: [], laterIds: [], ...changes,
});
const counts: Readonly<Record<string, ReadonlyMap<number, number>>> = { many: new Map([[MINUTE - 90, 500], [MINUTE - 30, 60], [MINUTE, 15]]), few: new Map([[MINUTE - 10, 25]]), linked: new Map(), quiet: new Map() };
const reader: SignatureReader = {
  all: () => [of('few'), of('many'), of('linked', { laterIds: ['many'] }), of('quiet', { lastSeenMs: NOW - 3 * HOUR_MS })], byId: () => undefined, family: (id) => [id], readToMs: () => NOW,
  counts: (id) => counts[id] ?? new Map<number, number>(),
  failures: (from, to) => Object.values(counts).reduce((sum, own) => sum + [...own].reduce((all, [minute, count]) => (minute >= from && minute < to ? all + count : all), 0), 0),
};

test('signatures of a window have their failures, rate and share in it, the most frequent first; the shares add up', () => {
  const views = signatureViews(reader, { fromMs: NOW - HOUR_MS, toMs: NOW }, NOW);
  expect(views.map(({ signature: { id }, failures, perHour, share }) => [id, failures, perHour, share])).toEqual([['many', 75, 75, 0.75], ['few', 25, 25, 0.25]]);
  for (const { line, failures } of views) expect(line.reduce((sum, count) => sum + count, 0)).toBe(failures);
});

test('an error that comes as often every minute is a level line, whatever the window', () => {
  const steady = { ...reader, all: () => [of('steady')], counts: () => new Map(Array.from({ length: 3_000 }, (_, age) => [MINUTE - age, 10])) };
  for (const [hours, steps, stepMinutes] of [[1, 31, 2], [6, 46, 8], [24, 47, 31]] as const) {
    const [{ line, lineStepMs } = { line: [], lineStepMs: 0 }] = signatureViews(steady, { fromMs: NOW - hours * HOUR_MS, toMs: NOW }, NOW);
    expect([line.length, lineStepMs]).toEqual([steps, stepMinutes * MINUTE_MS]);
    // The first step begins before the window.
    expect(new Set(line.slice(1))).toEqual(new Set([10 * stepMinutes]));
  }
});
