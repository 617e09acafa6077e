import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_START_MS, resource, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { LogBatch } from '../trace/log-record.js';
import { canonicalKey } from '../trace/semantic-conventions.js';
import type { SpanBatch, SpanKind } from '../trace/span-batch.js';
import { compileMatcher } from '../trace/traceql/matcher.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { createNormaliser, type NormaliserOptions } from './normaliser.js';

const NOW_MS = DEFAULT_START_MS + 1_000;
const ARRIVAL = { receivedAtMs: NOW_MS, imported: false };
type Sent = Readonly<Record<string, AttributeValue>>;

function attributesOf(batch: SpanBatch, row = 0): Record<string, AttributeValue> {
  const list = batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1]);
  const record = Object.fromEntries(list.map(({ key, value }) => [key, value]));
  // Keys are unique, and the JSON says the same as the values.
  expect(list.map(({ key }) => key)).toEqual(Object.keys(record));
  for (const { key, json } of list) expect(Object.keys(JSON.parse(`{${json}}`) as object)).toEqual([key]);
  return record;
}

function normalise(spans: readonly SpanDescription[], options: NormaliserOptions = {}): { batch: SpanBatch; report: ReturnType<ReturnType<typeof createNormaliser>['report']> } {
  const normaliser = createNormaliser(options);
  const batch = normaliser.spans(spanBatch(spans), ARRIVAL);
  return { batch, report: normaliser.report() };
}

function renamed(kind: SpanKind, attributes: Sent): Record<string, AttributeValue> {
  // A route of its own keeps routes out of the picture.
  const { 'http.route': _, ...rest } = attributesOf(normalise([{ kind, name: 'x', attributes: { ...attributes, 'http.route': '/' } }]).batch);
  return rest;
}

