import type { Readable } from 'node:stream';
import { BodyCollector, type Body, type BodyOptions } from './http-body-collector.js';

/** The flag for compression, and the length as 32 bits big-endian (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;

/** Reads the one message of a unary call and undoes its compression. */
export function readMessage(stream: Readable, options: BodyOptions): Promise<Body> {
  return new Promise((resolve) => {
    new MessageReader(stream, options, resolve).start();
  });
}

class MessageReader {
  readonly #stream: Readable;
  readonly #options: BodyOptions;
  readonly #resolve: (body: Body) => void;
  #prefix: Buffer = Buffer.alloc(0);
  #length = 0;
  #received = 0;
  #body: BodyCollector | undefined;
  #isDone = false;

  constructor(stream: Readable, options: BodyOptions, resolve: (body: Body) => void) {
    this.#stream = stream;
    this.#options = options;
    this.#resolve = resolve;
  }

  start(): void {
    this.#stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#stream.on('end', () => this.#end());
    this.#stream.on('close', () => this.#fail({ kind: 'aborted' }));
  }

  #take(chunk: Buffer): void {
    if (this.#isDone) return;
    if (this.#body !== undefined) {
      this.#pass(chunk);
      return;
    }
    this.#prefix = this.#prefix.length === 0 ? chunk : Buffer.concat([this.#prefix, chunk]);
    if (this.#prefix.length < PREFIX_BYTES) return;
    this.#begin();
    this.#pass(this.#prefix.subarray(PREFIX_BYTES));
    this.#prefix = Buffer.alloc(0);
  }

  #begin(): void {
    const flag = this.#prefix[0];
    this.#length = this.#prefix.readUInt32BE(1);
    const { encoding } = this.#options;
    if (flag !== undefined && flag > 1) this.#fail({ kind: 'corrupt', message: `the message begins with ${flag}, where 0 or 1 says whether it is compressed` });
    else if (flag === 1 && encoding === 'identity') this.#fail({ kind: 'corrupt', message: 'the message is marked as compressed, but no grpc-encoding says how' });
    else if (this.#length > this.#options.limitBytes) this.#fail({ kind: 'too-large' });
    else this.#body = this.#collector(flag === 1 ? encoding : 'identity');
  }

  #collector(encoding: BodyOptions['encoding']): BodyCollector {
    return new BodyCollector({ ...this.#options, encoding }, { pause: () => this.#stream.pause(), resume: () => this.#stream.resume(), done: (body) => this.#finish(body) });
  }

  #pass(chunk: Buffer): void {
    if (this.#body === undefined || chunk.length === 0) return;
    this.#received += chunk.length;
    if (this.#received > this.#length) this.#fail({ kind: 'corrupt', message: 'more than one message in a call that takes one' });
    else this.#body.write(chunk);
  }

  #end(): void {
    if (this.#body === undefined) this.#fail({ kind: 'corrupt', message: 'the call ended before its message' });
    else if (this.#received < this.#length) this.#fail({ kind: 'corrupt', message: `the message ends after ${this.#received} of ${this.#length} bytes` });
    else this.#body.end();
  }

  #fail(body: Exclude<Body, { kind: 'read' }>): void {
    if (this.#body === undefined) this.#finish(body);
    else this.#body.fail(body);
  }

  #finish(body: Body): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#resolve(body);
  }
}
