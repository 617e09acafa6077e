import { describe, expect, test } from 'vitest';
import type { Span } from '../trace/span.js';
import { operationName } from './operation.js';
import { placeInWords, rootErrorOf } from './root-error.js';
import { groupSignatures, signatureOf } from './signature-of.js';
import { buildSpan, spanId, type SpanStory } from './span-builder.js';

/** front → checkout → payment, where the charge throws. */
function declinedCharge(changes: Partial<Record<string, Partial<SpanStory>>> = {}): Span[] {
  const stories: SpanStory[] = [
    { id: 'front', service: 'front', name: 'POST /buy', kind: 'server', status: 'error', durationMs: 100 },
    { id: 'f-call', parent: 'front', service: 'front', name: 'POST', kind: 'client', status: 'error', startMs: 5, durationMs: 90 },
    { id: 'checkout', parent: 'f-call', service: 'checkout', name: 'POST /checkout', kind: 'server', status: 'error', startMs: 10, durationMs: 80 },
    { id: 'c-items', parent: 'checkout', service: 'checkout', name: 'GET', kind: 'client', startMs: 12, durationMs: 10 },
    { id: 'c-pay', parent: 'checkout', service: 'checkout', name: 'POST', kind: 'client', status: 'error', startMs: 30, durationMs: 50 },
    { id: 'payment', parent: 'c-pay', service: 'payment', name: 'POST', kind: 'server', status: 'error', startMs: 35, durationMs: 40, attributes: { 'http.route': '/charge', 'http.response.status_code': 500 } },
    {
      id: 'handler', parent: 'payment', service: 'payment', name: 'request handler - /charge', status: 'error', startMs: 36, durationMs: 30,
      exception: { type: 'CardDeclined', message: 'card 4111 declined' },
    },
  ];
  return stories.map((story) => buildSpan({ ...story, ...changes[story.id] }));
}