describe('old names become new ones', () => {
  test.each<[string, SpanKind, Sent, Sent]>([
    ['HTTP server', 'server',
      { 'http.method': 'GET', 'http.status_code': 200, 'http.scheme': 'https', 'http.flavor': '1.1', 'http.target': '/a/b?c=d', 'http.client_ip': '10.1.1.1', 'http.user_agent': 'curl', 'net.host.name': 'shop', 'net.host.port': 443, 'net.peer.port': 5, 'net.sock.peer.addr': '10.9.9.9' },
      { 'http.request.method': 'GET', 'http.response.status_code': 200, 'url.scheme': 'https', 'network.protocol.version': '1.1', 'url.path': '/a/b', 'url.query': 'c=d', 'client.address': '10.1.1.1', 'user_agent.original': 'curl', 'server.address': 'shop', 'server.port': 443, 'client.port': 5, 'network.peer.address': '10.9.9.9' }],
    ['HTTP client', 'client', { 'http.url': 'http://pay/x', 'net.peer.name': 'pay', 'net.peer.port': 80 }, { 'url.full': 'http://pay/x', 'server.address': 'pay', 'server.port': 80 }],
    ['the host of a client is not the server', 'client', { 'net.host.name': 'me', 'net.host.port': 1 }, { 'net.host.name': 'me', 'net.host.port': 1 }],
    ['the peer of a server is the client', 'server', { 'net.peer.name': 'them' }, { 'client.address': 'them' }],
    ['the peer of a consumer is the broker', 'consumer', { 'net.peer.name': 'kafka' }, { 'server.address': 'kafka' }],
    ['HTTP/2', 'server', { 'http.flavor': '2.0' }, { 'network.protocol.version': '2' }],
    ['a target without query', 'server', { 'http.target': '/a' }, { 'url.path': '/a' }],
    ['a target with an empty query and a fragment', 'server', { 'http.target': '/a?#top' }, { 'url.path': '/a' }],
    ['SQL', 'client', { 'db.system': 'mssql', 'db.statement': 'SELECT 1', 'db.operation': 'SELECT', 'db.name': 'shop', 'db.sql.table': 'orders' }, { 'db.system.name': 'microsoft.sql_server', 'db.query.text': 'SELECT 1', 'db.operation.name': 'SELECT', 'db.namespace': 'shop', 'db.collection.name': 'orders' }],
    ['Redis', 'client', { 'db.system': 'redis', 'db.redis.database_index': 3 }, { 'db.system.name': 'redis', 'db.namespace': '3' }],
    ['values that have no new one', 'client', { 'db.system': 'toString' }, { 'db.system.name': 'toString' }],
    ['gRPC', 'client', { 'rpc.system': 'grpc', 'rpc.service': 'shop.Cart', 'rpc.method': 'Get', 'rpc.grpc.status_code': 14 }, { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.Cart/Get', 'rpc.status_code': 'UNAVAILABLE' }],
    ['a gRPC method that is qualified already', 'client', { 'rpc.service': 'shop.Cart', 'rpc.method': 'shop.Cart/Get' }, { 'rpc.method': 'shop.Cart/Get' }],
    ['a service without method', 'client', { 'rpc.service': 'shop.Cart' }, { 'rpc.service': 'shop.Cart' }],
    ['a gRPC status that does not exist', 'client', { 'rpc.grpc.status_code': 99 }, { 'rpc.grpc.status_code': 99 }],
    ['AWS, which does not qualify', 'client', { 'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject' }, { 'rpc.system.name': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject' }],
    ['messaging', 'producer', { 'messaging.operation': 'publish', 'messaging.client_id': 'c', 'messaging.kafka.consumer.group': 'g', 'messaging.kafka.destination.partition': 7 }, { 'messaging.operation.type': 'send', 'messaging.client.id': 'c', 'messaging.consumer.group.name': 'g', 'messaging.destination.partition.id': '7' }],
    ['peer.service', 'client', { 'peer.service': 'pay' }, { 'service.peer.name': 'pay' }],
    ['names that never changed', 'internal', { 'shop.tenant': 'acme', x: [1, 'a'], toString: 'x' }, { 'shop.tenant': 'acme', x: [1, 'a'], toString: 'x' }],
  ])('%s', (_, kind, sent, stored) => {
    expect(renamed(kind, sent)).toEqual(stored);
  });

  test('values keep their type: 1 and 1.0, big integers, bytes, NaN, null', () => {
    const values = [200, 1.5, 2n ** 60n, Uint8Array.of(1, 2), Number.NaN, null, true, ['a'], { a: 1 }];
    for (const value of values) expect(renamed('server', { 'http.status_code': value })).toEqual({ 'http.response.status_code': value });
  });

  test('a new name that is there wins, and the old one goes', () => {
    expect(renamed('server', { 'http.method': 'GET', 'http.request.method': 'POST' })).toEqual({ 'http.request.method': 'POST' });
    expect(renamed('server', { 'http.target': '/old?x=1', 'url.path': '/new' })).toEqual({ 'url.path': '/new' });
    expect(renamed('server', { 'url.query': 'new', 'http.target': '/old?x=1' })).toEqual({ 'url.query': 'new', 'url.path': '/old' });
  });

  test('of two old names of one new name the first of the table wins, whatever the order; the other stays unless it says the same', () => {
    for (const sent of [{ 'db.name': 'a', 'db.elasticsearch.cluster.name': 'b' }, { 'db.elasticsearch.cluster.name': 'b', 'db.name': 'a' }]) {
      expect(renamed('client', sent)).toEqual({ 'db.namespace': 'a', 'db.elasticsearch.cluster.name': 'b' });
    }
    expect(renamed('server', { 'net.protocol.version': '2', 'http.flavor': '2.0' })).toEqual({ 'network.protocol.version': '2' });
  });

  test('old names are counted by service', () => {
    const { report } = normalise([
      { service: 'a', attributes: { 'http.method': 'GET', 'http.request.method': 'GET' } }, { service: 'a', attributes: { 'http.method': 'GET' } }, { service: 'b', kind: 'client', attributes: { 'net.host.name': 'me' } },
      { service: 'a', resource: { 'deployment.environment': 'prod' } },
    ]);
    expect(report).toMatchObject([{ service: 'a', oldNames: { 'http.method': 2, 'deployment.environment': 1 } }, { service: 'b', oldNames: {} }]);
  });

  test('a resource under its new name is one object, whether it came old or new', () => {
    const { batch } = normalise([{ resource: { 'deployment.environment': 'prod' } }, { resource: { 'deployment.environment.name': 'prod' } }, { resource: { 'deployment.environment': 'prod' } }]);
    expect(batch.resources.map(({ json }) => json)).toEqual(Array(2).fill('{"service.name":"checkout","deployment.environment.name":"prod"}'));
    expect(new Set(batch.resources.map(({ id }) => id)).size).toBe(1);
    expect(batch.resources[0]).toMatchObject({ serviceName: 'checkout', id: resource({ 'service.name': 'checkout', 'deployment.environment.name': 'prod' }).id });
  });

  test('a batch of today is handed on as it is', () => {
    const batch = spanBatch([{ name: 'GET /a', attributes: { 'http.route': '/a', 'http.request.method': 'GET' } }, { kind: 'internal', name: 'a/1' }]);
    expect(createNormaliser().spans(batch, ARRIVAL)).toBe(batch);
  });

  test('rows around a changed one are not touched', () => {
    const plain = { kind: 'internal' as const, attributes: { a: 1, b: 2 } };
    const { batch } = normalise([plain, { ...plain, attributes: { 'http.target': '/x?y', c: 3 } }, plain, { kind: 'internal' }, plain]);
    expect([0, 1, 2, 3, 4].map((row) => attributesOf(batch, row))).toEqual([{ a: 1, b: 2 }, { 'url.path': '/x', 'url.query': 'y', c: 3 }, { a: 1, b: 2 }, {}, { a: 1, b: 2 }]);
  });

  test('attributes of log records are renamed too', () => {
    const spans = spanBatch([{ resource: { 'deployment.environment': 'prod' }, attributes: { 'db.statement': 'SELECT 1', 'net.peer.name': 'db' } }, {}]);
    const { count, attributes, attributeStart, resources, resourceIndex } = spans;
    const logs = createNormaliser().logs({ count, attributes, attributeStart, resources, resourceIndex } as LogBatch);
    expect(logs.attributes.map(({ key }) => key)).toEqual(['db.query.text', 'net.peer.name']);
    expect(logs.resources[0]?.json).toContain('deployment.environment.name');
    const plain = { count, attributes: [], attributeStart: new Uint32Array(3), resources: [spans.resources[1]!], resourceIndex: new Uint32Array(2) } as unknown as LogBatch;
    expect(createNormaliser().logs(plain)).toBe(plain);
  });
});

describe('rules find the same spans before and after', () => {
  const sent: Sent = {
    'http.method': 'GET', 'http.status_code': 503, 'http.target': '/a?b=1', 'net.peer.name': 'p', 'net.host.name': 'h', 'db.system': 'mssql', 'db.redis.database_index': 3, 'messaging.operation': 'publish',
    'rpc.system': 'grpc', 'rpc.service': 's.S', 'rpc.method': 'M', 'rpc.grpc.status_code': 14, 'peer.service': 'x', 'http.flavor': '2.0', 'messaging.kafka.destination.partition': 7,
  };
  const literal = (value: AttributeValue): string => JSON.stringify(value);

  test.each((['server', 'client'] as const).flatMap((kind) => Object.entries(sent).map(([key, value]) => [kind, key, value] as const)))('%s: %s = %s', (kind, key, value) => {
    const before = spanBatch([{ kind, attributes: sent }]);
    const after = createNormaliser().spans(before, ARRIVAL);
    const queries = ['=', '!='].map((operator) => `{ span.${key} ${operator} ${literal(value)} }`);
    if (typeof value === 'string') queries.push(`{ .${key} =~ ${JSON.stringify(value.replace(/[.?]/g, '[$&]'))} }`, `{ .${key} !~ ".*" }`);
    else queries.push(`{ span.${key} >= ${literal(value)} }`, `{ span.${key} > ${literal(value)} }`);
    queries.push(`{ span.${key} = nil }`);
    for (const text of queries) expect(holds(text, after), text).toBe(holds(text, before));
    const today = canonicalKey(key, kind);
    if (!key.startsWith('rpc.') && !key.endsWith('partition') && !key.endsWith('index') && !key.endsWith('target')) {
      for (const operator of ['=', '!=']) expect(holds(`{ span.${today} ${operator} ${literal(value)} }`, after), today).toBe(holds(`{ span.${today} ${operator} ${literal(value)} }`, before));
    }
  });

  function holds(text: string, batch: SpanBatch): boolean {
    const query = parseTraceql(text);
    if (!query.ok) throw new Error(`${text}: ${query.error.message}`);
    return compileMatcher(query.value)(batch, 0);
  }
});

describe('routes', () => {
  const route = (span: SpanDescription): [AttributeValue | undefined, AttributeValue | undefined, string] => {
    const { batch } = normalise([span]);
    const attributes = attributesOf(batch);
    return [attributes[span.kind === 'client' ? 'url.template' : 'http.route'], attributes['tocsin.route'], batch.names[0] ?? ''];
  };

  test.each<[string, SpanDescription, string | undefined, string]>([
    ['url.path', { name: 'GET', attributes: { 'url.path': '/users/1234' } }, '/users/{id}', 'GET'],
    ['http.target', { name: 'GET', attributes: { 'http.target': '/users/1234?x=1' } }, '/users/{id}', 'GET'],
    ['http.url', { name: 'GET', attributes: { 'http.url': 'http://shop/users/1234?x=1' } }, '/users/{id}', 'GET'],
    ['the name', { name: 'GET /users/1234', attributes: {} }, '/users/{id}', 'GET /users/{id}'],
    ['a bare path as a name, of HTTP', { name: '/users/1234', attributes: { 'http.request.method': 'GET' } }, '/users/{id}', '/users/{id}'],
    ['a bare path as a name, of who knows what', { name: '/users/1234', attributes: {} }, undefined, '/users/{id}'],
    ['both', { name: 'GET /users/1234', attributes: { 'url.path': '/users/1234' } }, '/users/{id}', 'GET /users/{id}'],
    ['a static path', { name: 'GET /users', attributes: { 'url.path': '/users' } }, '/users', 'GET /users'],
    ['the url of a call', { kind: 'client', name: 'GET', attributes: { 'url.full': 'http://pay/charges/9876' } }, '/charges/{id}', 'GET'],
    ['no path at all', { name: 'GET', attributes: { 'http.request.method': 'GET' } }, undefined, 'GET'],
    ['a path that is none', { name: 'OPTIONS', attributes: { 'url.path': '*' } }, undefined, 'OPTIONS'],
  ])('come from %s', (_, span, expected, name) => {
    expect(route(span)).toEqual([expected, expected === undefined ? undefined : 'derived', name]);
  });

  test.each<[string, SpanDescription]>([
    ['has a route', { name: 'GET /users/1234', attributes: { 'url.path': '/users/1234', 'http.route': '/users/:user' } }],
    ['has a template', { kind: 'client', name: 'GET /users/1234', attributes: { 'url.full': 'http://x/users/1', 'url.template': '/users/:user' } }],
    ['is internal', { kind: 'internal', name: 'GET /users/1234', attributes: { 'url.path': '/users/1234' } }],
    ['is RPC', { name: '/shop.Cart/Get1234', attributes: { 'rpc.system.name': 'grpc' } }],
    ['asks a database', { kind: 'client', name: '/db/1234', attributes: { 'db.system.name': 'mongodb' } }],
  ])('a span that %s is not touched', (_, span) => {
    const batch = spanBatch([span]);
    expect(createNormaliser().spans(batch, ARRIVAL)).toBe(batch);
  });

  test('the path that stood in the name is kept where nothing else says it', () => {
    expect(attributesOf(normalise([{ name: 'GET /users/1234' }]).batch)).toMatchObject({ 'tocsin.name.original': 'GET /users/1234' });
    expect(attributesOf(normalise([{ name: 'GET /users/1234', attributes: { 'url.path': '/users/1234' } }]).batch)).not.toHaveProperty('tocsin.name.original');
  });

  test('too many routes of a service are one, and counted; other services are not concerned', () => {
    const words = Array.from({ length: 260 }, (_, index) => `/p${String.fromCharCode(97 + (index % 26))}${String.fromCharCode(97 + Math.floor(index / 26))}`);
    const { batch, report } = normalise([...words.map((path) => ({ name: 'GET', attributes: { 'url.path': path } })), { service: 'other', name: 'GET', attributes: { 'url.path': '/late' } }]);
    const routes = Array.from({ length: 261 }, (_, row) => attributesOf(batch, row)['http.route']);
    expect(new Set(routes.slice(0, 260)).size).toBe(201);
    expect(routes[259]).toBe('/*');
    expect(routes[260]).toBe('/late');
    expect(report).toMatchObject([{ service: 'checkout', routesDerived: 260, routesOverLimit: 60, routes: 200 }, { service: 'other', routesOverLimit: 0, routes: 1 }]);
  });

  test('names are limited with the routes', () => {
    const names = Array.from({ length: 300 }, (_, index) => `GET /${String.fromCharCode(97 + (index % 26)).repeat(Math.floor(index / 26) + 1)}`);
    const { batch } = normalise(names.map((name) => ({ name })));
    expect(new Set(batch.names).size).toBe(201);
    expect(batch.names[299]).toBe('GET /*');
  });

  test('what was not found takes no place', () => {
    const normaliser = createNormaliser();
    const probe = (path: string, status: number): AttributeValue | undefined =>
      attributesOf(normaliser.spans(spanBatch([{ name: 'GET', attributes: { 'url.path': path, 'http.response.status_code': status } }]), ARRIVAL))['http.route'];
    expect([probe('/wp-login.php', 404), probe('/cart', 200), probe('/cart', 404), probe('/wp-login.php', 404)]).toEqual(['/*', '/cart', '/cart', '/*']);
  });

  test('the route of a path depends on the path alone while the limits hold', () => {
    const paths = fc.array(fc.constantFrom('/a', '/b/1', '/b/2', '/c/x-1234', '/d/550e8400-e29b-41d4-a716-446655440000', '/e/f/g'), { minLength: 1, maxLength: 30 });
    fc.assert(fc.property(paths, paths, (one, other) => {
      const routeIn = (order: readonly string[]): Map<string, AttributeValue | undefined> => {
        const { batch } = normalise(order.map((path) => ({ name: 'GET', attributes: { 'url.path': path } })));
        return new Map(order.map((path, row) => [path, attributesOf(batch, row)['http.route']]));
      };
      const [left, right] = [routeIn(one), routeIn(other)];
      for (const [path, found] of left) if (right.has(path)) expect(right.get(path)).toBe(found);
    }), { numRuns: 200 });
  });

  test('services beyond the limit share one state', () => {
    const { report } = normalise(['a', 'b', 'c', 'd'].map((service) => ({ service, attributes: { 'http.method': 'GET' } })), { maxServices: 2 });
    expect(report.map(({ service, oldNames }) => [service, oldNames['http.method']])).toEqual([['a', 1], ['b', 1], ['(other services)', 2]]);
  });
});

describe('clocks', () => {
  const at = (endMs: number, durationMs = 10, imported = false): { clock: AttributeValue | undefined; endMs: number | undefined; batch: SpanBatch; report: object | undefined } => {
    const normaliser = createNormaliser();
    const batch = normaliser.spans(spanBatch([{ kind: 'internal', startMs: endMs - durationMs, durationMs }]), { receivedAtMs: NOW_MS, imported });
    return { clock: attributesOf(batch)['tocsin.clock'], endMs: batch.endMs[0], batch, report: normaliser.report()[0] };
  };

  test('a span from an hour ahead counts in the minute of its receipt, is flagged and counted; its own times stay', () => {
    const { clock, endMs, batch, report } = at(NOW_MS + 3_600_000);
    expect([clock, endMs]).toEqual(['future', NOW_MS]);
    expect([batch.startNs[0], batch.durationNs[0]]).toEqual([BigInt(NOW_MS + 3_600_000 - 10) * 1_000_000n, 10_000_000]);
    expect(report).toMatchObject({ future: 1, maxAheadMs: 3_600_000, ancient: 0 });
  });

  test('a span from just ahead counts in the minute of its receipt, without remark', () => {
    expect(at(NOW_MS + 5_000)).toMatchObject({ clock: undefined, endMs: NOW_MS, report: { future: 0 } });
    expect(at(NOW_MS + 5_001)).toMatchObject({ clock: 'future' });
  });

  test('a span from the past keeps its minute; one that began a week ago is flagged', () => {
    expect(at(NOW_MS - 7_200_000)).toMatchObject({ clock: undefined, endMs: NOW_MS - 7_200_000 });
    expect(at(NOW_MS, 7 * 86_400_000)).toMatchObject({ clock: undefined });
    expect(at(NOW_MS, 7 * 86_400_000 + 1_000)).toMatchObject({ clock: 'ancient', endMs: NOW_MS, report: { ancient: 1 } });
    expect(at(1_000)).toMatchObject({ clock: 'ancient', endMs: 1_000 });
  });

  test('imported spans may be old, but not from the future', () => {
    expect(at(1_000, 10, true)).toMatchObject({ clock: undefined, endMs: 1_000 });
    expect(at(NOW_MS + 60_000, 10, true)).toMatchObject({ clock: 'future', endMs: NOW_MS });
  });

  test('senders cannot write the words that are Tocsin’s', () => {
    expect(renamed('internal', { 'tocsin.clock': 'future', 'tocsin.route': 'derived', 'tocsin.name.original': 'x', 'tocsin.kept.reason': 'slow' })).toEqual({ 'tocsin.kept.reason': 'slow' });
  });

  test('no event time is after the receipt, whatever was sent', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: NOW_MS + 86_400_000 }), { maxLength: 20 }), (ends) => {
      const sent = spanBatch(ends.map((endMs) => ({ kind: 'internal', startMs: endMs, durationMs: 0 })));
      const { endMs } = createNormaliser().spans(sent, ARRIVAL);
      ends.forEach((end, row) => expect(endMs[row]).toBe(Math.min(end, NOW_MS)));
    }));
  });
});

