import type { Attribute } from '../trace/attribute.js';
import type { LogBatch } from '../trace/log-record.js';
import type { Resource, Scope } from '../trace/span-batch.js';
import type { RejectReason } from './decode-tally.js';
import { fitsInt64, msOfNsHalves } from './event-time.js';

const MAX_UINT32 = 0xffff_ffff;

/** A log batch under construction; works like SpanColumns. */
export class LogColumns {
  row = 0;
  readonly traceIds: Uint8Array;
  readonly spanIds: Uint8Array;
  readonly timeNs: BigInt64Array;
  readonly severityNumbers: Uint8Array;
  readonly severityTexts: string[] = [];
  readonly bodies: string[] = [];
  readonly eventNames: string[] = [];
  readonly flags: Uint32Array;
  readonly resourceIndex: Uint32Array;
  readonly scopeIndex: Uint32Array;
  readonly attributeStart: Uint32Array;
  readonly attributes: Attribute[] = [];
  readonly droppedCounts: Uint32Array;
  traceIdLength = 0;
  spanIdLength = 0;
  timeHigh = 0;
  timeLow = 0;
  observedHigh = 0;
  observedLow = 0;
  dropped = 0;
  readonly #timeWords: Uint32Array;
  readonly #receivedNs: bigint;
  readonly #latestMs: number;

  constructor(capacity: number, times: { readonly receivedAtMs: number; readonly latestMs: number }) {
    this.#receivedNs = BigInt(Math.floor(times.receivedAtMs)) * 1_000_000n;
    this.#latestMs = times.latestMs;
    this.traceIds = new Uint8Array(capacity * 16);
    this.spanIds = new Uint8Array(capacity * 8);
    this.timeNs = new BigInt64Array(capacity);
    this.#timeWords = new Uint32Array(this.timeNs.buffer);
    this.severityNumbers = new Uint8Array(capacity);
    this.flags = new Uint32Array(capacity);
    this.resourceIndex = new Uint32Array(capacity);
    this.scopeIndex = new Uint32Array(capacity);
    this.attributeStart = new Uint32Array(capacity + 1);
    this.droppedCounts = new Uint32Array(capacity);
  }

  begin(): void {
    const row = this.row;
    this.traceIds.fill(0, row * 16, row * 16 + 16);
    this.spanIds.fill(0, row * 8, row * 8 + 8);
    this.severityNumbers[row] = 0;
    this.severityTexts[row] = '';
    this.bodies[row] = '';
    this.eventNames[row] = '';
    this.flags[row] = 0;
    this.traceIdLength = 0;
    this.spanIdLength = 0;
    this.timeHigh = 0;
    this.timeLow = 0;
    this.observedHigh = 0;
    this.observedLow = 0;
    this.dropped = 0;
  }

  problem(): RejectReason | undefined {
    if (this.traceIdLength !== 0 && this.traceIdLength !== 16) return 'trace-id-length';
    if (this.spanIdLength !== 0 && this.spanIdLength !== 8) return 'span-id-length';
    if ((this.timeHigh | this.timeLow) === 0) {
      this.timeHigh = this.observedHigh;
      this.timeLow = this.observedLow;
    }
    if (!fitsInt64(this.timeHigh)) return 'time-out-of-range';
    if (msOfNsHalves(this.timeHigh, this.timeLow) > this.#latestMs) return 'time-in-future';
    return undefined;
  }

  admit(): void {
    const row = this.row;
    if ((this.timeHigh | this.timeLow) === 0) this.timeNs[row] = this.#receivedNs;
    else {
      this.#timeWords[row * 2] = this.timeLow;
      this.#timeWords[row * 2 + 1] = this.timeHigh;
    }
    this.droppedCounts[row] = Math.min(this.dropped, MAX_UINT32);
    this.row = row + 1;
    this.attributeStart[row + 1] = this.attributes.length;
  }

  discard(): void {
    this.attributes.length = this.attributeStart[this.row]!;
  }

  finish(resources: readonly Resource[], scopes: readonly Scope[]): LogBatch {
    const count = this.row;
    for (const column of [this.severityTexts, this.bodies, this.eventNames]) column.length = count;
    return {
      count,
      traceIds: this.traceIds.subarray(0, count * 16),
      spanIds: this.spanIds.subarray(0, count * 8),
      timeNs: this.timeNs.subarray(0, count),
      severityNumbers: this.severityNumbers.subarray(0, count),
      severityTexts: this.severityTexts,
      bodies: this.bodies,
      eventNames: this.eventNames,
      flags: this.flags.subarray(0, count),
      resources,
      resourceIndex: this.resourceIndex.subarray(0, count),
      scopes,
      scopeIndex: this.scopeIndex.subarray(0, count),
      attributeStart: this.attributeStart.subarray(0, count + 1),
      attributes: this.attributes,
      droppedCounts: this.droppedCounts.subarray(0, count),
    };
  }
}
