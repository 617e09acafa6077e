import { RESOURCE_ATTRIBUTES, type AttributePairs } from './otlp-span.js';
import { ProtobufWriter, sizeOfVarint } from './otlp/protobuf-writer.js';
import { writeAttribute } from './otlp/write-attribute.js';

const SCOPE = 'tocsin.agent';
const RESOURCE_SPANS = 1;
const SCOPE_SPANS = 2;
/** Of a field's number, where it is below 16. */
const TAG = 1;

/** Where the spans of one resource stand. */
interface Part {
  readonly begins: number[];
  readonly ends: number[];
}

/** Spans on their way: an ExportTraceServiceRequest (opentelemetry-proto 1.x, collector/trace/v1). They are written as they come, and put together by resource when they are taken. */
export class SpanBatch {
  /** For spans, fields 2 of ScopeSpans; `add` follows each. */
  readonly writer = new ProtobufWriter();
  readonly #parts = new Map<ResourceHead, Part>();
  #end = 0;
  #spans = 0;

  get spans(): number {
    return this.#spans;
  }

  /** What was written since the last one is a span of that resource. */
  add(head: ResourceHead): void {
    const { begins, ends } = this.#partOf(head);
    const last = ends.length - 1;
    // What stands side by side is copied at once.
    if (ends[last] !== this.#end) {
      begins.push(this.#end);
      ends.push(this.writer.length);
    } else ends[last] = this.writer.length;
    this.#end = this.writer.length;
    this.#spans += 1;
  }

  /** Everything so far; the batch begins anew. */
  take(): { readonly body: Buffer; readonly spans: number } {
    const spans = this.#spans;
    const body = new ProtobufWriter(this.#size());
    for (const [head, part] of this.#parts) this.#writePart(body, head, part);
    this.#parts.clear();
    this.writer.rewind(0);
    this.#end = 0;
    this.#spans = 0;
    return { body: body.take(), spans };
  }

  #partOf(head: ResourceHead): Part {
    const known = this.#parts.get(head);
    if (known !== undefined) return known;
    const part = { begins: [], ends: [] };
    this.#parts.set(head, part);
    return part;
  }

  #size(): number {
    let size = 0;
    for (const [head, part] of this.#parts) size += messageSize(resourceSpansLength(head, lengthOf(part)));
    return size;
  }

  #writePart(body: ProtobufWriter, head: ResourceHead, part: Part): void {
    const spans = lengthOf(part);
    body.messageHead(RESOURCE_SPANS, resourceSpansLength(head, spans));
    body.raw(head.resource);
    body.messageHead(SCOPE_SPANS, head.scope.length + spans);
    body.raw(head.scope);
    for (let index = 0; index < part.begins.length; index += 1) body.copy(this.writer, part.begins[index]!, part.ends[index]!);
  }
}

function lengthOf({ begins, ends }: Part): number {
  let length = 0;
  for (let index = 0; index < begins.length; index += 1) length += ends[index]! - begins[index]!;
  return length;
}

function resourceSpansLength({ resource, scope }: ResourceHead, spans: number): number {
  return resource.length + messageSize(scope.length + spans);
}

function messageSize(length: number): number {
  return TAG + sizeOfVarint(length) + length;
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
