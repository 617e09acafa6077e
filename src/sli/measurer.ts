import { MINUTE_MS } from '../lib/duration.js';
import { hexOf } from '../lib/ids.js';
import type { Measure } from '../config/slo.js';
import { spanAttribute, type SpanBatch } from '../trace/span-batch.js';
import type { CompiledSlo } from './compile-slo.js';
import type { JourneyEntry } from './journey.js';
import type { GraphCounter } from './graph-counter.js';
import { OperationLimiter } from './operation-limiter.js';
import { countRed } from './red-counter.js';
import type { GraphSlice, RedSlice, SloSlice } from './slice.js';
import { MAX_GROUPS } from './slo-group.js';
import { indexCounters, type CounterIndex, type SloCounter } from './slo-counter.js';

export interface Measurement {
  readonly sloSlices: SloSlice[];
  /** Entries of traces that are judged as a whole. */
  readonly journeys: JourneyEntry[];
  readonly redSlices: RedSlice[];
  readonly graphSlices: GraphSlice[];
  /** Spans counted under the operation `other` because their service has too many operations. */
  readonly operationsOverLimit: number;
}

export interface Measurer {
  /** Slices of one batch; adding them to those of other batches gives the slices of all. `arrivalMinute` in Unix minutes. */
  measure(batch: SpanBatch, arrivalMinute: number): Measurement;
}

export interface MeasurerOptions {
  readonly maxOperationsPerService?: number;
  /** Counts who calls whom. It waits for halves of calls, and so outlives measurers, which change with the rules. */
  readonly graph?: GraphCounter;
  /** Which groups of which SLO are counted apart; it outlives measurers as well. */
  readonly groups?: OperationLimiter;
}

/**
 * Counts batches against SLOs, and rates, errors and durations of every operation. It remembers which operations it has seen, for the
 * limit on their number, and nothing else.
 */
export function createMeasurer(slos: readonly CompiledSlo[], options: MeasurerOptions = {}): Measurer {
  const groups = options.groups ?? new OperationLimiter(MAX_GROUPS);
  const index = indexCounters(slos, groups);
  const limiter = new OperationLimiter(options.maxOperationsPerService);
  return {
    measure(batch, arrivalMinute) {
      groups.startBatch(arrivalMinute);
      const red = countRed(batch, arrivalMinute, limiter);
      const graphSlices = options.graph?.count(batch, arrivalMinute) ?? [];
      const journeys: JourneyEntry[] = [];
      return { sloSlices: countSlos(batch, { arrivalMinute, journeys }, index), journeys, redSlices: red.slices, graphSlices, operationsOverLimit: red.overLimit };
    },
  };
}

function countSlos(batch: SpanBatch, { arrivalMinute, journeys }: { readonly arrivalMinute: number; readonly journeys: JourneyEntry[] }, index: CounterIndex): SloSlice[] {
  const slices: SloSlice[] = [];
  const tallies = new Map<SloCounter, Tally>();
  const talliesOfResource = batch.resources.map((resource) =>
    index(resource).filter((counter) => counter.admitsResource(resource)).map((counter) => {
      const known = tallies.get(counter);
      if (known !== undefined) return known;
      const tally = new Tally(counter, arrivalMinute, slices);
      tallies.set(counter, tally);
      return tally;
    }),
  );
  for (let row = 0; row < batch.count; row += 1) {
    const candidates = talliesOfResource[batch.resourceIndex[row] ?? 0];
    if (candidates === undefined) continue;
    for (const tally of candidates) {
      if (!tally.counter.isTotal(batch, row)) continue;
      if (tally.counter.isJourney) journeys.push(journeyEntry(tally.counter, batch, row));
      else tally.add(batch, row);
    }
  }
  for (const tally of tallies.values()) tally.finish(batch);
  return slices;
}

