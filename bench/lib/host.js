// The receiving half of the service and nothing else: receivers, the store's thread, 50 SLOs. For profiling (`node --cpu-prof`) and for
// figures that no page or tick blurs. Prints the ready line of the service; answers `stats` on its IPC channel. Asks the store for nothing all the time:
// what that takes is what every statement of a search waits for ingest.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { shippedRedaction } from './redaction.js';
import { asSlos } from './slos.js';

const dist = process.env.TOCSIN_BENCH_DIST ?? new URL('../../dist', import.meta.url).href;
const load = (path) => import(`${dist}/${path}`);
const { StoreClient } = await load('pipeline/system-store-client.js');
const { compileSlo } = await load('sli/compile-slo.js');
const { startGrpcOtlpReceiver } = await load('ingest/grpc-otlp-receiver.js');
const { startHttpOtlpReceiver } = await load('ingest/http-otlp-receiver.js');

const slos = asSlos().map((slo) => {
  const compiled = compileSlo(slo);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
});
const store = await StoreClient.start({ dataDir: process.env.TOCSIN_DATA_DIR, slos, redaction: await shippedRedaction(load) });
const address = { host: '127.0.0.1', port: 0, absorber: store };
const grpc = await startGrpcOtlpReceiver(address);
const http = await startHttpOtlpReceiver(address);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const ASK_EVERY_MS = 100;
const waitedMs = [];
const asking = setInterval(async () => {
  const startedMs = performance.now();
  await store.query({ sql: 'SELECT 1' });
  waitedMs.push(performance.now() - startedMs);
}, ASK_EVERY_MS);

process.on('message', async (message) => {
  if (message === 'reset') {
    delay.reset();
    waitedMs.length = 0;
  }
  if (message === 'stats') process.send({ stats: await store.stats(), delayP99Ms: delay.percentile(99) / 1e6, pendingBytes: store.pendingBytes, waitedMs });
});
process.on('SIGTERM', async () => {
  clearInterval(asking);
  await Promise.all([grpc.close(), http.close()]);
  await store.close();
  process.exit(0);
});
process.stdout.write(`${JSON.stringify({ ready: { otlpGrpc: `${grpc.host}:${grpc.port}`, otlpHttp: `${http.host}:${http.port}` } })}\n`);
