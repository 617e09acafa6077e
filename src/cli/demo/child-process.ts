import { fork, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CouldNotRun } from '../command.js';

const START_TIMEOUT_MS = 30_000;
const KILL_AFTER_MS = 5_000;
const LOG_TAIL_LINES = 5;

/** A person or a supervisor wants the demo to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface ChildOptions {
  readonly name: string;
  /** Path of the JavaScript file to run. */
  readonly program: string;
  readonly arguments?: readonly string[];
  /** For node itself, before the program. */
  readonly nodeOptions: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory?: string;
  /** Where `<name>.log` takes what the process prints. */
  readonly logDirectory: string;
  /** Also hears standard output, line by line. */
  readonly onLine?: (line: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  send(message: object): void;
  onMessage(receive: (message: unknown) => void): void;
  /** Settles when the process has ended, with a sentence for people. */
  readonly ended: Promise<string>;
  /** Asks it to end; insists after some seconds. */
  stop(): Promise<void>;
}

/** Starts one process of the demo. It ends by itself when this process is gone (exit-with-parent). */
export function startChild(options: ChildOptions): Child {
  mkdirSync(options.logDirectory, { recursive: true });
  const logPath = join(options.logDirectory, `${options.name}.log`);
  const log = openSync(logPath, 'a');
  const child = fork(options.program, [...(options.arguments ?? [])], {
    execArgv: ['--import', new URL('./exit-with-parent.js', programsUrl()).href, ...options.nodeOptions],
    env: options.environment,
    cwd: options.workingDirectory,
    stdio: ['ignore', options.onLine === undefined ? log : 'pipe', log, 'ipc'],
  });
  closeSync(log);
  if (options.onLine !== undefined) readLines(child, { logPath, onLine: options.onLine });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${options.name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`${options.name} ended (${signal ?? `exit code ${String(code)}`})${logTail(logPath)}`));
  });
  return {
    name: options.name,
    pid: child.pid ?? 0,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (receive) => child.on('message', receive),
    ended,
    stop: () => stop(child, ended),
  };
}

/** The folder of the compiled demo. Tests run from src/, and node cannot: they start what the build made of it. */
export function programsUrl(): URL {
  return new URL('./', import.meta.url.replace(/\/src\/(cli\/demo\/[^/]*)\.ts$/, '/dist/$1.js'));
}

/** Waits until the child gives what is awaited. Its end, the time limit and the signal are failures; the child is then stopped. */
export async function whenStarted<T>(child: Child, awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  let fail: (reason: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const timer = setTimeout(() => fail(new CouldNotRun(`${child.name} did not start within ${START_TIMEOUT_MS / 1_000} s`)), START_TIMEOUT_MS);
  const interrupt = (): void => fail(new Interrupted());
  signal.addEventListener('abort', interrupt);
  void child.ended.then((how) => fail(new CouldNotRun(how)));
  try {
    signal.throwIfAborted();
    return await Promise.race([awaited, failed]);
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  await ended;
  clearTimeout(insist);
}

function readLines(child: ChildProcess, { logPath, onLine }: { logPath: string; onLine: (line: string) => void }): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    appendFileSync(logPath, chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function logTail(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).filter((line) => line !== '');
  return lines.length === 0 ? '' : `, its last words:\n  ${lines.join('\n  ')}`;
}
