import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RatioIndicator } from '../config/slo.js';
import { hexOf } from '../lib/ids.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import type { CompiledSlo } from './compile-slo.js';
import { compileMatcher } from '../trace/traceql/matcher.js';
import { createMeasurer, type Measurement } from './measurer.js';

const MINUTE = DEFAULT_START_MS / 60_000;

function compiled(sliceKey: string, total: string, part: { bad: string } | { good: string }, weight: RatioIndicator['weight'] = 'auto'): CompiledSlo {
  const query = (text: string) => {
    const parsed = parseTraceql(text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    return parsed.value;
  };
  const polarity = 'bad' in part ? 'bad' : 'good';
  // The measurer reads no more of the SLO than this.
  return { sliceKey, total: query(total), part: { polarity, query: query('bad' in part ? part.bad : part.good) }, weight, warnings: [] } as unknown as CompiledSlo;
}

/** How a slice names the bad event in that row. */
function reference(spans: readonly SpanDescription[], row: number) {
  const batch = spanBatch(spans);
  return { traceId: hexOf(batch.traceIds, row * 16, 16), spanId: hexOf(batch.spanIds, row * 8, 8), atMs: batch.endMs[row] };
}

const AVAILABILITY = compiled('availability', '{ resource.service.name = "shop" && kind = server }', { bad: '{ status = error }' });
const LATENCY = compiled('latency', '{ resource.service.name = "shop" && kind = server && .http.route =~ "/c.*" }', { good: '{ duration <= 300ms }' });
const EVERYONE = compiled('everyone', '{ kind = server && .http.route =~ "/c.*" }', { bad: '{ .http.status_code >= 500 || status = error }' }, { attribute: 'SampleRate' });
const UNWEIGHTED = compiled('unweighted', '{ .http.route = "/cart" && !(resource.service.name = "pay") }', { bad: '{ status = error }' }, 'none');
const SLOS = [AVAILABILITY, LATENCY, EVERYONE, UNWEIGHTED];

describe('counting events of an SLO', () => {
  test('counts the total, and the bad within it, in the minute a span ended', () => {
    const spans: SpanDescription[] = [
      { service: 'shop', status: 'error', startMs: DEFAULT_START_MS + 59_000, durationMs: 2_000 },
      { service: 'shop' }, { service: 'shop', kind: 'client', status: 'error' }, { service: 'pay', status: 'error' },
    ];
    expect(createMeasurer([AVAILABILITY]).measure(spanBatch(spans), MINUTE + 5).sloSlices).toEqual([
      { sliceKey: 'availability', eventMinute: MINUTE + 1, arrivalMinute: MINUTE + 5, good: 0, bad: 1, goodSquared: 0, badSquared: 1, events: 1, unknownWeight: 0, lastBad: reference(spans, 0) },
      { sliceKey: 'availability', eventMinute: MINUTE, arrivalMinute: MINUTE + 5, good: 1, bad: 0, goodSquared: 1, badSquared: 0, events: 1, unknownWeight: 0 },
    ]);
  });

  test('names the newest bad event of a batch, once, whatever the order of its rows', () => {
    const spans: SpanDescription[] = [10, 90, 30].map((second) => ({ service: 'shop', status: 'error', startMs: DEFAULT_START_MS + second * 1_000 }));
    const { sloSlices } = createMeasurer([AVAILABILITY]).measure(spanBatch(spans), MINUTE);
    expect(sloSlices.map(({ eventMinute, lastBad }) => [eventMinute - MINUTE, lastBad])).toEqual([[0, undefined], [1, reference(spans, 1)]]);
    expect(createMeasurer([AVAILABILITY]).measure(spanBatch([{ service: 'shop' }]), MINUTE).sloSlices[0]).not.toHaveProperty('lastBad');
  });

  test('counts the good where the SLO names those', () => {
    const spans = [{ service: 'shop', durationMs: 300, attributes: { 'http.route': '/cart' } }, { service: 'shop', durationMs: 301, attributes: { 'http.route': '/cart' } }];
    expect(createMeasurer([LATENCY]).measure(spanBatch(spans), MINUTE).sloSlices).toMatchObject([{ good: 1, bad: 1 }]);
  });

  test('takes the weight the mode says, and notes where it is unknown', () => {
    const attributes = { 'http.route': '/cart' };
    const spans: SpanDescription[] = [
      { service: 'shop', weight: 4, attributes: { ...attributes, SampleRate: 10 } },
      { service: 'shop', weight: 1, weightUnknown: true, status: 'error', attributes },
      { service: 'shop', weight: 2, attributes: { ...attributes, SampleRate: 0.5 } },
    ];
    const { sloSlices } = createMeasurer([AVAILABILITY, EVERYONE, UNWEIGHTED]).measure(spanBatch(spans), MINUTE);
    expect([...sloSlices].sort((left, right) => left.sliceKey.localeCompare(right.sliceKey))).toMatchObject([
      { sliceKey: 'availability', good: 6, bad: 1, goodSquared: 20, badSquared: 1, events: 3, unknownWeight: 1 },
      { sliceKey: 'everyone', good: 11, bad: 1, goodSquared: 101, badSquared: 1, events: 3, unknownWeight: 2 },
      { sliceKey: 'unweighted', good: 2, bad: 1, goodSquared: 2, badSquared: 1, events: 3, unknownWeight: 0 },
    ]);
  });

  test('forgets what it knew of one batch when the next comes', () => {
    const measurer = createMeasurer([LATENCY, EVERYONE]);
    const batchOf = (route: string) => spanBatch([{ service: 'shop', attributes: { 'http.route': route } }]);
    expect(['/cart', '/', '/cart'].map((route) => measurer.measure(batchOf(route), MINUTE).sloSlices.length)).toEqual([2, 0, 2]);
  });

  test('gives no slice where there was no event', () => {
    expect(createMeasurer(SLOS).measure(spanBatch([{ kind: 'internal' }]), MINUTE)).toEqual({ sloSlices: [], journeys: [], redSlices: [], graphSlices: [], operationsOverLimit: 0 });
  });
});

describe('counting operations', () => {
  test('keeps rate, errors and durations per service, operation, kind, minute and latency bucket', () => {
    const spans: SpanDescription[] = [
      { service: 'shop', name: 'GET /', durationMs: 100, weight: 3, status: 'error' },
      { service: 'shop', name: 'GET /', durationMs: 100, resource: { host: 'b' } },
      { service: 'shop', name: 'GET /', durationMs: 900 },
      { service: 'shop', name: 'pay', kind: 'client' }, { service: 'shop', kind: 'internal' }, { service: 'shop', kind: 'unspecified' },
    ];
    const { redSlices } = createMeasurer([]).measure(spanBatch(spans), MINUTE);
    expect(redSlices.map(({ operation, kind, spans: count, errors, durationNs }) => [operation, SPAN_KINDS[kind], count, errors, durationNs])).toEqual([
      ['GET /', 'server', 4, 3, 400e6], ['GET /', 'server', 1, 0, 900e6], ['pay', 'client', 1, 0, 10e6],
    ]);
  });

  test('counts operations beyond the limit under other, until the next day', () => {
    const measurer = createMeasurer([], { maxOperationsPerService: 2 });
    const batch = spanBatch(['a', 'b', 'c', 'd', 'a'].map((name) => ({ name })));
    const { redSlices, operationsOverLimit } = measurer.measure(batch, MINUTE);
    expect(redSlices.map(({ operation, spans }) => [operation, spans])).toEqual([['a', 2], ['b', 1], ['other', 2]]);
    expect(operationsOverLimit).toBe(2);
    expect(measurer.measure(spanBatch([{ name: 'c' }, { name: 'c', service: 'pay' }]), MINUTE).redSlices.map(({ operation }) => operation)).toEqual(['other', 'c']);
    expect(measurer.measure(spanBatch([{ name: 'c' }]), MINUTE + 1_440).redSlices.map(({ operation }) => operation)).toEqual(['c']);
  });
});

const span: fc.Arbitrary<SpanDescription> = fc.record({
  name: fc.constantFrom('GET /', 'POST /cart'),
  service: fc.constantFrom('shop', 'pay', ''),
  kind: fc.constantFrom(...SPAN_KINDS),
  status: fc.constantFrom(...SPAN_STATUSES),
  startMs: fc.integer({ min: 0, max: 150_000 }).map((ms) => DEFAULT_START_MS + ms),
  durationMs: fc.constantFrom(1, 299, 300, 301, 5_000),
  attributes: fc.record({ 'http.route': fc.constantFrom('/cart', '/checkout', '/'), 'http.status_code': fc.constantFrom(200, 500), SampleRate: fc.constantFrom(1, 2, 8, 'x') }, { requiredKeys: [] }),
  weight: fc.constantFrom(1, 2, 16),
  weightUnknown: fc.boolean(),
});
const spans = fc.array(span, { maxLength: 30 });

function measure(descriptions: readonly SpanDescription[]): Measurement {
  return createMeasurer(SLOS).measure(spanBatch(descriptions), MINUTE);
}

/** Sums by key; all weights and durations are whole, so sums are exact. */
function summed(...measurements: readonly Measurement[]): ReadonlyMap<string, readonly number[]> {
  const sums = new Map<string, number[]>();
  const add = (key: string, values: number[]): void => void sums.set(key, values.map((value, place) => value + (sums.get(key)?.[place] ?? 0)));
  for (const { sloSlices, redSlices } of measurements) {
    for (const slice of sloSlices) add(`${slice.sliceKey} ${slice.eventMinute}`, [slice.good, slice.bad, slice.goodSquared, slice.badSquared, slice.events, slice.unknownWeight]);
    for (const slice of redSlices) add(JSON.stringify([slice.service, slice.operation, slice.kind, slice.eventMinute, slice.bucket]), [slice.spans, slice.errors, slice.durationNs]);
  }
  return sums;
}

describe('slices, whatever the spans', () => {
  test('of two batches add up to those of both in one', () => {
    fc.assert(fc.property(spans, spans, (left, right) => {
      expect(summed(measure(left), measure(right))).toEqual(summed(measure([...left, ...right])));
    }));
  });

  test('do not depend on the order of spans', () => {
    const shuffled = spans.chain((original) => fc.tuple(fc.constant(original), fc.shuffledSubarray(original, { minLength: original.length })));
    fc.assert(fc.property(shuffled, ([original, other]) => {
      expect(summed(measure(other))).toEqual(summed(measure(original)));
    }));
  });

  test('do not depend on which other SLOs are measured', () => {
    fc.assert(
      fc.property(spans, (descriptions) => {
        const batch = spanBatch(descriptions);
        const alone = SLOS.flatMap((slo) => createMeasurer([slo]).measure(batch, MINUTE).sloSlices);
        const byKey = (slices: typeof alone): string[] => slices.map((slice) => JSON.stringify(slice)).sort();
        expect(byKey(createMeasurer(SLOS).measure(batch, MINUTE).sloSlices)).toEqual(byKey(alone));
      }),
    );
  });

  test('count a span of weight w as w spans of weight 1 in every Σw', () => {
    fc.assert(
      fc.property(spans, (descriptions) => {
        const copies = descriptions.flatMap((description) => Array.from({ length: description.weight ?? 1 }, () => ({ ...description, weight: 1 })));
        const totals = ({ sloSlices, redSlices }: Measurement): number[] => [
          sloSlices.filter(({ sliceKey }) => sliceKey === 'availability').reduce((sum, slice) => sum + slice.good, 0),
          sloSlices.filter(({ sliceKey }) => sliceKey === 'availability').reduce((sum, slice) => sum + slice.bad, 0),
          redSlices.reduce((sum, slice) => sum + slice.spans, 0), redSlices.reduce((sum, slice) => sum + slice.errors, 0), redSlices.reduce((sum, slice) => sum + slice.durationNs, 0),
        ];
        expect(totals(measure(copies))).toEqual(totals(measure(descriptions)));
      }),
    );
  });

  test('hold every event once: as good or as bad, as the plain queries say', () => {
    fc.assert(
      fc.property(spans, (descriptions) => {
        const batch = spanBatch(descriptions);
        const { sloSlices, redSlices } = createMeasurer(SLOS).measure(batch, MINUTE);
        const rows = descriptions.map((_, row) => row);
        for (const { sliceKey, total, part } of SLOS) {
          const events = rows.filter((row) => compileMatcher(total)(batch, row));
          const slices = sloSlices.filter((slice) => slice.sliceKey === sliceKey);
          expect(slices.reduce((sum, slice) => sum + slice.events, 0)).toBe(events.length);
          if (sliceKey !== 'unweighted') continue;
          expect(slices.reduce((sum, slice) => sum + slice.bad, 0)).toBe(events.filter((row) => compileMatcher(part.query)(batch, row)).length);
          expect(slices.reduce((sum, slice) => sum + slice.good + slice.bad, 0)).toBe(events.length);
        }
        const counted = descriptions.filter(({ kind }) => kind !== 'internal' && kind !== 'unspecified');
        expect(redSlices.reduce((sum, slice) => sum + slice.spans, 0)).toBe(counted.reduce((sum, { weight = 1 }) => sum + weight, 0));
        expect(redSlices.every((slice) => slice.errors <= slice.spans && slice.spans > 0)).toBe(true);
      }),
    );
  });
});

describe('events that are neither good nor bad as a whole', () => {
  const measured = (measure: NonNullable<CompiledSlo['measure']>): CompiledSlo => ({ ...compiled('batches', '{ kind = server }', { bad: '{ status = error }' }), measure });
  const onlySlice = (slo: CompiledSlo, spans: readonly SpanDescription[]) => {
    const { sloSlices } = createMeasurer([slo]).measure(spanBatch(spans), MINUTE);
    expect(sloSlices.length).toBeLessThanOrEqual(1);
    return sloSlices[0];
  };

  test('carry their share: a raw ratio of successes, or of failures; what carries none is not counted', () => {
    const spans: SpanDescription[] = [0.25, 1, 1.5, -1, 'all'].map((share) => ({ service: 'shop', attributes: { 'batch.ratio': share } }));
    expect(onlySlice(measured({ kind: 'share', attribute: 'batch.ratio', of: 'good' }), spans)).toMatchObject({ good: 1.25, bad: 0.75, events: 2 });
    expect(onlySlice(measured({ kind: 'share', attribute: 'batch.ratio', of: 'bad' }), spans)).toMatchObject({ good: 0.75, bad: 1.25, events: 2 });
    expect(onlySlice(measured({ kind: 'share', attribute: 'other', of: 'bad' }), spans)).toBeUndefined();
  });

  test('add up durations against a limit: their quotient is the mean', () => {
    const spans: SpanDescription[] = [100, 200, 600].map((durationMs) => ({ service: 'shop', durationMs }));
    expect(onlySlice(measured({ kind: 'mean', limitNs: 300e6 }), spans)).toMatchObject({ good: 3, bad: 3, events: 3 });
    expect(onlySlice(measured({ kind: 'mean', limitNs: 300e6 }), spans.map((span) => ({ ...span, weight: 10 })))).toMatchObject({ good: 30, goodSquared: 300, events: 3 });
  });
});
