import { createLogDecoder, createTraceDecoder } from '../../ingest/decoder.js';
import type { FileRequest } from './otlp-files.js';

const NANOSECONDS_PER_MS = 1_000_000n;

/** When things happened in a request: Unix milliseconds, first and last. */
export interface EventTimes {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of one span, so that there is something to open; undefined for log records. */
  readonly traceId: string | undefined;
}

/** Looks into requests before they are sent: the answer of a service says nothing of times, and a link to imported data needs them. */
export class RequestReader {
  readonly #traces = createTraceDecoder();
  readonly #logs = createLogDecoder();

  /** Undefined for what cannot be read or holds nothing; whoever takes the request says why. */
  timesOf({ signal, encoding, body }: FileRequest): EventTimes | undefined {
    const input = { encoding, body, receivedAtMs: Date.now() };
    if (signal === 'logs') {
      const decoded = this.#logs.decode(input);
      return decoded.ok ? spread(Array.from(decoded.batch.timeNs, (timeNs) => Number(timeNs / NANOSECONDS_PER_MS)), undefined) : undefined;
    }
    const decoded = this.#traces.decode(input);
    return decoded.ok ? spread([...decoded.batch.endMs], Buffer.from(decoded.batch.traceIds.subarray(0, 16)).toString('hex')) : undefined;
  }
}

function spread(timesMs: readonly number[], traceId: string | undefined): EventTimes | undefined {
  if (timesMs.length === 0) return undefined;
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (const timeMs of timesMs) {
    firstMs = Math.min(firstMs, timeMs);
    lastMs = Math.max(lastMs, timeMs);
  }
  return { firstMs, lastMs, traceId };
}
