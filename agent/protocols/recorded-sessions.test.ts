import { expect, test } from 'vitest';
import { hear, recorded, type Heard } from '../../test/support/recorded-sessions.js';
import { http1 } from './http1.js';
import { postgres } from './postgres.js';
import type { Exchange, Protocol } from './protocol.js';
import { redis } from './redis.js';

const http = http1({ headers: new Set(), b3: false, bodyBytes: 0 });
const sql = postgres({ statementBytes: 1_024, parameters: true });
const resp = redis({ argumentBytes: 32 });

/** One line for each exchange, in the order in which they ended; what was begun and did not end follows. */
function told(protocol: Protocol, name: string): string[] {
  return recorded(name).flatMap((conversation, index) => {
    const heard: Heard = hear(protocol, conversation);
    return [`-- ${index}`, ...heard.ended.map(line), ...heard.abandoned.map(({ exchange, reason }) => `(${reason}) ${line(exchange)}`)];
  });
}

function line(exchange: Exchange): string {
  const cut = exchange.isCut ? ' cut' : '';
  switch (exchange.protocol) {
    case 'http':
      return `${exchange.method} ${exchange.path} ${exchange.statusCode} ${exchange.requestBodySize ?? '?'}>${exchange.responseBodySize ?? '?'}${exchange.context === undefined ? '' : ` in ${exchange.context.traceId}`}${cut}`;
    case 'postgresql':
      return `${exchange.command ?? '-'} ${exchange.rows ?? '-'} ${exchange.errorCode ?? 'ok'}: ${exchange.statement} [${exchange.parameters.join(', ')}] ${exchange.user ?? '?'}@${exchange.database ?? '?'}${cut}`;
    case 'redis':
      return `${exchange.database ?? '?'} ${exchange.command}/${exchange.argumentCount} ${exchange.errorPrefix ?? 'ok'}${cut}`;
  }
}

test('HTTP of a Node server: keep-alive, chunks, HEAD, 204, 1xx, an upgrade', () => {
  expect(told(http, 'http-node')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "GET /users/1234 200 0>11 in 0af7651916cd43dd8448eb211c80319c",
      "GET /chunked 200 0>12",
      "POST /upload 200 3000>15",
      "PUT /stream 200 500>13",
      "HEAD /head 200 0>0",
      "DELETE /none 204 0>0",
      "GET /fail 500 0>18",
      "GET /early 200 0>4",
      "POST /continue 200 4>9",
      "-- 1",
      "GET /old 200 0>11",
      "-- 2",
      "GET /echo 101 0>?",
    ]
  `);
});

test('HTTP of nginx: a pipeline, gzip in chunks, requests in small parts and bad ones', () => {
  expect(told(http, 'http-nginx')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "GET / 200 0>5",
      "GET /missing 404 0>153",
      "HEAD /large.txt 200 0>0",
      "GET /teapot 418 0>15",
      "-- 1",
      "GET /large.txt 200 0>33000",
      "GET /large.txt 200 0>245",
      "GET / 200 0>5",
      "-- 2",
      "GET / 200 0>5",
      "-- 3",
      "GET / 400 0>157",
    ]
  `);
});

