import { expect, test } from 'vitest';
import { postgresMessage } from '../../test/support/frames.js';
import { hear, text } from '../../test/support/recorded-sessions.js';
import { http1 } from './http1.js';
import { postgres } from './postgres.js';
import { redis } from './redis.js';

const http = http1({ headers: new Set(['x-note']), b3: false, bodyBytes: 0 });
const bodies = http1({ headers: new Set(), b3: false, bodyBytes: 10 });
const sql = postgres({ statementBytes: 1_024, parameters: false });
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const CONTEXT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** The loader captures so much of a request at once. */
const CAPTURED = 4_096;

test('a header over several lines is one (obs-fold)', () => {
  const { ended } = hear(http, [
    text('request', 1, `POST /orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding:\r\n chunked\r\nX-Note: one\r\n\ttwo\r\n  content-length: 9\r\ntraceparent:\r\n ${CONTEXT}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    text('response', 2, OK), text('request', 3, 'GET /next HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 4, OK),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.path, exchange.requestBodySize, exchange.requestHeaders.get('x-note'), exchange.context?.spanId])).toEqual([
    ['/orders', 3, 'one two content-length: 9', 'b7ad6b7169203331'], ['/next', 0, undefined, undefined],
  ]);
});

test('a request that is answered before its last chunk has no size, and the next one is whole again', () => {
  const { ended } = hear(http, [
    text('request', 1, 'POST /upload HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'), text('response', 2, OK),
    text('request', 3, '4\r\nabcd\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 4, OK),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.path, exchange.statusCode, exchange.requestBodySize])).toEqual([['/upload', 200, undefined], ['/next', 200, 0]]);
});

test('of a head longer than what is captured the first line is enough, and the next request is whole again', () => {
  const head = `GET /cookies HTTP/1.1\r\nHost: shop\r\ntraceparent: ${CONTEXT}\r\nCookie: ${'c'.repeat(6_000)}\r\n\r\n`;
  const answer = `HTTP/1.1 302 Found\r\nSet-Cookie: ${'c'.repeat(6_000)}\r\nContent-Length: 0\r\n\r\n`;
  const cut = (side: 'request' | 'response', atNs: number, whole: string) => [text(side, atNs, whole.slice(0, CAPTURED), whole.length - CAPTURED - 64), text(side, atNs, whole.slice(-64))];
  const { ended, abandoned } = hear(http, [...cut('request', 1, head), ...cut('response', 2, answer), text('request', 3, 'GET /next HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 4, OK)]);
  expect(abandoned).toEqual([]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.path, exchange.statusCode, exchange.isCut, exchange.requestBodySize, exchange.responseBodySize, exchange.context?.traceId, exchange.endNs])).toEqual([
    ['/cookies', 302, true, undefined, undefined, '0af7651916cd43dd8448eb211c80319c', 2], ['/next', 200, false, 0, 2, undefined, 4],
  ]);
});

test('of a request line that is longer than what is captured the path is told, where the query alone is cut', () => {
  const line = (target: string): ReturnType<typeof text>[] => [text('request', 1, `GET ${target}${'q'.repeat(CAPTURED)}`.slice(0, CAPTURED), 4_000), text('request', 1, 'Host: shop\r\n\r\n')];
  const { ended } = hear(http, [...line('/search?q=geheim'), text('response', 2, OK), ...line('/a/path/of/which/nobody/knows/the/end'), text('response', 4, OK), text('request', 5, 'GET /next HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 6, OK)]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.method, exchange.path, exchange.version, exchange.authority, exchange.requestBodySize, exchange.statusCode])).toEqual([
    ['GET', '/search', undefined, '', undefined, 200], ['GET', '/next', '1.1', 'shop', 0, 200],
  ]);
});

test('a body of which not all came has no size', () => {
  const upload = 'POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 900\r\n\r\nabc';
  const refused = hear(http, [text('request', 1, upload), text('response', 2, 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')]).ended;
  const { abandoned } = hear(http, [text('request', 1, upload)]);
  const half = hear(http, [text('request', 1, 'GET /file HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 2, 'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nabc')]).abandoned;
  expect([...refused, ...abandoned.map(({ exchange }) => exchange), ...half.map(({ exchange }) => exchange)].map((exchange) => exchange.protocol === 'http' && [exchange.path, exchange.requestBodySize, exchange.responseBodySize])).toEqual([
    ['/upload', undefined, 0], ['/upload', undefined, undefined], ['/file', 0, undefined],
  ]);
});

test('GSSAPI and then TLS refused: what follows is the session in plain text', () => {
  const { ended } = hear(sql, [
    text('request', 1, '\0\0\0\x08\x04\xd2\x16\x30'), text('response', 2, 'N'), text('request', 3, '\0\0\0\x08\x04\xd2\x16\x2f'), text('response', 4, 'N'),
    text('request', 5, '\0\0\0\x13\0\x03\0\0user\0shop\0\0'), text('response', 6, 'R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I'),
    text('request', 7, 'Q\0\0\0\x0dSELECT 1\0'), text('response', 8, 'C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I'),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'postgresql' && [exchange.statement, exchange.user, exchange.startNs])).toEqual([['SELECT 1', 'shop', 7]]);
});

test('what can be no command of Redis is not repeated as one', () => {
  const { ended } = hear(redis({ argumentBytes: 0 }), [
    text('request', 1, '*2\r\n$3\r\nget\r\n$1\r\na\r\n'), text('response', 2, '$-1\r\n'), text('request', 3, '*2\r\n$9\r\nFT.SEARCH\r\n$1\r\ni\r\n'), text('response', 4, '*0\r\n'),
    text('request', 5, '*1\r\n$14\r\nmy secret: 123\r\n'), text('response', 6, '-ERR unknown command\r\n'), text('request', 7, '*2\r\n$6\r\nCONFIG\r\n$6\r\n{"a":1\r\n'), text('response', 8, '-ERR unknown subcommand\r\n'),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'redis' && [exchange.command, exchange.errorPrefix])).toEqual([['GET', undefined], ['FT.SEARCH', undefined], ['_OTHER', 'ERR'], ['CONFIG _OTHER', 'ERR']]);
});

test('what is prepared with a Flush and used later takes the time of its use', () => {
  const { ended } = hear(sql, [
    text('request', 1, 'P\0\0\0\x11s\0SELECT 1\0\0\0H\0\0\0\x04'), text('response', 2, '1\0\0\0\x04'),
    text('request', 9_000, 'B\0\0\0\x0d\0s\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04'), text('response', 9_001, '2\0\0\0\x04C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I'),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'postgresql' && [exchange.statement, exchange.startNs, exchange.endNs])).toEqual([['SELECT 1', 9_000, 9_001]]);
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n';

test.each([['as one piece', CHUNKED.length], ['cut everywhere', 1]])('of a chunked body its content is kept, without what frames it, %s', (_how, step) => {
  const pieces = Array.from({ length: Math.ceil(CHUNKED.length / step) }, (_, index) => text('response', 9, CHUNKED.slice(index * step, (index + 1) * step)));
  const upload = 'POST /orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n';
  const { ended } = hear(bodies, [text('request', 1, upload), ...pieces]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.requestBody.toString(), exchange.responseBody.toString(), exchange.responseBodySize])).toEqual([['hi!', 'abcdefg', 7]]);
});

test('what comes behind a hole in a body is not put next to what came before it', () => {
  const { ended } = hear(bodies, [
    text('request', 1, 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 2, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 3), text('response', 3, 'ghi'),
    text('request', 4, 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n'), text('response', 5, 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabcdefghijklmnopqrst'),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'http' && [exchange.responseBody.toString(), exchange.responseBodySize])).toEqual([['abc', 9], ['abcdefghij', 20]]);
});

test('a portal that was closed is forgotten, with what was bound to it', () => {
  const execute = postgresMessage('E', 'c1\0\0\0\0\0');
  const bound = postgresMessage('P', 's\0SELECT a FROM x WHERE b = $1\0\0\0') + postgresMessage('B', 'c1\0s\0\0\0\0\x01\0\0\0\x06geheim\0\0') + execute + postgresMessage('C', 'Pc1\0');
  const done = postgresMessage('C', 'SELECT 1\0');
  const { ended } = hear(postgres({ statementBytes: 1_024, parameters: true }), [
    text('request', 1, bound + postgresMessage('S', '')), text('response', 2, postgresMessage('1', '') + postgresMessage('2', '') + done + postgresMessage('3', '') + postgresMessage('Z', 'I')),
    text('request', 3, execute + postgresMessage('S', '')), text('response', 4, postgresMessage('E', 'C34000\0Mno such portal\0\0') + postgresMessage('Z', 'I')),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'postgresql' && [exchange.statement, exchange.parameters, exchange.errorCode])).toEqual([['SELECT a FROM x WHERE b = $1', ['geheim'], undefined], ['', [], '34000']]);
});

test('a pipeline behind an answer whose end was not seen: each statement has its own outcome', () => {
  const one = (statement: string): string => postgresMessage('P', `\0${statement}\0\0\0`) + postgresMessage('B', '\0\0\0\0\0\0\0\0') + postgresMessage('E', '\0\0\0\0\0');
  const done = postgresMessage('1', '') + postgresMessage('2', '') + postgresMessage('C', 'SELECT 1\0');
  const { ended, abandoned } = hear(sql, [
    text('request', 1, postgresMessage('Q', 'SELECT * FROM large\0')), text('response', 2, postgresMessage('D', 'a row'), 9_000), text('response', 3, 'its end'),
    text('request', 4, one('SELECT a') + one('SELECT b')), text('request', 5, one('SELECT c') + postgresMessage('S', '')),
    text('response', 6, done), text('response', 7, `${postgresMessage('1', '')}${postgresMessage('E', 'C22012\0Mdivision by zero\0\0')}${postgresMessage('Z', 'I')}`),
    text('request', 8, postgresMessage('Q', 'SELECT d\0')), text('response', 9, `${postgresMessage('C', 'SELECT 1\0')}${postgresMessage('Z', 'I')}`),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'postgresql' && [exchange.statement, exchange.errorCode, exchange.endNs])).toEqual([
    ['SELECT * FROM large', undefined, 3], ['SELECT a', undefined, 6], ['SELECT b', '22012', 7], ['SELECT d', undefined, 9],
  ]);
  expect(abandoned.map(({ exchange, reason }) => exchange.protocol === 'postgresql' && [exchange.statement, reason])).toEqual([['SELECT c', 'no-reply']]);
});

test('an answer whose end was not seen is told, also where the next request cannot be read', () => {
  const { ended } = hear(redis({ argumentBytes: 0 }), [
    text('request', 1, '*2\r\n$4\r\nMGET\r\n$1\r\na\r\n'), text('response', 2, '*9\r\n$3\r\nabc\r\n', 9_000), text('response', 3, 'abc\r\n'),
    text('request', 4, '*4\r\n$9\r\nNEWER.ONE\r\n$1\r\n', 9_000),
  ]);
  expect(ended.map((exchange) => exchange.protocol === 'redis' && [exchange.command, exchange.endNs, exchange.isCut])[0]).toEqual(['MGET', 3, true]);
});

test('of a pipeline longer than what is captured the commands that were seen are told, and the next one is whole again', () => {
  const set = (key: string): string => `*3\r\n$3\r\nSET\r\n$2\r\n${key}\r\n$5\r\nvalue\r\n`;
  const { ended, abandoned } = hear(redis({ argumentBytes: 0 }), [
    text('request', 1, `${set('k1')}${set('k2')}*401\r\n$4\r\nHSET\r\n$1\r\nh\r\n$`, 9_000), text('request', 1, '\nvalue\r\n'),
    text('response', 2, '+OK\r\n+OK\r\n:200\r\n+OK\r\n-ERR one that nobody saw\r\n'), text('request', 3, '*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n'), text('response', 4, '$5\r\nvalue\r\n'),
  ]);
  expect(abandoned).toEqual([]);
  expect(ended.map((exchange) => exchange.protocol === 'redis' && [exchange.command, exchange.argumentCount, exchange.errorPrefix, exchange.endNs])).toEqual([
    ['SET', 2, undefined, 2], ['SET', 2, undefined, 2], ['HSET', 400, undefined, 2], ['GET', 1, undefined, 4],
  ]);
});
