import type { HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { valueJson } from '../../src/trace/attribute-json.js';
import type { AttributeValue } from '../../src/trace/attribute.js';
import type { AttributeRow, LogRow, SpanRow } from './batch-rows.js';

/** Arbitrary telemetry as the official JavaScript SDK holds it, and what a receiver must make of it. */
type Values = Readonly<Record<string, AttributeValue | undefined>>;

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 20 }), fc.constantFrom('', 'GET', 'ünïcödé', '漢字', '"quoted\\"', '\u0000', '😀'));
const scalar = fc.oneof(text, fc.boolean(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(1e20, -0, 2 ** 53, -(2 ** 63)), fc.uint8Array({ maxLength: 20 }), fc.constant(null), fc.constant(undefined));
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof({ weight: 5, arbitrary: scalar }, fc.array(tie('any'), { maxLength: 4 }), fc.dictionary(text, tie('any'), { maxKeys: 4 })),
})).any;
const values = fc.dictionary(text, value, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<Values>;
const hex = (digits: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.match(/./g)!), minLength: digits, maxLength: digits }).filter((id) => !/^0*$/.test(id));
const time: fc.Arbitrary<HrTime> = fc.tuple(fc.integer({ min: 1, max: 1_795_000_000 }), fc.nat(999_999_999));
const count = fc.nat(1_000);

const context: fc.Arbitrary<SpanContext> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.constantFrom(0, 1),
  traceState: fc.option(fc.constantFrom('vendor=1', 'ot=th:8;rv:ffffffffffffff,x=y').map((state) => ({ serialize: () => state }) as SpanContext['traceState'] & object), { nil: undefined }),
  isRemote: fc.option(fc.boolean(), { nil: undefined }),
});

const resource = values.map((attributes) => ({ attributes, asyncAttributesPending: false, merge: () => { throw new Error('not used'); }, getRawAttributes: () => [] }));
const scope = fc.record({ name: text, version: fc.option(text, { nil: undefined }) });

const link = fc.record({ context, attributes: fc.option(values, { nil: undefined }) });
const event = fc.record({ name: text, time, attributes: fc.option(values, { nil: undefined }) });

const span = fc.record({
  name: text,
  kind: fc.integer({ min: 0, max: 4 }),
  context,
  parentSpanContext: fc.option(context, { nil: undefined }),
  startTime: time,
  durationNs: fc.nat(10_000_000_000),
  status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: fc.option(text, { nil: undefined }) }),
  attributes: values,
  links: fc.array(link, { maxLength: 3 }),
  events: fc.array(event, { maxLength: 3 }),
  droppedAttributesCount: count,
  droppedEventsCount: count,
  droppedLinksCount: count,
}).map(({ context: own, durationNs, ...rest }) => ({ ...rest, spanContext: () => own, endTime: plus(rest.startTime, durationNs), duration: [0, durationNs] as HrTime, ended: true }));

/** Groups of spans, each with a resource and a scope of its own, flattened in the order in which serializers write them. */
export const officialSpans: fc.Arbitrary<ReadableSpan[]> = fc
  .array(fc.record({ resource, instrumentationScope: scope, spans: fc.array(span, { minLength: 1, maxLength: 5 }) }), { maxLength: 4 })
  .map((groups) => groups.flatMap(({ spans, ...owner }) => spans.map((each) => ({ ...each, ...owner }) as unknown as ReadableSpan)));

const log = fc.record({
  hrTime: time,
  hrTimeObserved: time,
  spanContext: fc.option(context, { nil: undefined }),
  severityText: fc.option(text, { nil: undefined }),
  severityNumber: fc.option(fc.integer({ min: 0, max: 24 }), { nil: undefined }),
  body: value,
  eventName: fc.option(text, { nil: undefined }),
  attributes: values,
  droppedAttributesCount: count,
});

export const officialLogs: fc.Arbitrary<ReadableLogRecord[]> = fc
  .array(fc.record({ resource, instrumentationScope: scope, logs: fc.array(log, { minLength: 1, maxLength: 5 }) }), { maxLength: 4 })
  .map((groups) => groups.flatMap(({ logs, ...owner }) => logs.map((each) => ({ ...each, ...owner }) as unknown as ReadableLogRecord)));

/** JSON has no NaN and no ±Infinity: JSON.stringify in the official serializer writes null, the empty value. */
export interface Carrier {
  readonly isJson: boolean;
}

