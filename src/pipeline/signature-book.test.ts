import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { stateOf } from '../signature/signature-life.js';
import { occurrencesOf } from '../signature/occurrences.js';
import { buildSpan } from '../signature/span-builder.js';
import type { Database, Statement } from '../store/database.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbEvidenceReader } from './duckdb-evidence-reader.js';
import { DuckdbSignatureStore } from './duckdb-signature-store.js';
import { MAX_SIGNATURES, SETTLE_MS, SignatureBook } from './signature-book.js';
import type { SignatureCount, SignatureStore } from './signature-store.js';

const ARRIVED = DEFAULT_START_MS;
const READ = ARRIVED + SETTLE_MS + 1_000;
const WHO = { by: 'ann', nowMs: READ };

let store: TraceqlStore;
beforeAll(async () => { store = await openTraceqlStore(); });
afterAll(() => store.close());

/** The front repeats what payment failed with; every third request is retried and goes well. */
function shop(requests: number): SpanDescription[] {
  return Array.from({ length: requests }, (_, index): SpanDescription[] => {
    const traceId = (index + 1).toString(16).padStart(32, '0');
    const [front, call, pay] = ['1', '2', '3'].map((digit) => `${digit}${(index + 1).toString(16).padStart(15, '0')}`) as [string, string, string];
    const isSaved = index % 3 === 2;
    return [
      { traceId, spanId: front, name: 'POST /checkout', service: 'front', kind: 'server', startMs: ARRIVED - 5_000, durationMs: 30, ...(isSaved ? {} : { status: 'error' }) },
      { traceId, spanId: call, parentSpanId: front, name: 'POST', service: 'front', kind: 'client', startMs: ARRIVED - 5_000, durationMs: 20, status: 'error' },
      { traceId, spanId: pay, parentSpanId: call, name: 'charge', service: 'payment', kind: 'internal', startMs: ARRIVED - 5_000, durationMs: 10, status: 'error', resource: { 'service.version': '2.3' }, events: [{ name: 'exception', timeMs: ARRIVED - 5_000, attributes: { 'exception.type': 'Declined', 'exception.message': `card ${4_000 + index} declined` } }] },
    ];
  }).flat();
}

const fresh = async (): Promise<{ readonly book: SignatureBook; readonly kept: DuckdbSignatureStore }> => {
  await store.database.transaction(['signatures', 'signature_counts', 'signature_progress'].map((table) => ({ sql: `DELETE FROM ${table}` })));
  const kept = new DuckdbSignatureStore(store.database, new DuckdbEvidenceReader(store.database));
  const book = new SignatureBook(kept);
  await book.resume(ARRIVED - DAY_MS);
  return { book, kept };
};

