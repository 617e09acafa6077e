import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { LoadedAgent } from './config/fs-agent-config.js';
import { tracesUrl } from './config/agent-config.js';
import { httpOtlpSender } from './otlp/http-otlp-sender.js';
import type { OtlpSender } from './otlp/delivery.js';
import { Outbox } from './otlp/outbox.js';

export async function senderOf({ config: { otlp }, headers }: LoadedAgent): Promise<OtlpSender> {
  const options = { endpoint: tracesUrl(otlp), headers, compression: otlp.compression, timeoutMs: otlp.timeoutMs };
  if (otlp.protocol === 'http/protobuf') return httpOtlpSender(options);
  const { grpcOtlpSender } = await import('./otlp/grpc-otlp-sender.js');
  return grpcOtlpSender(options);
}

/** Two at once keep a receiver busy that commits in groups. */
const IN_FLIGHT = 2;

/** Takes requests out of the outbox while there are any. */
export class Exporter {
  /** Bodies wait compressed: a tenth of the memory, and the senders that want them otherwise are rare. */
  readonly outbox: Outbox;
  #sender: OtlpSender;
  #inFlight = 0;

  constructor(sender: OtlpSender, maxBytes: number) {
    this.#sender = sender;
    this.outbox = new Outbox(maxBytes);
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.outbox.length === 0;
  }

  useSender(sender: OtlpSender): void {
    const before = this.#sender;
    this.#sender = sender;
    before.close();
  }

  add(body: Buffer, spans: number): void {
    // The fastest level: the link is short, the node's time is not ours.
    this.outbox.add(gzipSync(body, { level: constants.Z_BEST_SPEED }), spans, Date.now());
  }

  pump(): void {
    while (this.#inFlight < IN_FLIGHT) {
      const letter = this.outbox.take(Date.now());
      if (letter === undefined) return;
      this.#inFlight += 1;
      const sender = this.#sender;
      void sender.send(sender.takesGzip ? letter.body : gunzipSync(letter.body)).then((delivery) => {
        this.#inFlight -= 1;
        this.outbox.settle(letter, delivery, { nowMs: Date.now(), random: Math.random() });
        this.pump();
      });
    }
  }

  close(): void {
    this.#sender.close();
  }
}