test('PostgreSQL, simple queries: several statements, errors, COPY both ways, a login that fails', () => {
  expect(told(sql, 'postgres-simple')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "CREATE TABLE - ok: CREATE TABLE orders (id int primary key, customer text) [] shop@shop",
      "INSERT 2000 ok: INSERT INTO orders SELECT n, 'customer ' || n FROM generate_series(1, 2000) AS n [] shop@shop",
      "SELECT 1 ok: SELECT id FROM orders WHERE customer = 'customer 7' [] shop@shop",
      "SELECT 2000 ok: SELECT * FROM orders [] shop@shop",
      "- - 42P01: SELECT * FROM no_such_table [] shop@shop",
      "BEGIN - ok: BEGIN; UPDATE orders SET customer = 'x' WHERE id IN (1, 2, 3); COMMIT [] shop@shop",
      "- - ok:  [] shop@shop",
      "COPY 2000 ok: COPY orders TO STDOUT [] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 1",
      "COPY 500 ok: COPY orders FROM STDIN; [] shop@shop",
      "SELECT 1 ok: SELECT count(*) FROM orders; [] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 2",
      "CONNECT - 3D000:  [] shop@nowhere",
    ]
  `);
});

test('PostgreSQL, the extended protocol: unnamed and prepared statements, a pipeline, errors', () => {
  expect(told(sql, 'postgres-extended')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 1",
      "SELECT 1 ok: SELECT id, customer FROM orders WHERE id = $1; [5] shop@shop",
      "UPDATE 1 ok: UPDATE orders SET customer = $1 WHERE id = $2; [5, 5] shop@shop",
      "SELECT 1 ok: SELECT id, customer FROM orders WHERE id = $1; [5] shop@shop",
      "UPDATE 1 ok: UPDATE orders SET customer = $1 WHERE id = $2; [5, 5] shop@shop",
      "SELECT 1 ok: SELECT id, customer FROM orders WHERE id = $1; [5] shop@shop",
      "UPDATE 1 ok: UPDATE orders SET customer = $1 WHERE id = $2; [5, 5] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 2",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 3",
      "SELECT 3 ok: SELECT customer FROM orders WHERE id > $1 LIMIT 3; [6] shop@shop",
      "DELETE 1 ok: DELETE FROM orders WHERE id = $1; [6] shop@shop",
      "SELECT 3 ok: SELECT customer FROM orders WHERE id > $1 LIMIT 3; [6] shop@shop",
      "DELETE 0 ok: DELETE FROM orders WHERE id = $1; [6] shop@shop",
      "SELECT 3 ok: SELECT customer FROM orders WHERE id > $1 LIMIT 3; [6] shop@shop",
      "DELETE 0 ok: DELETE FROM orders WHERE id = $1; [6] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "(no-reply) PREPARE - ok: SELECT customer FROM orders WHERE id > $1 LIMIT 3; [] shop@shop",
      "(no-reply) PREPARE - ok: DELETE FROM orders WHERE id = $1; [] shop@shop",
      "-- 4",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 5",
      "SELECT 1 ok: SELECT id FROM orders WHERE id = $1; [7] shop@shop",
      "SELECT 1 ok: SELECT count(*) FROM orders WHERE id < $1; [7] shop@shop",
      "SELECT 1 ok: SELECT id FROM orders WHERE id = $1; [7] shop@shop",
      "SELECT 1 ok: SELECT count(*) FROM orders WHERE id < $1; [7] shop@shop",
      "SELECT 1 ok: SELECT id FROM orders WHERE id = $1; [7] shop@shop",
      "SELECT 1 ok: SELECT count(*) FROM orders WHERE id < $1; [7] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 6",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 7",
      "- - 23505: INSERT INTO orders VALUES ($1, $2); [8, 8] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 8",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 9",
      "PREPARE - 42703: SELECT nothing FROM orders WHERE id = $1; [] shop@shop",
      "- - 26000: SELECT nothing FROM orders WHERE id = $1; [9] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
    ]
  `);
});

test('Redis: a pipeline, a transaction, errors, large values, another database', () => {
  expect(told(resp, 'redis-commands')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "0 HELLO/1 ok",
      "0 SELECT/1 ok",
      "2 CLIENT SETINFO/2 ERR",
      "2 CLIENT SETINFO/2 ERR",
      "2 INFO/0 ok",
      "2 SET/2 ok",
      "2 GET/1 ok",
      "2 GET/1 ok",
      "2 SET/2 ok",
      "2 GET/1 ok",
      "2 HSET/5 ok",
      "2 HGETALL/1 ok",
      "2 INCR/1 ERR",
      "2 _OTHER/1 ERR",
      "2 SET/2 ok",
      "2 INCR/1 ok",
      "2 LPUSH/4 ok",
      "2 LRANGE/3 ok",
      "2 MGET/2 ok",
      "2 MULTI/0 ok",
      "2 INCR/1 ok",
      "2 INCR/1 ok",
      "2 EXEC/0 ok",
      "2 EVAL/2 ok",
      "2 CONFIG GET/1 ok",
      "2 QUIT/0 ok",
    ]
  `);
});

test('Redis subscriptions: messages are no replies', () => {
  expect(told(resp, 'redis-subscriptions')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "0 HELLO/1 ok",
      "0 CLIENT SETINFO/2 ERR",
      "0 CLIENT SETINFO/2 ERR",
      "0 SUBSCRIBE/2 ok",
      "0 PING/0 ok",
      "0 UNSUBSCRIBE/2 ok",
      "0 GET/1 ok",
    ]
  `);
});

test('RESP3: maps, sets, null, push messages, inline commands', () => {
  expect(told(resp, 'redis-resp3')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "0 HELLO/1 ok",
      "0 SADD/3 ok",
      "0 SMEMBERS/1 ok",
      "0 ZADD/3 ok",
      "0 ZSCORE/2 ok",
      "0 GET/1 ok",
      "0 HGETALL/1 ok",
      "0 SUBSCRIBE/2 ok",
      "0 PUBLISH/2 ok",
      "0 UNSUBSCRIBE/0 ok",
      "0 GET/1 ok",
      "0 PING/0 ok",
      "0 GET/1 ok",
      "0 CLIENT TRACKING/1 ok",
      "0 GET/1 ok",
      "0 SET/2 ok",
      "0 GET/1 ok",
    ]
  `);
});

test('HTTP: trailers both ways, every form of a target, an answer that ends with its connection, a long head, CONNECT', () => {
  expect(told(http, 'http-forms')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "GET /trailers 200 0>13",
      "POST /sum 200 5>12",
      "GET /absolute 200 0>11",
      "OPTIONS * 200 0>15",
      "GET /cookies 200 0>11",
      "GET /last 200 0>11",
      "-- 1",
      "GET /chunked 200 0>12",
      "-- 2",
      "CONNECT  200 0>?",
    ]
  `);
});

