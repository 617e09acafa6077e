// A receiver of OTLP over HTTP that keeps the bodies until it is asked how many spans are about a port. A thread of its own: the bench
// blocks while a load runs. Messages to it: a port; from it: its own port, then one count for each message.
import http from 'node:http';
import { parentPort } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

let bodies = [];

/** The attribute `server.port` with this value, as protobuf has it. */
function attribute(port) {
  const value = [0x18, (port & 0x7f) | 0x80, ...(port >> 14 === 0 ? [port >> 7] : [((port >> 7) & 0x7f) | 0x80, port >> 14])];
  return Buffer.from([0x0a, 11, ...Buffer.from('server.port'), 0x12, value.length, ...value]);
}

function occurrences(body, of) {
  let count = 0;
  for (let at = body.indexOf(of); at !== -1; at = body.indexOf(of, at + of.length)) count += 1;
  return count;
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    bodies.push({ bytes: Buffer.concat(chunks), isGzip: request.headers['content-encoding'] === 'gzip' });
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
parentPort.on('message', (port) => {
  const wanted = attribute(port);
  parentPort.postMessage(bodies.reduce((sum, { bytes, isGzip }) => sum + occurrences(isGzip ? gunzipSync(bytes) : bytes, wanted), 0));
  bodies = [];
});
