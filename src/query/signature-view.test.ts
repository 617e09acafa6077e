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
