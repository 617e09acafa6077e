import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { spanAttribute, type SpanBatch } from '../trace/span-batch.js';
import { attributeRows, logRows, spanRows } from '../../test/support/batch-rows.js';
import * as wire from '../../test/support/otlp-wire.js';
import { createLogDecoder, createTraceDecoder, type DecodeResult, type DecoderOptions } from './decoder.js';
import { TOO_DEEP } from './decode-limits.js';

const DAY_NS = 86_400_000_000_000n;

type Ok<Batch> = Extract<DecodeResult<Batch>, { ok: true }>;

function decode(body: Uint8Array, options: DecoderOptions = {}): Ok<SpanBatch> {
  const result = createTraceDecoder(options).decode({ body, encoding: 'protobuf', receivedAtMs: wire.NOW_MS });
  if (!result.ok) throw new Error(result.message);
  return result;
}

function decodeJson(body: unknown): Ok<SpanBatch> {
  const result = createTraceDecoder().decode({ body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), encoding: 'json', receivedAtMs: wire.NOW_MS });
  if (!result.ok) throw new Error(result.message);
  return result;
}

function problem(body: Uint8Array | string): string {
  const encoding = typeof body === 'string' ? 'json' : 'protobuf';
  const result = createTraceDecoder().decode({ body: typeof body === 'string' ? Buffer.from(body) : body, encoding, receivedAtMs: wire.NOW_MS });
  return result.ok ? 'taken' : result.message;
}

