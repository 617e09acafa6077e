import { adjustedCountOfRate, adjustedCountOfTraceState } from '../trace/adjusted-count.js';
import type { Attribute } from '../trace/attribute.js';
import { addCount, DROPPED_ATTRIBUTES, DROPPED_EVENTS, DROPPED_LINKS } from '../trace/mapped-attributes.js';
import type { Resource, Scope, SpanBatch, SpanEvent, SpanLink } from '../trace/span-batch.js';
import type { RejectReason } from './decode-tally.js';
import { fitsInt64, msOfNsHalves } from './event-time.js';

const MAX_UINT32 = 0xffff_ffff;
const WORD = 2 ** 32;

/**
 * A span batch under construction. A decoder calls `begin`, writes the fields of row `row` as they come, and ends with
 * `admit`, which keeps the row or says why not; a row that was not kept is written over by the next one.
 */
export class SpanColumns {
  row = 0;
  readonly traceIds: Uint8Array;
  readonly traceIdWords: Int32Array;
  readonly spanIds: Uint8Array;
  readonly spanIdWords: Int32Array;
  readonly parentSpanIds: Uint8Array;
  readonly parentSpanIdWords: Int32Array;
  readonly names: string[] = [];
  readonly kinds: Uint8Array;
  readonly statuses: Uint8Array;
  readonly statusMessages: string[] = [];
  readonly startNs: BigInt64Array;
  readonly endMs: Float64Array;
  readonly durationNs: Float64Array;
  readonly traceStates: string[] = [];
  readonly flags: Uint32Array;
  readonly weights: Float64Array;
  readonly weightUnknown: Uint8Array;
  readonly resourceIndex: Uint32Array;
  readonly scopeIndex: Uint32Array;
  readonly attributeStart: Uint32Array;
  readonly attributes: Attribute[] = [];
  readonly events: (readonly SpanEvent[] | undefined)[] = [];
  readonly links: (readonly SpanLink[] | undefined)[] = [];
  readonly droppedCounts: Uint32Array;
  /** The row at hand: lengths of its ids as sent, its times as unsigned halves, what was dropped of it. */
  traceIdLength = 0;
  spanIdLength = 0;
  parentSpanIdLength = 0;
  startHigh = 0;
  startLow = 0;
  endHigh = 0;
  endLow = 0;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  /** The attribute that says how the sender samples, if there is one. */
  weight: Attribute | undefined;
  readonly #startWords: Uint32Array;
  readonly #latestMs: number;

  constructor(capacity: number, latestMs: number) {
    this.#latestMs = latestMs;
    this.traceIds = new Uint8Array(capacity * 16);
    this.traceIdWords = new Int32Array(this.traceIds.buffer);
    this.spanIds = new Uint8Array(capacity * 8);
    this.spanIdWords = new Int32Array(this.spanIds.buffer);
    this.parentSpanIds = new Uint8Array(capacity * 8);
    this.parentSpanIdWords = new Int32Array(this.parentSpanIds.buffer);
    this.kinds = new Uint8Array(capacity);
    this.statuses = new Uint8Array(capacity);
    this.startNs = new BigInt64Array(capacity);
    this.#startWords = new Uint32Array(this.startNs.buffer);
    this.endMs = new Float64Array(capacity);
    this.durationNs = new Float64Array(capacity);
    this.flags = new Uint32Array(capacity);
    this.weights = new Float64Array(capacity);
    this.weightUnknown = new Uint8Array(capacity);
    this.resourceIndex = new Uint32Array(capacity);
    this.scopeIndex = new Uint32Array(capacity);
    this.attributeStart = new Uint32Array(capacity + 1);
    this.droppedCounts = new Uint32Array(capacity);
  }

  begin(): void {
    const row = this.row;
    this.traceIdLength = 0;
    this.spanIdLength = 0;
    this.parentSpanIdLength = 0;
    this.parentSpanIdWords[row * 2] = 0;
    this.parentSpanIdWords[row * 2 + 1] = 0;
    this.names[row] = '';
    this.kinds[row] = 0;
    this.statuses[row] = 0;
    this.statusMessages[row] = '';
    this.traceStates[row] = '';
    this.flags[row] = 0;
    this.events[row] = undefined;
    this.links[row] = undefined;
    this.startHigh = 0;
    this.startLow = 0;
    this.endHigh = 0;
    this.endLow = 0;
    this.droppedAttributes = 0;
    this.droppedEvents = 0;
    this.droppedLinks = 0;
    this.weight = undefined;
  }

