import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from './repository.js';
import { requireOrSkip } from './require.js';
import { readData, readJson, readOpen, takeFrames, type DataFrame, type Frame, type OpenFrame } from './agent-stream.js';

export const LOADER = join(ROOT, 'dist', 'agent', 'tocsin-agent-loader');
const INSTALL = 'apt-get install -y clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libcapstone-dev libc6-dev';

/** Builds the loader. False, with the reason printed, where the toolchain is missing. */
export function buildLoaderOrSkip(): boolean {
  if (!requireOrSkip('clang', INSTALL) || !requireOrSkip('/usr/sbin/bpftool', INSTALL)) return false;
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-agent.js')], { stdio: 'inherit' });
  return true;
}

/** Also false where the kernel or the rights refuse BPF: the one skip that CI allows too, so its reason is printed. */
export function runnableLoaderOrSkip(): boolean {
  if (!buildLoaderOrSkip()) return false;
  try {
    execFileSync(LOADER, ['doctor'], { stdio: ['ignore', 'pipe', 'inherit'] });
    return true;
  } catch (error) {
    const { stdout } = error as { stdout?: Buffer };
    process.stdout.write(`SKIPPED: this kernel or these rights refuse BPF: ${stdout?.toString() ?? String(error)}\n`);
    return false;
  }
}

/** A copy of the loader where any user may start it: the repository may be in a private home directory. */
export function loaderForAnyone(): string {
  const place = mkdtempSync(join(tmpdir(), 'tocsin-agent-'));
  chmodSync(place, 0o755);
  copyFileSync(LOADER, join(place, 'loader'));
  return join(place, 'loader');
}

/** Compiles a C program of test/agent/programs and gives its path. */
export function compile(name: string, args: readonly string[] = []): string {
  const program = join(mkdtempSync(join(tmpdir(), 'tocsin-agent-')), name);
  execFileSync('clang', ['-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', join(ROOT, 'test', 'agent', 'programs', `${name}.c`), '-o', program, ...args]);
  return program;
}

/** Room for whatever else happens on this machine while the loader or the test waits for CPU: where every event counts, none is to be dropped. */
const ROOM = ['--ring-bytes', '33554432', '--queue-bytes', '67108864'];

/** The loader, running, and every frame it wrote so far. */
export class RunningLoader {
  readonly frames: Frame[] = [];
  readonly ended: Promise<number | null>;
  /** What it said on stderr. */
  said = '';
  #rest = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  private constructor(readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.ended = once(child, 'close').then(([code]) => code as number | null);
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (bytes: Buffer) => {
      this.said += bytes.toString();
    });
  }

  /** `command`: the loader itself and what starts it. */
  static async start(args: readonly string[] = [], { reading = true, command = [LOADER] }: { readonly reading?: boolean; readonly command?: readonly string[] } = {}): Promise<RunningLoader> {
    const [program, ...before] = command;
    const loader = new RunningLoader(spawn(program!, [...before, 'run', ...ROOM, ...args], { stdio: ['pipe', 'pipe', 'pipe'] }));
    if (reading) {
      loader.read();
      // LOSS, CLOCK and LIBRARY follow HELLO; from CLOCK on everything is attached and what was open is marked.
      await loader.find((frame) => frame.type === 'clock');
    }
    return loader;
  }

  read(): void {
    this.child.stdout.on('data', (bytes: Buffer) => {
      this.#rest = Buffer.from(takeFrames(Buffer.concat([this.#rest, bytes]), (frame) => this.frames.push(frame)));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.child.stdout.on('end', () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** The first frame, there or to come, that `matches`. */
  async find(matches: (frame: Frame) => boolean): Promise<Frame> {
    for (let at = 0; ;) {
      for (; at < this.frames.length; at++) if (matches(this.frames[at]!)) return this.frames[at]!;
      if (this.child.stdout.readableEnded) throw new Error(`the loader ended with ${this.child.exitCode} before such a frame: ${this.said}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Gives commands and waits until they are obeyed: lines are taken in order, and the last one is answered, being unknown. */
  async command(...lines: string[]): Promise<void> {
    const mark = `mark-${this.said.length}`;
    this.child.stdin.write([...lines, mark].map((line) => `${line}\n`).join(''));
    while (!this.said.includes(`"${mark}"`)) await once(this.child.stderr, 'data');
  }

  /** Ends in order: everything seen before is among the frames. */
  async stop(): Promise<void> {
    this.child.stdin.write('quit\n');
    const code = await this.ended;
    if (code !== 0) throw new Error(`the loader ended with ${code}: ${this.said}`);
    if (this.#rest.length > 0) throw new Error('the stream ended inside a frame');
  }

  data(cookie: string, direction: DataFrame['direction']): DataFrame[] {
    return this.frames.filter((frame) => frame.type === 'data' && frame.cookie === cookie).map(readData).filter((data) => data.direction === direction);
  }

  opens(matches: (open: OpenFrame) => boolean = () => true): OpenFrame[] {
    return this.frames.filter((frame) => frame.type === 'open').map(readOpen).filter(matches);
  }

  json(type: string): Record<string, unknown>[] {
    return this.frames.filter((frame) => frame.type === type).map(readJson);
  }
}

const KINDS = ['prog', 'map', 'link'] as const;

interface HeldInKernel {
  readonly kind: (typeof KINDS)[number];
  readonly id: string;
}

/** Everything a loader holds in the kernel: other loaders on this machine do not count. */
export function heldInKernel(pid: number): HeldInKernel[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((descriptor) => {
    const info = infoOf(`/proc/${pid}/fdinfo/${descriptor}`);
    return [...info.matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)].map(([, kind, id]) => ({ kind: kind as HeldInKernel['kind'], id: id! }));
  });
}

/** A file that was closed since they were listed holds nothing. */
function infoOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Which of them are there. */
export function stillInKernel(held: readonly HeldInKernel[]): HeldInKernel[] {
  const there = new Map(KINDS.map((kind) => [kind, idsInKernel(kind)]));
  return held.filter(({ kind, id }) => there.get(kind)?.has(id));
}

function idsInKernel(kind: HeldInKernel['kind']): ReadonlySet<string> {
  const listed = JSON.parse(execFileSync('/usr/sbin/bpftool', ['--json', kind, 'show'], { encoding: 'utf8', maxBuffer: 64 << 20 })) as readonly { readonly id: number }[];
  return new Set(listed.map(({ id }) => String(id)));
}

/** Every byte as seen, or a throw where something is missing or doubled. */
export function wholeStream(data: readonly DataFrame[]): Buffer {
  let expected = 0;
  for (const { position, total, head } of data) {
    if (position !== expected) throw new Error(`position ${position} where ${expected} was expected`);
    if (head.length !== total) throw new Error(`${head.length} of ${total} bytes at ${position}`);
    expected += total;
  }
  return Buffer.concat(data.map(({ head }) => head));
}
