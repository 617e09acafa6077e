import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logRows, spanRows } from '../../test/support/batch-rows.js';
import { officialLogs, officialSpans } from '../../test/support/otlp-official.js';
import { NOW_MS } from '../../test/support/otlp-wire.js';
import { loadRules } from '../config/load-rules.js';
import { formatProblem } from '../lib/problem.js';
import { attributeOf, attributesJson } from '../trace/attribute-json.js';
import type { AttributeValue } from '../trace/attribute.js';
import { resource, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import type { LogBatch } from '../trace/log-record.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { createLogDecoder, createTraceDecoder } from './decoder.js';
import { SECRETS } from './detect-corpus.js';
import { compileRedaction, type CompiledRedaction } from './redact-compile.js';
import { createRedactor, type RedactionHit, type Redactor } from './redactor.js';

const KEY = Buffer.alloc(32, 7);
const SHIPPED = readFileSync(fileURLToPath(new URL('../../rules/redaction.yaml', import.meta.url)), 'utf8');

function redactorOf(text: string, hashKey: Uint8Array | undefined = KEY): Redactor {
  return createRedactor(compiled(text, hashKey));
}

function compiled(text: string, hashKey: Uint8Array | undefined = KEY): CompiledRedaction {
  const loaded = loadRules([{ path: 'rules/redaction.yaml', text }]);
  const { redaction, problems } = compileRedaction(loaded.rules.redactions, hashKey);
  expect([...loaded.problems, ...problems].map(formatProblem)).toEqual([]);
  return redaction;
}

function own(spec: string, name = 'own'): string {
  return `apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: ${name} }\nspec:\n${spec}---\n`;
}

const rule = (body: string): string => own(`  rules:\n    - { name: it, ${body} }\n`);

function attributesOf(batch: SpanBatch, row = 0): Record<string, AttributeValue> {
  return Object.fromEntries(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1]).map(({ key, value }) => [key, value]));
}

function redacted(text: string, ...spans: SpanDescription[]): { batch: SpanBatch; hits: readonly RedactionHit[] } {
  return redactorOf(text).spans(spanBatch(spans));
}

/** Of one span with these attributes. */
function values(text: string, attributes: Record<string, AttributeValue>): Record<string, AttributeValue> {
  return attributesOf(redacted(text, { attributes }).batch);
}

function logBatch(bodies: readonly string[], service = 'checkout'): LogBatch {
  const body = Buffer.from(JSON.stringify({ resourceLogs: [{
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeLogs: [{ logRecords: bodies.map((text) => ({ timeUnixNano: String(NOW_MS * 1e6), body: { stringValue: text }, attributes: [{ key: 'note', value: { stringValue: text } }] })) }],
  }] }));
  const decoded = createLogDecoder().decode({ body, encoding: 'json', receivedAtMs: NOW_MS });
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.batch;
}

describe('modes', () => {
  const attributes = { 'user.name': 'Ann', age: 42, tags: ['a', 'b'], map: { x: 1 }, empty: '', nothing: null, other: 'b' };
  const all = 'attributes: { names: [user.name, age, tags, map, empty, nothing] }';

  test('mask puts **** in place of whole values, lists keep their length, what is empty stays', () => {
    expect(values(rule(`${all}, mode: mask`), attributes)).toEqual({ 'user.name': '****', age: '****', tags: ['****', '****'], map: '****', empty: '', nothing: null, other: 'b' });
  });

  test('hash gives equal values equal hashes, whatever attribute they stand in', () => {
    const result = values(rule(`${all}, mode: hash`), { ...attributes, tags: ['Ann', '42'] });
    expect(result['user.name']).toMatch(/^hmac:[0-9a-f]{16}$/);
    expect(result['tags']).toEqual([result['user.name'], result['age']]);
    expect(result['map']).not.toBe(result['age']);
  });

  test('hash depends on the key', () => {
    const spans = spanBatch([{ attributes: { a: 'x' } }]);
    const text = rule('attributes: { names: [a] }, mode: hash');
    const [one, other] = [KEY, Buffer.alloc(32, 8)].map((key) => attributesOf(redactorOf(text, key).spans(spans).batch)['a']);
    expect(one).not.toBe(other);
  });

  test('hash without a key is a problem that says what to do', () => {
    const { rules } = loadRules([{ path: 'r.yaml', text: rule('detect: [email], mode: hash') }]);
    expect(compileRedaction(rules.redactions).problems.map(formatProblem).join()).toMatch(/^r\.yaml:6:15: error rules\/no-hash-key .*TOCSIN_REDACTION_KEY_FILE/);
    expect(compileRedaction(rules.redactions.map((policy) => ({ ...policy, enabled: false }))).problems).toEqual([]);
  });

  test('drop takes attributes away, by key and by what is found in them', () => {
    const { batch, hits } = redacted(rule('attributes: { names: [a] }, mode: drop'), { attributes: { a: 1, b: 2 } }, { attributes: { b: 3 } }, { attributes: { a: 4 } });
    expect([0, 1, 2].map((row) => attributesOf(batch, row))).toEqual([{ b: 2 }, { b: 3 }, {}]);
    expect(hits).toEqual([{ policy: 'own', rule: 'it', mode: 'drop', count: 2 }]);
    expect(values(rule('detect: [email], mode: drop'), { a: 'x ann@shop.example', b: 'y', c: { d: ['ann@shop.example'] } })).toEqual({ b: 'y' });
    expect(redacted(rule('detect: [email], mode: drop'), { name: 'mail ann@shop.example' }).batch.names).toEqual(['mail ****@****']);
    expect(values(rule('attributes: { names: [b] }, mode: drop'), { a: { b: 1, c: 2 } })).toEqual({ a: { c: 2 } });
  });
});

