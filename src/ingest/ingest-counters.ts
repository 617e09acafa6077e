import type { ExportOutcome, ExportRequest } from './absorber.js';
import type { Shortage } from './byte-budget.js';

/** What became of a request, from the receiver's side. */
export type RequestOutcome = ExportOutcome['kind'] | 'too-large' | 'unsupported' | 'denied' | 'aborted' | 'too-slow' | 'failed';

/** The same by sender; `resent` is counted beside `stored`: the sender had not got, or not believed, an earlier answer. */
export type SenderOutcome = RequestOutcome | 'resent';

/** Limits of a receiver, as metrics name them. */
export type ReceiverLimitName = Shortage | 'body-bytes' | 'connections' | 'senders-counted';

/** Senders that have rows of their own; the others are counted together as `other`. */
export const SENDERS_COUNTED = 200;

/** `who` is a token's name or an address, `service` the first one in what it sent last. */
export interface Sender {
  readonly who: string;
  readonly service: string;
}

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
  readonly #senders = new Tally(['sender', 'service', 'outcome']);
  readonly #senderItems = new Tally(['sender', 'service', 'result']);
  readonly #senderNames = new Set<string>();
  readonly #limits = new Tally(['limit']);
  #refusedForWantOfRoom = 0;

  request(protocol: Protocol, signal: Signal, outcome: RequestOutcome): void {
    this.#requests.add([protocol, signal, outcome], 1);
  }

  /** Bytes of a body, after decompression. */
  body(protocol: Protocol, signal: Signal, byteCount: number): void {
    this.#bytes.add([protocol, signal], byteCount);
  }

  /** What was in a request. */
  contents(protocol: Protocol, signal: Signal, outcome: ExportOutcome): void {
    if (outcome.kind !== 'stored') return;
    this.#items.add([protocol, signal, 'admitted'], outcome.admitted);
    this.#items.add([protocol, signal, 'rejected'], outcome.rejected);
    this.#items.add([protocol, signal, 'deduplicated'], outcome.deduplicated);
  }

  /** Shows who is refused and who retries. */
  sender(sender: Sender, outcome: SenderOutcome): void {
    if (!this.#hasRows(sender)) this.limit('senders-counted');
    this.#senders.add([...this.#labelsOf(sender), outcome], 1);
  }

  /** The ledger by sender: what it sent is the sum. */
  contentsOfSender(sender: Sender, outcome: ExportOutcome): void {
    if (outcome.kind !== 'stored') return;
    const labels = this.#labelsOf(sender);
    this.#senderItems.add([...labels, 'hot'], outcome.admitted);
    this.#senderItems.add([...labels, 'rejected'], outcome.rejected);
    this.#senderItems.add([...labels, 'deduplicated'], outcome.deduplicated);
  }

  #labelsOf(sender: Sender): readonly [who: string, service: string] {
    return this.#hasRows(sender) ? [sender.who, sender.service] : ['other', ''];
  }

  /** Whoever comes first has rows of its own, as long as there is room. */
  #hasRows({ who, service }: Sender): boolean {
    const name = JSON.stringify([who, service]);
    if (this.#senderNames.size < SENDERS_COUNTED) this.#senderNames.add(name);
    return this.#senderNames.has(name);
  }

  /** Nobody's export could be taken: no room for all together, or the store cannot write. A share that one sender used up is not that. */
  refuseForWantOfRoom(): void {
    this.#refusedForWantOfRoom += 1;
  }

  /** How often that happened. */
  get refusedForWantOfRoom(): number {
    return this.#refusedForWantOfRoom;
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

  /** Requests by sender and service. */
  senders(): CounterRow[] {
    return this.#senders.rows();
  }

  /** Spans and log records by sender and service. */
  senderItems(): CounterRow[] {
    return this.#senderItems.rows();
  }

  limits(): CounterRow[] {
    return this.#limits.rows();
  }
}

/** Sums by label values. Callers see to it that there are few. */
class Tally {
  readonly #labelNames: readonly string[];
  readonly #values = new Map<string, { readonly labels: readonly string[]; value: number }>();

  constructor(labelNames: readonly string[]) {
    this.#labelNames = labelNames;
  }

  add(labels: readonly string[], count: number): void {
    const key = labels.join('\u0000');
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { labels, value: count });
    else known.value += count;
  }

  rows(): CounterRow[] {
    return [...this.#values.values()].map(({ labels, value }) => ({ labels: Object.fromEntries(this.#labelNames.map((name, index) => [name, labels[index] ?? ''])), value }));
  }
}
