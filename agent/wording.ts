import type { AgentCounters } from './agent-counters.js';
import { withOlderNames, type Conventions } from './older-names.js';
import { SPAN_ATTRIBUTES, SPAN_NAME, type AttributePairs, type PlainValue } from './otlp-span.js';
import { ProtobufWriter } from './otlp/protobuf-writer.js';
import { NumberAttribute, writeAttribute } from './otlp/write-attribute.js';
import type { Redactor } from './redaction.js';
import { ValueCache } from './value-cache.js';

/** Attributes as they go out. Made once, copied into every span that has them. */
export interface Written {
  readonly bytes: Uint8Array;
  /** Values in it that were concealed or dropped. */
  readonly redacted: number;
}

export interface WordingOptions {
  readonly service: string;
  readonly kind: 'server' | 'client';
  readonly conventions: Conventions;
  readonly redactor: Redactor;
  readonly counters: Pick<AgentCounters, 'redacted'>;
}

/** How one service's spans of one kind are put: under which names, with which values concealed, in which bytes. Most of it comes again and again, and is remembered. */
export class Wording {
  readonly #options: WordingOptions;
  readonly #scratch = new ProtobufWriter(1_024);
  readonly #words = new ValueCache<Written>();
  readonly #numbers = new Map<string, readonly NumberAttribute[]>();

  constructor(options: WordingOptions) {
    this.#options = options;
  }

  get kind(): 'server' | 'client' {
    return this.#options.kind;
  }

  /** Attributes that belong together. Whoever keeps them saves doing it again. */
  write(pairs: AttributePairs): Written {
    const { redactor, conventions, kind, service } = this.#options;
    const { attributes, count } = redactor.attributes(withOlderNames(pairs, conventions, kind), service);
    for (const pair of attributes) writeAttribute(this.#scratch, SPAN_ATTRIBUTES, pair);
    return { bytes: this.#scratch.take(), redacted: count };
  }

  /** The field with a span's name, which may hold what a path or a statement does. */
  name(name: string): Uint8Array {
    const { redactor, service } = this.#options;
    this.#scratch.text(SPAN_NAME, redactor.text(name, service));
    return this.#scratch.take();
  }

  put(writer: ProtobufWriter, { bytes, redacted }: Written): void {
    writer.raw(bytes);
    this.#options.counters.redacted += redacted;
  }

  putAll(writer: ProtobufWriter, pairs: AttributePairs): void {
    if (pairs.length > 0) this.put(writer, this.write(pairs));
  }

  /** One attribute that has few values. */
  putWord(writer: ProtobufWriter, key: string, value: PlainValue): void {
    let written = this.#words.get(key, value);
    if (written === undefined) {
      written = this.write([[key, value]]);
      this.#words.remember(key, value, written);
    }
    this.put(writer, written);
  }

  /** One attribute whose value is any whole number from 0 on. */
  putNumber(writer: ProtobufWriter, key: string, value: number): void {
    let attributes = this.#numbers.get(key);
    if (attributes === undefined) {
      const { conventions, kind } = this.#options;
      attributes = withOlderNames([[key, value]], conventions, kind).map(([name]) => new NumberAttribute(SPAN_ATTRIBUTES, name));
      this.#numbers.set(key, attributes);
    }
    for (const attribute of attributes) attribute.write(writer, value);
  }
}