export function expectedSpan(from: ReadableSpan, carrier: Carrier): SpanRow {
  const startNs = nanoseconds(from.startTime);
  const endNs = nanoseconds(from.endTime);
  const own = from.spanContext();
  return {
    traceId: own.traceId,
    spanId: own.spanId,
    parentSpanId: from.parentSpanContext?.spanId ?? '0'.repeat(16),
    name: from.name,
    kind: from.kind + 1,
    status: from.status.code,
    statusMessage: from.status.message ?? '',
    startNs,
    durationNs: Number(endNs - startNs),
    endMs: Number(endNs / 1_000_000n),
    traceState: own.traceState?.serialize() ?? '',
    flags: own.traceFlags | 0x100 | (from.parentSpanContext?.isRemote === true ? 0x200 : 0),
    service: serviceOf(from.resource.attributes as Values),
    resource: attributes(from.resource.attributes as Values, carrier),
    scope: { name: from.instrumentationScope.name, version: from.instrumentationScope.version ?? '' },
    attributes: [...attributes(from.attributes as Values, carrier), ...dropped('attributes', from.droppedAttributesCount), ...dropped('events', from.droppedEventsCount), ...dropped('links', from.droppedLinksCount)],
    events: from.events.map((each) => ({ timeNs: nanoseconds(each.time), name: each.name, attributes: attributes((each.attributes ?? {}) as Values, carrier) })),
    links: from.links.map((each: Link) => ({
      traceId: each.context.traceId,
      spanId: each.context.spanId,
      traceState: each.context.traceState?.serialize() ?? '',
      attributes: attributes((each.attributes ?? {}) as Values, carrier),
    })),
    dropped: from.droppedAttributesCount + from.droppedEventsCount + from.droppedLinksCount,
  };
}

function dropped(what: string, count: number): [string, number, boolean][] {
  return count === 0 ? [] : [[`otel.dropped_${what}_count`, count, true]];
}

export function expectedLog(from: ReadableLogRecord, carrier: Carrier): LogRow {
  const time = nanoseconds(from.hrTime);
  const body = from.body === undefined ? null : valueOf(from.body as AttributeValue, carrier);
  return {
    traceId: from.spanContext?.traceId ?? '0'.repeat(32),
    spanId: from.spanContext?.spanId ?? '0'.repeat(16),
    timeNs: time,
    severity: from.severityNumber ?? 0,
    severityText: from.severityText ?? '',
    body: body === null ? '' : typeof body === 'string' ? body : valueJson(body),
    eventName: from.eventName ?? '',
    flags: from.spanContext?.traceFlags ?? 0,
    service: serviceOf(from.resource.attributes as Values),
    scope: { name: from.instrumentationScope.name, version: from.instrumentationScope.version ?? '' },
    attributes: attributes(from.attributes as Values, carrier),
    dropped: from.droppedAttributesCount,
  };
}

function serviceOf(resourceAttributes: Values): string {
  const service = Object.hasOwn(resourceAttributes, 'service.name') ? resourceAttributes['service.name'] : undefined;
  return typeof service === 'string' && service !== '' ? service : 'unknown_service';
}

function attributes(from: Values, carrier: Carrier): AttributeRow[] {
  return Object.entries(from).map(([key, sent]) => {
    const expected = valueOf(sent, carrier);
    return [key, expected, typeof sent === 'number' && wholeOf(sent, carrier) !== undefined];
  });
}

/** What arrives of a value: undefined as null, -0 as 0, whole numbers beyond 2^53 as bigint. */
function valueOf(sent: AttributeValue | undefined, carrier: Carrier): AttributeValue {
  if (sent === undefined || sent === null) return null;
  if (typeof sent === 'number') return numberOf(sent, carrier);
  if (sent instanceof Uint8Array || typeof sent !== 'object') return sent;
  if (Array.isArray(sent)) return (sent as readonly AttributeValue[]).map((item) => valueOf(item, carrier));
  const map = {};
  for (const [key, item] of Object.entries(sent)) Object.defineProperty(map, key, { value: valueOf(item, carrier), enumerable: true, configurable: true, writable: true });
  return map;
}

function numberOf(sent: number, carrier: Carrier): AttributeValue {
  if (carrier.isJson && !Number.isFinite(sent)) return null;
  const whole = wholeOf(sent, carrier);
  if (whole === undefined) return sent;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

/** The 64-bit integer that the serializer writes for a number; JSON.stringify rounds -(2^63) to one that is none. */
function wholeOf(sent: number, carrier: Carrier): bigint | undefined {
  if (!Number.isInteger(sent)) return undefined;
  const whole = carrier.isJson && Math.abs(sent) < 1e21 ? BigInt(JSON.stringify(sent)) : BigInt(sent);
  return whole >= -(2n ** 63n) && whole < 2n ** 63n ? whole : undefined;
}

function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

function plus([seconds, nanos]: HrTime, durationNs: number): HrTime {
  const total = nanos + durationNs;
  return [seconds + Math.floor(total / 1e9), total % 1e9];
}
