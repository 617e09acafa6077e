import { availableParallelism, loadavg } from 'node:os';
import { formatSpan } from '../../lib/format.js';
import { SECOND_MS } from '../../lib/duration.js';

/** Said after so long: whoever watches should know what is waited for. */
const SLOW_MS = 15 * SECOND_MS;
/**
 * Taken for broken after so long. The pages are read behind everything else that reads and writes the same file, each a fraction of a second of
 * processor time: where twenty programs share two processors these add up to tens of seconds, and a process that died is noticed otherwise.
 */
const BROKEN_MS = 60 * SECOND_MS;

export type Verdict = { readonly kind: 'waits' } | { readonly kind: 'slow' | 'broken'; readonly text: string };

/** How long Tocsin may stay silent. A busy machine is no fault of what runs on it. */
export class Patience {
  readonly #machine: () => string;
  #lastAnswerMs: number;
  #isSaid = false;

  constructor(nowMs: number, machine: () => string = machineInWords) {
    this.#lastAnswerMs = nowMs;
    this.#machine = machine;
  }

  answered(nowMs: number): void {
    this.#lastAnswerMs = nowMs;
    this.#isSaid = false;
  }

  /** What an attempt without an answer means. It is said once that it is slow. */
  missed(nowMs: number, reason: string): Verdict {
    const silentMs = nowMs - this.#lastAnswerMs;
    const text = `Tocsin has not answered for ${formatSpan(silentMs)} (${this.#machine()}): ${reason}`;
    if (silentMs >= BROKEN_MS) return { kind: 'broken', text };
    if (silentMs < SLOW_MS || this.#isSaid) return { kind: 'waits' };
    this.#isSaid = true;
    return { kind: 'slow', text };
  }
}

/** `load average 25.3 on 2 processors`. */
export function machineInWords(): string {
  const processors = availableParallelism();
  return `load average ${(loadavg()[0] ?? 0).toFixed(1)} on ${String(processors)} processor${processors === 1 ? '' : 's'}`;
}
