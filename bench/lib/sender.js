// Sends pre-encoded batches as fast as they are answered, or at a given rate, from a process of its own.
// argv: JSON {protocol, address, batch, services, seconds, inFlight, rate, salt}; prints one JSON line with what happened. SIGUSR1 ends it sooner.
import http from 'node:http';
import { createRequire } from 'node:module';
import { stamped, template } from './encode.js';

const options = JSON.parse(process.argv[2]);
const TEMPLATES = 16;
const RETRY_MS = 100;

const clients = { grpc: grpcClient, http: httpClient };
const send = clients[options.protocol](options.address);
const templates = Array.from({ length: TEMPLATES }, (_, index) => template(options.batch, options.services, options.salt * 100 + index));
const latencies = [];
let spans = 0;
let bytes = 0;
let busy = 0;
let next = 0;

const startedMs = performance.now();
let endMs = startedMs + options.seconds * 1000;
process.once('SIGUSR1', () => { endMs = performance.now(); });
await Promise.all(Array.from({ length: options.inFlight }, worker));
const tookS = (performance.now() - startedMs) / 1000;
latencies.sort((left, right) => left - right);
const percentile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
process.stdout.write(`${JSON.stringify({ spans, bytes, busy, tookS, requests: latencies.length, p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) })}\n`, () => process.exit(0));

async function worker() {
  while (performance.now() < endMs) {
    const turn = next++;
    await paced(turn);
    const body = stamped(templates[turn % TEMPLATES], options.salt);
    const sentMs = performance.now();
    for (;;) {
      const answer = await send(body);
      if (answer === 'stored') break;
      busy += 1;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    latencies.push(performance.now() - sentMs);
    spans += options.batch;
    bytes += body.length;
  }
}

/** Holds back to `rate` spans a second, where one is given: evenly, not in bursts of all that may be in flight. */
async function paced(turn) {
  if (!options.rate) return;
  const dueMs = startedMs + ((turn + 1) * options.batch * 1000) / options.rate;
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

function grpcClient(address) {
  const grpc = createRequire(import.meta.url)('@grpc/grpc-js');
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
  const identity = (value) => value;
  return (body) => new Promise((resolve, reject) => {
    client.makeUnaryRequest('/opentelemetry.proto.collector.trace.v1.TraceService/Export', identity, identity, body, (error, reply) => {
      if (error) return error.code === grpc.status.UNAVAILABLE || error.code === grpc.status.RESOURCE_EXHAUSTED ? resolve('busy') : reject(error);
      if (reply.length > 0) return reject(new Error(`partial success: ${reply.toString()}`));
      resolve('stored');
    });
  });
}

function httpClient(address) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: options.inFlight });
  const [host, port] = address.split(':');
  return (body) => new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method: 'POST', path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        if (response.statusCode === 503 || response.statusCode === 429) return resolve('busy');
        if (response.statusCode !== 200 || Buffer.concat(chunks).length > 0) return reject(new Error(`${response.statusCode} ${Buffer.concat(chunks).toString()}`));
        resolve('stored');
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
