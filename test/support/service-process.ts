import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from './replace-file.js';

const PROGRAM = fileURLToPath(new URL('../../bin/tocsin.js', import.meta.url));
const READY_WITHIN_MS = 30_000;
const FREE_PORTS = { TOCSIN_HTTP_PORT: '0', TOCSIN_OTLP_GRPC_PORT: '0', TOCSIN_OTLP_HTTP_PORT: '0' };

export type Files = Readonly<Record<string, string>>;

/** An SLO that burns when one in a hundred requests of `checkout` fails. */
export const CHECKOUT_SLO = sloOf({ name: 'checkout-availability', service: 'checkout', target: 0.99 });

export function sloOf({ name, service, target }: { readonly name: string; readonly service: string; readonly target: number }): string {
  return `apiVersion: openslo/v1
kind: SLO
metadata:
  name: ${name}
  displayName: ${service} works
  annotations: { tocsin.dev/runbook: ${service}-errors }
spec:
  service: ${service}
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator:
    metadata: { name: ${name}-sli }
    spec:
      ratioMetric:
        counter: false
        total: { metricSource: { type: traces, spec: { query: '{ resource.service.name = "${service}" && kind = server }' } } }
        bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } }
  objectives: [{ displayName: works, target: ${target} }]
`;
}

export const CHECKOUT_RUNBOOK = `---
title: Checkout fails
match:
  service: checkout
---
# Meaning

Customers of {{ incident.title }} get errors.
`;

/** An empty place with rules and runbooks, for one test. */
export class Ground {
  readonly directory = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  readonly dataDir = join(this.directory, 'data');
  readonly rulesDir = join(this.directory, 'rules');
  readonly runbooksDir = join(this.directory, 'runbooks');

  constructor(files: Files = {}) {
    for (const [path, text] of Object.entries({ 'rules/checkout.yaml': CHECKOUT_SLO, 'runbooks/checkout-errors.md': CHECKOUT_RUNBOOK, ...files })) this.write(path, text);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    replaceFile(path, content, this.path('.new'));
    return path;
  }

  /** What the tests' own surroundings say must not reach the process: no TOCSIN_, no OTEL_, no npm. */
  environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TOCSIN_|OTEL_|npm_|VITEST|NODE_OPTIONS)/.test(name)));
    const directories = { TOCSIN_DATA_DIR: this.dataDir, TOCSIN_RULES_DIR: this.rulesDir, TOCSIN_RUNBOOKS_DIR: this.runbooksDir };
    return { ...inherited, ...FREE_PORTS, ...directories, TOCSIN_EVALUATION_INTERVAL: '1s', ...more };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Addresses {
  readonly http: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServiceProcess {
  /** Resolves with the addresses of the ready line; rejects, with what the process said, when it ends before that. */
  readonly ready: Promise<Addresses>;
  readonly exited: Promise<Exit>;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<Exit>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<Exit>;
}

export interface CommandOptions {
  readonly ground: Ground;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the directory of the ground, so that `./rules` is there. */
  readonly cwd?: string;
}

const running = new Set<ServiceProcess>();
const grounds = new Set<Ground>();

export function newGround(files: Files = {}): Ground {
  const ground = new Ground(files);
  grounds.add(ground);
  return ground;
}

/** For `afterAll`: ends every process that is left and removes every ground. */
export async function disposeServices(): Promise<void> {
  await Promise.all([...running].map((service) => service.kill()));
  for (const ground of grounds) ground.remove();
  grounds.clear();
}

/** The built `tocsin serve` in a process of its own, on ports that the system chooses. */
export function startServiceProcess({ ground, env, cwd }: CommandOptions): ServiceProcess {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], { cwd: cwd ?? ground.directory, env: ground.environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  const ready = readyOf(child, output);
  // A test that expects a refusal asks for `exited` only.
  ready.catch(() => undefined);
  const exited = output.exited.then((exit) => {
    running.delete(service);
    return exit;
  });
  const end = (name: NodeJS.Signals): Promise<Exit> => {
    child.kill(name);
    return exited;
  };
  const service: ServiceProcess = {
    ready, exited, child, stdout: () => output.stdout, stderr: () => output.stderr,
    signal: (name) => { child.kill(name); }, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'),
  };
  running.add(service);
  return service;
}

/** One command to its end. */
export function runTocsin(words: readonly string[], { ground, env, cwd }: CommandOptions): Promise<Exit> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { cwd: cwd ?? ground.directory, env: ground.environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  return collect(child).exited;
}

interface Output {
  stdout: string;
  stderr: string;
  readonly exited: Promise<Exit>;
}

function collect(child: ChildProcess): Output {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { output.stdout += text; });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { output.stderr += text; });
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, ...output })));
  return Object.assign(output, { exited });
}

function readyOf(child: ChildProcess, output: Output): Promise<Addresses> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}\n${output.stdout}\n${output.stderr}`));
    const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    child.stdout?.on('data', () => {
      const line = /^\{"ready":.*\}$/m.exec(output.stdout)?.[0];
      if (line === undefined) return;
      clearTimeout(timer);
      resolve((JSON.parse(line) as { readonly ready: Addresses }).ready);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      fail('ended before it was ready');
    });
  });
}
