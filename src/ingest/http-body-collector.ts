import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import type { ByteHold, Shortage } from './byte-budget.js';

export type ContentEncoding = 'identity' | 'gzip' | 'deflate';

export type Body =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'short'; readonly of: Shortage }
  | { readonly kind: 'corrupt'; readonly message: string }
  | { readonly kind: 'aborted' };

export interface BodyOptions {
  readonly encoding: ContentEncoding;
  readonly limitBytes: number;
  /** The caller releases it, whatever becomes of the body. */
  readonly hold: ByteHold;
}

/** Where the bytes come from, and who waits for them. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Called once. */
  done(body: Body): void;
}

const INFLATE_CHUNK_BYTES = 65_536;

/**
 * Collects the pieces of a body and undoes its compression. The limit holds before and after decompression, and every byte is
 * taken from the budget as it comes, so that neither a bomb nor many slow senders hold more memory than they may.
 */
export class BodyCollector {
  readonly #options: BodyOptions;
  readonly #source: BodySource;
  readonly #inflate: Gunzip | Inflate | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  #rawSize = 0;
  #isDone = false;

  constructor(options: BodyOptions, source: BodySource) {
    this.#options = options;
    this.#source = source;
    this.#inflate = inflateOf(options.encoding);
    this.#inflate?.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#inflate?.on('end', () => this.#finish());
    this.#inflate?.on('error', (error) => this.fail({ kind: 'corrupt', message: `the body is not ${options.encoding}: ${error.message}` }));
  }

  write(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#rawSize += chunk.length;
    if (this.#rawSize > this.#options.limitBytes) this.fail({ kind: 'too-large' });
    else if (this.#inflate === undefined) this.#take(chunk);
    else if (!this.#inflate.write(chunk)) {
      this.#source.pause();
      this.#inflate.once('drain', () => this.#source.resume());
    }
  }

  end(): void {
    if (this.#isDone) return;
    if (this.#inflate === undefined) this.#finish();
    else this.#inflate.end();
  }

  fail(body: Exclude<Body, { kind: 'read' }>): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#chunks = [];
    this.#inflate?.destroy();
    this.#source.done(body);
  }

  #take(chunk: Buffer): void {
    if (this.#isDone) return;
    if (this.#size + chunk.length > this.#options.limitBytes) {
      this.fail({ kind: 'too-large' });
      return;
    }
    const shortage = this.#options.hold.reserve(chunk.length);
    if (shortage !== undefined) {
      this.fail({ kind: 'short', of: shortage });
      return;
    }
    this.#size += chunk.length;
    this.#chunks.push(chunk);
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const chunks = this.#chunks;
    // The request, and with it this collector, lives until the answer: the pieces must not live as long beside the whole.
    this.#chunks = [];
    this.#source.done({ kind: 'read', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#size) });
  }
}

function inflateOf(encoding: ContentEncoding): Gunzip | Inflate | undefined {
  if (encoding === 'gzip') return createGunzip({ chunkSize: INFLATE_CHUNK_BYTES });
  return encoding === 'deflate' ? createInflate({ chunkSize: INFLATE_CHUNK_BYTES }) : undefined;
}
