// A server and a client over one connection, which does what its parent says: each line on stdin is one request of the client, with as
// many bytes as the line says; the server answers each. Prints the two ports first, then "done" after each exchange.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const accepted = once(server, 'connection');
const client = connect(server.address().port, '127.0.0.1');
const [serverSide] = await accepted;
await once(client, 'connect');
client.setNoDelay(true);
serverSide.setNoDelay(true);
process.stdout.write(`${JSON.stringify({ client: client.localPort, server: client.remotePort })}\n`);

async function take(socket, length) {
  let bytes = Buffer.alloc(0);
  while (bytes.length < length) {
    const more = socket.read();
    if (more === null) await once(socket, 'readable');
    else bytes = Buffer.concat([bytes, more]);
  }
}

async function exchange(length) {
  const request = Buffer.from('POST /talk HTTP/1.1\r\n\r\n'.padEnd(length, 'abcdefghijklmnopqrstuvwxyz'));
  const answer = Buffer.from('HTTP/1.1 200 OK\r\n\r\n'.padEnd(length, '0123456789'));
  client.write(request);
  await take(serverSide, request.length);
  serverSide.write(answer);
  await take(client, answer.length);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [length, times = 1] = line.split(' ').map(Number);
  for (let i = 0; i < times; i++) await exchange(length);
  process.stdout.write('done\n');
}
process.exit(0);
