import type { OtlpSpan, PlainValue, ResourceSpans, SpanLink } from '../otlp-span.js';
import { ValueCache } from '../value-cache.js';
import { ProtobufWriter } from './protobuf-writer.js';

const KIND = { server: 2, client: 3 } as const;
const ERROR = 2;
const SCOPE = 'tocsin.agent';

/** ExportTraceServiceRequest (opentelemetry-proto 1.x, collector/trace/v1), field by field. */
export class SpanEncoder {
  readonly #writer = new ProtobufWriter();
  readonly #version: string;
  /** Attributes as they are written; those of spans are the same again and again. */
  readonly #written = new ValueCache<Buffer>();

  constructor(version: string) {
    this.#version = version;
  }

  encode(groups: readonly ResourceSpans[]): Buffer {
    const { message } = bind(this.#writer);
    for (const { resource, spans } of groups) {
      message(1, () => {
        message(1, () => resource.forEach((pair) => this.#attribute(1, pair)));
        message(2, () => {
          message(1, () => {
            this.#writer.text(1, SCOPE);
            this.#writer.text(2, this.#version);
          });
          for (const span of spans) message(2, () => this.#span(span));
        });
      });
    }
    return this.#writer.take();
  }

  #span(span: OtlpSpan): void {
    const writer = this.#writer;
    writer.hex(1, span.traceId);
    writer.hex(2, span.spanId);
    if (span.traceState !== '') writer.text(3, span.traceState);
    if (span.parentSpanId !== '') writer.hex(4, span.parentSpanId);
    writer.text(5, span.name);
    writer.varint(6, KIND[span.kind]);
    writer.fixed64(7, span.startNs);
    writer.fixed64(8, span.endNs);
    for (const pair of span.attributes) this.#spanAttribute(pair);
    for (const link of span.links) writer.message(13, () => this.#link(link));
    if (span.isError) {
      writer.message(15, () => {
        if (span.statusMessage !== '') writer.text(2, span.statusMessage);
        writer.varint(3, ERROR);
      });
    }
    writer.fixed32(16, span.flags);
  }

  #link({ traceId, spanId, attributes }: SpanLink): void {
    this.#writer.hex(1, traceId);
    this.#writer.hex(2, spanId);
    for (const pair of attributes) this.#attribute(4, pair);
  }

  #spanAttribute(pair: readonly [string, PlainValue]): void {
    const known = this.#written.get(pair[0], pair[1]);
    if (known !== undefined) {
      this.#writer.raw(known);
      return;
    }
    const from = this.#writer.length;
    this.#attribute(9, pair);
    this.#written.remember(pair[0], pair[1], this.#writer.since(from));
  }

  #attribute(field: number, [key, value]: readonly [string, PlainValue]): void {
    this.#writer.message(field, () => {
      this.#writer.text(1, key);
      this.#writer.message(2, () => this.#value(value));
    });
  }

  #value(value: PlainValue): void {
    const writer = this.#writer;
    if (typeof value === 'string') writer.text(1, value);
    else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) writer.int64(3, value);
      else writer.double(4, value);
    } else {
      writer.message(5, () => {
        for (const item of value) writer.message(1, () => writer.text(1, item));
      });
    }
  }
}

function bind(writer: ProtobufWriter): { readonly message: ProtobufWriter['message'] } {
  return { message: (field, write) => writer.message(field, write) };
}