test('HTTP with lines that end with LF alone, empty lines before a request, and a range', () => {
  expect(told(http, 'http-lines')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "GET / 200 0>5",
      "GET /missing 404 0>153",
      "GET / 200 0>5",
      "HEAD /large.txt 200 0>0",
      "GET / 200 0>5",
      "GET /large.txt 206 0>10",
      "POST /missing 404 5>153",
      "GET / 200 0>5",
    ]
  `);
});

test('PostgreSQL, rarer ways: a Flush, errors in a pipeline and a transaction, notices, notifications, portals in parts, COPY that fails', () => {
  expect(told(sql, 'postgres-flows')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "SELECT 1 ok: SELECT customer FROM baskets WHERE id = $1 [7] shop@shop",
      "PREPARE - 42703: SELECT nothing FROM baskets [] shop@shop",
      "SELECT 1 ok: SELECT 1 [] shop@shop",
      "SELECT 1 ok: SELECT customer FROM baskets WHERE id = $1 [8] shop@shop",
      "- - 22012: SELECT 1 / $1::int [0] shop@shop",
      "BEGIN - ok: BEGIN [] shop@shop",
      "- - 22012: SELECT 1 / 0 [] shop@shop",
      "- - 25P02: SELECT 2 [] shop@shop",
      "ROLLBACK - ok: ROLLBACK [] shop@shop",
      "DO - ok: DO $$ BEGIN RAISE NOTICE 'look'; END $$ [] shop@shop",
      "LISTEN - ok: LISTEN news [] shop@shop",
      "NOTIFY - ok: NOTIFY news, 'now' [] shop@shop",
      "- - ok: SELECT id FROM baskets [] shop@shop",
      "SELECT 15 ok: SELECT id FROM baskets [] shop@shop",
      "- - 22P02: COPY baskets FROM STDIN [] shop@shop",
      "- - 57014: COPY baskets FROM STDIN [] shop@shop",
      "SET - ok: SET application_name = recorder [] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "(no-reply) PREPARE - ok: SELECT customer FROM baskets WHERE id = $1 [] shop@shop",
      "(no-reply) - - ok: SELECT customer FROM baskets WHERE id = $1 [9] shop@shop",
      "-- 1",
      "LISTEN - ok: LISTEN news [] shop@shop",
      "SELECT 1 ok: SELECT pg_sleep(0.3) [] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
    ]
  `);
});

test('PostgreSQL: a statement that somebody cancels', () => {
  expect(told(sql, 'postgres-cancel')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "- - 57014: SELECT pg_sleep(30) [] shop@shop",
      "(no-reply) CONNECT - ok:  [] shop@shop",
      "-- 1",
    ]
  `);
});

test('RESP3: every type, attributes, transactions that fail, commands that block, RESET', () => {
  expect(told(resp, 'redis-values')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "0 HELLO/3 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 DEBUG/2 ok",
      "0 SET/2 ok",
      "0 MULTI/0 ok",
      "0 INCR/1 ok",
      "0 GET/1 ok",
      "0 EXEC/0 ok",
      "0 MULTI/0 ok",
      "0 _OTHER/0 ERR",
      "0 EXEC/0 EXECABORT",
      "0 WATCH/1 ok",
      "0 SET/2 ok",
      "0 MULTI/0 ok",
      "0 GET/1 ok",
      "0 EXEC/0 ok",
      "0 SELECT/1 ok",
      "3 BLPOP/2 ok",
      "3 XADD/4 ok",
      "3 XREAD/5 ok",
      "3 RESET/0 ok",
      "0 GET/1 ok",
    ]
  `);
});

test('RESP2: what looks like a message and is none, UNSUBSCRIBE of everything, MONITOR', () => {
  expect(told(resp, 'redis-asides')).toMatchInlineSnapshot(`
    [
      "-- 0",
      "0 RPUSH/4 ok",
      "0 SUBSCRIBE/3 ok",
      "0 PSUBSCRIBE/1 ok",
      "0 PING/0 ok",
      "0 UNSUBSCRIBE/0 ok",
      "0 PUNSUBSCRIBE/0 ok",
      "0 LRANGE/3 ok",
      "0 LRANGE/3 ok",
      "0 INCR/1 ok",
      "0 INCR/1 ok",
    ]
  `);
});

test('what is secret is not kept, whatever is asked for', () => {
  const [conversation = []] = recorded('redis-commands');
  const commands = hear(redis({ argumentBytes: 1_000 }), conversation).ended.flatMap((exchange) => (exchange.protocol === 'redis' ? [exchange] : []));
  expect(commands.find(({ command }) => command === 'SET')?.arguments).toEqual(['user:1', 'geheim']);
  expect(commands.filter(({ command }) => command === 'HELLO').every(({ arguments: kept }) => kept.length === 0)).toBe(true);
  expect(hear(redis({ argumentBytes: 0 }), conversation).ended.every((exchange) => exchange.protocol === 'redis' && exchange.arguments.length === 0)).toBe(true);
});
