// Sends batches over HTTP at a pace of its own (not waiting for answers), or one after another, and prints what became of them.
// The salt tells apart what different senders send; the pace is in requests a second, 0 is as fast as `inFlight` allows.
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { stamped, template } from '../../bench/lib/encode.js';

const { port, seed, spans, seconds, perSecond, inFlight, salt } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
const made = template(spans, 1, seed);
const tally = { stored: 0, refused: 0, withoutRetryAfter: 0, failed: 0, skipped: 0, bytes: 0, waitsMs: [] };
let open = 0;

function post(body) {
  open += 1;
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: '/v1/traces', method: 'POST', agent, headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' } }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 200) tally.stored += 1;
        else if (answer.statusCode === 503) {
          tally.refused += 1;
          if (answer.headers['retry-after'] === undefined) tally.withoutRetryAfter += 1;
        } else tally.failed += 1;
        if (answer.statusCode === 200) tally.waitsMs.push(performance.now() - beganMs);
        open -= 1;
        resolve();
      });
    });
    sent.on('error', () => {
      tally.failed += 1;
      open -= 1;
      resolve();
    });
    sent.end(body);
  });
}

function next() {
  const raw = stamped(made, salt);
  tally.bytes += raw.length;
  // Stored, not squeezed: inflating is the service's work to do, deflating would be the sender's, on the same two cores.
  return gzipSync(raw, { level: 0 });
}

const endMs = performance.now() + seconds * 1_000;
if (perSecond === 0) {
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (performance.now() < endMs) await post(next());
  }));
} else {
  const all = [];
  const startMs = performance.now();
  for (let sent = 0; performance.now() < endMs;) {
    const due = Math.floor(((performance.now() - startMs) / 1_000) * perSecond);
    for (; sent < due; sent += 1) {
      if (open < inFlight) all.push(post(next()));
      else tally.skipped += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(all);
}
agent.destroy();
tally.waitsMs.sort((a, b) => a - b);
const at = (share) => tally.waitsMs[Math.min(tally.waitsMs.length - 1, Math.floor(tally.waitsMs.length * share))] ?? 0;
process.stdout.write(JSON.stringify({ ...tally, waitsMs: undefined, p50Ms: at(0.5), p99Ms: at(0.99) }));