describe('whatever the attributes', () => {
  const newNameOf = (key: string, kind: number | undefined): string => (key === 'http.target' || key === 'rpc.service' ? '' : canonicalKey(key, kind === 2 ? 'server' : 'client'));
  const keys = ['http.method', 'http.request.method', 'http.target', 'url.path', 'url.query', 'url.full', 'http.url', 'http.route', 'db.name', 'db.redis.database_index', 'db.namespace', 'rpc.service', 'rpc.method', 'rpc.system', 'rpc.grpc.status_code', 'rpc.status_code', 'net.peer.name', 'net.host.name', 'server.address', 'client.address', 'x', 'tocsin.clock'];
  const value = fc.oneof(fc.constantFrom('/a/1', 'a', '', '?', 'mssql'), fc.integer({ min: -1, max: 20 }), fc.constantFrom<AttributeValue>(null, 5n, Uint8Array.of(1), [1], { a: 1 }, true));
  const span: fc.Arbitrary<SpanDescription> = fc.record({
    name: fc.constantFrom('GET', 'GET /a/1', '/a/1', 'x'), kind: fc.constantFrom('server' as const, 'client' as const, 'internal' as const, 'consumer' as const),
    service: fc.constantFrom('a', 'b'), attributes: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 10, noNullPrototype: true }),
  });

  test('keys stay unique, nothing unknown is lost, and a second time changes nothing but what only Tocsin writes', () => {
    fc.assert(fc.property(fc.array(span, { minLength: 1, maxLength: 8 }), (spans) => {
      const batch = spanBatch(spans);
      const once = createNormaliser().spans(batch, ARRIVAL);
      const twice = createNormaliser().spans(once, ARRIVAL);
      for (let row = 0; row < batch.count; row += 1) {
        const { 'tocsin.route': _, 'tocsin.name.original': __, ...stored } = attributesOf(once, row);
        expect(stored['x']).toEqual(spans[row]?.attributes?.['x']);
        const { 'tocsin.route': ___, 'tocsin.name.original': ____, ...again } = attributesOf(twice, row);
        // Of two old names of one new name, the one that was kept is now older than what is there.
        for (const [key, value] of Object.entries(stored)) if (key in again || newNameOf(key, batch.kinds[row]) === key) expect(again[key]).toEqual(value);
        for (const key of Object.keys(stored)) expect(['http.method', 'tocsin.clock']).not.toContain(key);
      }
      expect(twice.names).toEqual(once.names);
      expect(once.attributeStart[once.count]).toBe(once.attributes.length);
    }), { numRuns: 500 });
  });

  test('what is remembered does not change what is said', () => {
    fc.assert(fc.property(fc.array(fc.array(span, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }), (batches) => {
      const remembering = createNormaliser();
      for (const spans of batches) {
        const batch = spanBatch(spans);
        const [known, fresh] = [remembering.spans(batch, ARRIVAL), createNormaliser().spans(batch, ARRIVAL)];
        expect(known.attributes).toEqual(fresh.attributes);
        expect(known.names).toEqual(fresh.names);
        expect(remembering.spans(batch, ARRIVAL).attributes).toEqual(fresh.attributes);
      }
    }), { numRuns: 60 });
  });
});
