// Sends a real service three times what it can store, and looks at what its users see:
//   npm run torture:overload -- [--seconds 20] [--times 3]
// A noisy sender and a quiet one share the port. Ends with 1 when memory passes 1 GiB, the quiet sender is refused, an answer
// lacks Retry-After, or /healthz takes longer than a second. Run `npm run build` first.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryMib } from '../bench/lib/process-cost.js';
import { asYaml } from '../bench/lib/slos.js';

const MAX_RSS_MIB = 1_024;
const MAX_HEALTH_MS = 1_000;
const CALIBRATION_S = 6;
/** As many batches at once as a few groups of commits hold: fewer would measure how long an answer takes, not what can be stored. */
const CALIBRATION_IN_FLIGHT = 120;
const SPANS = 500;
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' }, times: { type: 'string', default: '3' } } });
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-overload-'));
const service = start();
let code = 1;
try {
  code = await campaign(await readyLine(service));
} finally {
  await new Promise((resolve) => {
    service.once('exit', resolve);
    service.kill('SIGTERM');
  });
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(code);

async function campaign(ready) {
  const port = Number(new URL(ready.otlpHttp).port);
  const alone = await send({ port, seed: 0, spans: SPANS, seconds: CALIBRATION_S, perSecond: 0, inFlight: CALIBRATION_IN_FLIGHT, salt: 1 });
  const capacity = alone.stored / CALIBRATION_S;
  say(`alone: ${Math.round(capacity * SPANS)} spans a second stored, answered in ${alone.p50Ms.toFixed(0)} ms (p50), ${alone.p99Ms.toFixed(0)} ms (p99)`);
  const health = watchHealth(`${ready.http}/healthz`);
  const seconds = Number(values.seconds);
  const [noisy, quiet] = await Promise.all([
    send({ port, seed: 0, spans: SPANS, seconds, perSecond: capacity * Number(values.times), inFlight: 400, salt: 2 }),
    send({ port, seed: 1, spans: 50, seconds, perSecond: 4, inFlight: 4, salt: 3 }),
  ]);
  const healthMs = health.stop();
  const after = await send({ port, seed: 0, spans: SPANS, seconds: 3, perSecond: Math.max(1, capacity / 4), inFlight: 16, salt: 4 });
  const rss = memoryMib(service.pid).highest;
  say(`noisy at ${values.times} times: ${noisy.stored} batches stored, ${noisy.refused} refused with 503, ${noisy.failed} failed, ${noisy.skipped} not sent since ${400} were open; ${Math.round((noisy.stored * SPANS) / seconds)} spans a second stored`);
  say(`quiet: ${quiet.stored} stored, ${quiet.refused} refused, answered in ${quiet.p50Ms.toFixed(0)} ms (p50), ${quiet.p99Ms.toFixed(0)} ms (p99)`);
  say(`/healthz: ${healthMs.p50.toFixed(0)} ms (p50), ${healthMs.p99.toFixed(0)} ms (p99), ${healthMs.max.toFixed(0)} ms (longest)`);
  say(`RSS at its highest ${rss.toFixed(0)} MiB; afterwards ${after.stored} stored, ${after.refused} refused`);
  const broken = [
    rss > MAX_RSS_MIB && `RSS passed ${MAX_RSS_MIB} MiB`,
    quiet.refused > 0 && 'the quiet sender was refused',
    noisy.withoutRetryAfter > 0 && 'a 503 had no Retry-After',
    noisy.refused === 0 && 'nothing was refused: this was no overload, try --times 6',
    noisy.failed + quiet.failed > 0 && 'a request failed without an answer',
    healthMs.p99 > MAX_HEALTH_MS && `/healthz took longer than ${MAX_HEALTH_MS} ms`,
    after.refused > 0 && 'it did not recover',
  ].filter((problem) => problem !== false);
  for (const problem of broken) process.stderr.write(`broken: ${problem}\n`);
  if (broken.length === 0) say('every promise kept');
  return broken.length === 0 ? 0 : 1;
}

function start() {
  const rules = join(dataDir, 'rules');
  const runbooks = join(dataDir, 'runbooks');
  mkdirSync(rules);
  mkdirSync(runbooks);
  writeFileSync(join(rules, 'overload.yaml'), asYaml());
  const env = { ...process.env, TOCSIN_DATA_DIR: dataDir, TOCSIN_RULES_DIR: rules, TOCSIN_RUNBOOKS_DIR: runbooks, TOCSIN_HTTP_PORT: '0', TOCSIN_OTLP_GRPC_PORT: '0', TOCSIN_OTLP_HTTP_PORT: '0', TOCSIN_SLACK_TOKEN: '', TOCSIN_LOG_LEVEL: 'error' };
  return spawn(process.execPath, [process.env.TORTURE_BIN ?? here('../bin/tocsin.js'), 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

function readyLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const line = text.split('\n').slice(0, -1).find((candidate) => candidate.startsWith('{"ready"'));
      if (line !== undefined) resolve(JSON.parse(line).ready);
    });
    child.once('exit', (exitCode) => reject(new Error(`the service ended with code ${exitCode} before it was ready`)));
  });
}

function send(options) {
  const sender = spawn(process.execPath, [here('./lib/overload-sender.js'), JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    sender.stdout.on('data', (chunk) => { text += chunk; });
    sender.once('close', (exitCode) => (exitCode === 0 ? resolve(JSON.parse(text)) : reject(new Error(`a sender ended with code ${exitCode}`))));
  });
}

function watchHealth(url) {
  const tookMs = [];
  let isOver = false;
  const ask = async () => {
    while (!isOver) {
      const beganMs = performance.now();
      await (await fetch(url)).text();
      tookMs.push(performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  ask().catch(() => tookMs.push(Infinity));
  return {
    stop() {
      isOver = true;
      tookMs.sort((a, b) => a - b);
      const at = (share) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Infinity;
      return { p50: at(0.5), p99: at(0.99), max: at(1) };
    },
  };
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
