// One thread of torture/fuzz.js: makes inputs, feeds them, and writes what it is at into shared memory, so that a hang is seen
// and its input known from outside.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { Coverage } from './coverage.js';
import { createTargets } from './fuzz-targets.js';
import { generate } from './grammar.js';
import { mutate } from './mutate.js';
import { createRandom } from './random.js';

const { inputs, seed, corpus, shared, maxInputBytes, guided } = workerData;
const progress = new Int32Array(shared, 0, 2);
const current = new Uint8Array(shared, 8);
const random = createRandom(seed);
const seeds = Object.fromEntries(['protobuf', 'json', 'gzip'].map((target) => [target, corpus.filter((entry) => entry.target === target).map((entry) => Buffer.from(entry.bytes))]));
// Gzip costs a hundred times as much and has far less code of ours.
const GZIP_ONE_IN = 200;
/** Heap and memory are looked at after this part of the run, and at its end. */
const WARM_UP = 0.2;

/** One input of so many is followed on its own: reading the counters costs as much as hundreds of inputs. */
const FOLLOWED_ONE_IN = 64;
const MAX_FOUND = 4_000;

const targets = await createTargets();
const coverage = guided ? new Coverage() : undefined;
let found = 0;
const counts = { protobuf: 0, json: 0, gzip: 0 };
let slowestMs = 0;
let warm;
const startMs = performance.now();
for (let index = 0; index < inputs; index += 1) {
  if (warm === undefined && index >= inputs * WARM_UP) warm = memory();
  const target = random.chance(GZIP_ONE_IN) ? 'gzip' : random.chance(3) ? 'json' : 'protobuf';
  const input = make(target);
  const isFollowed = coverage !== undefined && target !== 'gzip' && index % FOLLOWED_ONE_IN === 0;
  if (isFollowed) coverage.takeNews({ keeps: false });
  current.set(input);
  progress[1] = input.length;
  progress[0] = index;
  const beganMs = performance.now();
  try {
    const result = targets[target](input);
    if (result !== undefined) await result;
  } catch (error) {
    parentPort.postMessage({ kind: 'broken', target, index, input, message: error instanceof Error ? error.stack ?? error.message : String(error) });
    process.exit(1);
  }
  if (isFollowed && coverage.takeNews() && found < MAX_FOUND) {
    seeds[target].push(Buffer.from(input));
    found += 1;
  }
  slowestMs = Math.max(slowestMs, performance.now() - beganMs);
  counts[target] += 1;
}
parentPort.postMessage({ kind: 'done', counts, slowestMs, tookMs: performance.now() - startMs, warm: warm ?? memory(), end: memory(), withRedactor: targets.withRedactor, found, blocks: coverage?.blocks ?? 0 });

function make(target) {
  if (target === 'protobuf' && random.chance(3)) return generate(random).subarray(0, maxInputBytes);
  const input = random.chance(50) ? Buffer.alloc(0) : random.pick(seeds[target]);
  if (target !== 'gzip') return mutate(random, input, seeds[target], maxInputBytes);
  // Half of the time the compression is right, and what is compressed is not.
  return random.chance(2) ? mutate(random, input, seeds.gzip, maxInputBytes) : gzipSync(mutate(random, random.pick(seeds.protobuf), seeds.protobuf, maxInputBytes / 2), { level: 1 });
}

function memory() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, rss, arrayBuffers, external } = process.memoryUsage();
  return { heapUsed, rss, arrayBuffers, external };
}
