import type { AgentCounters } from './agent-counters.js';
import { Instrumentation } from './instrumentation.js';
import type { ProcessFacts } from './process-facts.js';
import { hasSdk } from './sdk-signs.js';

/** A process that has connections. */
export interface TracedProcess {
  facts: ProcessFacts;
  /** Whether it makes spans of its own. */
  readonly sdk: Instrumentation;
  exitedNs: number | undefined;
}

const MAX_PROCESSES = 16_384;
/** Spans of a process come a little after its end. */
const KEPT_NS = 60e9;

/** What is known of processes, by process id. */
export class Processes {
  readonly #byId = new Map<number, TracedProcess>();
  readonly #counters: Pick<AgentCounters, 'processLimit'>;

  constructor(counters: Pick<AgentCounters, 'processLimit'>) {
    this.#counters = counters;
  }

  of(tgid: number): TracedProcess {
    const known = this.#byId.get(tgid);
    if (known !== undefined) return known;
    return this.#add({ facts: { pid: tgid, comm: 'unknown' }, sdk: new Instrumentation(false), exitedNs: undefined });
  }

  /** A new program in an old process begins anew. Returns what is known of it now. */
  learn(told: ProcessFacts): ProcessFacts {
    const facts = this.#asForked(told);
    const known = this.#byId.get(facts.pid);
    const isSame = known !== undefined && known.exitedNs === undefined && known.facts.executable === facts.executable;
    const sdk = isSame ? known.sdk : new Instrumentation(false);
    if (hasSdk(facts)) sdk.prove();
    this.#add({ facts, sdk, exitedNs: undefined });
    return facts;
  }

  all(): IterableIterator<TracedProcess> {
    return this.#byId.values();
  }

  exited(tgid: number, atNs: number): void {
    const known = this.#byId.get(tgid);
    if (known !== undefined) known.exitedNs = atNs;
  }

  prune(nowNs: number): void {
    for (const [tgid, { exitedNs }] of this.#byId) if (exitedNs !== undefined && exitedNs < nowNs - KEPT_NS) this.#byId.delete(tgid);
  }

  /** The loader could read neither a fork that has ended nor the program that forked it: that one may be known from before, when it ran the same program. */
  #asForked(facts: ProcessFacts): ProcessFacts {
    const parent = facts.gone === true && facts.parent != null ? this.#byId.get(facts.parent)?.facts : undefined;
    return parent?.comm === facts.comm ? { ...parent, pid: facts.pid, parent: facts.parent!, pidInNamespace: null } : facts;
  }

  #add(process: TracedProcess): TracedProcess {
    const { pid } = process.facts;
    if (!this.#byId.has(pid) && this.#byId.size >= MAX_PROCESSES) this.#makeRoom();
    this.#byId.set(pid, process);
    return process;
  }

  /** What has ended first: the loader tells nobody twice. */
  #makeRoom(): void {
    for (const [tgid, { exitedNs }] of this.#byId) if (exitedNs !== undefined) return void this.#byId.delete(tgid);
    for (const oldest of this.#byId.keys()) {
      this.#counters.processLimit += 1;
      return void this.#byId.delete(oldest);
    }
  }
}
