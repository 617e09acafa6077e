import type { AgentCounters } from './agent-counters.js';
import type { SpanNode } from './span-node.js';

/** With more than this waiting, what comes is told as it is. */
const MAX_WAITING = 16_384;

export interface RipeningPorts {
  /** Whether nothing that is heard later can change what it belongs to. */
  readonly isSettled: (node: SpanNode) => boolean;
  readonly tell: (node: SpanNode) => void;
  readonly counters: Pick<AgentCounters, 'parentLimit'>;
}

/**
 * When finished exchanges are told: at once where it is known what they belong to, because what lives long is dear to the garbage collector; else
 * a moment later, when the other end of their connection may have been heard.
 */
export class Ripening {
  readonly #ports: RipeningPorts;
  #ripe: SpanNode[] = [];
  #waiting: SpanNode[] = [];

  constructor(ports: RipeningPorts) {
    this.#ports = ports;
  }

  finished(node: SpanNode): void {
    const isSettled = this.#ports.isSettled(node);
    if (!isSettled && this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(node);
      return;
    }
    if (!isSettled) this.#ports.counters.parentLimit += 1;
    this.#ports.tell(node);
  }

  /** A moment has passed: tells those that waited for a whole one. */
  pass(): void {
    const ripe = this.#ripe;
    this.#ripe = this.#waiting;
    this.#waiting = [];
    for (const node of ripe) this.#ports.tell(node);
  }
}
