import type { DecodeLimitName } from './decode-limits.js';

/** Why a span or log record was not taken. */
export type RejectReason =
  | 'trace-id-zero' | 'trace-id-length' | 'span-id-zero' | 'span-id-length' | 'parent-span-id-length'
  | 'start-time-zero' | 'end-time-zero' | 'end-before-start' | 'time-in-future' | 'time-out-of-range' | 'too-many';

const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  'trace-id-zero': 'trace_id is all zeros',
  'trace-id-length': 'trace_id is not 16 bytes',
  'span-id-zero': 'span_id is all zeros',
  'span-id-length': 'span_id is not 8 bytes',
  'parent-span-id-length': 'parent_span_id is neither empty nor 8 bytes',
  'start-time-zero': 'start time is 0',
  'end-time-zero': 'end time is 0',
  'end-before-start': 'end is before start',
  'time-in-future': "time is more than a day ahead of the receiver's clock",
  'time-out-of-range': 'time is before 1970 or after the year 2262',
  'too-many': 'more than one request may hold',
};

const LIMIT_TEXT: Readonly<Record<DecodeLimitName, string>> = {
  'attributes-per-item': 'attributes dropped: more than one span, event, link, log record or resource may have',
  'attributes-per-request': 'attributes dropped: more than one request may have',
  'scope-characters': 'attributes of scopes dropped: more than 1,024 characters together',
  'events-per-span': 'events or links dropped: more than one span may have',
  'events-per-request': 'events or links dropped: more than one request may have',
  'string-bytes': 'values cut: longer than 64 KiB',
  'value-depth': 'values replaced: nested too deep',
  'elements-per-value': 'array or map elements dropped: more than one attribute may have',
  'duplicate-key': 'attributes dropped: their key was there already',
};

/** What one request lost, exactly. */
export interface Rejected {
  readonly count: number;
  readonly reasons: ReadonlyMap<RejectReason, number>;
  /** For the sender: `3 of 120 spans rejected: trace_id is all zeros (2); end is before start (1)`. Warnings follow; empty when all is well. */
  readonly message: string;
}

/** Counts what is rejected and which limits are hit while one request is decoded. */
export class DecodeTally {
  readonly reasons = new Map<RejectReason, number>();
  readonly limits = new Map<DecodeLimitName, number>();

  reject(reason: RejectReason, count = 1): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
  }

  hit(limit: DecodeLimitName, count = 1): void {
    this.limits.set(limit, (this.limits.get(limit) ?? 0) + count);
  }

  rejected(noun: 'spans' | 'log records', admitted: number): Rejected {
    const count = sum(this.reasons);
    const parts: string[] = [];
    if (count > 0) {
      const why = [...this.reasons].sort((left, right) => right[1] - left[1]).map(([reason, times]) => `${REASON_TEXT[reason]} (${times})`);
      parts.push(`${count} of ${admitted + count} ${noun} rejected: ${why.join('; ')}`);
    }
    for (const [limit, times] of this.limits) parts.push(`warning: ${times} ${LIMIT_TEXT[limit]}`);
    return { count, reasons: this.reasons, message: parts.join('. ') };
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
