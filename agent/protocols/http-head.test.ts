import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOfFields, HeadFields, type HeadWishes } from './http-head.js';
import { StartLines } from './http-start-line.js';
import { Words } from './words.js';

const NOTHING_MORE: HeadWishes = { headers: new Set(), b3: false };

function fieldsOf(lines: readonly string[], wishes = NOTHING_MORE): HeadFields {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
  const fields = new HeadFields(wishes, new Words());
  fields.read(bytes, 'GET / HTTP/1.1\r\n'.length, endOfFields(bytes, 0));
  return fields;
}

function requestOf(line: string): readonly unknown[] | undefined {
  const lines = new StartLines(new Words());
  return lines.request(Buffer.from(line, 'latin1'), 0) === line.length ? [lines.method, lines.path, lines.authority, lines.version] : undefined;
}

function statusOf(line: string): number | undefined {
  const lines = new StartLines(new Words());
  return lines.status(Buffer.from(line, 'latin1'), 0) === line.length ? lines.statusCode : undefined;
}

test('words are the bytes they were made of, whatever was there before', () => {
  const words = new Words();
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 160 }), { minLength: 1, maxLength: 50 }), (texts) => {
    for (const text of [...texts, ...texts]) {
      const bytes = Buffer.concat([Buffer.from('a'), text, Buffer.from('b')]);
      expect(words.of(bytes, 1, 1 + text.length)).toBe(Buffer.from(text).toString('latin1'));
    }
  }));
});

test('words of more texts than there are places are still right', () => {
  const words = new Words();
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 10_000; index += 1) {
      const bytes = Buffer.from(`/orders/${index}`);
      expect(words.of(bytes, 0, bytes.length)).toBe(`/orders/${index}`);
    }
  }
});

test('a head ends where an empty line does', () => {
  const text = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', ':'), maxLength: 40 });
  fc.assert(fc.property(text, fc.nat(8), (head, from) => {
    const at = head.indexOf('\r\n\r\n', from);
    expect(endOfFields(Buffer.from(head), from)).toBe(at === -1 ? -1 : at + 2);
  }), { numRuns: 2_000 });
});

describe('request lines', () => {
  test.each([
    ['GET /orders/7?token=secret#x HTTP/1.1\r\n', ['GET', '/orders/7', undefined, '1.1']],
    ['GET /# HTTP/1.0\r\n', ['GET', '/', undefined, '1.0']],
    ['GET http://shop.example:8080/orders?x=1 HTTP/1.1\r\n', ['GET', '/orders', 'shop.example:8080', '1.1']],
    ['GET https://shop.example HTTP/1.1\r\n', ['GET', '/', 'shop.example', '1.1']],
    ['CONNECT shop.example:443 HTTP/1.1\r\n', ['CONNECT', '', 'shop.example:443', '1.1']],
    ['OPTIONS * HTTP/1.1\r\n', ['OPTIONS', '*', undefined, '1.1']],
  ])('%j', (line, read) => {
    expect(requestOf(line)).toEqual(read);
  });

  test.each(['GET  / HTTP/1.1\r\n', 'get / HTTP/1.1\r\n', 'GET / HTTP/1.2\r\n', 'GET / HTTP/1.1\n', 'GET /', 'GO / HTTP/1.1\r\n', `GET /${'a'.repeat(8_192)} HTTP/1.1\r\n`, 'GET /a\tb HTTP/1.1\r\n'])('%j is none', (line) => {
    expect(requestOf(line)).toBeUndefined();
  });
});

test('status lines', () => {
  expect(['HTTP/1.1 200 OK\r\n', 'HTTP/1.0 404 Not Found\r\n', 'HTTP/1.1 503\r\n', 'HTTP/1.1 100 \r\n'].map(statusOf)).toEqual([200, 404, 503, 100]);
  expect(['HTTP/1.1 600 OK\r\n', 'HTTP/1.1 20 OK\r\n', 'HTTP/1.1 2000\r\n', 'HTTP/2 200\r\n', 'HTTP/1.1 200 OK', 'HTTP/1.1 200OK\r\n', 'HTTP/1.1 200 O\nK\r\n'].map(statusOf)).toEqual(Array.from({ length: 7 }, () => undefined));
});

test('fields are found in any case, without the blanks around their values, and only whole ones', () => {
  const fields = fieldsOf(['HOST:  shop.example \t', 'Content-Length: 12', 'transfer-ENCODING: gzip, Chunked', 'User-Agent: caf\xc3\xa9', 'X-Request-Id: 7', 'content-type:text/plain', 'Accept: */*', ': no name', 'no colon']);
  expect([fields.host, fields.contentLength, fields.isChunked, fields.userAgent, fields.requestId, fields.contentType, fields.kept.size]).toEqual(['shop.example', 12, true, 'café', '7', 'text/plain', 0]);
});

test('lengths that cannot be trusted are told', () => {
  const lengthOf = (...values: readonly string[]): number => fieldsOf(values.map((value) => `content-length: ${value}`)).contentLength;
  expect([lengthOf(), lengthOf('0'), lengthOf('7', '7'), lengthOf('7', '8'), lengthOf('-7'), lengthOf('7a'), lengthOf(''), lengthOf('1234567890123456')]).toEqual([-1, 0, 7, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
});

test('headers that were asked for are kept, several of one name as a list', () => {
  const fields = fieldsOf(['X-Tenant: a', 'Host: shop', 'x-tenant: b', 'X-Other: c'], { headers: new Set(['x-tenant', 'host']), b3: false });
  expect(fields.kept).toEqual(new Map([['x-tenant', 'a, b'], ['host', 'shop']]));
});

test('nothing of the head before is left', () => {
  const fields = fieldsOf(['host: shop', 'content-length: 7', 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']);
  expect(fields.context?.spanId).toBe('b7ad6b7169203331');
  fields.read(Buffer.from('\r\n'), 0, 0);
  expect([fields.host, fields.contentLength, fields.context, fields.kept.size]).toEqual([undefined, -1, undefined, 0]);
});
