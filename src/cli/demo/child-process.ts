import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CouldNotRun } from '../command.js';

const KILL_AFTER_MS = 5_000;
const LOG_TAIL_LINES = 5;

export interface ChildOptions {
  readonly name: string;
  /** Path of the JavaScript file to run. */
  readonly program: string;
  readonly arguments?: readonly string[];
  /** For node itself, before the program. */
  readonly nodeOptions: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where `<name>.log` takes what the process prints. */
  readonly logDirectory: string;
  /** Standard output comes to us line by line instead of the log. */
  readonly onLine?: (line: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  send(message: Serializable): void;
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
    stdio: ['ignore', options.onLine === undefined ? log : 'pipe', log, 'ipc'],
  });
  closeSync(log);
  if (options.onLine !== undefined) readLines(child, options.onLine);
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

/** Waits for what `read` finds in the messages of the child; its end or the time limit is a failure. */
export function waitForMessage<T>(child: Child, timeoutMs: number, read: (message: unknown) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new CouldNotRun(`${child.name} did not start within ${timeoutMs / 1_000} s`)), timeoutMs);
    child.onMessage((message) => {
      const found = read(message);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    void child.ended.then((how) => {
      clearTimeout(timer);
      reject(new CouldNotRun(how));
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  await ended;
  clearTimeout(insist);
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function logTail(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).filter((line) => line !== '');
  return lines.length === 0 ? '' : `, its last words:\n  ${lines.join('\n  ')}`;
}
