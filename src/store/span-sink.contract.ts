import { expect, test } from 'vitest';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { RedSlice, SloSlice } from '../sli/slice.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { digestOf } from './digest-index.js';
import type { LedgerEntry } from './ledger.js';
import type { AdmittedExport, SpanSink } from './span-sink.js';

export const NOW_MS = DEFAULT_START_MS + 30_000;
const MINUTE = Math.floor(NOW_MS / 60_000);

/** A sink under test and a way to see what it holds. */
export interface SinkUnderTest {
  readonly sink: SpanSink;
  /** From here on commits fail, until `repair`. */
  readonly breakCommits: () => void | Promise<void>;
  readonly repair: () => void | Promise<void>;
  readonly spanNames: () => Promise<string[]>;
  readonly ledger: () => Promise<LedgerEntry[]>;
  readonly sloSlices: () => Promise<{ readonly live: SloSlice[]; readonly imported: SloSlice[] }>;
  readonly redSlices: () => Promise<RedSlice[]>;
}

export function request(text: string, protocol: ExportRequest['protocol'] = 'grpc'): ExportRequest {
  return { signal: 'traces', encoding: 'protobuf', protocol, body: Buffer.from(text), receivedAtMs: NOW_MS };
}

export function admitted(from: ExportRequest, spans: readonly SpanDescription[], more: Partial<AdmittedExport> = {}): AdmittedExport {
  return {
    digest: digestOf(from), signal: from.signal, protocol: from.protocol, receivedAtMs: from.receivedAtMs,
    rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans, digestOf(from)), sloSlices: [], redSlices: [], ...more,
  };
}

export function sloSlice(good: number, bad: number, eventMinute = MINUTE): SloSlice {
  return { sliceKey: 'checkout@1', eventMinute, arrivalMinute: MINUTE, good, bad, goodSquared: good, badSquared: bad, events: good + bad, unknownWeight: 0 };
}

export function redSlice(spans: number): RedSlice {
  return { service: 'checkout', operation: 'POST /pay', kind: 2, eventMinute: MINUTE, arrivalMinute: MINUTE, bucket: 7, spans, errors: 1, durationNs: spans * 1e6, spansSquared: spans, errorsSquared: 1 };
}

