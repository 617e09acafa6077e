import type { LogBatch } from '../trace/log-record.js';
import type { SpanBatch } from '../trace/span-batch.js';
import type { Absorber, ExportOutcome, ExportRequest } from './absorber.js';
import { createLogDecoder, createTraceDecoder, type DecodeResult } from './decoder.js';

/** An absorber that decodes and keeps everything in memory: for tests of receivers and exporters. */
export class MemoryAbsorber implements Absorber {
  readonly requests: ExportRequest[] = [];
  readonly traces: SpanBatch[] = [];
  readonly logs: LogBatch[] = [];
  readonly #traceDecoder = createTraceDecoder();
  readonly #logDecoder = createLogDecoder();
  readonly #answers: (ExportOutcome | Error)[] = [];
  #gate: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  /** The next requests get these answers, one each, and are not decoded; an Error is thrown. */
  answerNext(...answers: readonly (ExportOutcome | Error)[]): void {
    this.#answers.push(...answers);
  }

  /** Holds all answers back until the function it returns is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  /** Resolves when `count` requests have come. */
  async arrived(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async absorb(request: ExportRequest): Promise<ExportOutcome> {
    this.requests.push(request);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
    await this.#gate;
    const answer = this.#answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    return request.signal === 'traces' ? kept(this.#traceDecoder.decode(request), this.traces) : kept(this.#logDecoder.decode(request), this.logs);
  }
}

function kept<Batch extends { readonly count: number }>(result: DecodeResult<Batch>, batches: Batch[]): ExportOutcome {
  if (!result.ok) return { kind: 'malformed', message: result.message };
  batches.push(result.batch);
  return { kind: 'stored', admitted: result.batch.count, rejected: result.rejected.count, deduplicated: 0, message: result.rejected.message };
}
