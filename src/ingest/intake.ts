import type { Clock } from '../lib/clock.js';
import type { ExportOutcome, ExportRequest } from './absorber.js';
import { ByteBudget, type ByteHold, type Shortage } from './byte-budget.js';
import { fault, noRoom, statusOf, stopping, tooLarge, type RpcStatus } from './export-answer.js';
import { IngestCounters, type RequestOutcome, type Sender } from './ingest-counters.js';
import { RECEIVER_LIMITS, type Authorization, type ReceiverLimits, type ReceiverOptions } from './receiver.js';
import { firstServiceName } from './service-name.js';

/** What every request costs beside its body: streams, headers, the state of inflating, a window of unread bytes. */
export const REQUEST_BYTES = 65_536;

/** The most that is set aside for a body before it comes. */
const MAX_EXPECTED_BYTES = 4_194_304;

type Stored = Extract<ExportOutcome, { kind: 'stored' }>;
type Protocol = 'grpc' | 'http';

/** Who sends, before the body says more. */
export interface Caller {
  /** The token's name; the address where everybody may send. */
  readonly who: string;
  /** The connection as an object: what its last request was about is remembered with it. */
  readonly connection: object;
  readonly signal: ExportRequest['signal'];
}

/** One request that was let in. `hold` must be released when it has been answered. */
export interface Visit extends Caller {
  readonly hold: ByteHold;
}

export type Answer = { readonly kind: 'stored'; readonly outcome: Stored } | { readonly kind: 'refused'; readonly status: RpcStatus };

/** What receivers of all protocols do alike: who may send, who gets room, what is counted, and the way to the absorber. */
export class Intake {
  readonly limits: ReceiverLimits;
  readonly counters: IngestCounters;
  readonly #protocol: Protocol;
  readonly #budget: ByteBudget;
  readonly #options: ReceiverOptions;
  readonly #clock: Clock;
  /** What a connection sent last, which the next will be like: mostly one process is one connection is one service. */
  readonly #last = new WeakMap<object, { readonly service: string; readonly bodyBytes: number }>();
  #isClosing = false;

  constructor(protocol: Protocol, options: ReceiverOptions & { readonly clock: Clock }) {
    this.#protocol = protocol;
    this.#options = options;
    this.#clock = options.clock;
    this.limits = { ...RECEIVER_LIMITS, ...options.limits };
    this.counters = options.counters ?? new IngestCounters();
    this.#budget = options.budget ?? new ByteBudget(this.limits.bytesInFlight);
  }

  stopTaking(): void {
    this.#isClosing = true;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Who the sender is by its token; by its address where nobody asks for one. */
  authorize(header: string | undefined, address: string): Authorization {
    const authorization = this.#options.authorize?.(header) ?? { kind: 'allowed', who: '' };
    return authorization.kind === 'allowed' && authorization.who === '' ? { kind: 'allowed', who: address } : authorization;
  }

  /** Lets a request in, or says why not now. */
  open(caller: Caller): Visit | RpcStatus {
    if (this.#isClosing) {
      this.count(caller, 'busy');
      return stopping(this.limits.retryAfterMs);
    }
    const last = this.#last.get(caller.connection);
    const hold = this.#budget.open({ who: caller.who, service: last?.service }, this.#clock.nowMs());
    const shortage = hold.reserve(REQUEST_BYTES) ?? hold.reserveAhead(Math.min(last?.bodyBytes ?? 0, MAX_EXPECTED_BYTES));
    if (shortage === undefined) return { ...caller, hold };
    hold.release();
    return this.short(caller, shortage);
  }

  short(caller: Caller, shortage: Shortage): RpcStatus {
    this.counters.limit(shortage);
    if (shortage === 'bytes-in-flight') this.counters.refuseForWantOfRoom();
    this.count(caller, 'busy');
    return noRoom(shortage, this.limits.retryAfterMs);
  }

  tooLarge(caller: Caller): RpcStatus {
    this.counters.limit('body-bytes');
    this.count(caller, 'too-large');
    return tooLarge(this.limits.bodyBytes);
  }

  count(caller: Caller, outcome: RequestOutcome): void {
    this.counters.request(this.#protocol, caller.signal, outcome);
    this.counters.sender(this.#senderOf(caller), outcome);
  }

  #senderOf({ who, connection }: Caller): Sender {
    return { who, service: this.#last.get(connection)?.service ?? '' };
  }

  /** Hands a body on and waits until it has been stored, or refused. */
  async absorb(visit: Visit, { encoding, body, protocol = this.#protocol }: Pick<ExportRequest, 'encoding' | 'body'> & { readonly protocol?: ExportRequest['protocol'] }): Promise<Answer> {
    const { signal } = visit;
    this.counters.body(this.#protocol, signal, body.length);
    const service = firstServiceName(body, encoding);
    this.#last.set(visit.connection, { service, bodyBytes: body.length });
    const shortage = visit.hold.belongsTo(service);
    if (shortage !== undefined) return { kind: 'refused', status: this.short(visit, shortage) };
    try {
      return this.#answer(visit, await this.#options.absorber.absorb({ signal, encoding, protocol, body, receivedAtMs: this.#clock.nowMs() }));
    } catch (error) {
      this.count(visit, 'failed');
      this.#options.onFault?.(error);
      return { kind: 'refused', status: fault(this.limits.retryAfterMs) };
    }
  }

  #answer(visit: Visit, outcome: ExportOutcome): Answer {
    this.counters.contents(this.#protocol, visit.signal, outcome);
    this.counters.contentsOfSender(this.#senderOf(visit), outcome);
    this.count(visit, outcome.kind);
    if (outcome.kind === 'busy') this.counters.refuseForWantOfRoom();
    if (outcome.kind !== 'stored') return { kind: 'refused', status: statusOf(outcome) };
    if (outcome.deduplicated > 0) this.counters.sender(this.#senderOf(visit), 'resent');
    return { kind: 'stored', outcome };
  }
}

export function isVisit(opened: Visit | RpcStatus): opened is Visit {
  return 'hold' in opened;
}