  /** Why the row at hand cannot be admitted. */
  problem(): RejectReason | undefined {
    const { row, traceIdWords: trace, spanIdWords: span } = this;
    if (this.traceIdLength !== 16) return 'trace-id-length';
    if ((trace[row * 4]! | trace[row * 4 + 1]! | trace[row * 4 + 2]! | trace[row * 4 + 3]!) === 0) return 'trace-id-zero';
    if (this.spanIdLength !== 8) return 'span-id-length';
    if ((span[row * 2]! | span[row * 2 + 1]!) === 0) return 'span-id-zero';
    if (this.parentSpanIdLength !== 0 && this.parentSpanIdLength !== 8) return 'parent-span-id-length';
    return this.#timeProblem();
  }

  #timeProblem(): RejectReason | undefined {
    const { startHigh, startLow, endHigh, endLow } = this;
    if ((startHigh | startLow) === 0) return 'start-time-zero';
    if ((endHigh | endLow) === 0) return 'end-time-zero';
    if (!fitsInt64(startHigh) || !fitsInt64(endHigh)) return 'time-out-of-range';
    if (endHigh < startHigh || (endHigh === startHigh && endLow < startLow)) return 'end-before-start';
    if (msOfNsHalves(endHigh, endLow) > this.#latestMs) return 'time-in-future';
    return undefined;
  }

  /** Keeps the row at hand, which has no problem. */
  admit(): void {
    const row = this.row;
    this.#startWords[row * 2] = this.startLow;
    this.#startWords[row * 2 + 1] = this.startHigh;
    this.endMs[row] = msOfNsHalves(this.endHigh, this.endLow);
    this.durationNs[row] = (this.endHigh - this.startHigh) * WORD + (this.endLow - this.startLow);
    const dropped = this.droppedAttributes + this.droppedEvents + this.droppedLinks;
    this.droppedCounts[row] = Math.min(dropped, MAX_UINT32);
    if (dropped > 0) this.#tellDropped(this.attributeStart[row]!);
    this.#weigh(row);
    this.row = row + 1;
    this.attributeStart[row + 1] = this.attributes.length;
  }

  #tellDropped(from: number): void {
    addCount(this.attributes, { key: DROPPED_ATTRIBUTES, count: this.droppedAttributes, from });
    addCount(this.attributes, { key: DROPPED_EVENTS, count: this.droppedEvents, from });
    addCount(this.attributes, { key: DROPPED_LINKS, count: this.droppedLinks, from });
  }

  /** Takes back the attributes of a row that is not kept. */
  discard(): void {
    this.attributes.length = this.attributeStart[this.row]!;
  }

  /** The tracestate says it, else the rate attribute does, else the span stands for itself. */
  #weigh(row: number): void {
    const traceState = this.traceStates[row]!;
    this.weights[row] = 1;
    this.weightUnknown[row] = 0;
    if (traceState === '' && this.weight === undefined) return;
    let adjusted = adjustedCountOfTraceState(traceState, this.traceIds, row * 16);
    if (adjusted.kind !== 'known' && this.weight !== undefined) adjusted = adjustedCountOfRate(this.weight.value);
    if (adjusted.kind === 'known') this.weights[row] = adjusted.count;
    if (adjusted.kind === 'unknown') this.weightUnknown[row] = 1;
  }

  finish(resources: readonly Resource[], scopes: readonly Scope[]): SpanBatch {
    const count = this.row;
    for (const column of [this.names, this.statusMessages, this.traceStates, this.events, this.links]) column.length = count;
    return {
      count,
      traceIds: this.traceIds.subarray(0, count * 16),
      spanIds: this.spanIds.subarray(0, count * 8),
      parentSpanIds: this.parentSpanIds.subarray(0, count * 8),
      names: this.names,
      kinds: this.kinds.subarray(0, count),
      statuses: this.statuses.subarray(0, count),
      statusMessages: this.statusMessages,
      startNs: this.startNs.subarray(0, count),
      endMs: this.endMs.subarray(0, count),
      durationNs: this.durationNs.subarray(0, count),
      traceStates: this.traceStates,
      flags: this.flags.subarray(0, count),
      weights: this.weights.subarray(0, count),
      weightUnknown: this.weightUnknown.subarray(0, count),
      resources,
      resourceIndex: this.resourceIndex.subarray(0, count),
      scopes,
      scopeIndex: this.scopeIndex.subarray(0, count),
      attributeStart: this.attributeStart.subarray(0, count + 1),
      attributes: this.attributes,
      events: this.events,
      links: this.links,
      droppedCounts: this.droppedCounts.subarray(0, count),
    };
  }
}