/** What every span sink promises. */
export function spanSinkContract(open: () => Promise<SinkUnderTest>): void {
  test('what was answered as stored is there, with its slices and its ledger entry', async () => {
    const { sink, spanNames, ledger, sloSlices, redSlices } = await open();
    const outcome = await sink.store(admitted(request('a'), [{ name: 'one' }, { name: 'two' }], { rejected: 1, message: '1 of 3', sloSlices: [sloSlice(1, 1)], redSlices: [redSlice(2)] }));
    expect(outcome).toEqual({ kind: 'stored', admitted: 2, rejected: 1, deduplicated: 0, message: '1 of 3' });
    expect(await spanNames()).toEqual(['one', 'two']);
    expect(await sloSlices()).toEqual({ live: [sloSlice(1, 1)], imported: [] });
    expect(await redSlices()).toEqual([redSlice(2)]);
    expect(await ledger()).toEqual([{ arrivalMinute: MINUTE, signal: 'traces', protocol: 'grpc', received: 3, hot: 2, rejected: 1, deduplicated: 0 }]);
  });

  test('the same bytes again are answered as before and add nothing but a ledger entry', async () => {
    const { sink, spanNames, ledger, sloSlices } = await open();
    const first = request('a');
    expect(sink.recall(digestOf(first), first)).toBeUndefined();
    await sink.store(admitted(first, [{ name: 'one' }], { rejected: 2, message: '2 of 3', sloSlices: [sloSlice(1, 0)] }));
    expect(await sink.recall(digestOf(first), first)).toEqual({ kind: 'stored', admitted: 0, rejected: 2, deduplicated: 1, message: '2 of 3' });
    await sink.drain();
    expect(await spanNames()).toEqual(['one']);
    expect((await sloSlices()).live).toEqual([sloSlice(1, 0)]);
    expect(sumOf(await ledger())).toEqual({ received: 6, hot: 1, rejected: 4, deduplicated: 1 });
  });

  test('the same bytes while their first commit is under way wait for it', async () => {
    const { sink, spanNames } = await open();
    const first = request('a');
    const stored = sink.store(admitted(first, [{ name: 'one' }]));
    const again = sink.recall(digestOf(first), first);
    expect(again).toBeDefined();
    expect(await stored).toMatchObject({ kind: 'stored', admitted: 1, deduplicated: 0 });
    expect(await again).toMatchObject({ kind: 'stored', admitted: 0, deduplicated: 1 });
    expect(await spanNames()).toEqual(['one']);
  });

  test('a failed commit leaves nothing, its senders are told to come again, and the next one works', async () => {
    const { sink, breakCommits, repair, spanNames, ledger, sloSlices } = await open();
    await breakCommits();
    const first = request('a');
    const failing = sink.store(admitted(first, [{ name: 'one' }], { sloSlices: [sloSlice(1, 0)] }));
    const duplicate = sink.recall(digestOf(first), first);
    expect(await failing).toMatchObject({ kind: 'busy' });
    expect(await duplicate).toMatchObject({ kind: 'busy' });
    await repair();
    expect(await spanNames()).toEqual([]);
    expect(await ledger()).toEqual([]);
    expect(sink.recall(digestOf(first), first)).toBeUndefined();
    expect(await sink.store(admitted(first, [{ name: 'one' }], { sloSlices: [sloSlice(1, 0)] }))).toMatchObject({ kind: 'stored', admitted: 1 });
    expect(await spanNames()).toEqual(['one']);
    expect((await sloSlices()).live).toEqual([sloSlice(1, 0)]);
  });

  test('a span that is stored already is not taken again, whatever bytes it comes in', async () => {
    const { sink, spanNames, ledger } = await open();
    const [one, two, three] = [{ name: 'one', spanId: '01' }, { name: 'two', spanId: '02' }, { name: 'three', spanId: '03' }].map((span) => ({ ...span, traceId: '0a' }));
    await storeNew(sink, request('a'), [one!, two!]);
    expect(await storeNew(sink, request('b'), [two!, three!, three!])).toEqual({ kind: 'stored', admitted: 1, rejected: 0, deduplicated: 2, message: '' });
    expect(await spanNames()).toEqual(['one', 'two', 'three']);
    expect(sumOf(await ledger())).toEqual({ received: 5, hot: 3, rejected: 0, deduplicated: 2 });
    expect(await sink.recall(digestOf(request('b')), request('b'))).toMatchObject({ admitted: 0, deduplicated: 3 });
  });

  test("the client's and the server's half of one call may share their ids, as Zipkin has it", async () => {
    const { sink, spanNames } = await open();
    const call = { traceId: '0a', spanId: '01' };
    await storeNew(sink, request('a'), [{ ...call, name: 'client', kind: 'client' }, { ...call, name: 'server', kind: 'server' }]);
    expect(await spanNames()).toEqual(['client', 'server']);
  });

  test('a span that is on its way waits, and is taken when the other commit fails', async () => {
    const { sink, breakCommits, repair, spanNames } = await open();
    await breakCommits();
    const span = { name: 'one', traceId: '0a', spanId: '01' };
    const failing = storeNew(sink, request('a'), [span]);
    const waiting = sink.admit(spanBatch([span]), NOW_MS);
    expect(waiting).toBeInstanceOf(Promise);
    expect(await failing).toMatchObject({ kind: 'busy' });
    await repair();
    const { batch, claim, deduplicated } = await waiting;
    expect([batch.count, deduplicated]).toEqual([1, 0]);
    expect(await sink.store(admitted(request('b'), [], { spans: batch, claim }))).toMatchObject({ kind: 'stored', admitted: 1 });
    expect(await spanNames()).toEqual(['one']);
  });

  test('a span that is on its way is not taken again once it is stored', async () => {
    const { sink, spanNames } = await open();
    const span = { name: 'one', traceId: '0a', spanId: '01' };
    const [first, second] = await Promise.all([storeNew(sink, request('a'), [span]), storeNew(sink, request('b'), [span])]);
    expect([first, second]).toMatchObject([{ admitted: 1, deduplicated: 0 }, { admitted: 0, deduplicated: 1 }]);
    expect(await spanNames()).toEqual(['one']);
  });

  test('history is kept apart: imports, and events older than an hour', async () => {
    const { sink, sloSlices } = await open();
    await sink.store(admitted(request('live'), [], { sloSlices: [sloSlice(1, 0), sloSlice(2, 0, MINUTE - 60), sloSlice(3, 0, MINUTE - 61)] }));
    await sink.store(admitted(request('import', 'import'), [], { sloSlices: [sloSlice(4, 0)] }));
    const { live, imported } = await sloSlices();
    expect(live).toEqual([sloSlice(1, 0), sloSlice(2, 0, MINUTE - 60)]);
    expect(imported).toEqual([sloSlice(3, 0, MINUTE - 61), sloSlice(4, 0)]);
  });
}

/** As `absorb` does it. */
export async function storeNew(sink: SpanSink, from: ExportRequest, spans: readonly SpanDescription[]): Promise<ExportOutcome> {
  const { batch, claim, deduplicated } = await sink.admit(spanBatch(spans), from.receivedAtMs);
  return sink.store(admitted(from, [], { spans: batch, claim, deduplicated }));
}

export function sumOf(entries: readonly LedgerEntry[]): Pick<LedgerEntry, 'received' | 'hot' | 'rejected' | 'deduplicated'> {
  const sum = { received: 0, hot: 0, rejected: 0, deduplicated: 0 };
  for (const entry of entries) for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += entry[key];
  return sum;
}
