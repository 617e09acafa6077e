// The real service as a process of its own, and a sender beside it.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** As `npm start` has it. */
const GLIBC_TUNABLES = 'glibc.malloc.arena_max=2:glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072';

/** The environment of a service on this data directory, on ports that the system chooses. */
export function serviceEnv(dataDir) {
  return { ...process.env, GLIBC_TUNABLES: process.env.GLIBC_TUNABLES ?? GLIBC_TUNABLES, TOCSIN_DATA_DIR: dataDir, TOCSIN_HTTP_PORT: '0', TOCSIN_OTLP_GRPC_PORT: '0', TOCSIN_OTLP_HTTP_PORT: '0', TOCSIN_SLACK_TOKEN: '' };
}

/** With these rules, a text of YAML. */
export function spawnService(dataDir, { rules, flags = [] }) {
  const [rulesDir, runbooksDir] = [join(dataDir, 'rules'), join(dataDir, 'runbooks')];
  for (const directory of [rulesDir, runbooksDir]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(rulesDir, 'bench.yaml'), rules);
  return spawn(process.execPath, [...flags, here('../../bin/tocsin.js'), 'serve'], { env: { ...serviceEnv(dataDir), TOCSIN_RULES_DIR: rulesDir, TOCSIN_RUNBOOKS_DIR: runbooksDir }, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The addresses that it says it is ready at. */
export function readyLine(service) {
  return new Promise((resolve, reject) => {
    let text = '';
    service.stdout.on('data', (chunk) => {
      text += chunk;
      for (const candidate of text.split('\n')) if (candidate.startsWith('{"ready"')) try { resolve(JSON.parse(candidate).ready); } catch { /* the line is not complete yet */ }
    });
    service.once('exit', (code) => reject(new Error(`the service ended with code ${code} before it was ready`)));
  });
}

export function stop(service) {
  return new Promise((resolve) => {
    service.once('exit', resolve);
    service.kill('SIGTERM');
  });
}

/** Sends as lib/sender.js does, for so many seconds or until `stop`; `rate` 0 is as fast as it is answered. `done` resolves with what happened. */
export function startSender(options) {
  const sender = spawn(process.execPath, [here('./sender.js'), JSON.stringify({ protocol: 'grpc', services: 1, rate: 0, salt: Math.floor(Math.random() * 2 ** 31), ...options })], { stdio: ['ignore', 'pipe', 'inherit'] });
  const done = new Promise((resolve, reject) => {
    let text = '';
    sender.stdout.on('data', (chunk) => { text += chunk; });
    sender.once('exit', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the sender ended with code ${code}`))));
  });
  return { done, stop: () => sender.kill('SIGUSR1') };
}