function journeyEntry({ sliceKey, weight: mode, groupKeyOf, excludedKeyOf }: SloCounter, batch: SpanBatch, row: number): JourneyEntry {
  const excluded = excludedKeyOf?.(batch, row);
  const known = knownWeight(batch, row, mode);
  const traceId = new DataView(batch.traceIds.buffer, batch.traceIds.byteOffset + row * TRACE_ID_BYTES, TRACE_ID_BYTES);
  return {
    sloKey: sliceKey, sliceKey: excluded ?? sliceKey, groupKey: excluded === undefined ? (groupKeyOf?.(batch, row) ?? '') : '',
    traceIdHigh: traceId.getBigUint64(0), traceIdLow: traceId.getBigUint64(SPAN_ID_BYTES), spanId: new DataView(batch.spanIds.buffer, batch.spanIds.byteOffset + row * SPAN_ID_BYTES, SPAN_ID_BYTES).getBigUint64(0),
    startNs: batch.startNs[row] ?? 0n, eventMinute: Math.floor((batch.endMs[row] ?? 0) / MINUTE_MS), weight: known ?? (mode === 'auto' ? (batch.weights[row] ?? 1) : 1), weightUnknown: known === undefined,
  };
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** What one SLO counts of one batch. */
class Tally {
  readonly counter: SloCounter;
  readonly #arrivalMinute: number;
  readonly #slices: SloSlice[];
  readonly #byMinute = new Map<number, SloSlice>();
  #current: SloSlice | undefined;
  /** Of its groups, and of what is excluded. */
  readonly #beside = new Map<string, Tally>();
  /** The newest bad event of the batch: its row, and its slice. */
  #lastBadRow = -1;
  #lastBadSlice: SloSlice | undefined;

  constructor(counter: SloCounter, arrivalMinute: number, slices: SloSlice[]) {
    this.counter = counter;
    this.#arrivalMinute = arrivalMinute;
    this.#slices = slices;
  }

  add(batch: SpanBatch, row: number): void {
    const { measure, groupKeyOf, excludedKeyOf } = this.counter;
    const excluded = excludedKeyOf?.(batch, row);
    if (excluded !== undefined) {
      this.#under(excluded).add(batch, row);
      return;
    }
    if (groupKeyOf !== undefined) this.#under(groupKeyOf(batch, row)).add(batch, row);
    if (measure !== undefined) {
      this.#addMeasured(batch, row, measure);
      return;
    }
    const slice = this.#sliceOf(Math.floor((batch.endMs[row] ?? 0) / MINUTE_MS));
    const mode = this.counter.weight;
    const known = knownWeight(batch, row, mode);
    const weight = known ?? (mode === 'auto' ? (batch.weights[row] ?? 1) : 1);
    slice.events += 1;
    if (known === undefined) slice.unknownWeight += 1;
    if (this.counter.isPart(batch, row) === this.counter.partIsBad) {
      slice.bad += weight;
      slice.badSquared += weight * weight;
      if (this.#lastBadSlice === undefined || (batch.endMs[row] ?? 0) >= (batch.endMs[this.#lastBadRow] ?? 0)) {
        this.#lastBadRow = row;
        this.#lastBadSlice = slice;
      }
    } else {
      slice.good += weight;
      slice.goodSquared += weight * weight;
    }
  }

  #under(sliceKey: string): Tally {
    const known = this.#beside.get(sliceKey);
    if (known !== undefined) return known;
    const tally = new Tally({ ...this.counter, sliceKey, groupKeyOf: undefined, excludedKeyOf: undefined }, this.#arrivalMinute, this.#slices);
    this.#beside.set(sliceKey, tally);
    return tally;
  }

  /** Ids are written out once a batch, not once a bad event: an outage has many. */
  finish(batch: SpanBatch): void {
    for (const tally of this.#beside.values()) tally.finish(batch);
    const row = this.#lastBadRow;
    if (this.#lastBadSlice === undefined) return;
    this.#lastBadSlice.lastBad = {
      traceId: hexOf(batch.traceIds, row * TRACE_ID_BYTES, TRACE_ID_BYTES), spanId: hexOf(batch.spanIds, row * SPAN_ID_BYTES, SPAN_ID_BYTES), atMs: batch.endMs[row] ?? 0,
    };
  }

  /** A span that carries no share between 0 and 1 says nothing, and is not counted. */
  #addMeasured(batch: SpanBatch, row: number, measure: Measure): void {
    const parts = measure.kind === 'mean' ? { good: 1, bad: (batch.durationNs[row] ?? 0) / measure.limitNs } : sharesOf(batch, row, measure);
    if (parts === undefined) return;
    const slice = this.#sliceOf(Math.floor((batch.endMs[row] ?? 0) / MINUTE_MS));
    const mode = this.counter.weight;
    const known = knownWeight(batch, row, mode);
    const weight = known ?? (mode === 'auto' ? (batch.weights[row] ?? 1) : 1);
    slice.events += 1;
    if (known === undefined) slice.unknownWeight += 1;
    slice.good += weight * parts.good;
    slice.bad += weight * parts.bad;
    slice.goodSquared += weight * weight * parts.good;
    slice.badSquared += weight * weight * parts.bad;
  }

  #sliceOf(eventMinute: number): SloSlice {
    if (this.#current?.eventMinute === eventMinute) return this.#current;
    let slice = this.#byMinute.get(eventMinute);
    if (slice === undefined) {
      slice = {
        sliceKey: this.counter.sliceKey, eventMinute, arrivalMinute: this.#arrivalMinute,
        good: 0, bad: 0, goodSquared: 0, badSquared: 0, events: 0, unknownWeight: 0,
      };
      this.#byMinute.set(eventMinute, slice);
      this.#slices.push(slice);
    }
    this.#current = slice;
    return slice;
  }
}

function sharesOf(batch: SpanBatch, row: number, measure: Extract<Measure, { kind: 'share' }>): { readonly good: number; readonly bad: number } | undefined {
  const value = spanAttribute(batch, row, measure.attribute)?.value;
  const share = typeof value === 'bigint' ? Number(value) : value;
  if (typeof share !== 'number' || !(share >= 0 && share <= 1)) return undefined;
  return measure.of === 'good' ? { good: share, bad: 1 - share } : { good: 1 - share, bad: share };
}

/** How many events the span stands for; undefined where the sender samples and did not say. */
function knownWeight(batch: SpanBatch, row: number, mode: CompiledSlo['weight']): number | undefined {
  if (mode === 'none') return 1;
  if (mode === 'auto') return batch.weightUnknown[row] === 1 ? undefined : batch.weights[row];
  const value = spanAttribute(batch, row, mode.attribute)?.value;
  const weight = typeof value === 'bigint' ? Number(value) : value;
  return typeof weight === 'number' && weight >= 1 && Number.isFinite(weight) ? weight : undefined;
}
