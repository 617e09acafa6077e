// Records real conversations for the parsers' tests: a proxy stands between a real client and a real server and writes down what each side
// sent, as it came. Needs nginx, PostgreSQL, Redis and their clients; run it as root: `node scripts/record-sessions.js`.
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

/** What each connection of a session said: `[side, microseconds since the session began, base64]`. */
async function session(name, description, port, talk) {
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
}

async function recordRedis() {
  const port = await freePort();
  start('redis-server', ['--port', String(port), '--save', '', '--dir', place]);
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
