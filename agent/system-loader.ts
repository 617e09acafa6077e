import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AgentConfig } from './config/agent-config.js';
import { FrameReader, type FrameSink } from './frames.js';
import { loaderPath } from './fs-installation.js';

export interface LoaderEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The stream broke a rule of its protocol. */
  readonly broken: Error | undefined;
}

export interface Loader {
  readonly pid: number | undefined;
  command(line: string): void;
  /** Asks it to drain and end. */
  quit(): void;
  readonly ended: Promise<LoaderEnd>;
}

export interface LoaderPorts {
  readonly sink: FrameSink;
  readonly say: (line: string) => void;
  /** Called when frames were read: whoever has work to do then needs no other wake-up. */
  readonly afterFrames: () => void;
}

export function isLoaderBuilt(): boolean {
  return existsSync(loaderPath());
}

/** Starts the privileged half. It lives as long as its pipes: when either process dies, the other sees it. */
export function startLoader({ policy, tls }: AgentConfig, { sink, say, afterFrames }: LoaderPorts): Loader {
  const ports = policy.excludePorts.length === 0 ? 'none' : policy.excludePorts.join(',');
  const child = spawn(loaderPath(), ['run', '--exclude-ports', ports, ...(tls ? [] : ['--no-tls'])], { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  // A loader that is gone is told by its end, not by a broken pipe.
  stdin.on('error', () => undefined);
  createInterface({ input: stderr }).on('line', say);
  const reader = new FrameReader(sink);
  let broken: Error | undefined;
  stdout.on('data', (chunk: Buffer) => {
    if (broken !== undefined) return;
    try {
      reader.push(chunk);
      afterFrames();
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      stdin.end();
      stdout.destroy();
    }
  });
  return {
    pid: child.pid,
    command: (line) => { stdin.write(`${line}\n`); },
    quit: () => { stdin.end('quit\n'); },
    ended: endOf(child, () => broken),
  };
}

function endOf(child: ChildProcess, broken: () => Error | undefined): Promise<LoaderEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, broken: error }));
    child.once('close', (code, signal) => resolve({ code, signal, broken: broken() }));
  });
}
