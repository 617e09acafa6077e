import type { ExportOutcome, ExportRequest } from './absorber.js';

/** What became of a request, from the receiver's side. */
export type RequestOutcome = ExportOutcome['kind'] | 'too-large' | 'unsupported' | 'denied' | 'aborted' | 'failed';

/** Limits of a receiver, as metrics name them. */
export type ReceiverLimitName = 'body-bytes' | 'bytes-in-flight';

export interface CounterRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Protocol = ExportRequest['protocol'];
type Signal = ExportRequest['signal'] | 'none';

/** Plain numbers that /metrics reads when it is asked: `requests()` and so on give one row per label set. */
export class IngestCounters {
  readonly #requests = new Tally(['protocol', 'signal', 'outcome']);
  readonly #bytes = new Tally(['protocol', 'signal']);
  readonly #items = new Tally(['protocol', 'signal', 'result']);
  readonly #limits = new Tally(['limit']);

  request(protocol: Protocol, signal: Signal, outcome: RequestOutcome): void {
    this.#requests.add([protocol, signal, outcome], 1);
  }

  /** Bytes of a body, after decompression. */
  body(protocol: Protocol, signal: Signal, byteCount: number): void {
    this.#bytes.add([protocol, signal], byteCount);
  }

  /** Counts the request and what was in it. */
  outcome(protocol: Protocol, signal: Signal, outcome: ExportOutcome): void {
    this.request(protocol, signal, outcome.kind);
    if (outcome.kind !== 'stored') return;
    this.#items.add([protocol, signal, 'admitted'], outcome.admitted);
    this.#items.add([protocol, signal, 'rejected'], outcome.rejected);
    this.#items.add([protocol, signal, 'deduplicated'], outcome.deduplicated);
  }

  /** A limit was hit: one of a receiver, or one of decoding as `DecodeResult.limits` names it. */
  limit(name: string, count = 1): void {
    this.#limits.add([name], count);
  }

  requests(): CounterRow[] {
    return this.#requests.rows();
  }

  bytes(): CounterRow[] {
    return this.#bytes.rows();
  }

  items(): CounterRow[] {
    return this.#items.rows();
  }

  limits(): CounterRow[] {
    return this.#limits.rows();
  }
}

/** Sums by label values. All label values come from unions in code, so that there are few. */
class Tally {
  readonly #labelNames: readonly string[];
  readonly #values = new Map<string, { readonly labels: readonly string[]; value: number }>();

  constructor(labelNames: readonly string[]) {
    this.#labelNames = labelNames;
  }

  add(labels: readonly string[], count: number): void {
    const key = labels.join('|');
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { labels, value: count });
    else known.value += count;
  }

  rows(): CounterRow[] {
    return [...this.#values.values()].map(({ labels, value }) => ({ labels: Object.fromEntries(this.#labelNames.map((name, index) => [name, labels[index] ?? ''])), value }));
  }
}
