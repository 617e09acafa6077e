import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from './repository.js';

/** A process with a client and a server in it, which exchange HTTP-like messages when told to (test/agent/programs/talk.js). */
export class Talk {
  #waiting: (() => void)[] = [];

  private constructor(readonly child: ChildProcessByStdio<Writable, Readable, null>, readonly ports: { readonly client: number; readonly server: number }, lines: Interface) {
    lines.on('line', () => this.#waiting.shift()?.());
  }

  static async start(): Promise<Talk> {
    const child = spawn(process.execPath, [join(ROOT, 'test', 'agent', 'programs', 'talk.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const [first] = (await once(lines, 'line')) as [string];
    return new Talk(child, JSON.parse(first) as { client: number; server: number }, lines);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** A request and an answer of `length` bytes each, `times` times, seen by both ends when this returns. */
  async exchange(length: number, times = 1): Promise<void> {
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.child.stdin.write(`${length} ${times}\n`);
    await done;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'close');
    this.child.stdin.end();
    await ended;
  }
}