describe('the error signature of a trace', () => {
  test('names the root error, not the callers that repeat it', () => {
    expect(signatureOf({ spans: declinedCharge() }, spanId('front'))).toEqual({
      id: expect.stringMatching(/^v3:[0-9a-f]{16}$/), earlierIds: [expect.stringMatching(/^v2:[0-9a-f]{16}$/), expect.stringMatching(/^v1:[0-9a-f]{16}$/)], type: 'CardDeclined', message: 'card <number> declined', service: 'payment', operation: 'POST /charge', count: 1,
    });
  });

  test('is the same from whichever bad span of the chain one looks, and in whichever order the spans came', () => {
    const fromFront = signatureOf({ spans: declinedCharge() }, spanId('front'));
    expect(signatureOf({ spans: declinedCharge() }, spanId('checkout'))).toEqual(fromFront);
    expect(signatureOf({ spans: declinedCharge().reverse() }, spanId('front'))).toEqual(fromFront);
  });

  test('is stable for ever, under the names of all versions', () => {
    const signature = signatureOf({ spans: declinedCharge() }, spanId('front'));
    expect(signature?.earlierIds).toEqual(['v2:b7cc6159da65db04', 'v1:8c74cab387668df2']);
    expect(signature?.id).toMatchInlineSnapshot(`"v3:b708d124c78b10c2"`);
  });

  test('tells failures at different places of the program apart, and not by their line numbers', () => {
    const id = (stack: string): string | undefined => {
      const spans = declinedCharge({ handler: { exception: undefined } });
      const handler = spans.find((span) => span.spanId === spanId('handler'))!;
      const log = { traceId: handler.traceId, spanId: handler.spanId, body: '', attributes: { 'exception.type': 'Timeout', 'exception.stacktrace': stack } };
      return signatureOf({ spans, logs: [log] }, spanId('front'))?.id;
    };
    expect(id('Timeout\n    at charge (/app/pay.js:10:4)')).toBe(id('Timeout\n    at charge (/srv/build-7/pay.js:99:1)'));
    expect(id('Timeout\n    at charge (/app/pay.js:10:4)')).not.toBe(id('Timeout\n    at refund (/app/pay.js:10:4)'));
  });

  test('changes with type, message, service and operation, and with nothing else', () => {
    const id = (changes: Parameters<typeof declinedCharge>[0]): string | undefined => signatureOf({ spans: declinedCharge(changes) }, spanId('front'))?.id;
    const plain = id({});
    expect(id({ handler: { exception: { type: 'CardDeclined', message: 'card 999 declined' }, startMs: 77 } })).toBe(plain);
    expect(id({ handler: { exception: { type: 'CardExpired', message: 'card 4111 declined' } } })).not.toBe(plain);
    expect(id({ handler: { exception: { type: 'CardDeclined', message: 'no funds' } } })).not.toBe(plain);
    expect(id({ payment: { attributes: { 'http.route': '/refund' } } })).not.toBe(plain);
  });

  test('is undefined for a slow request that did not fail', () => {
    expect(signatureOf({ spans: declinedCharge({ front: { status: 'unset' } }) }, spanId('front'))).toBeUndefined();
    expect(signatureOf({ spans: declinedCharge() }, spanId('nobody'))).toBeUndefined();
  });

  test('is not led astray by a retry that worked', () => {
    const spans = [
      ...declinedCharge(),
      buildSpan({ id: 'c-retry', parent: 'c-items', service: 'checkout', status: 'error', startMs: 12 }),
      buildSpan({ id: 'c-deep', parent: 'c-retry', service: 'catalogue', status: 'error', startMs: 12 }),
      buildSpan({ id: 'c-deeper', parent: 'c-deep', service: 'catalogue', status: 'error', startMs: 12 }),
      buildSpan({ id: 'c-deepest', parent: 'c-deeper', service: 'catalogue', status: 'error', startMs: 12 }),
    ];
    expect(signatureOf({ spans }, spanId('front'))?.service).toBe('payment');
  });

  test('follows the one call of a list that failed, though the next item of the list went well', () => {
    const call = { parent: 'front', service: 'front', kind: 'client', name: 'stock.Stock/Reserve' } as const;
    const spans = [
      buildSpan({ id: 'front', service: 'front', kind: 'server', name: 'POST /checkout', status: 'error', durationMs: 90 }),
      buildSpan({ ...call, id: 'first', status: 'error', startMs: 1, durationMs: 5 }),
      buildSpan({ id: 'reserve', parent: 'first', service: 'stock', kind: 'server', name: 'Reserve', status: 'error', startMs: 2, durationMs: 2 }),
      buildSpan({ ...call, id: 'second', startMs: 10, durationMs: 5 }),
    ];
    expect(signatureOf({ spans }, spanId('front'))?.service).toBe('stock');
  });

  test('takes the exception from a log record where the span has none', () => {
    const spans = declinedCharge({ handler: { exception: undefined } });
    const handler = spans.find((span) => span.spanId === spanId('handler'))!;
    const log = { traceId: handler.traceId, spanId: handler.spanId, body: 'boom', attributes: { 'exception.type': 'Timeout', 'exception.message': 'after 5000ms' } };
    expect(signatureOf({ spans, logs: [log] }, spanId('front'))).toMatchObject({ type: 'Timeout', message: 'after <duration>' });
  });

  test.each<[Partial<SpanStory>, string, string]>([
    [{ attributes: { 'error.type': 'ECONNRESET' }, statusMessage: 'socket hang up' }, 'ECONNRESET', 'socket hang up'],
    [{ attributes: { 'error.type': '503' } }, 'HTTP 503', ''],
    [{ attributes: { 'http.status_code': 502 } }, 'HTTP 502', ''],
    [{ attributes: { 'rpc.grpc.status_code': 14 }, statusMessage: 'no connection' }, 'gRPC UNAVAILABLE', 'no connection'],
    [{ statusMessage: 'queue 7 is full' }, 'error', 'queue <number> is full'],
    [{}, 'error', ''],
  ])('without an exception reads %j', (change, type, message) => {
    const spans = declinedCharge({ handler: { ...change, exception: undefined } });
    expect(signatureOf({ spans }, spanId('front'))).toMatchObject({ type, message });
  });

  test('counts equal failures once, the most frequent first', () => {
    const one = signatureOf({ spans: declinedCharge() }, spanId('front'));
    const other = signatureOf({ spans: declinedCharge({ handler: { exception: { type: 'Timeout' } } }) }, spanId('front'));
    expect(groupSignatures([other, one, undefined, one]).map(({ type, count }) => [type, count])).toEqual([['CardDeclined', 2], ['Timeout', 1]]);
  });
});

