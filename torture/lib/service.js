// The built service in a process of its own, on a place of its own, with SLOs that can be recounted in SQL.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVICES } from '../../bench/lib/encode.js';

const PROGRAM = fileURLToPath(new URL('../../bin/tocsin.js', import.meta.url));
const READY_WITHIN_MS = 120_000;

/** Two SLOs for each service, as queries and as what a recount asks of the stored spans. */
export const SLOS = SERVICES.flatMap((service) => [
  { name: `${service}-works`, service, total: `{ resource.service.name = "${service}" && kind = server }`, bad: '{ status = error }', sqlTotal: `service = '${service}' AND kind = 2`, sqlBad: 'status = 2' },
  { name: `${service}-quick`, service, total: `{ resource.service.name = "${service}" }`, bad: '{ duration > 50ms }', sqlTotal: `service = '${service}'`, sqlBad: 'duration_ns > 50000000' },
]);

function asYaml(target) {
  return SLOS.map(({ name, service, total, bad }) => `apiVersion: openslo/v1
kind: SLO
metadata: { name: ${name}, displayName: ${name} }
spec:
  service: ${service}
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator:
    metadata: { name: ${name} }
    spec:
      ratioMetric:
        counter: false
        total: { metricSource: { type: traces, spec: { query: '${total}' } } }
        bad: { metricSource: { type: traces, spec: { query: '${bad}' } } }
  objectives: [{ displayName: works, target: ${target} }]
`).join('---\n');
}

/** A directory with rules; the data may be elsewhere, on a file system of its own. */
export class Ground {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-torture-'));

  /** `rules` are further files by name, `env` is for the service, `flags` for Node; a `target` near 1 lets SLOs burn. */
  constructor(dataDir, { rules = {}, env = {}, flags = [], target = 0.5 } = {}) {
    this.dataDir = dataDir ?? join(this.directory, 'data');
    this.env = env;
    this.flags = flags;
    for (const name of ['rules', 'runbooks']) mkdirSync(join(this.directory, name));
    for (const [name, text] of Object.entries({ 'torture.yaml': asYaml(target), ...rules })) writeFileSync(join(this.directory, 'rules', name), text);
  }

  start() {
    const directories = { TOCSIN_DATA_DIR: this.dataDir, TOCSIN_RULES_DIR: join(this.directory, 'rules'), TOCSIN_RUNBOOKS_DIR: join(this.directory, 'runbooks') };
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TOCSIN_|OTEL_|npm_|VITEST|NODE_OPTIONS)/.test(name)));
    const ports = { TOCSIN_HTTP_PORT: '0', TOCSIN_OTLP_GRPC_PORT: '0', TOCSIN_OTLP_HTTP_PORT: '0' };
    const child = spawn(process.execPath, [...this.flags, PROGRAM, 'serve'], { cwd: this.directory, env: { ...inherited, ...directories, ...ports, TOCSIN_LOG_LEVEL: 'error', ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Service(child);
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const running = new Set();
/** Whatever ends the campaign, no service of it stays behind. */
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(1));

class Service {
  #child;
  #said = '';

  constructor(child) {
    this.#child = child;
    running.add(child);
    child.stderr.on('data', (text) => this.#hear(text));
    this.exited = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      return { code, signal };
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready within ${READY_WITHIN_MS / 1_000} s: ${this.#said}`)), READY_WITHIN_MS);
      child.stdout.on('data', (text) => {
        this.#hear(text);
        const line = /^\{"ready":.*\}$/m.exec(this.#said)?.[0];
        if (line === undefined) return;
        clearTimeout(timer);
        resolve(JSON.parse(line).ready);
      });
      void this.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        reject(new Error(`the service ended with ${code ?? signal} before it was ready: ${this.#said}`));
      });
    });
    // Who kills it before it is ready does not ask.
    this.ready.catch(() => undefined);
  }

  get said() {
    return this.#said;
  }

  kill() {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  #hear(text) {
    this.#said = (this.#said + text).slice(-20_000);
  }
}
