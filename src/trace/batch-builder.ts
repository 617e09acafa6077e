import { createHash } from 'node:crypto';
import { attributeOf, attributesJson } from './attribute-json.js';
import type { Attribute, AttributeValue } from './attribute.js';
import { SPAN_KINDS, SPAN_STATUSES } from './span-batch.js';
import type { Resource, Scope, SpanBatch, SpanEvent, SpanKind, SpanLink, SpanStatus } from './span-batch.js';

type AttributeRecord = Readonly<Record<string, AttributeValue>>;

/** A span as a test or a demo writes it down. Everything has a default, so that a test names only what it is about. */
export interface SpanDescription {
  readonly name?: string;
  /** Becomes the resource attribute `service.name`; `''` sends none. */
  readonly service?: string;
  readonly kind?: SpanKind;
  readonly status?: SpanStatus;
  readonly statusMessage?: string;
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly attributes?: AttributeRecord;
  /** Resource attributes besides `service.name`. */
  readonly resource?: AttributeRecord;
  readonly scope?: Scope;
  /** Hex; padded with zeros on the left. Without it the span is a trace of its own. */
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  /** Times default to the start of the span. */
  readonly events?: readonly { readonly name: string; readonly timeMs?: number; readonly attributes?: AttributeRecord }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly traceState?: string; readonly attributes?: AttributeRecord }[];
  readonly weight?: number;
  readonly weightUnknown?: boolean;
  readonly traceState?: string;
  readonly flags?: number;
  readonly droppedCount?: number;
}

/** 2026-11-20 00:00:00 UTC: when described spans start unless they say otherwise. */
export const DEFAULT_START_MS = 1_795_132_800_000;
const DEFAULT_DURATION_MS = 10;
const NS_PER_MS = 1_000_000;

/**
 * A batch of the spans described. Ids left out are derived from the description, its place and `seed`: the same call gives the
 * same batch, and two batches that must not share spans need two seeds (or different times).
 */
export function spanBatch(spans: readonly SpanDescription[], seed = ''): SpanBatch {
  const resources = new Interner<Resource>();
  const scopes = new Interner<Scope>();
  const count = spans.length;
  const attributes = spans.map((span) => attributeList(span.attributes));
  return {
    count,
    ...idColumns(spans, seed),
    names: spans.map((span) => span.name ?? 'GET /'),
    kinds: Uint8Array.from(spans, (span) => SPAN_KINDS.indexOf(span.kind ?? 'server')),
    statuses: Uint8Array.from(spans, (span) => SPAN_STATUSES.indexOf(span.status ?? 'unset')),
    statusMessages: spans.map((span) => span.statusMessage ?? ''),
    ...timeColumns(spans),
    traceStates: spans.map((span) => span.traceState ?? ''),
    flags: Uint32Array.from(spans, (span) => span.flags ?? 0),
    weights: Float64Array.from(spans, (span) => span.weight ?? 1),
    weightUnknown: Uint8Array.from(spans, (span) => (span.weightUnknown === true ? 1 : 0)),
    resourceIndex: Uint32Array.from(spans, (span) => resources.indexOf(resourceOf(span), (resource) => resource.json)),
    resources: resources.values,
    scopeIndex: Uint32Array.from(spans, (span) => scopes.indexOf(span.scope ?? { name: '', version: '' }, (scope) => JSON.stringify([scope.name, scope.version]))),
    scopes: scopes.values,
    attributeStart: startsOf(attributes),
    attributes: attributes.flat(),
    events: spans.map((span) => eventsOf(span)),
    links: spans.map((span) => linksOf(span)),
    droppedCounts: Uint32Array.from(spans, (span) => span.droppedCount ?? 0),
  };
}

/** A resource of the attributes given, with its JSON and id as the store expects them. */
export function resource(record: AttributeRecord): Resource {
  const attributes = attributeList(record);
  const json = attributesJson(attributes);
  const service = record['service.name'];
  return {
    attributes,
    serviceName: typeof service === 'string' ? service : 'unknown_service',
    json,
    id: createHash('sha1').update(json).digest().readBigUInt64BE(0),
  };
}

function resourceOf(span: SpanDescription): Resource {
  const service = span.service ?? 'checkout';
  return resource({ ...(service === '' ? {} : { 'service.name': service }), ...span.resource });
}

function attributeList(record: AttributeRecord = {}): Attribute[] {
  return Object.entries(record).map(([key, value]) => attributeOf(key, value));
}

function eventsOf(span: SpanDescription): readonly SpanEvent[] | undefined {
  return span.events?.map((event) => ({
    timeNs: nanoseconds(event.timeMs ?? span.startMs ?? DEFAULT_START_MS),
    name: event.name,
    attributes: attributeList(event.attributes),
  }));
}

function linksOf(span: SpanDescription): readonly SpanLink[] | undefined {
  return span.links?.map((link) => ({ traceId: link.traceId, spanId: link.spanId, traceState: link.traceState ?? '', attributes: attributeList(link.attributes) }));
}

function idColumns(spans: readonly SpanDescription[], seed: string): Pick<SpanBatch, 'traceIds' | 'spanIds' | 'parentSpanIds'> {
  const traceIds = new Uint8Array(spans.length * 16);
  const spanIds = new Uint8Array(spans.length * 8);
  const parentSpanIds = new Uint8Array(spans.length * 8);
  spans.forEach((span, row) => {
    const derived = createHash('sha1').update(JSON.stringify([seed, row, span.startMs, span.service, span.name])).digest('hex');
    traceIds.set(idBytes(span.traceId ?? derived.slice(0, 32), 16), row * 16);
    spanIds.set(idBytes(span.spanId ?? derived.slice(24, 40), 8), row * 8);
    parentSpanIds.set(idBytes(span.parentSpanId ?? '', 8), row * 8);
  });
  return { traceIds, spanIds, parentSpanIds };
}

function idBytes(hex: string, length: number): Uint8Array {
  if (!/^[0-9a-f]*$/i.test(hex) || hex.length > length * 2) throw new Error(`"${hex}" is not an id of up to ${length * 2} hex digits`);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

function timeColumns(spans: readonly SpanDescription[]): Pick<SpanBatch, 'startNs' | 'endMs' | 'durationNs'> {
  const durationsMs = spans.map((span) => span.durationMs ?? DEFAULT_DURATION_MS);
  const startsMs = spans.map((span) => span.startMs ?? DEFAULT_START_MS);
  return {
    startNs: BigInt64Array.from(startsMs, nanoseconds),
    endMs: Float64Array.from(startsMs, (startMs, row) => Math.floor(startMs + (durationsMs[row] ?? 0))),
    durationNs: Float64Array.from(durationsMs, (durationMs) => Math.round(durationMs * NS_PER_MS)),
  };
}

function nanoseconds(timeMs: number): bigint {
  const wholeMs = Math.floor(timeMs);
  return BigInt(wholeMs) * BigInt(NS_PER_MS) + BigInt(Math.round((timeMs - wholeMs) * NS_PER_MS));
}

function startsOf(lists: readonly (readonly unknown[])[]): Uint32Array {
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, row) => {
    starts[row + 1] = (starts[row] ?? 0) + list.length;
  });
  return starts;
}

/** Equal values become one object, as decoders do it. */
class Interner<T> {
  readonly values: T[] = [];
  readonly #byKey = new Map<string, number>();

  indexOf(value: T, keyOf: (value: T) => string): number {
    const key = keyOf(value);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}