describe('the root error', () => {
  test('of a chain that ends in a call nobody answered blames whom it called', () => {
    const spans = declinedCharge().filter((span) => span.serviceName !== 'payment');
    const named = spans.map((span) => (span.spanId === spanId('c-pay') ? { ...span, attributes: { 'server.address': 'pay.example.com', 'server.port': 443 } } : span));
    const root = rootErrorOf(named, spanId('front'));
    expect(root?.place).toEqual({ service: 'pay.example.com:443', operation: 'POST', caller: 'checkout' });
    expect(placeInWords(root!.place)).toBe('pay.example.com:443 POST (called by checkout)');
    expect(rootErrorOf(spans, spanId('front'))?.place).toEqual({ service: 'checkout', operation: 'POST', caller: undefined });
  });

  test('of a call that gave up is where the time went', () => {
    const spans = declinedCharge({ 'c-pay': { durationMs: 20, attributes: { 'error.type': 'TimeoutError' } }, payment: { status: 'unset', attributes: { 'http.route': '/charge' } } });
    expect(signatureOf({ spans }, spanId('front'))).toMatchObject({ type: 'TimeoutError', service: 'payment', operation: 'POST /charge' });
  });

  test('is the same dependency at whichever of its addresses', () => {
    const at = (address: string): string | undefined => {
      const spans = declinedCharge().filter((span) => span.serviceName !== 'payment');
      const named = spans.map((span) => (span.spanId === spanId('c-pay') ? { ...span, attributes: { 'server.address': address } } : span));
      return signatureOf({ spans: named }, spanId('front'))?.id;
    };
    expect(at('10.0.3.17')).toBe(at('10.0.3.18'));
    expect(at('10.0.3.17')).not.toBe(at('pay.example.com'));
  });

  test('names a database by its kind', () => {
    const query = buildSpan({ id: 'sql', parent: 'handler', service: 'payment', kind: 'client', status: 'error', name: 'INSERT charges', attributes: { 'db.system': 'postgresql', 'server.address': 'db1' } });
    expect(rootErrorOf([...declinedCharge(), query], spanId('front'))?.place).toEqual({ service: 'postgresql', operation: 'INSERT charges', caller: 'payment' });
  });

  test('does not count a 4xx answer of a server, unless its status says error', () => {
    const notFound = { status: 'unset', attributes: { 'http.response.status_code': 404 }, exception: undefined } as const;
    const spans = declinedCharge({ payment: notFound });
    expect(rootErrorOf(spans, spanId('front'))?.span.spanId).toBe(spanId('c-pay'));
    expect(rootErrorOf(declinedCharge({ payment: { ...notFound, status: 'error' } }), spanId('front'))?.span.spanId).toBe(spanId('handler'));
  });

  test('among equally deep failures is the first that ended', () => {
    const siblings = ['one', 'two', 'three'].map((id, index) => buildSpan({ id, parent: 'handler', service: 'payment', status: 'error', startMs: 50 - index, durationMs: 1 }));
    expect(rootErrorOf([...declinedCharge(), ...siblings], spanId('front'))?.span.spanId).toBe(spanId('three'));
  });

  test('survives spans that are their own ancestors', () => {
    const spans = [
      buildSpan({ id: 'a', parent: 'b', status: 'error' }), buildSpan({ id: 'b', parent: 'a', status: 'error' }), buildSpan({ id: 'c', parent: 'c', status: 'error' }),
    ];
    expect(rootErrorOf(spans, spanId('a'))?.span.spanId).toBe(spanId('b'));
    expect(rootErrorOf(spans, spanId('c'))?.span.spanId).toBe(spanId('c'));
  });

  test('is found in a chain of ten thousand spans', () => {
    const spans = Array.from({ length: 10_000 }, (_, index) => buildSpan({ id: `s${index}`, parent: index === 0 ? undefined : `s${index - 1}`, status: 'error' }));
    expect(rootErrorOf(spans, spanId('s0'))).toBeDefined();
  });
});

test('an operation without its route in the name gets it', () => {
  expect(operationName(buildSpan({ id: 'x', name: 'HTTP GET', attributes: { 'http.route': '/items/:id' } }))).toBe('GET /items/:id');
  expect(operationName(buildSpan({ id: 'x', name: 'GET /items/:id', attributes: { 'http.route': '/items/:id' } }))).toBe('GET /items/:id');
});
