import { expect, test } from 'vitest';
import { createTraceDecoder } from '../ingest/decoder.js';
import { createNormaliser } from '../ingest/normaliser.js';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { spansOfBatch } from '../trace/spans-of-batch.js';
import type { Span } from '../trace/span.js';
import { resourceSpansJson } from './otlp-json.js';
import { tracesDataBytes } from './otlp-protobuf.js';

const START_NS = BigInt(DEFAULT_START_MS) * 1_000_000n;
const text = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });

/** With everything that OTLP has a field for and the store keeps as attributes. */
const SENT = { resourceSpans: [{
  resource: { attributes: [text('service.name', 'shop')] },
  scopeSpans: [
    { scope: { name: 'lib', version: '1', attributes: [text('team', 'pay'), { key: 'tier', value: { intValue: '2' } }] }, spans: [{
      traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00000000000000a1', flags: 257, name: 'work', kind: 1, startTimeUnixNano: String(START_NS), endTimeUnixNano: String(START_NS + 5n),
      attributes: [text('x', 'y')], droppedAttributesCount: 3,
      events: [{ timeUnixNano: String(START_NS), name: 'e', attributes: [text('a', 'b')], droppedAttributesCount: 4 }], droppedEventsCount: 5,
      links: [{ traceId: '1af7651916cd43dd8448eb211c80319c', spanId: '00000000000000b1', attributes: [], droppedAttributesCount: 6 }], droppedLinksCount: 4_294_967_295, status: {},
    }] },
    // The same scope with other attributes is another one.
    { scope: { name: 'lib', version: '1' }, spans: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00000000000000a2', name: 'plain', kind: 1, startTimeUnixNano: String(START_NS), endTimeUnixNano: String(START_NS + 5n), attributes: [text('otel.scope.name', 'as other exporters write it')], status: {} }] },
  ],
}] };

const decoder = createTraceDecoder();

function decode(body: Uint8Array, encoding: 'json' | 'protobuf'): Extract<ReturnType<typeof decoder.decode>, { readonly ok: true }> {
  const decoded = decoder.decode({ body, encoding, receivedAtMs: DEFAULT_START_MS + 1_000 });
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded;
}

function stored(body: Uint8Array, encoding: 'json' | 'protobuf'): readonly Span[] {
  return spansOfBatch(createNormaliser().spans(decode(body, encoding).batch, { receivedAtMs: DEFAULT_START_MS + 1_000, imported: false }));
}

test('flags, what was dropped and attributes of scopes come back as they were sent, in JSON and in protobuf', () => {
  const spans = stored(Buffer.from(JSON.stringify(SENT)), 'json');
  expect({ resourceSpans: resourceSpansJson(spans, 'otlp') }).toEqual(SENT);
  expect({ resourceSpans: resourceSpansJson(stored(tracesDataBytes(spans), 'protobuf'), 'otlp') }).toEqual(SENT);
});

test('they are stored under the names that the specification gives for formats without such fields', () => {
  const [span] = stored(Buffer.from(JSON.stringify(SENT)), 'json');
  expect(span!.attributes).toEqual({ 'x': 'y', 'otel.dropped_attributes_count': 3, 'otel.dropped_events_count': 5, 'otel.dropped_links_count': 4_294_967_295, 'otel.scope.team': 'pay', 'otel.scope.tier': 2 });
  expect(span!.events[0]!.attributes).toEqual({ 'a': 'b', 'otel.dropped_attributes_count': 4 });
});

test('what a sender has under such a name stays, and comes once', () => {
  const own = structuredClone(SENT);
  own.resourceSpans[0]!.scopeSpans[0]!.spans[0]!.attributes.push(text('otel.scope.team', 'mine'), { key: 'otel.dropped_events_count', value: { stringValue: 'many' } });
  const [span] = stored(Buffer.from(JSON.stringify(own)), 'json');
  expect(span!.attributes).toMatchObject({ 'otel.scope.team': 'mine', 'otel.dropped_events_count': 'many', 'otel.scope.tier': 2 });
});

test('attributes of a scope are kept beside each of its spans: the first 1,024 characters, told every time', () => {
  const long = structuredClone(SENT);
  const [spans] = long.resourceSpans[0]!.scopeSpans;
  spans!.scope.attributes = ['a', 'b', 'c'].map((key) => text(key, 'x'.repeat(600)));
  const json = Buffer.from(JSON.stringify(long));
  const attributes = Object.fromEntries(['a', 'b', 'c'].map((key) => [`otel.scope.${key}`, 'x'.repeat(600)]));
  const protobuf = tracesDataBytes([{ ...stored(json, 'json')[0]!, attributes }]);
  for (const [body, encoding] of [[json, 'json'], [protobuf, 'protobuf'], [protobuf, 'protobuf']] as const) {
    const { batch, limits } = decode(body, encoding);
    expect(batch.scopes[0]!.attributes!.map(({ key }) => key)).toEqual(['a']);
    expect(limits.get('scope-characters')).toBe(2);
  }
});