describe('which attributes', () => {
  test('whole names and beginnings in any case, patterns as they are written', () => {
    const text = rule("attributes: { names: [User.Name], prefixes: ['HTTP.request.'], patterns: ['x-[a-c]', '(?i)y'] }");
    expect(values(text, { 'user.name': 'a', 'user.names': 'a', 'http.request.id': 'a', 'x-a': 'a', 'x-d': 'a', 'X-a': 'a', Y: 'a' }))
      .toEqual({ 'user.name': '****', 'user.names': 'a', 'http.request.id': '****', 'x-a': '****', 'x-d': 'a', 'X-a': 'a', Y: '****' });
  });

  test('an attribute is found under its name before and after a rename', () => {
    expect(values(rule('attributes: { names: [client.address] }'), { 'http.client_ip': '10.0.0.1' })).toEqual({ 'http.client_ip': '****' });
    expect(values(rule('attributes: { names: [http.client_ip] }'), { 'client.address': '10.0.0.1' })).toEqual({ 'client.address': '****' });
  });

  test('an allow list: everything but', () => {
    expect(values(rule('attributes: { except: { prefixes: [http.], names: [a] } }, mode: drop'), { 'http.route': '/', a: 1, b: 2 })).toEqual({ 'http.route': '/', a: 1 });
  });

  test('within maps by the name and by the way to it', () => {
    const attributes = { request: { headers: { authorization: 'x', accept: 'y' }, list: [{ pin: 1 }] }, pin: 2 };
    expect(values(rule('attributes: { names: [authorization, request.list.pin] }'), attributes))
      .toEqual({ request: { headers: { authorization: '****', accept: 'y' }, list: [{ pin: '****' }] }, pin: 2 });
  });

  test('exempt attributes are not touched by their document, but by others', () => {
    const text = own('  exempt: { names: [a] }\n  rules: [{ name: it, detect: [email], attributes: { prefixes: [a, b] } }]\n') + own('  rules: [{ name: other, attributes: { names: [c] } }]\n', 'second');
    expect(values(text, { a: 'ann@shop.example', b: 'ann@shop.example', c: 'x' })).toEqual({ a: 'ann@shop.example', b: '****@****', c: '****' });
  });

  test('of two rules that want a value the first has it', () => {
    const text = own('  rules:\n    - { name: one, attributes: { names: [a] }, mode: drop }\n    - { name: two, attributes: { prefixes: [a] } }\n    - { name: three, detect: [email], attributes: { names: [b] }, mode: hash }\n    - { name: four, detect: [email, jwt] }\n');
    const { batch, hits } = redacted(text, { attributes: { a: 1, ab: 2, b: 'ann@shop.example', c: 'ann@shop.example' } });
    expect(attributesOf(batch)).toEqual({ ab: '****', b: expect.stringMatching(/^hmac:/), c: '****@****' });
    expect(hits.map(({ rule: name, count }) => [name, count])).toEqual([['one', 1], ['two', 1], ['three', 1], ['four', 1]]);
  });

  test('service.name is not redacted whole, because who sent it must stay known', () => {
    const { batch } = redacted(rule('attributes: { prefixes: [service.] }'), { service: 'checkout', resource: { 'service.version': '1' } });
    expect(batch.resources[0]).toMatchObject({ serviceName: 'checkout', json: '{"service.name":"checkout","service.version":"****"}' });
  });

  test('a pattern that cannot be used says where', () => {
    const { rules } = loadRules([{ path: 'r.yaml', text: rule("attributes: { patterns: ['a(b'] }") }]);
    expect(compileRedaction(rules.redactions).problems.map(formatProblem)).toEqual([expect.stringMatching(/^r\.yaml:6:\d+: error rules\/bad-pattern: the pattern "a\(b" cannot be used: .*character 2/)]);
  });
});

