import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import type { ByteBudget } from './byte-budget.js';

export type ContentEncoding = 'identity' | 'gzip' | 'deflate';

export type Body =
  /** `reserved` bytes of the budget are the caller's to release. */
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly reserved: number }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'no-room' }
  | { readonly kind: 'corrupt'; readonly message: string }
  | { readonly kind: 'aborted' };

export interface BodyOptions {
  readonly encoding: ContentEncoding;
  readonly limitBytes: number;
  readonly budget: ByteBudget;
}

const INFLATE_CHUNK_BYTES = 65_536;

/**
 * Reads a body and undoes its compression. The limit holds before and after decompression, and every byte is taken from
 * the budget as it comes, so that neither a bomb nor many slow senders hold more memory than they may.
 */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  return new Promise((resolve) => {
    new BodyReader(request, options, resolve).start();
  });
}

class BodyReader {
  readonly #request: IncomingMessage;
  readonly #options: BodyOptions;
  readonly #resolve: (body: Body) => void;
  readonly #chunks: Buffer[] = [];
  readonly #inflate: Gunzip | Inflate | undefined;
  #size = 0;
  #rawSize = 0;
  #isDone = false;

  constructor(request: IncomingMessage, options: BodyOptions, resolve: (body: Body) => void) {
    this.#request = request;
    this.#options = options;
    this.#resolve = resolve;
    this.#inflate = inflateOf(options.encoding);
  }

  start(): void {
    const request = this.#request;
    request.on('data', this.#onRaw);
    request.on('error', () => this.#fail({ kind: 'aborted' }));
    // Also emitted after a regular end, when inflating may still go on.
    request.on('close', () => {
      if (!request.readableEnded) this.#fail({ kind: 'aborted' });
    });
    if (this.#inflate === undefined) {
      request.on('end', () => this.#finish());
      return;
    }
    this.#inflate.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#inflate.on('end', () => this.#finish());
    this.#inflate.on('error', (error) => this.#fail({ kind: 'corrupt', message: `the body is not ${this.#options.encoding}: ${error.message}` }));
    request.on('end', () => this.#inflate?.end());
  }

  readonly #onRaw = (chunk: Buffer): void => {
    if (this.#isDone) return;
    this.#rawSize += chunk.length;
    if (this.#rawSize > this.#options.limitBytes) this.#fail({ kind: 'too-large' });
    else if (this.#inflate === undefined) this.#take(chunk);
    else if (!this.#inflate.write(chunk)) {
      this.#request.pause();
      this.#inflate.once('drain', () => this.#request.resume());
    }
  };

  #take(chunk: Buffer): void {
    if (this.#isDone) return;
    if (this.#size + chunk.length > this.#options.limitBytes) this.#fail({ kind: 'too-large' });
    else if (!this.#options.budget.tryReserve(chunk.length)) this.#fail({ kind: 'no-room' });
    else {
      this.#size += chunk.length;
      this.#chunks.push(chunk);
    }
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#size);
    this.#resolve({ kind: 'read', bytes, reserved: this.#size });
  }

  #fail(body: Body): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#options.budget.release(this.#size);
    this.#chunks.length = 0;
    this.#inflate?.destroy();
    discardRest(this.#request, this.#options.limitBytes);
    this.#resolve(body);
  }
}

/** Lets a sender finish what nobody will read, within reason: many read the answer only after they have sent everything. */
export function discardRest(request: IncomingMessage, limitBytes: number): void {
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > limitBytes) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}

function inflateOf(encoding: ContentEncoding): Gunzip | Inflate | undefined {
  if (encoding === 'gzip') return createGunzip({ chunkSize: INFLATE_CHUNK_BYTES });
  return encoding === 'deflate' ? createInflate({ chunkSize: INFLATE_CHUNK_BYTES }) : undefined;
}
