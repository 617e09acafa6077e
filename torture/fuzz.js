// Feeds the decoders, gzip handling and (where there is one) the redactor with wrong input:
//   npm run torture:fuzz -- [--inputs 1000000] [--seed N] [--guided]
// `--guided` keeps inputs that reach new code, by V8's coverage, and goes on from them; it is several times slower.
// Inputs are changed entries of test/fuzz/corpus and messages made after OTLP's grammar. It ends with 1 when an input breaks a
// promise, hangs, or memory grows; the input is then in a file, and the seed repeats the run.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const MAX_INPUT_BYTES = 65_536;
const HANG_MS = 20_000;
/** What the decoders remember on purpose (interned attributes) is full after the first fifth of a run. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20;
const MIB = 2 ** 20;

const { values } = parseArgs({ options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string' }, guided: { type: 'boolean', default: false } } });
const inputs = Number(values.inputs);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed)) {
  process.stderr.write('--inputs and --seed are whole numbers, inputs at least 1\n');
  process.exit(2);
}

const directory = fileURLToPath(new URL('../test/fuzz/corpus', import.meta.url));
const corpus = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap(({ name: target }) =>
  readdirSync(join(directory, target)).sort().map((file) => ({ target, bytes: new Uint8Array(readFileSync(join(directory, target, file))) })));

const shared = new SharedArrayBuffer(8 + MAX_INPUT_BYTES);
const progress = new Int32Array(shared, 0, 2);
process.stdout.write(`seed ${seed}, ${inputs} inputs, corpus of ${corpus.length}\n`);
const worker = new Worker(new URL('./lib/fuzz-worker.js', import.meta.url), { workerData: { inputs, seed, corpus, shared, maxInputBytes: MAX_INPUT_BYTES, guided: values.guided } });

let lastIndex = -1;
const watch = setInterval(() => {
  if (progress[0] === lastIndex) fail({ index: lastIndex, input: new Uint8Array(shared, 8, progress[1]), message: `no end after ${HANG_MS / 1_000} s` });
  lastIndex = progress[0];
  process.stdout.write(`${lastIndex} of ${inputs}\n`);
}, HANG_MS);

worker.on('message', (message) => {
  if (message.kind === 'broken') fail(message);
  else finish(message);
});
worker.on('error', (error) => fail({ index: progress[0], input: new Uint8Array(shared, 8, progress[1]), message: error.stack ?? error.message }));

function fail({ index, input, message, target = 'unknown' }) {
  const file = join(tmpdir(), `tocsin-fuzz-${seed}-${index}.bin`);
  writeFileSync(file, input);
  process.stderr.write(`input ${index} of seed ${seed} (${target}) broke a promise: ${message}\nits ${input.length} bytes are in ${file}\n`);
  process.exit(1);
}

function finish({ counts, slowestMs, tookMs, warm, end, withRedactor, found, blocks }) {
  clearInterval(watch);
  const held = (memory) => memory.heapUsed + memory.arrayBuffers;
  const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
  process.stdout.write(`${counts.protobuf} protobuf, ${counts.json} JSON, ${counts.gzip} gzip inputs in ${(tookMs / 1_000).toFixed(1)} s: ${Math.round(inputs / (tookMs / 1_000))} a second; slowest ${slowestMs.toFixed(0)} ms; redactor ${withRedactor ? 'on' : 'absent'}\n`);
  if (values.guided) process.stdout.write(`${blocks} blocks and loop lengths reached; ${found} inputs found that reached new ones\n`);
  process.stdout.write(`held after warm-up ${mib(held(warm))}, at the end ${mib(held(end))}; RSS ${mib(warm.rss)}, ${mib(end.rss)}\n`);
  if (held(end) - held(warm) > MAX_GROWTH_BYTES) {
    process.stderr.write(`memory grew by ${mib(held(end) - held(warm))}, more than ${mib(MAX_GROWTH_BYTES)}\n`);
    process.exit(1);
  }
  process.stdout.write('no promise broken\n');
}