/** What is in use after a full collection. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function jsonSpan(fields: Record<string, unknown> = {}): unknown {
  return { resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] }, scopeSpans: [{ scope: { name: 's' }, spans: [{
    traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'GET /', kind: 2,
    startTimeUnixNano: String(wire.NOW_NS - 5_000_000n), endTimeUnixNano: String(wire.NOW_NS), ...fields,
  }] }] }] };
}

describe('a span', () => {
  test('has its columns filled from the wire', () => {
    const { batch, rejected } = decode(wire.request([wire.span({ parentSpanId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), status: { code: 2, message: 'declined' }, flags: 0x301, traceState: 'v=1', attributes: [['http.route', '/cart'], ['n', 3]] })]));
    expect(spanRows(batch)).toEqual([{
      traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', parentSpanId: '0102030405060708', name: 'GET /', kind: 2, status: 2, statusMessage: 'declined',
      startNs: wire.NOW_NS - 5_000_000n, durationNs: 5_000_000, endMs: wire.NOW_MS, traceState: 'v=1', flags: 0x301, service: 'checkout',
      resource: [['service.name', 'checkout', false]], scope: { name: 'test-scope', version: '1.2.3' },
      attributes: [['http.route', '/cart', false], ['n', 3, true]], events: [], links: [], dropped: 0,
    }]);
    expect(rejected).toEqual({ count: 0, reasons: new Map(), message: '' });
  });

  test('has attributes ready as JSON, and its resource too, with the id the store keys it by', () => {
    const { batch } = decode(wire.request([wire.span({ attributes: [['a"b', 'x\ny'], ['big', 2n ** 60n], ['bytes', Uint8Array.of(1, 2)], ['nan', Number.NaN], ['list', [1, 'two', null]], ['plain', 'GET']] })]));
    expect(batch.attributes.map((attribute) => attribute.json)).toEqual(['"a\\"b":"x\\ny"', '"big":1152921504606846976', '"bytes":"AQI="', '"nan":"NaN"', '"list":[1,"two",null]', '"plain":"GET"']);
    const [owner] = batch.resources;
    expect(owner?.json).toBe('{"service.name":"checkout"}');
    expect(owner?.id).toBe(createHash('sha1').update('{"service.name":"checkout"}').digest().readBigUInt64BE(0));
  });

  test.each([['no resource', new Uint8Array(0)], ['an empty name', wire.resource([['service.name', '']])], ['a name that is a number', wire.resource([['service.name', 7]])]])('of %s is of unknown_service', (_, owner) => {
    expect(spanRows(decode(wire.request([wire.span()], owner)).batch)[0]?.service).toBe('unknown_service');
  });

  test('keeps the millisecond in which it ended, also where doubles of nanoseconds are too coarse', () => {
    for (const nanos of [999_999n, 0n, 1n, 500_000n]) {
      const endNs = wire.NOW_NS - 1_000_000n + nanos;
      expect(decode(wire.request([wire.span({ endNs })])).batch.endMs[0]).toBe(Number(endNs / 1_000_000n));
    }
  });

  test('may have its resource and scope behind it: protobuf promises no order', () => {
    const scopeSpans = wire.bytes(2, wire.concat(wire.bytes(2, wire.span()), wire.bytes(1, wire.text(1, 'late'))));
    const [row] = spanRows(decode(wire.bytes(1, wire.concat(scopeSpans, wire.bytes(1, wire.resource())))).batch);
    expect(row).toMatchObject({ service: 'checkout', scope: { name: 'late', version: '' } });
  });

  test('may have fields that this decoder does not know', () => {
    const unknown = wire.concat(wire.text(100, 'new'), wire.number(101, 7), wire.fixed64(102, 1n), wire.fixed32(103, 1), wire.number(1, 5));
    const { batch } = decode(wire.concat(wire.text(50, 'x'), wire.request([wire.span({ extra: unknown })])));
    expect(spanRows(batch)[0]?.name).toBe('GET /');
  });

  test('reads newer kinds and statuses as unspecified', () => {
    const [row] = spanRows(decode(wire.request([wire.span({ kind: 9, status: { code: 7 } })])).batch);
    expect(row).toMatchObject({ kind: 0, status: 0 });
    expect(spanRows(decode(wire.request([wire.span({ kind: -1 })])).batch)[0]?.kind).toBe(0);
  });

  test('takes old times as they are: imports bring them', () => {
    expect(decode(wire.request([wire.span({ startNs: 1n, endNs: 2n })])).batch.count).toBe(1);
  });

  test('replaces what is not UTF-8', () => {
    const name = Uint8Array.from([0x47, 0xff, 0xfe, 0x45, 0x80, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49]);
    expect(decode(wire.request([wire.span({ name })])).batch.names[0]).toBe('G\ufffd\ufffdE\ufffdABCDEFGHI');
  });

  test('keeps the first of attributes with one key and counts the others as dropped', () => {
    const { batch, rejected } = decode(wire.request([wire.span({ attributes: [['k', 'first'], ['other', 1], ['k', 'second'], ['k', 'first']] })]));
    expect(attributeRows(batch.attributes)).toEqual([['k', 'first', false], ['other', 1, true], ['otel.dropped_attributes_count', 2, true]]);
    expect(batch.droppedCounts[0]).toBe(2);
    expect(rejected.message).toBe('warning: 2 attributes dropped: their key was there already');
    expect(spanAttribute(batch, 0, 'k')?.value).toBe('first');
  });

  test('a key may come again in the next span, in an event and in a link', () => {
    const event = wire.bytes(11, wire.concat(wire.fixed64(1, 5n), wire.text(2, 'e'), wire.bytes(3, wire.keyValue('k', 2))));
    const link = wire.bytes(13, wire.concat(wire.bytes(1, wire.TRACE_ID), wire.bytes(2, wire.SPAN_ID), wire.text(3, 'v=2'), wire.bytes(4, wire.keyValue('k', 3))));
    const span = wire.span({ attributes: [['k', 1]], extra: wire.concat(event, link) });
    const rows = spanRows(decode(wire.request([span, span])).batch);
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row.attributes).toEqual([['k', 1, true]]);
      expect(row.events).toEqual([{ timeNs: 5n, name: 'e', attributes: [['k', 2, true]] }]);
      expect(row.links).toEqual([{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', traceState: 'v=2', attributes: [['k', 3, true]] }]);
      expect(row.dropped).toBe(0);
    }
  });

  test('holds nothing of the request: its buffer may be used again', () => {
    const body = Buffer.from(wire.request([wire.span({ attributes: [['bytes', Uint8Array.of(1, 2)], ['a name of some length', 'a value of some length']] })]));
    const { batch } = decode(body);
    const before = structuredClone(spanRows(batch));
    body.fill(0);
    expect(spanRows(batch)).toEqual(before);
    expect(Buffer.isBuffer(batch.attributes[0]?.value)).toBe(false);
  });

  test('shares attributes, names and resources that repeat', () => {
    const decoder = createTraceDecoder();
    const body = wire.request([wire.span({ attributes: [['http.request.method', 'GET']] })]);
    const batches = [1, 2].map(() => {
      const result = decoder.decode({ body, encoding: 'protobuf', receivedAtMs: wire.NOW_MS });
      if (!result.ok) throw new Error(result.message);
      return result.batch;
    });
    expect(batches[0]?.attributes[0]).toBe(batches[1]?.attributes[0]);
    expect(batches[0]?.resources[0]).toBe(batches[1]?.resources[0]);
  });
});

describe('weights', () => {
  const weigh = (span: wire.WireSpan, options?: DecoderOptions): [number, number] => {
    const { batch } = decode(wire.request([wire.span(span)]), options);
    return [batch.weights[0]!, batch.weightUnknown[0]!];
  };
  const traceId = new Uint8Array(16).fill(0xff);

  test.each([
    ['one where nothing is said', {}, [1, 0]],
    ['the tracestate', { traceState: 'ot=th:c' }, [4, 0]],
    ['the tracestate before the attribute', { traceState: 'ot=th:c', attributes: [['SampleRate', 10]] as const }, [4, 0]],
    ['the attribute', { attributes: [['SampleRate', 10]] as const }, [10, 0]],
    ['the attribute as text', { attributes: [['SampleRate', '10']] as const }, [10, 0]],
    ['the attribute where the tracestate is broken', { traceState: 'ot=th:X', attributes: [['SampleRate', 10]] as const }, [10, 0]],
    ['unknown for rv without th', { traceState: 'ot=rv:80000000000000' }, [1, 1]],
    ['unknown for a broken th', { traceState: 'ot=th:XYZ' }, [1, 1]],
    ['unknown for a rate of 0', { attributes: [['SampleRate', 0]] as const }, [1, 1]],
  ] as const)('come from %s', (_, span, expected) => {
    expect(weigh({ ...span, traceId })).toEqual(expected);
  });

  test('may come from another attribute', () => {
    expect(weigh({ attributes: [['rate', 7]] }, { weightAttribute: 'rate' })).toEqual([7, 0]);
  });

  test('do not come from the attribute of an event', () => {
    const event = wire.bytes(11, wire.bytes(3, wire.keyValue('SampleRate', 9)));
    expect(weigh({ extra: event })).toEqual([1, 0]);
  });
});

describe('single bad spans are rejected with the reason, and the good ones are kept', () => {
  const reasons: readonly (readonly [string, wire.WireSpan])[] = [
    ['trace_id is all zeros', { traceId: new Uint8Array(16) }],
    ['trace_id is not 16 bytes', { traceId: new Uint8Array(8).fill(1) }],
    ['trace_id is not 16 bytes', { traceId: new Uint8Array(0) }],
    ['span_id is all zeros', { spanId: new Uint8Array(8) }],
    ['span_id is not 8 bytes', { spanId: new Uint8Array(16).fill(1) }],
    ['parent_span_id is neither empty nor 8 bytes', { parentSpanId: new Uint8Array(16).fill(1) }],
    ['end is before start', { startNs: wire.NOW_NS, endNs: wire.NOW_NS - 1n }],
    ['start time is 0', { startNs: 0n }],
    ['end time is 0', { endNs: 0n }],
    ["time is more than a day ahead of the receiver's clock", { endNs: wire.NOW_NS + DAY_NS + 1_000_000n }],
    ['time is before 1970 or after the year 2262', { endNs: 10_413_792_000_000_000_000n }],
    ['time is before 1970 or after the year 2262', { startNs: 2n ** 64n - 1n, endNs: 2n ** 64n - 1n }],
  ];

  test.each(reasons)('%s', (reason, bad) => {
    const { batch, rejected } = decode(wire.request([wire.span({ name: 'before' }), wire.span({ ...bad, name: 'bad', attributes: [['lost', 1]] }), wire.span({ name: 'after', attributes: [['kept', 2]] })]));
    expect(batch.names).toEqual(['before', 'after']);
    expect(rejected.count).toBe(1);
    expect(rejected.message).toBe(`1 of 3 spans rejected: ${reason} (1)`);
    expect(attributeRows(batch.attributes)).toEqual([['kept', 2, true]]);
    expect([...batch.attributeStart]).toEqual([0, 0, 1]);
    expect(spanRows(batch)[1]?.parentSpanId).toBe('0000000000000000');
  });

  test('several reasons are counted apart, the most common first', () => {
    const bad = wire.span({ startNs: wire.NOW_NS, endNs: 1n });
    const zero = wire.span({ traceId: new Uint8Array(16) });
    const { rejected, batch } = decode(wire.request([bad, zero, zero, ...Array.from({ length: 117 }, () => wire.span())]));
    expect(rejected.message).toBe('3 of 120 spans rejected: trace_id is all zeros (2); end is before start (1)');
    expect([...rejected.reasons]).toEqual([['end-before-start', 1], ['trace-id-zero', 2]]);
    expect(batch.count).toBe(117);
  });

  test('a clock that is ahead by less than a day is taken', () => {
    expect(decode(wire.request([wire.span({ endNs: wire.NOW_NS + DAY_NS })])).batch.count).toBe(1);
  });

  test('a resource of which no span was kept is not in the batch', () => {
    const { batch } = decode(wire.concat(wire.request([wire.span({ traceId: new Uint8Array(16) })]), wire.request([wire.span()], wire.resource([['service.name', 'kept']]))));
    expect(batch.resources.map((owner) => owner.serviceName)).toEqual(['kept']);
    expect(batch.scopes).toHaveLength(1);
  });
});

describe('limits', () => {
  test('10,000 attributes: 1,024 are kept, the surplus counts as dropped', () => {
    const attributes = Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index] as const);
    const { batch, limits, rejected } = decode(wire.request([wire.span({ attributes })]));
    expect(attributeRows(batch.attributes.slice(1_023))).toEqual([['k1023', 1_023, true], ['otel.dropped_attributes_count', 8_976, true]]);
    expect(batch.droppedCounts[0]).toBe(8_976);
    expect(limits.get('attributes-per-item')).toBe(8_976);
    expect(rejected).toMatchObject({ count: 0, message: 'warning: 8976 attributes dropped: more than one span, event, link, log record or resource may have' });
  });

  test('a string of 1 MiB is cut at a code point', () => {
    const { batch, limits } = decode(wire.request([wire.span({ attributes: [['long', `x${'é'.repeat(524_288)}`], ['short', 'é']] })]));
    const long = batch.attributes[0]?.value as string;
    expect(Buffer.byteLength(long)).toBe(65_535);
    expect(long.endsWith('é')).toBe(true);
    expect(long).not.toContain('\ufffd');
    expect(limits.get('string-bytes')).toBe(1);
    expect(batch.attributes[1]?.value).toBe('é');
  });

  test('bytes that are too long are cut', () => {
    const { batch } = decode(wire.request([wire.span({ attributes: [['b', new Uint8Array(70_000)]] })]));
    expect(batch.attributes[0]?.value).toHaveLength(65_536);
  });

  test('what is nested deeper than 16 is replaced', () => {
    const nest = (depth: number): unknown => (depth === 0 ? 'core' : { in: nest(depth - 1) });
    const value = (depth: number): unknown => decode(wire.request([wire.span({ attributes: [['deep', nest(depth) as string]] })])).batch.attributes[0]?.json;
    expect(value(16)).toContain('"core"');
    expect(value(17)).not.toContain('"core"');
    expect(value(17)).toContain(TOO_DEEP);
    expect(value(400)).toContain(TOO_DEEP);
  });

  test('hits are counted every time, also for values seen before', () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
    const span = wire.span({ attributes: [['deep', nest(17) as string]] });
    expect(decode(wire.request([span, span, span])).limits.get('value-depth')).toBe(3);
  });

  test('elements of a value, events and links of a span, spans of a request', () => {
    const event = wire.bytes(11, wire.text(2, 'e'));
    const link = wire.bytes(13, wire.bytes(1, wire.TRACE_ID));
    const span = wire.span({ attributes: [['list', [1, 2, 3, 4]]], extra: wire.concat(event, event, event, link, link, link) });
    const { batch, limits, rejected } = decode(wire.request([span, span, span]), { limits: { elementsPerValue: 2, eventsPerSpan: 2, eventsPerRequest: 5, itemsPerRequest: 2 } });
    expect(batch.count).toBe(2);
    expect(rejected.reasons.get('too-many')).toBe(1);
    expect(batch.attributes[0]?.value).toEqual([1, 2]);
    expect([batch.events[0]?.length, batch.links[0]?.length, batch.events[1]?.length, batch.links[1]?.length]).toEqual([2, 2, 1, undefined]);
    expect([...batch.droppedCounts]).toEqual([2, 5]);
    expect(limits.get('events-per-span')).toBe(2);
    expect(limits.get('events-per-request')).toBe(5);
    expect(limits.get('elements-per-value')).toBe(4);
  });

  test('attributes of a request', () => {
    const span = wire.span({ attributes: [['a', 1], ['b', 2]] });
    const { batch, limits } = decode(wire.request([span, span]), { limits: { attributesPerRequest: 4 } });
    expect(attributeRows(batch.attributes).map(([key]) => key)).toEqual(['a', 'b', 'a', 'otel.dropped_attributes_count']);
    expect(limits.get('attributes-per-request')).toBe(1);
  });

  test('what repeats and what does not: memory stays bounded', () => {
    const decoder = createTraceDecoder();
    const input = (round: number): { body: Uint8Array; encoding: 'protobuf'; receivedAtMs: number } => ({
      body: wire.request(Array.from({ length: 100 }, (_, index) => wire.span({ name: `n${round}.${index}`, attributes: [[`key.${round}.${index}`, 'x'.repeat(200)]] })), wire.resource([['service.name', `s${round}`]])),
      encoding: 'protobuf', receivedAtMs: wire.NOW_MS,
    });
    for (let round = 0; round < 300; round += 1) decoder.decode(input(round));
    const before = heapUsed();
    for (let round = 300; round < 900; round += 1) expect(decoder.decode(input(round)).ok).toBe(true);
    // 60,000 more spans, of which every name, key and resource is new, would be more than 30 MiB if they were kept.
    expect(heapUsed() - before).toBeLessThan(8 * 2 ** 20);
  });
});

describe('malformed protobuf is refused with its place', () => {
  const good = wire.request([wire.span(), wire.span()]);

  test('a length that runs past the end', () => {
    const bad = wire.request([wire.span(), wire.concat(wire.bytes(1, wire.TRACE_ID), wire.tag(5, 2), wire.varint(5_000), Uint8Array.of(1))]);
    expect(problem(bad)).toMatch(/^not OTLP protobuf: resource_spans\[0\]\.scope_spans\[0\]\.spans\[1\]\.name: a length of 5000 runs past the end of its message, at byte \d+ of \d+$/);
  });

  test('inside an attribute value', () => {
    const value = wire.bytes(9, wire.concat(wire.text(1, 'key'), wire.bytes(2, wire.concat(wire.tag(4, 1), Uint8Array.of(1, 2)))));
    expect(problem(wire.request([wire.span({ attributes: [['ok', 1]], extra: value })]))).toContain('spans[0].attributes[1].value.double_value: the message ends inside a number');
  });

  test('inside an event', () => {
    expect(problem(wire.request([wire.span({ extra: wire.bytes(11, Uint8Array.of(0x12, 0x09)) })]))).toContain('spans[0].events[0].name: a length of 9 runs past');
  });

  /** A number whose last byte lies behind the message that it stands in, where another field begins that is right by itself. */
  const cutOff = Uint8Array.of(0x98, 0x06, 0x80);
  const behind = Uint8Array.of(0x18, 0x00);
  test.each([
    ['a resource of spans', wire.concat(wire.bytes(1, cutOff), behind)],
    ['a scope of spans', wire.bytes(1, wire.concat(wire.bytes(2, cutOff), behind))],
    ['a resource', wire.bytes(1, wire.concat(wire.bytes(1, cutOff), behind))],
    ['a scope', wire.bytes(1, wire.bytes(2, wire.concat(wire.bytes(1, cutOff), behind)))],
    ['a span', wire.bytes(1, wire.bytes(2, wire.concat(wire.bytes(2, cutOff), behind)))],
    ['a status', wire.request([wire.span({ extra: wire.concat(wire.bytes(15, cutOff), behind) })])],
    ['an event', wire.request([wire.span({ extra: wire.concat(wire.bytes(11, cutOff), behind) })])],
    ['a link', wire.request([wire.span({ extra: wire.concat(wire.bytes(13, cutOff), behind) })])],
    ['an attribute', wire.request([wire.span({ extra: wire.concat(wire.bytes(9, cutOff), behind) })])],
    ['a value', wire.request([wire.span({ extra: wire.bytes(9, wire.concat(wire.bytes(2, cutOff), behind)) })])],
  ])('a number that runs out of %s', (_, body) => {
    expect(problem(body)).toContain('the last field runs past the end of its message');
  });

  test.each([
    ['a group', Uint8Array.of(0x1b, 0x1c), 'a group, which OTLP does not have'],
    ['wire type 6', Uint8Array.of(0x1e), 'wire type 6 does not exist'],
    ['field number 0', Uint8Array.of(0x02, 0x00), 'field number 0 does not exist'],
    ['a number without end', new Uint8Array(11).fill(0x80), 'a number is longer than 10 bytes'],
    ['a number that is cut off', Uint8Array.of(0x80), 'the bytes end inside a number'],
    ['text', Buffer.from('{"resourceSpans":[]}'), 'not OTLP protobuf'],
  ])('%s', (_, bytes, expected) => {
    expect(problem(bytes)).toContain(expected);
    expect(problem(wire.concat(good, bytes))).not.toBe('taken');
  });

  test('every truncation is refused or is a shorter request', () => {
    for (let length = 1; length < good.length; length += 1) expect(problem(good.slice(0, length))).toMatch(/^not OTLP protobuf: /);
  });

  test('nothing is a request without spans', () => {
    expect(decode(new Uint8Array(0)).batch.count).toBe(0);
    expect(decodeJson('{}').batch.count).toBe(0);
  });

  test('a decoder goes on after it', () => {
    const decoder = createTraceDecoder();
    expect(decoder.decode({ body: good.slice(0, -1), encoding: 'protobuf', receivedAtMs: wire.NOW_MS }).ok).toBe(false);
    expect(decoder.decode({ body: Buffer.from('{"resourceSpans":[{"scopeSpans":7}]}'), encoding: 'json', receivedAtMs: wire.NOW_MS }).ok).toBe(false);
    expect(decoder.decode({ body: good, encoding: 'protobuf', receivedAtMs: wire.NOW_MS })).toMatchObject({ ok: true, batch: { count: 2 } });
    expect(decoder.decode({ body: Buffer.from('{"resourceSpans":3}'), encoding: 'json', receivedAtMs: wire.NOW_MS })).toMatchObject({ message: 'not OTLP/JSON: resourceSpans is the number 3, expected a list' });
  });
});

