import { DEFAULT_OTLP_SENDER_SHARE } from '../config/settings.js';

/** Why bytes were not given; also the names of the limits in metrics. */
export type Shortage = 'bytes-in-flight' | 'sender-share' | 'service-share';

export interface ByteBudgetOptions {
  /** What one sender may hold of the room that the others leave, while there are others; 1 switches sharing off. */
  readonly senderShare?: number;
}

/** Who wants bytes: a token's name or an address, and the service it spoke for last where that is known. */
export interface Sender {
  readonly who: string;
  readonly service?: string;
}

/** A sender counts as one of the others for this long after its last request: SDKs send every 5 s, quiet ones less often. */
export const ACTIVE_MS = 60_000;
/** Senders, and services of one sender, that are remembered after their requests have been answered. */
const REMEMBERED = 1_024;

/**
 * Bytes that receivers hold at one time, counted after decompression. One budget serves all receivers of a process.
 *
 * While several send, each may hold at most `senderShare` of what the others leave (dynamic thresholds: Choudhury and Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", 1998). A noisy sender gets half, two get a third each,
 * and some room always stays free for the quiet ones. The services of one sender share its part in the same way. The only
 * request of a sender is never refused for its share, so that large requests get through as well.
 */
export class ByteBudget {
  readonly limit: number;
  readonly #all: Holder;
  readonly #share: number;

  constructor(limit: number, { senderShare = DEFAULT_OTLP_SENDER_SHARE }: ByteBudgetOptions = {}) {
    this.limit = limit;
    this.#share = senderShare;
    this.#all = new Holder('bytes-in-flight', undefined);
  }

  get used(): number {
    return this.#all.held;
  }

  get sendersKnown(): number {
    return this.#all.childCount;
  }

  /** Begins a request that holds nothing yet; `release` ends it, whatever it got. */
  open({ who, service = '' }: Sender, nowMs: number): ByteHold {
    const sender = this.#all.child(who, 'sender-share', nowMs);
    // What is not known yet is no service that others would have to leave room for.
    const serviceNamed = (name: string): Holder => (name === '' ? sender : sender.child(name, 'service-share', nowMs));
    const holder = serviceNamed(service);
    holder.begin(0);
    return new ByteHold(holder, { room: (of) => this.#room(of), serviceNamed });
  }

  /** What a holder may hold in all, as things are. */
  #room(holder: Holder): number {
    // The only request of all is bound by the limit of a body alone: it must get through one day.
    if (holder.parent === undefined) return holder.requests > 1 ? this.limit : Infinity;
    const left = this.#room(holder.parent) - (holder.parent.held - holder.held);
    const shares = holder.requests > 1 && holder.parent.childCount > 1;
    return shares ? left * this.#share : left;
  }
}

/** The budget as the hold of one sender's request needs it. */
interface BudgetOfSender {
  room(of: Holder): number;
  serviceNamed(name: string): Holder;
}

/** The bytes of one request. */
export class ByteHold {
  #holder: Holder;
  #bytes = 0;
  /** Part of `#bytes`: taken before it came. */
  #ahead = 0;
  #isReleased = false;
  readonly #budget: BudgetOfSender;

  constructor(holder: Holder, budget: BudgetOfSender) {
    this.#holder = holder;
    this.#budget = budget;
  }

  /** Takes the bytes, or says what is short and takes none. */
  reserve(byteCount: number): Shortage | undefined {
    const fromAhead = Math.min(this.#ahead, byteCount);
    const shortage = this.#take(byteCount - fromAhead);
    if (shortage === undefined) this.#ahead -= fromAhead;
    return shortage;
  }

  /** Takes what will probably be needed, so that who cannot finish does not begin; later reservations use it up first. */
  reserveAhead(byteCount: number): Shortage | undefined {
    const shortage = this.#take(byteCount);
    if (shortage === undefined) this.#ahead += byteCount;
    return shortage;
  }

  #take(byteCount: number): Shortage | undefined {
    const shortage = byteCount === 0 ? undefined : this.#shortage(byteCount);
    if (shortage !== undefined) return shortage;
    this.#bytes += byteCount;
    this.#holder.add(byteCount);
    return undefined;
  }

  /** The body is there and names its service: what is held counts as that service's from now on. */
  belongsTo(service: string): Shortage | undefined {
    this.#holder.add(-this.#ahead);
    this.#bytes -= this.#ahead;
    this.#ahead = 0;
    const next = this.#budget.serviceNamed(service);
    if (next !== this.#holder) {
      this.#holder.end(this.#bytes);
      this.#holder = next;
      next.begin(this.#bytes);
    }
    return this.#shortage(0);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#holder.end(this.#bytes);
  }

  /** The widest limit that is short is the one to name. */
  #shortage(byteCount: number): Shortage | undefined {
    let short: Shortage | undefined;
    for (let holder: Holder | undefined = this.#holder; holder !== undefined; holder = holder.parent) {
      if (holder.held + byteCount > this.#budget.room(holder)) short = holder.limit;
    }
    return short;
  }
}

/** A node of all → senders → services, with what it and its children hold. */
class Holder {
  held = 0;
  requests = 0;
  #seenMs = 0;
  /** The one seen last stands last. */
  readonly #children = new Map<string, Holder>();

  constructor(readonly limit: Shortage, readonly parent: Holder | undefined) {}

  get childCount(): number {
    return this.#children.size;
  }

  child(name: string, limit: Shortage, nowMs: number): Holder {
    const holder = this.#children.get(name) ?? new Holder(limit, this);
    holder.#seenMs = nowMs;
    this.#children.delete(name);
    this.#children.set(name, holder);
    this.#forget(nowMs);
    return holder;
  }

  begin(byteCount: number): void {
    this.requests += 1;
    this.held += byteCount;
    this.parent?.begin(byteCount);
  }

  add(byteCount: number): void {
    this.held += byteCount;
    this.parent?.add(byteCount);
  }

  end(byteCount: number): void {
    this.requests -= 1;
    this.held -= byteCount;
    this.parent?.end(byteCount);
  }

  /** At most two a call: more than come in. Who holds bytes is active, however long ago it began. */
  #forget(nowMs: number): void {
    for (let turn = 0; turn < 2; turn += 1) {
      const [first] = this.#children;
      if (first === undefined) return;
      const [name, holder] = first;
      const isOld = nowMs - holder.#seenMs > ACTIVE_MS || this.#children.size > REMEMBERED;
      if (!isOld) return;
      this.#children.delete(name);
      if (holder.requests > 0) {
        holder.#seenMs = nowMs;
        this.#children.set(name, holder);
      }
    }
  }
}
