// A shop as people write it, without any instrumentation: HTTP in, PostgreSQL and Redis out. argv: ports of PostgreSQL and Redis.
// /orders/N works, /broken/N answers 500 after its query failed. Prints its own port.
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

function query(sql) {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeUInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}

const isReady = (bytes) => bytes.length >= 6 && bytes[bytes.length - 6] === 0x5a && bytes.readUInt32BE(bytes.length - 5) === 5;
const postgres = client(pgPort, startup(), isReady);
const redis = client(redisPort, undefined, (bytes) => bytes.subarray(-2).toString() === '\r\n');
const command = (...words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

const server = http.createServer(async (request, response) => {
  const [, what, id] = request.url.split('/');
  if (what === 'health') return response.end('ok');
  await redis(command('INCR', `visits:${id}`));
  const answer = await postgres(query(what === 'broken' ? `SELECT secret FROM nowhere WHERE id = ${Number(id)}` : `SELECT customer FROM orders WHERE id = ${Number(id)} AND customer <> 'geheim'`));
  const failed = answer.includes('ERROR');
  response.writeHead(failed ? 500 : 200, { 'content-type': 'text/plain' }).end(failed ? 'broken' : 'fine');
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
