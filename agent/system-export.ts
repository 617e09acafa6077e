import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { LoadedAgent } from './config/agent-files.js';
import { httpOtlpSender } from './otlp/http-otlp-sender.js';
import { BodyMemory } from './otlp/body-memory.js';
import type { Delivery, OtlpSender, Signal } from './otlp/delivery.js';
import { Outbox, type Letter } from './otlp/outbox.js';
import { signalUrl } from './otlp/signal-url.js';

export async function senderOf({ config: { otlp }, headers }: LoadedAgent, signal: Signal): Promise<OtlpSender> {
  const options = { signal, endpoint: signalUrl(otlp, signal), headers, compression: otlp.compression, timeoutMs: otlp.timeoutMs };
  if (otlp.protocol === 'http/protobuf') return httpOtlpSender(options);
  const { grpcOtlpSender } = await import('./otlp/grpc-otlp-sender.js');
  return grpcOtlpSender(options);
}

/** Two at once keep a receiver busy that commits in groups. */
const IN_FLIGHT = 2;
/** Of what waits. Where a receiver that takes no gzip is late for a moment, packing and unpacking would cost more memory than it saves. */
const MAX_PLAIN_BYTES = 1 << 20;

/** Takes requests out of the outbox while there are any. */
export class Exporter {
  /** What has to wait for long is compressed: a tenth of the memory. */
  readonly outbox: Outbox;
  /** For the bodies that are added. */
  readonly memory = new BodyMemory();
  #sender: OtlpSender;
  /** What is under way, by whom. */
  readonly #inFlight = new Map<Letter, OtlpSender>();

  constructor(sender: OtlpSender, maxBytes: number) {
    this.#sender = sender;
    this.outbox = new Outbox(maxBytes);
  }

  get isIdle(): boolean {
    return this.#inFlight.size === 0 && this.outbox.length === 0;
  }

  /** Spans that nobody has confirmed yet. */
  get waitingSpans(): number {
    let spans = this.outbox.waitingSpans;
    for (const letter of this.#inFlight.keys()) spans += letter.spans;
    return spans;
  }

  /** What the one before has under way is waited for: closed at once, it would not be known what has arrived. */
  useSender(sender: OtlpSender): void {
    const before = this.#sender;
    this.#sender = sender;
    this.#closeIfDone(before);
  }

  #closeIfDone(sender: OtlpSender): void {
    if (sender !== this.#sender && ![...this.#inFlight.values()].includes(sender)) sender.close();
  }

  add({ body, spans }: { readonly body: Buffer; readonly spans: number }): void {
    const isGzip = this.#sender.takesGzip || this.outbox.trouble !== undefined || this.outbox.bytes + body.length > MAX_PLAIN_BYTES;
    this.outbox.add({ body: isGzip ? compressed(body) : body, isGzip, spans }, Date.now());
    if (isGzip) this.memory.giveBack(body);
  }

  pump(): void {
    while (this.#inFlight.size < IN_FLIGHT) {
      const letter = this.outbox.take(Date.now());
      if (letter === undefined) return;
      const sender = this.#sender;
      this.#inFlight.set(letter, sender);
      void sender.send(sender.takesGzip ? packed(letter).body : unpacked(letter)).then((delivery) => {
        this.#inFlight.delete(letter);
        this.#settle(letter, delivery, sender);
        this.#closeIfDone(sender);
        this.pump();
      });
    }
  }

  /** What was not taken by one that another has taken the place of is for that one, which knows nothing of it: the token may be what is new. */
  #settle(letter: Letter, delivery: Delivery, by: OtlpSender): void {
    const nowMs = Date.now();
    if (delivery.outcome === 'delivered') this.memory.giveBack(letter.body);
    else if (by !== this.#sender) {
      this.outbox.handOver(packed(letter), nowMs);
      return;
    }
    this.outbox.settle(delivery.outcome === 'retryable' ? packed(letter) : letter, delivery, { nowMs, random: Math.random() });
  }

  close(): void {
    for (const sender of new Set([this.#sender, ...this.#inFlight.values()])) sender.close();
  }
}

function packed(letter: Letter): Letter {
  return letter.isGzip ? letter : { ...letter, body: compressed(letter.body), isGzip: true };
}

/** In one piece: the last four bytes say how long it is (RFC 1952), and zlib wants to see that there is room for more. */
function unpacked({ body, isGzip }: Letter): Buffer {
  return isGzip ? gunzipSync(body, { chunkSize: Math.max(constants.Z_MIN_CHUNK, body.readUInt32LE(body.length - 4) + 1) }) : body;
}

/** The fastest level: the link is short, the node's time is not ours. */
function compressed(body: Buffer): Buffer {
  return gzipSync(body, { level: constants.Z_BEST_SPEED });
}