describe('the book of signatures', () => {
  test('counts each failed request once, for what made it fail, and remembers it', async () => {
    await store.replace(shop(30));
    const { book, kept } = await fresh();
    await book.read(READ);
    await book.read(READ + 5_000);
    const [signature, ...others] = book.all();
    expect(others).toEqual([]);
    expect(signature).toMatchObject({ type: 'Declined', message: 'card <number> declined', service: 'payment', total: 20, operations: { 'front POST /checkout': 20 }, versions: { 2.3: 20 }, wasThere: true });
    const minute = Math.floor((ARRIVED - 5_000) / MINUTE_MS);
    expect([book.failures(minute, minute + 1), book.failures(minute, minute + 1, signature?.id), book.failures(minute + 1, minute + 5)]).toEqual([20, 20, 0]);
    const again = new SignatureBook(kept);
    await again.resume(READ);
    expect(again.all()).toEqual(book.all());
    expect(again.failures(minute, minute + 1)).toBe(20);
  });

  test('forgets who is erased: in memory, on disk, and with the example whatever else it says of them', async () => {
    await store.replace(shop(30));
    const { book, kept } = await fresh();
    await book.read(READ);
    const [signature] = book.all();
    await store.database.transaction([{ sql: `INSERT INTO erasing_traces VALUES ('e1', CAST('0x' || $trace_id[1:16] AS UBIGINT), CAST('0x' || $trace_id[17:32] AS UBIGINT))`, params: { trace_id: signature?.example.traceId ?? '' } }]);
    await book.erase({ id: 'e1', value: 'nobody' });
    expect(book.all()[0]?.example.text).toBe('<erased>');
    await book.erase({ id: 'e2', value: 'card' });
    expect(book.all()).toMatchObject([{ id: signature?.id, message: '<erased> <number> declined', total: 20 }]);
    expect(await kept.find([signature?.id ?? ''])).toEqual(book.all());
    await store.database.transaction([{ sql: 'DELETE FROM erasing_traces' }]);
  });

  test('goes on at once after a clock that was a year ahead is set right', async () => {
    await store.replace(shop(30));
    const { book } = await fresh();
    await book.read(READ + 365 * DAY_MS);
    await book.read(ARRIVED - MINUTE_MS);
    await book.read(READ);
    expect(book.all()[0]?.total).toBe(20);
  });

  test('of more traces than are read each stands for several', async () => {
    await store.replace(shop(900));
    const { book } = await fresh();
    await book.read(READ);
    expect(book.all()[0]?.total).toBeGreaterThan(500);
    expect(book.all()[0]?.total).toBeLessThan(700);
  });

  test('where the database has no memory for all failed traces, fewer of them are read at a time, and the same are counted', async () => {
    await store.replace(shop(900));
    const refused: Statement[] = [];
    const fits = ({ params = {} }: Statement): boolean => Number(params['parts'] ?? 4) >= 4 && String(params['lows'] ?? '').split(',').length <= 60;
    const tight: Database = {
      query: (statement) => {
        if (fits(statement)) return store.database.query(statement);
        refused.push(statement);
        return Promise.reject(new Error('Out of Memory Error: failed to allocate data of size 16.0 MiB (224.0 MiB/224.0 MiB used)'));
      },
      transaction: (statements) => store.database.transaction(statements),
    };
    const [cut, ample] = [tight, store.database].map((database) => new DuckdbSignatureStore(database, new DuckdbEvidenceReader(database))) as [DuckdbSignatureStore, DuckdbSignatureStore];
    const expected = await ample.failedTraces(ARRIVED - MINUTE_MS, READ);
    expect(await cut.failedTraces(ARRIVED - MINUTE_MS, READ)).toEqual(expected);
    expect([expected.count, expected.traces.length]).toEqual([900, 200]);
    // Of all, of one half, of the other; then of all that are read, and of one half after the other.
    expect(refused.map(({ params = {} }) => params['parts'] ?? String(params['lows']).split(',').length)).toEqual([1, 2, 2, 200, 100, 100]);
  });

  test('a trace that failed before is not counted again, by status or by what a server answered', async () => {
    const failed = { status: 'error' as const };
    const answered = (code: number): Partial<SpanDescription> => ({ kind: 'server', status: 'unset', attributes: { 'http.response.status_code': code } });
    const earlier: readonly Partial<SpanDescription>[] = [{}, failed, answered(503), answered(200), { ...answered(503), kind: 'client' }];
    const trace = (id: number, span: number, how: Partial<SpanDescription>): SpanDescription => ({ traceId: String(id).padStart(32, '0'), spanId: `${id}${span}`.padStart(16, '0'), name: 'GET /', startMs: ARRIVED - 5_000, durationMs: 5, ...how });
    await store.replace(earlier.flatMap((how, index) => [trace(index + 1, 1, how), trace(index + 1, 2, index % 2 === 0 ? failed : answered(500))]));
    await store.database.transaction([{ sql: `UPDATE spans_fresh SET arrival_ms = ${ARRIVED - 2 * MINUTE_MS} WHERE span_id % 2 = 1` }]);
    const { kept } = await fresh();
    const { count, traces } = await kept.failedTraces(ARRIVED - MINUTE_MS, READ);
    expect([count, traces.map(({ spans }) => Number(spans[0]?.traceId)).sort()]).toEqual([3, [1, 4, 5]]);
  });

  test('does what people decide, and calls what comes back regressed', async () => {
    await store.replace(shop(3));
    const { book, kept } = await fresh();
    await book.read(READ);
    const id = book.all()[0]!.id;
    expect(await book.decide('v2:none', 'ignored', WHO)).toBeUndefined();
    await book.decide(id, 'ignored', WHO);
    expect(stateOf(book.byId(id)!, READ)).toBe('ignored');
    await book.decide(id, 'resolved', { by: 'ann', nowMs: ARRIVED - 6_000 });
    await kept.save({ signatures: [], counts: [], progress: { sinceMs: ARRIVED - DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    const later = new SignatureBook(kept);
    await later.resume(READ);
    expect(stateOf(later.byId(id)!, READ)).toBe('resolved');
    await later.read(READ);
    expect(stateOf(later.byId(id)!, READ)).toBe('regressed');
    expect(stateOf(later.byId(id)!, READ + 2 * DAY_MS)).toBe('ongoing');
    expect(stateOf(later.byId(id)!, READ + 9 * DAY_MS)).toBe('resolved');
  });

  test('what a better normaliser names anew is the same failure, with its history and its decision', async () => {
    await store.replace(shop(3));
    const { book, kept } = await fresh();
    await book.read(READ);
    const today = book.all()[0]!;
    const { traces } = await kept.failedTraces(ARRIVED - MINUTE_MS, READ);
    const [v1] = occurrencesOf(traces[0]!)[0]?.signature.earlierIds ?? [];
    const old: TrackedSignature = { ...today, id: String(v1), firstSeenMs: ARRIVED - 30 * DAY_MS, wasThere: false, decision: { kind: 'ignored', by: 'ann', atMs: ARRIVED - DAY_MS } };
    await kept.save({ signatures: [old], counts: [], progress: { sinceMs: ARRIVED - 40 * DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    await store.database.transaction([{ sql: `DELETE FROM signatures WHERE signature_id = '${today.id}'` }]);
    const next = new SignatureBook(kept);
    await next.resume(READ);
    await next.read(READ);
    expect(next.byId(today.id)).toMatchObject({ firstSeenMs: old.firstSeenMs, wasThere: true, earlierIds: [v1], decision: old.decision });
    expect(stateOf(next.byId(String(v1))!, READ)).toBe('linked');
    expect(next.byId(String(v1))?.laterIds).toEqual([today.id]);
  });

  test('counts what was merged under the other', async () => {
    await store.replace(shop(3));
    const { book, kept } = await fresh();
    await book.read(READ);
    const known = book.all()[0]!;
    await kept.save({ signatures: [{ ...known, id: 'v2:other', total: 0 }], counts: [], progress: { sinceMs: ARRIVED - DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    const later = new SignatureBook(kept);
    await later.resume(READ);
    expect(await later.merge(known.id, known.id, WHO)).toBeUndefined();
    await later.merge(known.id, 'v2:other', WHO);
    await later.read(READ);
    expect(later.byId('v2:other')?.total).toBe(2);
    expect(stateOf(later.byId(known.id)!, READ)).toBe('linked');
  });

  /** So many others were seen later that it is left on disk. */
  const crowded = async (signatures: readonly TrackedSignature[], lastSeenMs: number, counts: readonly SignatureCount[] = []): Promise<SignatureBook> => {
    const { kept } = await fresh();
    const [some] = signatures as [TrackedSignature];
    const crowd = Array.from({ length: MAX_SIGNATURES }, (_, index) => ({ ...some, id: `v2:crowd${index}`, decision: undefined as never, lastSeenMs: ARRIVED - MINUTE_MS }));
    await kept.save({ signatures: [...signatures.map((each) => ({ ...each, lastSeenMs })), ...crowd], counts, progress: { sinceMs: ARRIVED - 40 * DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    const book = new SignatureBook(kept);
    await book.resume(READ);
    return book;
  };
  const known = async (): Promise<TrackedSignature> => {
    await store.replace(shop(3));
    const { book } = await fresh();
    await book.read(READ);
    return { ...book.all()[0]!, wasThere: false };
  };
  const mergedInto = (into: string): TrackedSignature['decision'] => ({ kind: 'merged', by: 'ann', atMs: ARRIVED - DAY_MS, into });

  test('what was merged into a failure that is on disk only is not born again: it is found, over any number of merges', async () => {
    const own = await known();
    const chain = [{ ...own, decision: mergedInto('v2:second') }, { ...own, id: 'v2:second', decision: mergedInto('v2:third') }, { ...own, id: 'v2:third', firstSeenMs: ARRIVED - 30 * DAY_MS, total: 7 }] as readonly TrackedSignature[];
    const book = await crowded(chain, ARRIVED - DAY_MS);
    expect([book.byId('v2:third'), book.byId('v2:crowd1')?.id]).toEqual([undefined, 'v2:crowd1']);
    // Also after a start is known what belongs together.
    expect(book.family('v2:third')).toEqual(['v2:third', 'v2:second', own.id]);
    await book.read(READ);
    expect(book.byId('v2:third')).toMatchObject({ id: 'v2:third', total: 9, firstSeenMs: ARRIVED - 30 * DAY_MS });
    expect(stateOf(book.byId('v2:third')!, READ)).toBe('ongoing');
    const [stored] = await new DuckdbSignatureStore(store.database, new DuckdbEvidenceReader(store.database)).find([own.id]);
    expect(stateOf(stored!, READ)).toBe('linked');
  });

  test('where a better normaliser tells apart what was one, the shares of both add up, and neither is a jump', async () => {
    const own = await known();
    const { kept } = await fresh();
    const minute = Math.floor(ARRIVED / MINUTE_MS) - 60;
    const signatures = [{ ...own, earlierIds: ['v1:old'] }, { ...own, id: 'v2:other', earlierIds: ['v1:old'] }, { ...own, id: 'v1:old', laterIds: [own.id, 'v2:other'] }];
    await kept.save({ signatures, counts: [{ id: 'v1:old', minute, failures: 10 }], progress: { sinceMs: ARRIVED - 90 * DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    const book = new SignatureBook(kept);
    await book.resume(READ);
    expect([own.id, 'v2:other'].map((id) => book.counts(id).get(minute) ?? 0)).toEqual([10, 0]);
    expect([own.id, 'v2:other'].map((id) => book.failures(minute, minute + 1, id))).toEqual([10, 10]);
  });

  test('what comes back from disk after a start has its counts of before, and they are counted once', async () => {
    const own = await known();
    const minute = Math.floor(ARRIVED / MINUTE_MS) - 100;
    const book = await crowded([own], ARRIVED - DAY_MS, [{ id: own.id, minute, failures: 30 }, { id: own.id, minute, failures: 20 }]);
    expect([book.byId(own.id), book.failures(minute, minute + 1)]).toEqual([undefined, 50]);
    await book.read(READ);
    expect([book.failures(minute, minute + 1, own.id), book.failures(minute, minute + 1)]).toEqual([50, 50]);
  });

  test('what was quiet for long has not come back because something that goes on was merged into it', async () => {
    const own = await known();
    const { kept } = await fresh();
    const signatures = [{ ...own, decision: mergedInto('v2:quiet')!, lastSeenMs: ARRIVED - MINUTE_MS }, { ...own, id: 'v2:quiet', firstSeenMs: ARRIVED - 60 * DAY_MS, lastSeenMs: ARRIVED - 30 * DAY_MS }];
    await kept.save({ signatures, counts: [], progress: { sinceMs: ARRIVED - 90 * DAY_MS, readToMs: ARRIVED - MINUTE_MS } });
    const book = new SignatureBook(kept);
    await book.resume(READ);
    await book.read(READ);
    expect([book.byId('v2:quiet')?.lastSeenMs, stateOf(book.byId('v2:quiet')!, READ)]).toEqual([ARRIVED - 4_990, 'ongoing']);
  });

  test('what was merged into a failure that is there no more is itself again, and not new', async () => {
    const own = await known();
    const book = await crowded([{ ...own, firstSeenMs: ARRIVED - 30 * DAY_MS, decision: mergedInto('v2:gone')! }], ARRIVED - DAY_MS);
    await book.read(READ);
    expect(book.byId('v2:gone')).toBeUndefined();
    expect(book.byId(own.id)).toMatchObject({ total: 4 });
    expect(stateOf(book.byId(own.id)!, READ)).toBe('ongoing');
  });

  test('what an alert began with is looked for under all names that it has by now', async () => {
    const own = await known();
    const earlier = { ...own, id: 'v1:old', laterIds: [own.id] };
    const book = await crowded([{ ...own, earlierIds: ['v1:old'] }, earlier, { ...own, id: 'v2:other', decision: mergedInto(own.id)! }], READ);
    await book.read(READ);
    const minute = Math.floor((ARRIVED - 5_000) / MINUTE_MS);
    for (const name of ['v1:old', 'v2:other', own.id]) expect([book.failedSince(name, 0).length, book.alertCounts(name).get(minute)]).toEqual([2, 2]);
  });
});

test('whoever makes up failures without end does not fill the memory: what was quiet for longest is left on disk, and is the same when it comes back', async () => {
  const PER_READ = 1_000;
  const stored = new Map<string, TrackedSignature>();
  const counted: SignatureCount[] = [];
  let types: readonly string[] = [];
  const flooded: SignatureStore = {
    load: () => Promise.resolve({ signatures: [], counts: [], progress: { sinceMs: 0, readToMs: ARRIVED } }), trim: () => Promise.resolve(),
    countsOf: (ids) => Promise.resolve(counted.filter(({ id }) => ids.includes(id))),
    ofErasure: () => Promise.resolve([]),
    find: (ids) => Promise.resolve(ids.flatMap((id) => stored.get(id) ?? [])),
    save: ({ signatures, counts }) => {
      for (const signature of signatures) stored.set(signature.id, signature);
      counted.push(...counts);
      return Promise.resolve();
    },
    failedTraces: (_fromMs, toMs) => Promise.resolve({ count: types.length, traces: types.map((type) => ({ logs: [], spans: [buildSpan({ id: 'a', kind: 'server', status: 'error', startMs: toMs - 100, attributes: { 'error.type': type } })] })) }),
  };
  const book = new SignatureBook(flooded);
  await book.resume(ARRIVED);
  const read = async (turn: number, failing: readonly string[]): Promise<void> => {
    types = failing;
    await book.read(READ + turn * 5_000);
  };
  const of = (type: string): readonly TrackedSignature[] => book.all().filter((signature) => signature.type === type);
  await read(1, ['Declined', 'Alerted']);
  const [before, alerted] = [...of('Declined'), ...of('Alerted')];
  book.keepAlerted(new Set([alerted!.id]));
  for (let turn = 2; turn <= 12; turn += 1) await read(turn, Array.from({ length: PER_READ }, (_, index) => `made up ${turn}-${index}`));
  expect(book.all().length).toBeLessThanOrEqual(1.2 * MAX_SIGNATURES);
  expect(book.all().filter(({ type }) => type.startsWith('made up 12-'))).toHaveLength(PER_READ);
  expect(of('Declined')).toEqual([]);
  // Else its alert would be over while it fires.
  expect(of('Alerted')).toEqual([alerted]);
  await read(13, ['Declined']);
  expect(of('Declined')).toMatchObject([{ total: 2, firstSeenMs: before?.firstSeenMs }]);
  // With what it failed before: a rule that compares with that must not take it for a jump.
  expect(book.failures(0, READ, before!.id)).toBe(2);
});
