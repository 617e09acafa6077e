import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { readTextDirectory } from '../lib/fs-text-files.js';

/** A directory and the names in it that matter: rules with `RULE_FILE`, runbooks with `RUNBOOK_FILE`. */
export interface WatchedDirectory {
  readonly path: string;
  readonly pattern: RegExp;
}

export interface WatchOptions {
  readonly directories: readonly WatchedDirectory[];
  /** `contentsOf` the directories as they were when they were read last: what has changed since is reported at once. */
  readonly known?: string;
  /** Called after the contents have changed and stood still for `debounceMs`. Never called twice at once. */
  readonly onChange: () => Promise<void> | void;
  readonly onError?: (error: unknown) => void;
  readonly debounceMs?: number;
  readonly pollMs?: number;
}

const DEFAULT_DEBOUNCE_MS = 200;
/** Notifications are lost on network file systems and when Kubernetes swaps a ConfigMap's symlink: a look from time to time costs little. */
const DEFAULT_POLL_MS = 3_000;

export interface RulesWatcher {
  /** Resolves when the watcher knows the present contents, and what it was to know is reported: changes from then on are reported. */
  readonly ready: Promise<void>;
  /** Looks now, without waiting for a notification; resolves when a change, if there is one, has been reported. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Watches directories for hot reload. What counts is the text of the files, so that a mere touch changes nothing. */
export function watchRules(options: WatchOptions): RulesWatcher {
  const watching = new Watching(options);
  return { ready: watching.start(), look: () => watching.look(), close: () => watching.close() };
}

/** A fingerprint of everything that matters in the directories, and of what keeps it from being read. */
export async function contentsOf(directories: readonly WatchedDirectory[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, pattern } of directories) {
    const { files, problems } = await readTextDirectory(path, pattern);
    hash.update(JSON.stringify([files, problems]));
  }
  return hash.digest('hex');
}

class Watching {
  readonly #options: WatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #known = '';
  #debounce: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { directories, known } = this.#options;
    this.#known = known ?? await contentsOf(directories);
    if (this.#closed) return;
    if (known !== undefined) await this.look();
    for (const { path } of this.#options.directories) this.#watch(path);
    this.#poll = setInterval(() => this.#soon(0), this.#options.pollMs ?? DEFAULT_POLL_MS);
    this.#poll.unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#debounce);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers) watcher.close();
    await this.#running;
  }

  look(): Promise<void> {
    this.#running = this.#running.then(() => this.#look());
    return this.#running;
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => this.#soon(this.#options.debounceMs ?? DEFAULT_DEBOUNCE_MS));
      // A directory that goes away ends its notifications; the poll carries on.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // No notifications to be had (missing directory, inotify limit): the poll carries on alone.
    }
  }

  #soon(delayMs: number): void {
    if (this.#closed || (delayMs === 0 && this.#debounce !== undefined)) return;
    clearTimeout(this.#debounce);
    this.#debounce = setTimeout(() => {
      this.#debounce = undefined;
      void this.look();
    }, delayMs);
    this.#debounce.unref();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    try {
      const now = await contentsOf(this.#options.directories);
      if (now === this.#known) return;
      this.#known = now;
      await this.#options.onChange();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}
