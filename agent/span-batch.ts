import { RESOURCE_ATTRIBUTES, type AttributePairs } from './otlp-span.js';
import { ProtobufWriter, sizeOfVarint } from './otlp/protobuf-writer.js';
import { writeAttribute } from './otlp/write-attribute.js';

const SCOPE = 'tocsin.agent';
const RESOURCE_SPANS = 1;
const SCOPE_SPANS = 2;
/** Of a field's number, where it is below 16. */
const TAG = 1;

/** Runs of spans that stand side by side: as many as a request usually has spans. */
const RUNS = 1_024;
const NONE = -1;

/** The spans of one resource. */
interface Part {
  firstRun: number;
  lastRun: number;
  bytes: number;
}

/** Spans on their way: an ExportTraceServiceRequest (opentelemetry-proto 1.x, collector/trace/v1). They are written as they come, and put together by resource when they are taken. */
export class SpanBatch {
  /** For spans, fields 2 of ScopeSpans; `add` follows each. */
  readonly writer = new ProtobufWriter();
  readonly #parts = new Map<ResourceHead, Part>();
  /** Where each run begins and ends, and which one of the same resource follows. */
  #runs = new Int32Array(3 * RUNS);
  #runCount = 0;
  #end = 0;
  #spans = 0;

  get spans(): number {
    return this.#spans;
  }

  /** What was written since the last one is a span of that resource. */
  add(head: ResourceHead): void {
    const begin = this.#end;
    this.#end = this.writer.length;
    this.#spans += 1;
    const part = this.#partOf(head);
    part.bytes += this.#end - begin;
    if (part.lastRun !== NONE && this.#runs[3 * part.lastRun + 1] === begin) this.#runs[3 * part.lastRun + 1] = this.#end;
    else this.#addRun(part, begin);
  }

  /** Everything so far, in memory of that length; the batch begins anew. */
  take(memoryOf: (length: number) => Buffer = (length) => Buffer.allocUnsafeSlow(length)): { readonly body: Buffer; readonly spans: number } {
    const spans = this.#spans;
    const body = new ProtobufWriter(memoryOf(this.#size()));
    for (const [head, part] of this.#parts) this.#writePart(body, head, part);
    this.#parts.clear();
    this.writer.rewind(0);
    this.#runCount = 0;
    this.#end = 0;
    this.#spans = 0;
    return { body: body.take(), spans };
  }

  #partOf(head: ResourceHead): Part {
    const known = this.#parts.get(head);
    if (known !== undefined) return known;
    const part = { firstRun: NONE, lastRun: NONE, bytes: 0 };
    this.#parts.set(head, part);
    return part;
  }

  #addRun(part: Part, begin: number): void {
    const run = this.#runCount;
    this.#runCount += 1;
    if (3 * run >= this.#runs.length) {
      const more = new Int32Array(2 * this.#runs.length);
      more.set(this.#runs);
      this.#runs = more;
    }
    this.#runs[3 * run] = begin;
    this.#runs[3 * run + 1] = this.#end;
    this.#runs[3 * run + 2] = NONE;
    if (part.lastRun === NONE) part.firstRun = run;
    else this.#runs[3 * part.lastRun + 2] = run;
    part.lastRun = run;
  }

  #size(): number {
    let size = 0;
    for (const [head, { bytes }] of this.#parts) size += messageSize(resourceSpansLength(head, bytes));
    return size;
  }

  #writePart(body: ProtobufWriter, head: ResourceHead, { firstRun, bytes }: Part): void {
    body.messageHead(RESOURCE_SPANS, resourceSpansLength(head, bytes));
    body.raw(head.resource);
    body.messageHead(SCOPE_SPANS, head.scope.length + bytes);
    body.raw(head.scope);
    for (let run = firstRun; run !== NONE; run = this.#runs[3 * run + 2]!) body.copy(this.writer, this.#runs[3 * run]!, this.#runs[3 * run + 1]!);
  }
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
