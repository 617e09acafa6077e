import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { LoadedAgent } from './config/agent-files.js';
import { httpOtlpSender } from './otlp/http-otlp-sender.js';
import type { OtlpSender, Signal } from './otlp/delivery.js';
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

/** Takes requests out of the outbox while there are any. */
export class Exporter {
  /** What has to wait is compressed: a tenth of the memory. */
  readonly outbox: Outbox;
  #sender: OtlpSender;
  readonly #inFlight = new Set<Letter>();

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
    for (const letter of this.#inFlight) spans += letter.spans;
    return spans;
  }

  useSender(sender: OtlpSender): void {
    const before = this.#sender;
    this.#sender = sender;
    before.close();
  }

  add({ body, spans }: { readonly body: Buffer; readonly spans: number }): void {
    const goesAtOnce = this.outbox.length === 0 && this.#inFlight.size < IN_FLIGHT;
    const isGzip = this.#sender.takesGzip || !goesAtOnce;
    this.outbox.add({ body: isGzip ? compressed(body) : body, isGzip, spans }, Date.now());
  }

  pump(): void {
    while (this.#inFlight.size < IN_FLIGHT) {
      const letter = this.outbox.take(Date.now());
      if (letter === undefined) return;
      this.#inFlight.add(letter);
      const sender = this.#sender;
      void sender.send(sender.takesGzip ? packed(letter).body : unpacked(letter)).then((delivery) => {
        this.#inFlight.delete(letter);
        this.outbox.settle(delivery.outcome === 'retryable' ? packed(letter) : letter, delivery, { nowMs: Date.now(), random: Math.random() });
        this.pump();
      });
    }
  }

  close(): void {
    this.#sender.close();
  }
}

function packed(letter: Letter): Letter {
  return letter.isGzip ? letter : { ...letter, body: compressed(letter.body), isGzip: true };
}

function unpacked({ body, isGzip }: Letter): Buffer {
  return isGzip ? gunzipSync(body) : body;
}

/** The fastest level: the link is short, the node's time is not ours. */
function compressed(body: Buffer): Buffer {
  return gzipSync(body, { level: constants.Z_BEST_SPEED });
}