describe('everything that a span says', () => {
  const mail = 'ann@shop.example';
  const span: SpanDescription = {
    name: `GET /${mail}`, statusMessage: `no ${mail}`, service: 'checkout', resource: { owner: mail },
    attributes: { a: mail, list: ['x', mail], map: { [mail]: { deep: [mail] } }, bytes: Buffer.from(`x ${mail}`), card: 4111111111111111, big: 6212345678901265n, ok: 1, [`count/${mail}`]: 1 },
    events: [{ name: `sent ${mail}`, attributes: { 'exception.message': mail } }, { name: 'fine' }],
    links: [{ traceId: '1', spanId: '2', traceState: `x=${mail}`, attributes: { b: mail } }],
    traceState: `ot=th:8,x=${mail}`,
  };
  const text = rule('detect: [email, card-number]');

  test('is redacted: name, status, trace state, attributes, events, links, resource', () => {
    const { batch, hits } = redacted(text, span);
    expect(batch.names).toEqual(['GET /****@****']);
    expect(batch.statusMessages).toEqual(['no ****@****']);
    expect(attributesOf(batch)).toEqual({ a: '****@****', list: ['x', '****@****'], map: { '****@****': { deep: ['****@****'] } }, bytes: '****', card: '****1111', big: '****1265', ok: 1, 'count/****@****': 1 });
    expect(batch.events[0]?.map(({ name }) => name)).toEqual(['sent ****@****', 'fine']);
    expect(batch.events[0]?.[0]?.attributes[0]?.value).toBe('****@****');
    expect(batch.links[0]?.[0]).toMatchObject({ traceState: 'x=****@****', attributes: [{ value: '****@****' }] });
    expect(batch.traceStates).toEqual(['ot=th:8,x=****@****']);
    expect(batch.resources[0]?.attributes.map(({ value }) => value)).toEqual(['checkout', '****@****']);
    expect(JSON.stringify(batch, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(mail);
    expect(hits).toEqual([{ policy: 'own', rule: 'it', mode: 'mask', count: 16 }]);
  });

  test('has JSON that says the same as its values', () => {
    const { batch } = redacted(text, span);
    const { attributes } = batch;
    expect(JSON.parse(attributesJson(attributes))).toMatchObject({ a: '****@****', card: '****1111', map: { '****@****': { deep: ['****@****'] } } });
    expect(attributes.find(({ key }) => key === 'card')?.isInteger).toBe(false);
    expect(batch.resources[0]).toEqual(resource({ 'service.name': 'checkout', owner: '****@****' }));
  });

  test('is counted again when it comes again', () => {
    const redactor = redactorOf(text);
    const batch = spanBatch([span, span]);
    const counts = [1, 2, 3].map(() => redactor.spans(batch).hits[0]?.count);
    // The resource of the two spans is one.
    expect(counts).toEqual([31, 31, 31]);
  });

  test('includes the scope, which services share', () => {
    const batch: SpanBatch = { ...spanBatch([span]), scopes: [{ name: `lib ${mail}`, version: mail }] };
    expect(redactorOf(text).spans(batch).batch.scopes).toEqual([{ name: 'lib ****@****', version: '****@****' }]);
    const withAttributes: SpanBatch = { ...batch, scopes: [{ name: 'lib', version: '1', attributes: [attributeOf('owner', mail)] }] };
    expect(redactorOf(text).spans(withAttributes).batch.scopes[0]!.attributes![0]!.value).toBe('****@****');
    expect(redactorOf(own('  services: { names: [cart] }\n  rules: [{ name: it, detect: [email] }]\n')).spans(batch).batch.scopes).toBe(batch.scopes);
  });

  test('keys that become equal become one', () => {
    const { batch } = redacted(text, { attributes: { 'ann@shop.example': 1, 'bob@shop.example': 2, x: 3 } });
    expect(attributesOf(batch)).toEqual({ '****@****': 1, x: 3 });
  });

  test('resources that become equal become one object', () => {
    const { batch } = redacted(text, { resource: { owner: mail } }, { resource: { owner: 'bob@shop.example' } });
    expect(batch.resources[0]).toBe(batch.resources[1]);
  });

  test('is shared where nothing is found', () => {
    const redactor = redactorOf(SHIPPED);
    const clean = spanBatch([{ attributes: { a: 'b' }, events: [{ name: 'e' }] }, { attributes: { a: 'c' } }]);
    expect(redactor.spans(clean)).toEqual({ batch: clean, hits: [] });
    expect(redactor.spans(clean).batch).toBe(clean);
    const mixed = spanBatch([{ attributes: { a: 'b' } }, { attributes: { a: mail } }]);
    const { batch } = redactor.spans(mixed);
    expect(batch.attributes[0]).toBe(mixed.attributes[0]);
    for (const column of ['names', 'events', 'links', 'traceIds', 'traceStates', 'scopes', 'attributeStart', 'resources', 'statusMessages'] as const) expect(batch[column]).toBe(mixed[column]);
    expect(attributesOf(mixed, 1)).toEqual({ a: mail });
  });
});

describe('log records', () => {
  test('bodies and attributes are redacted', () => {
    const { batch, hits } = redactorOf(rule('detect: [email]')).logs(logBatch(['mail to ann@shop.example', 'fine']));
    expect(batch.bodies).toEqual(['mail to ****@****', 'fine']);
    expect(batch.attributes.map(({ value }) => value)).toEqual(['mail to ****@****', 'fine']);
    expect(hits[0]?.count).toBe(2);
  });

  test('members of bodies that are JSON are redacted like attributes', () => {
    const redactor = redactorOf(own('  rules:\n    - { name: keys, attributes: { names: [customer.name, pin] }, mode: drop }\n    - { name: mail, detect: [email] }\n'));
    const body = '{"customer":{"name":"Ann","id":12345678901234567890},"pin":1,"to":"ann@shop.example"}';
    const { batch, hits } = redactor.logs(logBatch([body]));
    expect(batch.bodies).toEqual(['{"customer":{"name":"****","id":12345678901234567890},"pin":"****","to":"****@****"}']);
    expect(hits.map(({ rule: name, count }) => [name, count])).toEqual([['keys', 2], ['mail', 2]]);
  });
});

describe('scope', () => {
  const text = own('  services: { names: [checkout], prefixes: [pay-] }\n  rules: [{ name: it, detect: [email] }]\n') + own("  services: { except: { patterns: ['pay-.*'] } }\n  rules: [{ name: drop, attributes: { names: [a] }, mode: drop }]\n", 'second');

  test('a document applies to the services that it names', () => {
    const attributes = { a: 1, m: 'ann@shop.example' };
    const { batch } = redacted(text, { service: 'checkout', attributes }, { service: 'pay-eu', attributes }, { service: 'cart', attributes });
    expect([0, 1, 2].map((row) => attributesOf(batch, row))).toEqual([{ m: '****@****' }, { a: 1, m: '****@****' }, { m: 'ann@shop.example' }]);
  });

  test('switched off it does nothing', () => {
    const spans = spanBatch([{ attributes: { a: 'ann@shop.example' } }]);
    expect(redactorOf(own('  enabled: false\n  rules: [{ name: it, detect: [email] }]\n')).spans(spans).batch).toBe(spans);
    expect(redactorOf('# nothing\n').spans(spans).batch).toBe(spans);
  });
});

describe('the shipped rules', () => {
  test('let none of the secrets through, wherever they stand', () => {
    const redactor = redactorOf(SHIPPED);
    const samples = Object.entries(SECRETS).filter(([name]) => name !== 'us-ssn').flatMap(([, list]) => list);
    fc.assert(fc.property(fc.constantFrom(...samples), ([text, secret]) => {
      const { batch } = redactor.spans(spanBatch([{ name: text, statusMessage: text, attributes: { a: text, b: [text], c: { d: text } }, events: [{ name: text, attributes: { e: text } }], links: [{ traceId: '1', spanId: '2', attributes: { f: text } }], resource: { g: text } }]));
      const seen = JSON.stringify([batch.names, batch.statusMessages, attributesOf(batch), batch.events[0]?.map(({ name, attributes }) => [name, attributes]), batch.links[0]?.map(({ attributes }) => attributes), batch.resources[0]?.json]);
      expect(seen).not.toContain(JSON.stringify(secret).slice(1, -1));
    }), { numRuns: 300 });
  });

  test.each([
    'http.request.header.authorization', 'http.request.header.Proxy-Authorization', 'http.request.header.cookie', 'http.response.header.set-cookie', 'http.response.header.set_cookie', 'authorization', 'cookie',
    'rpc.grpc.request.metadata.authorization', 'http.request.header.x-api-key', 'http.request.header.x_api_key', 'http.request.header.x-amz-security-token', 'x-auth-token', 'http.request.header.x-csrf-token', 'http.request.header.x-vault-token',
    'db.password', 'userPassword', 'user.password', 'PASSWORD', 'spring.datasource.password', 'client_secret', 'oauth.client.secret', 'aws.secret.key', 'apiKey', 'stripe.api_key', 'aws.access-key', 'tls.private_key', 'access_token', 'refreshToken', 'app.session.token', 'token', 'db.connection_string',
  ])('hide the value of %s', (key) => {
    expect(values(SHIPPED, { [key]: ['some value'] })).toEqual({ [key]: ['****'] });
  });

  test.each([
    'http.request.method', 'http.request.header.content-type', 'http.route', 'db.query.text', 'db.namespace', 'enduser.id', 'user.id', 'session.id', 'service.instance.id', 'messaging.message.id', 'k8s.secret.name', 'k8s.pod.uid',
    'gen_ai.usage.input_tokens', 'gen_ai.token.type', 'container.image.tags', 'aws.secretsmanager.secret.arn', 'app.authorization.decision', 'http.cookies.count', 'key', 'messaging.kafka.message.key', 'feature_flag.key', 'author', 'shop.secretary', 'page.next', 'thread.id', 'oauth.token_type',
  ])('leave the value of %s', (key) => {
    expect(values(SHIPPED, { [key]: 'some value' })).toEqual({ [key]: 'some value' });
  });

  test('leave ids alone that look like card numbers or addresses', () => {
    const attributes = { 'messaging.message.id': '<1.2@mail.shop.example>', 'dd.trace_id': '4111111111111111', request_id: 4111111111111111, 'messaging.kafka.offset': 4111111111111111 };
    expect(values(SHIPPED, attributes)).toEqual(attributes);
  });
});

describe('any batch', () => {
  const everything = own("  rules:\n    - { name: keys, attributes: { patterns: ['.*[aeiou]'] }, mode: hash }\n    - { name: gone, attributes: { patterns: ['.*[xyz]'] }, mode: drop }\n    - { name: text, detect: [private-key, url-userinfo, connection-password, authorization, secret-pair, jwt, api-key, card-number, iban, us-ssn, email] }\n");

  test.each([['the shipped rules', SHIPPED], ['many rules', everything]])('of spans is redacted once and for all by %s', (_, text) => {
    const decoder = createTraceDecoder();
    const redaction = compiled(text);
    const redactor = createRedactor(redaction);
    fc.assert(fc.property(officialSpans, (spans) => {
      const decoded = decoder.decode({ body: ProtobufTraceSerializer.serializeRequest(spans)!, encoding: 'protobuf', receivedAtMs: NOW_MS });
      if (!decoded.ok) throw new Error(decoded.message);
      const before = spanRows(decoded.batch);
      const once = redactor.spans(decoded.batch);
      expect(spanRows(decoded.batch)).toEqual(before);
      // Another redactor, which remembers nothing, says the same.
      expect(spanRows(createRedactor(redaction).spans(decoded.batch).batch)).toEqual(spanRows(once.batch));
      const twice = redactor.spans(once.batch);
      expect(spanRows(twice.batch)).toEqual(spanRows(once.batch));
      expect(twice.hits).toEqual([]);
      for (const attribute of once.batch.attributes) expect(Object.keys(JSON.parse(`{${attribute.json}}`) as object)).toEqual([attribute.key]);
      expect(once.batch.attributeStart.at(-1)).toBe(once.batch.attributes.length);
    }), { numRuns: 100 });
  });

  test('of log records is redacted once and for all', () => {
    const decoder = createLogDecoder();
    const redactor = redactorOf(everything);
    fc.assert(fc.property(officialLogs, (logs) => {
      const decoded = decoder.decode({ body: ProtobufLogsSerializer.serializeRequest(logs)!, encoding: 'protobuf', receivedAtMs: NOW_MS });
      if (!decoded.ok) throw new Error(decoded.message);
      const once = redactor.logs(decoded.batch).batch;
      expect(logRows(redactor.logs(once).batch)).toEqual(logRows(once));
    }), { numRuns: 100 });
  });
});
