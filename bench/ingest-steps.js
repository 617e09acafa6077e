// Where the CPU time of ingest goes, by step, in one process without sockets: `npm run build && node bench/ingest-steps.js ['{"batch":512}']`.
// Options as JSON: batch, spans, groupRows, threads (DuckDB's), checkpointBytes. CPU of all threads is counted, so steps run one after the other.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stamped, template } from './lib/encode.js';
import { shippedRedaction } from './lib/redaction.js';
import { asSlos } from './lib/slos.js';

const dist = process.env.TOCSIN_BENCH_DIST ?? new URL('../dist', import.meta.url).href;
const load = (path) => import(`${dist}/${path}`);
const { openDatabase } = await load('store/duckdb-database.js');
const { DuckdbSpanSink } = await load('store/duckdb-span-sink.js');
const { createTraceDecoder } = await load('ingest/decoder.js');
const { redactorFor } = await load('ingest/redactor.js');
const { createNormaliser } = await load('ingest/normaliser.js');
const { GraphCounter } = await load('sli/graph-counter.js');
const { createMeasurer } = await load('sli/measurer.js');
const { compileSlo } = await load('sli/compile-slo.js');
const { digestOf } = await load('store/digest-index.js');

const TEMPLATES = 16;
const { batch = 2048, spans: wanted = 600_000, groupRows = 16_384, ...databaseOptions } = JSON.parse(process.argv[2] ?? '{}');
const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-steps-'));
const path = join(dataDir, 'tocsin.duckdb');
const database = await openDatabase(path, databaseOptions);
const sink = await DuckdbSpanSink.open(database, { clock: { nowMs: () => Date.now() }, limits: { maxWaitMs: 1_000, maxRows: groupRows } });
const decoder = createTraceDecoder();
const redactor = redactorFor(await shippedRedaction(load));
const normaliser = createNormaliser();
const measurer = createMeasurer(asSlos().map((slo) => compileSlo(slo).value), { graph: new GraphCounter() });
const templates = Array.from({ length: TEMPLATES }, (_, index) => template(batch, batch >= 2048 ? 8 : 1, index));

const steps = { digest: 0, decode: 0, admit: 0, redact: 0, normalise: 0, measure: 0, 'append and commit': 0, checkpoint: 0 };
const cpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
let lapUs = 0;
const lap = (step) => {
  const nowUs = cpuUs();
  if (step !== undefined) steps[step] += nowUs - lapUs;
  lapUs = nowUs;
};

let next = 0;
/** Decodes, redacts, normalises and measures one group's worth of requests, then commits it, then lets a checkpoint that is due finish. */
async function group() {
  const commits = [];
  let rows = 0;
  for (; rows < groupRows; rows += batch) {
    const request = { signal: 'traces', encoding: 'protobuf', protocol: 'grpc', body: stamped(templates[next++ % TEMPLATES], 5), receivedAtMs: Date.now() };
    lap();
    const digest = digestOf(request);
    lap('digest');
    const decoded = decoder.decode(request);
    lap('decode');
    const { batch: fresh, claim, deduplicated } = await sink.admit(decoded.batch, request.receivedAtMs);
    lap('admit');
    const { batch: redacted } = redactor.spans(fresh);
    lap('redact');
    const spans = normaliser.spans(redacted, { receivedAtMs: request.receivedAtMs, imported: false });
    lap('normalise');
    const measured = measurer.measure(spans, Math.floor(request.receivedAtMs / 60_000));
    lap('measure');
    const { signal, protocol, receivedAtMs } = request;
    commits.push(sink.store({ digest, signal, protocol, receivedAtMs, rejected: 0, deduplicated, message: '', spans, claim, sloSlices: measured.sloSlices, redSlices: measured.redSlices, graphSlices: measured.graphSlices }));
  }
  await Promise.all(commits);
  lap('append and commit');
  await database.exclusively(() => Promise.resolve());
  lap('checkpoint');
  return rows;
}

let done = 0;
while (done < wanted) done += await group();
const totalUs = Object.values(steps).reduce((sum, us) => sum + us, 0);
for (const [step, us] of Object.entries(steps)) console.log(`${step.padEnd(20)} ${(us / done).toFixed(2).padStart(6)} µs/span ${((100 * us) / totalUs).toFixed(0).padStart(3)} %`);
console.log(`${'all'.padEnd(20)} ${(totalUs / done).toFixed(2).padStart(6)} µs/span, ${Math.round((done * 1e6) / totalUs)} spans per CPU-second, ${database.health().checkpoints} checkpoints, RSS ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
await database.close();
console.log(`${Math.round(statSync(path).size / done)} bytes a span in the file`);
rmSync(dataDir, { recursive: true, force: true });
