// Batches that can be made again byte for byte, told apart in the store by their ids, and sent anew in other bytes.
import { stampedFrom, template } from '../../bench/lib/encode.js';

/** A batch has room for a whole row group of ids: id - 1 = number × 16,384 + row. */
export const MAX_BATCH_SPANS = 16_384;
const SERVICES_PER_BATCH = 3;
const FAIL_EVERY = 9;
/** One batch in so many has a first span without trace id, which is rejected. */
const SPOILED_ONE_IN = 7;
const TRACE_ID_BYTES = 16;

/** Batches of one sender; its salt is in the first four bytes of every trace id. */
export class BatchMaker {
  #number = 0;
  #templates = new Map();

  constructor(salt) {
    this.salt = salt;
  }

  next(spans) {
    const made = this.#templates.get(spans) ?? template(spans, SERVICES_PER_BATCH, this.salt, FAIL_EVERY);
    this.#templates.set(spans, made);
    return new Batch(made, this.salt, ++this.#number);
  }
}

class Batch {
  #made;

  constructor(made, salt, number) {
    this.#made = made;
    this.name = `${salt}/${number}`;
    this.salt = salt;
    this.number = number;
    this.madeMs = Date.now();
    this.spans = made.count;
    this.rejected = number % SPOILED_ONE_IN === 0 ? 1 : 0;
    /** How many spans of it must be stored. */
    this.good = this.spans - this.rejected;
  }

  /** Made when they are sent: a campaign does not hold gigabytes. */
  bytes() {
    const bytes = stampedFrom(this.#made, this.salt, { firstId: this.number * MAX_BATCH_SPANS + 1, nowMs: this.madeMs });
    const at = this.#made.patches.trace[0];
    if (this.rejected > 0) bytes.fill(0, at, at + TRACE_ID_BYTES);
    return bytes;
  }

  /** The trace id of its last span, in hex. */
  traceId() {
    const at = this.#made.patches.trace[this.spans - 1];
    return this.bytes().toString('hex', at, at + TRACE_ID_BYTES);
  }
}

/** The ResourceSpans of requests, as a collector that batches anew would shuffle them: requests of other bytes with the same spans. */
export function rebatched(batches, random) {
  if (batches.length === 0) return [];
  const parts = batches.flatMap((batch) => fieldsOf(batch.bytes()));
  const bins = Array.from({ length: Math.max(2, batches.length) }, () => []);
  for (const part of parts) random.pick(bins).push(part);
  return bins.filter((bin) => bin.length > 0).map((bin) => Buffer.concat(bin));
}

/** The top-level fields of a message, all of which have a length. */
function fieldsOf(bytes) {
  const fields = [];
  for (let from = 0; from < bytes.length;) {
    let at = from + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    fields.push(bytes.subarray(from, at + length));
    from = at + length;
  }
  return fields;
}