describe('OTLP/JSON', () => {
  test('has ids in hex of either case, numbers as strings or numbers, enums as numbers, and unknown fields', () => {
    const { batch } = decodeJson(jsonSpan({
      traceId: '5B8EFFF798038103d269b633813fc60c', spanId: 'EEE19b7ec3c1b174', parentSpanId: '', kind: 3, flags: 257, mystery: { a: [1] }, droppedAttributesCount: 2, droppedEventsCount: '3',
      status: { code: 2, message: 'no' }, attributes: [{ key: 'i', value: { intValue: '9007199254740993' } }, { key: 'j', value: { intValue: 5 } }, { key: 'b', value: { bytesValue: 'AQI=' } }, { key: 'e', value: {} }, { key: 'd', value: { doubleValue: 'NaN' } }, { key: 'n' }, { key: 'm', value: { kvlistValue: { values: [{ key: 'x', value: { arrayValue: {} } }] } } }],
    }));
    expect(spanRows(batch)[0]).toMatchObject({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', parentSpanId: '0000000000000000', kind: 3, flags: 257, status: 2, statusMessage: 'no', dropped: 5 });
    expect(attributeRows(batch.attributes)).toEqual([['i', 9007199254740993n, true], ['j', 5, true], ['b', Uint8Array.of(1, 2), false], ['e', null, false], ['d', Number.NaN, false], ['n', null, false], ['m', { x: [] }, false], ['otel.dropped_attributes_count', 2, true], ['otel.dropped_events_count', 3, true]]);
  });

  test('keeps 64-bit numbers exact, also where they are no strings', () => {
    const text = JSON.stringify(jsonSpan({ attributes: [{ key: 'i', value: { intValue: 'BIG' } }] })).replace('"BIG"', '9007199254740993').replace(/"(\d{19})"/g, '$1').replace('"name":"GET /"', '"name":"1795132800000000001 \\" 1795132800000000002"');
    const { batch } = decodeJson(text);
    expect(batch.startNs[0]).toBe(wire.NOW_NS - 5_000_000n);
    expect(batch.attributes[0]?.value).toBe(9007199254740993n);
    expect(batch.names[0]).toBe('1795132800000000001 " 1795132800000000002');
  });

  test('may begin with a byte order mark, and half a surrogate pair becomes U+FFFD', () => {
    const { batch } = decodeJson(`\ufeff${JSON.stringify(jsonSpan()).replace('GET /', '\\ud800x')}`);
    expect(batch.names[0]).toBe('\ufffdx');
  });

  test.each([
    ['an id that is no hex', { traceId: 'zz8efff798038103d269b633813fc60c' }, 'trace_id is not 16 bytes'],
    ['an id in base64', { traceId: 'W47/95gDgQPSabYzgT/GDA==' }, 'trace_id is not 16 bytes'],
    ['zeros', { spanId: '0000000000000000' }, 'span_id is all zeros'],
    ['end before start', { endTimeUnixNano: '5' }, 'end is before start'],
    ['no times', { startTimeUnixNano: undefined, endTimeUnixNano: null }, 'start time is 0'],
    ['a negative time', { startTimeUnixNano: '-6795364578871345152' }, 'time is before 1970 or after the year 2262'],
    ['a time beyond 64 bits', { endTimeUnixNano: '20413792000000000000' }, 'time is before 1970 or after the year 2262'],
    ['the year 2300', { endTimeUnixNano: '10413792000000000000' }, 'time is before 1970 or after the year 2262'],
  ])('rejects a span with %s', (_, fields, reason) => {
    expect(decodeJson(jsonSpan(fields)).rejected.message).toBe(`1 of 1 spans rejected: ${reason} (1)`);
  });

  const at = 'resourceSpans[0].scopeSpans[0].spans[0]';
  test.each([
    [jsonSpan({ kind: 'SPAN_KIND_SERVER' }), `not OTLP/JSON: ${at}.kind is "SPAN_KIND_SERVER", but OTLP/JSON wants the number of an enum, not its name`],
    [jsonSpan({ name: 5 }), `not OTLP/JSON: ${at}.name is the number 5, expected a string`],
    [jsonSpan({ startTimeUnixNano: 'soon' }), `not OTLP/JSON: ${at}.startTimeUnixNano is the string "soon", expected a whole number, as a number or a decimal string`],
    [jsonSpan({ attributes: {} }), `not OTLP/JSON: ${at}.attributes is an object, expected a list`],
    [jsonSpan({ attributes: [{ key: 'a', value: 'x' }] }), `not OTLP/JSON: ${at}.attributes[0].value is the string "x", expected an object`],
    [jsonSpan({ attributes: [{ key: 'a', value: { boolValue: 'yes' } }] }), `not OTLP/JSON: ${at}.attributes[0].value.boolValue is not true or false`],
    [jsonSpan({ attributes: [{ key: 'a', value: { bytesValue: '!' } }] }), `not OTLP/JSON: ${at}.attributes[0].value.bytesValue is not base64`],
    [jsonSpan({ events: [null] }), `not OTLP/JSON: ${at}.events[0] is null, expected an object`],
    [[], 'not OTLP/JSON: the body is a list, expected an object'],
    [null, 'not OTLP/JSON: the body is null, expected an object'],
  ])('refuses what is no OTLP with its path', (body, message) => {
    expect(problem(JSON.stringify(body))).toBe(message);
  });

  test.each(['', '{', '{"resourceSpans":[', 'hello', '{"a":1}}', '\u0000'])('refuses what is no JSON: %j', (body) => {
    expect(problem(body)).toMatch(/^not JSON: /);
  });

  test('refuses bombs before they are parsed', () => {
    expect(problem('['.repeat(10_000_000))).toBe('not OTLP/JSON: nested deeper than 256 levels at byte 256');
    expect(problem(`[${'[],'.repeat(9_000_000)}[]]`)).toBe('not OTLP/JSON: more than 8000000 values; send smaller batches');
  });

  test('has the limits of protobuf', () => {
    const nest = (depth: number): unknown => (depth === 0 ? { stringValue: 'core' } : { arrayValue: { values: [nest(depth - 1)] } });
    const attributes = [...Array.from({ length: 1_100 }, (_, index) => ({ key: `k${index}`, value: { stringValue: 'é'.repeat(40_000) } }))].slice(0, 1) as unknown[];
    attributes.push({ key: 'ok', value: nest(16) }, { key: 'deep', value: nest(17) }, { key: 'ok', value: {} });
    const { batch, limits } = decodeJson(jsonSpan({ attributes, events: Array.from({ length: 600 }, () => ({})) }));
    expect(Buffer.byteLength(batch.attributes[0]?.value as string)).toBe(65_536);
    expect(batch.attributes[1]?.json).toContain('core');
    expect(batch.attributes[2]?.json).toContain(TOO_DEEP);
    expect(batch.events[0]).toHaveLength(512);
    expect(batch.droppedCounts[0]).toBe(89);
    expect([...limits]).toEqual([['string-bytes', 1], ['value-depth', 1], ['duplicate-key', 1], ['events-per-span', 88]]);
  });
});

describe('log records', () => {
  const decodeLogs = (body: Uint8Array | string): ReturnType<ReturnType<typeof createLogDecoder>['decode']> =>
    createLogDecoder().decode({ body: typeof body === 'string' ? Buffer.from(body) : body, encoding: typeof body === 'string' ? 'json' : 'protobuf', receivedAtMs: wire.NOW_MS });

  test('have the time they happened, else were observed, else were received', () => {
    const result = decodeLogs(wire.request([wire.logRecord({ timeNs: 5n, observedNs: 7n }), wire.logRecord({ observedNs: 7n }), wire.logRecord()]));
    expect(result.ok && [...result.batch.timeNs]).toEqual([5n, 7n, wire.NOW_NS]);
  });

  test('have a body of text, or JSON where it is structured', () => {
    const result = decodeLogs(wire.request([wire.logRecord({ body: 'plain' }), wire.logRecord({ body: { a: [1, true] } }), wire.logRecord({ body: 7 }), wire.logRecord({ body: null })]));
    expect(result.ok && result.batch.bodies).toEqual(['plain', '{"a":[1,true]}', '7', '']);
  });

  test('may belong to no trace, but not to half of one', () => {
    const result = decodeLogs(wire.request([wire.logRecord(), wire.logRecord({ traceId: wire.TRACE_ID, spanId: wire.SPAN_ID }), wire.logRecord({ traceId: Uint8Array.of(1) }), wire.logRecord({ spanId: wire.TRACE_ID }), wire.logRecord({ severity: 99 })]));
    if (!result.ok) throw new Error(result.message);
    expect(result.rejected.message).toBe('2 of 5 log records rejected: trace_id is not 16 bytes (1); span_id is not 8 bytes (1)');
    expect(logRows(result.batch).map((row) => [row.traceId, row.spanId, row.severity])).toEqual([
      ['0'.repeat(32), '0'.repeat(16), 9], ['5b8efff798038103d269b633813fc60c', 'eee19b7ec3c1b174', 9], ['0'.repeat(32), '0'.repeat(16), 0],
    ]);
  });

  test('come as JSON too', () => {
    const result = decodeLogs(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '5', severityNumber: 17, severityText: 'ERROR', eventName: 'exception', body: { stringValue: 'x' }, traceId: '5b8efff798038103d269b633813fc60c' }, { traceId: 'abc' }] }] }] }));
    if (!result.ok) throw new Error(result.message);
    expect(logRows(result.batch)).toMatchObject([{ timeNs: 5n, severity: 17, severityText: 'ERROR', eventName: 'exception', body: 'x', service: 'unknown_service' }]);
    expect(result.rejected.count).toBe(1);
  });

  test('malformed ones are refused with their place', () => {
    const bad = wire.request([wire.logRecord({ extra: Uint8Array.of(0x62, 0x30) })]);
    expect(decodeLogs(bad)).toMatchObject({ ok: false, message: expect.stringContaining('resource_logs[0].scope_logs[0].log_records[0].event_name: a length of 48') as string });
    const cutOff = wire.bytes(1, wire.bytes(2, wire.concat(wire.bytes(2, Uint8Array.of(0x98, 0x06, 0x80)), Uint8Array.of(0x18, 0x00))));
    expect(decodeLogs(cutOff)).toMatchObject({ ok: false, message: expect.stringContaining('the last field runs past the end of its message') as string });
  });
});
