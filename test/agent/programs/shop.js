// A shop as people write it, without any instrumentation: HTTP in, PostgreSQL and Redis out. argv: ports of PostgreSQL and Redis.
// /orders/N works, /bound/N with a prepared statement, /slow/N takes a while, /broken/N answers 500 after its query failed. Prints its own port.
import http from 'node:http';
import net from 'node:net';

const [pgPort, redisPort] = process.argv.slice(2).map(Number);

/** Just enough of a client: one connection, one request at a time, an answer that `isWhole` recognises. */
function client(port, hello, isWhole) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let received = Buffer.alloc(0);
  let answer;
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (!isWhole(received)) return;
    const whole = received;
    received = Buffer.alloc(0);
    answer?.(whole);
  });
  let queue = Promise.resolve();
  const ask = (bytes) => {
    queue = queue.then(() => new Promise((resolve) => { answer = resolve; socket.write(bytes); }));
    return queue;
  };
  if (hello !== undefined) void ask(hello);
  return ask;
}

function startup() {
  const text = Buffer.from('user\0shop\0database\0shop\0\0');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + text.length, 0);
  head.writeUInt32BE(196_608, 4);
  return Buffer.concat([head, text]);
}

function message(type, body) {
  const text = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}

const query = (sql) => message('Q', `${sql}\0`);

/** Prepared without a name, with one value of less than 256 characters, run and done. */
const bound = (sql, value) => Buffer.concat([
  message('P', `\0${sql}\0\0\0`), message('B', `\0\0\0\0\0\x01\0\0\0${String.fromCharCode(value.length)}${value}\0\0`), message('E', '\0\0\0\0\0'), message('S', ''),
]);

function statementOf(what, id) {
  if (what === 'broken') return query(`SELECT secret FROM nowhere WHERE id = ${id}`);
  if (what === 'slow') return query('SELECT pg_sleep(0.3)');
  if (what === 'bound') return bound('SELECT customer FROM orders WHERE id = CAST($1 AS int)', String(id));
  return query(`SELECT customer FROM orders WHERE id = ${id} AND customer <> 'geheim'`);
}

const isReady = (bytes) => bytes.length >= 6 && bytes[bytes.length - 6] === 0x5a && bytes.readUInt32BE(bytes.length - 5) === 5;
const postgres = client(pgPort, startup(), isReady);
const redis = client(redisPort, undefined, (bytes) => bytes.subarray(-2).toString() === '\r\n');
const command = (...words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

const server = http.createServer(async (request, response) => {
  const [, what, id] = request.url.split('/');
  if (what === 'health') return response.end('ok');
  await redis(command('INCR', `visits:${id}`));
  const answer = await postgres(statementOf(what, Number(id)));
  const failed = answer.includes('ERROR');
  response.writeHead(failed ? 500 : 200, { 'content-type': 'text/plain' }).end(failed ? 'broken' : 'fine');
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
