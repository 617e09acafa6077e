// Records real conversations for the parsers' tests: a proxy stands between a real client and a real server and writes down what each side
// sent, as it came. Needs nginx, PostgreSQL, Redis and their clients; run it as root: `node scripts/record-sessions.js [NAME…]`; without names
// every session is recorded anew.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Redis from 'ioredis';

const run = promisify(execFile);
const here = new URL('../agent/recordings/', import.meta.url).pathname;
const place = mkdtempSync(join(tmpdir(), 'tocsin-record-'));
chmodSync(place, 0o755);
const children = [];
const wanted = new Set(process.argv.slice(2));

/** What each connection of a session said: `[side, microseconds since the session began, base64]`. */
async function session(name, description, port, talk) {
  if (wanted.size > 0 && !wanted.has(name)) return;
  const started = process.hrtime.bigint();
  const connections = [];
  const proxy = net.createServer((client) => {
    const pieces = [];
    connections.push(pieces);
    const server = net.connect(port, '127.0.0.1');
    const note = (side) => (bytes) => pieces.push([side, Number((process.hrtime.bigint() - started) / 1000n), bytes.toString('base64')]);
    client.on('data', note('request')).pipe(server);
    server.on('data', note('response')).pipe(client);
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', () => { client.destroySoon(); server.destroySoon(); });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  await talk(proxy.address().port);
  await new Promise((resolve) => proxy.close(resolve));
  const lines = connections.map((pieces) => JSON.stringify(pieces));
  writeFileSync(join(here, `${name}.json`), `{"description":${JSON.stringify(description)},"connections":[\n${lines.join(',\n')}\n]}\n`);
  process.stdout.write(`${name}: ${connections.length} connections, ${connections.flat().length} pieces\n`);
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  server.close();
  server.closeAllConnections?.();
  return port;
}

async function reachable(port) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const ok = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on ${port}`);
}

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  children.push(child);
}

/** Sends text on one connection, in parts as given, and waits until the server has been silent for a while. */
function raw(port, parts, quietMs = 150) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', async () => {
      socket.setNoDelay(true);
      for (const part of parts) {
        socket.write(part);
        await new Promise((later) => setTimeout(later, 20));
      }
    });
    let timer = setTimeout(() => socket.destroy(), 1000);
    socket.on('data', () => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), quietMs);
    });
    socket.on('error', () => undefined);
    socket.on('close', resolve);
  });
}

function app() {
  return http.createServer((request, response) => {
    const body = [];
    request.on('data', (chunk) => body.push(chunk));
    request.on('end', () => {
      if (request.url === '/chunked') {
        response.write('first ');
        setTimeout(() => response.end('second'), 5);
      } else if (request.url === '/fail') {
        response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"broken"}');
      } else if (request.url === '/early') {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end('late');
      } else if (request.url === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('with ');
        response.addTrailers({ 'x-sum': '12' });
        response.end('trailers');
      } else if (request.url === '/none') {
        response.writeHead(204).end();
      } else {
        const text = `hello ${request.method} ${Buffer.concat(body).length}`;
        response.writeHead(200, { 'content-length': text.length }).end(text);
      }
    });
  }).on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    socket.on('data', (bytes) => socket.write(bytes));
  }).on('connect', (_request, socket) => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.on('data', () => socket.write('N'));
  }).on('checkContinue', (request, response) => {
    response.writeContinue();
    request.on('data', () => undefined).on('end', () => response.end('continued'));
  });
}

async function recordHttp() {
  const server = app().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await session('http-node', 'Node: keep-alive, chunked both ways, HEAD, 204, 500, 100 Continue, early hints, traceparent', port, async (to) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (options, body) => new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: to, agent, ...options }, (response) => response.resume().on('end', resolve));
      request.on('error', reject);
      if (options.headers?.expect) request.on('continue', () => request.end(body));
      else request.end(body);
    });
    await ask({ path: '/users/1234?token=geheim', headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'user-agent': 'recorder/1' } });
    await ask({ path: '/chunked' });
    await ask({ path: '/upload', method: 'POST', headers: { 'content-length': 3000 } }, 'x'.repeat(3000));
    await ask({ path: '/stream', method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }, 'y'.repeat(500));
    await ask({ path: '/head', method: 'HEAD' });
    await ask({ path: '/none', method: 'DELETE' });
    await ask({ path: '/fail' });
    await ask({ path: '/early' });
    await ask({ path: '/continue', method: 'POST', headers: { expect: '100-continue', 'content-length': 4 } }, 'body');
    agent.destroy();
    await raw(to, ['GET /old HTTP/1.0\r\n\r\n']);
    await raw(to, ['GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n', 'GET / not http any more', '\x00\x01\x02']);
  });
  await session('http-forms', 'Node: trailers both ways, the forms of a target, an answer that ends with its connection, a head over several lines, CONNECT', port, async (to) => {
    const head = (line, ...more) => [line, 'Host: shop.example', ...more, '', ''].join('\r\n');
    await raw(to, [
      head('GET /trailers HTTP/1.1'), `${head('POST /sum HTTP/1.1', 'Transfer-Encoding: chunked', 'Trailer: x-sum')}5;name=value\r\nhello\r\n0\r\nx-sum: 5\r\nx-more: 6\r\n\r\n`,
      head('GET http://other.example:8080/absolute?q=1 HTTP/1.1'), head('OPTIONS * HTTP/1.1'), head('GET /cookies HTTP/1.1', `Cookie: ${'c'.repeat(6_000)}`),
      head('GET /last HTTP/1.1', 'Connection: close'),
    ]);
    await raw(to, ['GET /chunked HTTP/1.0\r\n\r\n']);
    await raw(to, ['CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n', '\x00\x00\x00\x08\x04\xd2\x16\x2f']);
  });
  server.close();
  server.closeAllConnections?.();

  const nginx = await freePort();
  mkdirSync(join(place, 'html'));
  writeFileSync(join(place, 'html', 'index.html'), 'start');
  writeFileSync(join(place, 'html', 'large.txt'), 'large text\n'.repeat(3000));
  writeFileSync(join(place, 'nginx.conf'), `daemon off; pid ${place}/nginx.pid; error_log stderr;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${place}/body; gzip on; gzip_types text/plain; gzip_min_length 10;
  server { listen 127.0.0.1:${nginx}; root ${place}/html; location /teapot { return 418 "short and stout"; } } }`);
  start('nginx', ['-c', join(place, 'nginx.conf'), '-p', place]);
  await reachable(nginx);
  await session('http-nginx', 'nginx: pipelined requests, sendfile, gzip in chunks, 404, 418, a request in small parts, a bad one', nginx, async (to) => {
    const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${more}\r\n`;
    await raw(to, [get('/') + get('/missing') + `HEAD /large.txt HTTP/1.1\r\nHost: shop.example\r\n\r\n` + get('/teapot')]);
    await raw(to, [get('/large.txt'), get('/large.txt', 'Accept-Encoding: gzip\r\n'), get('/')]);
    await raw(to, ['GE', 'T /', ' HTTP/1.1\r\nHo', 'st: shop.example\r', '\n\r\n']);
    await raw(to, ['GET / HTTP/1.1\r\nno host\r\n\r\n']);
  });
  await session('http-lines', 'nginx: heads whose lines end with LF alone, empty lines before a request, 304, ranges', nginx, async (to) => {
    await raw(to, ['GET / HTTP/1.1\nHost: shop.example\n\n', 'GET /missing HTTP/1.1\nHost: shop.example\n\n\r\nGET / HTTP/1.1\r\nHost: shop.example\r\n\r\n', 'HEAD /large.txt HTTP/1.1\r\nHost: shop.example\n\r\n',
      'GET / HTTP/1.1\r\nHost: shop.example\r\nIf-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT\r\n\r\n', 'GET /large.txt HTTP/1.1\r\nHost: shop.example\r\nRange: bytes=5-14\r\n\r\n',
      'POST /missing HTTP/1.1\nHost: shop.example\nContent-Length: 5\n\nhelloGET / HTTP/1.0\n\n']);
  });
}

