import { RESOURCE_ATTRIBUTES, type AttributePairs } from './otlp-span.js';
import { ProtobufWriter } from './otlp/protobuf-writer.js';
import { writeAttribute } from './otlp/write-attribute.js';

const SCOPE = 'tocsin.agent';

/** Spans on their way: an ExportTraceServiceRequest (opentelemetry-proto 1.x, collector/trace/v1) that is written as they are told. */
export class SpanBatch {
  readonly #writer = new ProtobufWriter();
  #spans = 0;

  get spans(): number {
    return this.#spans;
  }

  /** Everything so far; the batch begins anew. */
  take(): { readonly body: Buffer; readonly spans: number } {
    const spans = this.#spans;
    this.#spans = 0;
    return { body: this.#writer.take(), spans };
  }

  /** `head`: of `resourceHead`. `write` writes spans, fields 2 of ScopeSpans, and returns how many. */
  addResource(head: ResourceHead, write: (writer: ProtobufWriter) => number): void {
    const writer = this.#writer;
    const before = writer.length;
    const resource = writer.open(1);
    writer.raw(head.resource);
    const scope = writer.open(2);
    writer.raw(head.scope);
    const spans = write(writer);
    writer.close(scope);
    writer.close(resource);
    if (spans === 0) writer.rewind(before);
    this.#spans += spans;
  }
}

/** What comes before the spans of a resource. */
export interface ResourceHead {
  readonly resource: Uint8Array;
  readonly scope: Uint8Array;
}

export function resourceHead(attributes: AttributePairs, version: string): ResourceHead {
  const writer = new ProtobufWriter(1_024);
  const resource = writer.open(1);
  for (const pair of attributes) writeAttribute(writer, RESOURCE_ATTRIBUTES, pair);
  writer.close(resource);
  const written = writer.take();
  const scope = writer.open(1);
  writer.text(1, SCOPE);
  writer.text(2, version);
  writer.close(scope);
  return { resource: written, scope: writer.take() };
}
