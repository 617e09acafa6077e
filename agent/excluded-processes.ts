import { isExcludedPath } from './agent-policy.js';
import type { ProcessFacts } from './process-facts.js';

/** Processes that are left alone because of their program; the loader is told, so that they cost nothing. */
export class ExcludedProcesses {
  readonly #pids = new Set<number>();
  readonly #command: (line: string) => void;

  constructor(command: (line: string) => void) {
    this.#command = command;
  }

  has(pid: number): boolean {
    return this.#pids.has(pid);
  }

  /** A process is new, or what is excluded changed. */
  judge({ pid, executable }: ProcessFacts, executables: readonly string[]): void {
    if (executable == null || !isExcludedPath(executable, executables)) this.forget(pid);
    else if (!this.#pids.has(pid)) {
      this.#pids.add(pid);
      this.#command(`exclude-pid ${pid}`);
    }
  }

  /** The process ended, or runs another program: its number may be anybody's. */
  forget(pid: number): void {
    if (this.#pids.delete(pid)) this.#command(`include-pid ${pid}`);
  }
}