async function recordRedis() {
  const port = await freePort();
  start('redis-server', ['--port', String(port), '--save', '', '--dir', place, '--enable-debug-command', 'yes']);
  await reachable(port);
  await session('redis-commands', 'ioredis: RESP2, pipeline, transaction, errors, binary values, select', port, async (to) => {
    const client = new Redis({ port: to, host: '127.0.0.1', db: 2 });
    await client.set('user:1', 'geheim');
    await client.get('user:1');
    await client.get('missing');
    await client.set('large', Buffer.alloc(20_000, 7));
    await client.getBuffer('large');
    await client.hset('hash', { a: 1, b: 2 });
    await client.hgetall('hash');
    await client.incr('user:1').catch(() => undefined);
    await client.call('NOSUCH', 'x').catch(() => undefined);
    await client.pipeline().set('a', 1).incr('a').lpush('list', 'x', 'y', 'z').lrange('list', 0, -1).mget('a', 'b').exec();
    await client.multi().incr('a').incr('a').exec();
    await client.eval('return {1,{2,{3}},"four"}', 0);
    await client.config('GET', 'maxmemory');
    await client.quit();
  });
  await session('redis-subscriptions', 'ioredis: RESP2 subscriptions and published messages', port, async (to) => {
    const subscriber = new Redis({ port: to, host: '127.0.0.1', enableReadyCheck: false });
    const publisher = new Redis({ port, host: '127.0.0.1' });
    await subscriber.subscribe('news', 'sport');
    const heard = new Promise((resolve) => subscriber.once('message', resolve));
    await publisher.publish('news', 'message');
    await heard;
    await subscriber.ping();
    await subscriber.unsubscribe('news', 'sport');
    await subscriber.get('a');
    subscriber.disconnect();
    publisher.disconnect();
  });
  const words = (...parts) => `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
  await session('redis-resp3', 'RESP3: HELLO 3, maps, sets, doubles, null, push messages, inline commands', port, async (to) => {
    await raw(to, [
      words('HELLO', '3'), words('SADD', 's', 'a', 'b'), words('SMEMBERS', 's'), words('ZADD', 'z', '1.5', 'm'), words('ZSCORE', 'z', 'm'), words('GET', 'nothing'), words('HGETALL', 'hash'),
      words('SUBSCRIBE', 'c1', 'c2'), words('PUBLISH', 'c1', 'hello'), words('UNSUBSCRIBE'), words('GET', 'a'), 'PING\r\nGET a\r\n', words('CLIENT', 'TRACKING', 'ON'), words('GET', 'a'), words('SET', 'a', '5'), words('GET', 'a'),
    ]);
    const pushed = new Redis({ port, host: '127.0.0.1' });
    pushed.disconnect();
  });
  await session('redis-values', 'RESP3: every type of value, attributes, errors inside and outside of a transaction, commands that block, RESET', port, async (to) => {
    const types = ['string', 'integer', 'double', 'null', 'array', 'set', 'map', 'attrib', 'push', 'verbatim', 'true', 'false', 'bignum'];
    await raw(to, [
      words('HELLO', '3', 'SETNAME', 'recorder'), ...types.map((type) => words('DEBUG', 'PROTOCOL', type)), words('SET', 'n', 'text'),
      words('MULTI') + words('INCR', 'n') + words('GET', 'n') + words('EXEC'), words('MULTI') + words('NOSUCH') + words('EXEC'), words('WATCH', 'n') + words('SET', 'n', '1') + words('MULTI') + words('GET', 'n') + words('EXEC'),
      words('SELECT', '3'), words('BLPOP', 'queue', '0.1'), words('XADD', 'stream', '*', 'field', 'value') + words('XREAD', 'COUNT', '1', 'STREAMS', 'stream', '0'), words('RESET'), words('GET', 'n'),
    ], 400);
  });
  await session('redis-asides', 'RESP2: an UNSUBSCRIBE that names nothing, a list that looks like a message, MONITOR', port, async (to) => {
    await raw(to, [
      words('RPUSH', 'words', 'message', 'subscribe', 'x'), words('SUBSCRIBE', 'a', 'b', 'c') + words('PSUBSCRIBE', 'p*'), words('PING'), words('UNSUBSCRIBE') + words('PUNSUBSCRIBE') + words('LRANGE', 'words', '0', '-1'),
      words('LRANGE', 'words', '1', '-1') + words('INCR', 'counter') + 'INCR counter\r\n', words('MONITOR'), words('GET', 'counter'),
    ]);
  });
}

async function recordPostgres() {
  const port = await freePort();
  const bin = execFileSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1']).toString().trim();
  const data = join(place, 'pg');
  mkdirSync(data);
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']).toString()));
  chownSync(data, uid, gid);
  await run(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'shop'], { uid, gid, cwd: data });
  start(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1'], { uid, gid, cwd: data });
  await reachable(port);
  const sql = (to, database, ...commands) => run('psql', ['-h', '127.0.0.1', '-p', String(to), '-U', 'shop', '-X', '-q', database, ...commands.flatMap((command) => ['-c', command])], { env: { ...process.env, PGCONNECT_TIMEOUT: '5', PGSSLMODE: 'prefer' } }).catch((error) => error);
  for (let attempt = 0; attempt < 50 && (await sql(port, 'postgres', 'SELECT 1')) instanceof Error; attempt += 1) await new Promise((resolve) => setTimeout(resolve, 100));
  await sql(port, 'postgres', 'CREATE DATABASE shop');
  await session('postgres-simple', 'psql: SSLRequest refused, simple queries, several statements, errors, COPY in and out, a large result', port, async (to) => {
    await sql(to, 'shop', 'CREATE TABLE orders (id int primary key, customer text)', "INSERT INTO orders SELECT n, 'customer ' || n FROM generate_series(1, 2000) AS n",
      "SELECT id FROM orders WHERE customer = 'customer 7'", 'SELECT * FROM orders', 'SELECT * FROM no_such_table', "BEGIN; UPDATE orders SET customer = 'x' WHERE id IN (1, 2, 3); COMMIT", '',
      'COPY orders TO STDOUT');
    writeFileSync(join(place, 'copy.sql'), `COPY orders FROM STDIN;\n${Array.from({ length: 500 }, (_, index) => `${9000 + index}\tcopied`).join('\n')}\n\\.\nSELECT count(*) FROM orders;\n`);
    await run('psql', ['-h', '127.0.0.1', '-p', String(to), '-U', 'shop', '-X', '-q', 'shop', '-f', join(place, 'copy.sql')]);
    await sql(to, 'nowhere', 'SELECT 1');
  });
  await session('postgres-flows', 'Pieces of the protocol: TLS refused, a Flush after preparing, a pipeline with an error, notices and notifications, a broken transaction, portals in parts, COPY that fails', port, (to) => recordPostgresFlows(to, (command) => sql(port, 'shop', command)));
  await session('postgres-cancel', 'A statement that is cancelled from another connection', port, recordPostgresCancel);
  const bench = async (to, mode, script) => {
    writeFileSync(join(place, 'bench.sql'), script);
    await run('pgbench', ['-h', '127.0.0.1', '-p', String(to), '-U', 'shop', '-n', '-M', mode, '-t', '3', '-f', join(place, 'bench.sql'), 'shop']).catch((error) => error);
  };
  await session('postgres-extended', 'pgbench: unnamed and named prepared statements, a pipeline, an error in the extended protocol', port, async (to) => {
    await bench(to, 'extended', '\\set n 5\nSELECT id, customer FROM orders WHERE id = :n;\nUPDATE orders SET customer = :n WHERE id = :n;\n');
    await bench(to, 'prepared', '\\set n 6\nSELECT customer FROM orders WHERE id > :n LIMIT 3;\nDELETE FROM orders WHERE id = :n;\n');
    await bench(to, 'extended', '\\set n 7\n\\startpipeline\nSELECT id FROM orders WHERE id = :n;\nSELECT count(*) FROM orders WHERE id < :n;\n\\endpipeline\n');
    await bench(to, 'extended', '\\set n 8\nINSERT INTO orders VALUES (:n, :n);\n');
    await bench(to, 'prepared', '\\set n 9\nSELECT nothing FROM orders WHERE id = :n;\n');
  });
}

const message = (type, ...parts) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const numbers = (...values) => Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
const pg = {
  startup: message('', numbers(3, 0), 'user', 'shop', 'database', 'shop', Buffer.of(0)),
  query: (text) => message('Q', text),
  parse: (name, text) => message('P', name, text, numbers(0)),
  bind: (portal, name, ...values) => message('B', portal, name, numbers(0, values.length), ...values.flatMap((value) => [numbers(0, value.length), Buffer.from(value)]), numbers(0)),
  execute: (portal = '', rows = 0) => message('E', portal, numbers(0, rows)),
  describe: (kind, name) => message('D', Buffer.from(kind), name),
  close: (kind, name) => message('C', Buffer.from(kind), name),
  sync: message('S'), flush: message('H'), end: message('X'),
};

async function recordPostgresFlows(to, elsewhere) {
  const tls = Buffer.from('0000000804d2162f', 'hex');
  const all = (...parts) => Buffer.concat(parts);
  await elsewhere("CREATE TABLE baskets AS SELECT n AS id, 'customer ' || n AS customer FROM generate_series(1, 20) AS n");
  await raw(to, [
    tls, pg.startup,
    all(pg.parse('find', 'SELECT customer FROM baskets WHERE id = $1'), pg.describe('S', 'find'), pg.flush), all(pg.bind('', 'find', '7'), pg.execute(), pg.sync),
    all(pg.parse('wrong', 'SELECT nothing FROM baskets'), pg.flush), pg.sync,
    all(pg.parse('', 'SELECT 1'), pg.bind('', ''), pg.execute(), pg.bind('', 'find', '8'), pg.execute(), pg.parse('', 'SELECT 1 / $1::int'), pg.bind('', '', '0'), pg.execute(), pg.bind('', 'find', '9'), pg.execute(), pg.sync),
    all(pg.query('BEGIN'), pg.query('SELECT 1 / 0'), pg.query('SELECT 2')), pg.query('ROLLBACK'),
    pg.query("DO $$ BEGIN RAISE NOTICE 'look'; END $$"), all(pg.query('LISTEN news'), pg.query("NOTIFY news, 'now'")),
    all(pg.parse('', 'SELECT id FROM baskets'), pg.bind('part', ''), pg.execute('part', 5), pg.execute('part', 100), pg.close('S', 'find'), pg.sync),
    pg.query('COPY baskets FROM STDIN'), message('d', Buffer.from('no number\tx\n')), message('c'),
    pg.query('COPY baskets FROM STDIN'), message('f', 'changed my mind'), pg.query('SET application_name = recorder'),
  ]);
  const listening = raw(to, [pg.startup, pg.query('LISTEN news'), pg.query('SELECT pg_sleep(0.3)')], 500);
  await new Promise((later) => setTimeout(later, 100));
  await elsewhere("NOTIFY news, 'later'");
  await listening;
}

/** Waits for the key of its session, begins to wait, and cancels that over a connection of its own. */
function recordPostgresCancel(to) {
  return new Promise((resolve) => {
    const socket = net.connect(to, '127.0.0.1', () => socket.write(pg.startup));
    let isWaiting = false;
    socket.on('data', (bytes) => {
      const at = bytes.indexOf(Buffer.from('4b0000000c', 'hex'));
      if (at !== -1 && !isWaiting) {
        isWaiting = true;
        const cancel = Buffer.concat([Buffer.from('0000001004d2162e', 'hex'), bytes.subarray(at + 5, at + 13)]);
        socket.write(pg.query('SELECT pg_sleep(30)'));
        setTimeout(() => void raw(to, [cancel], 50), 100);
      } else {
        socket.end(pg.end);
      }
    });
    socket.on('close', resolve);
  });
}

try {
  await recordHttp();
  await recordRedis();
  await recordPostgres();
} finally {
  for (const child of children) child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  rmSync(place, { recursive: true, force: true });
  process.exit();
}
