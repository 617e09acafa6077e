import type { SpanNode } from './span-node.js';

/** Open requests of one process or thread that are looked through; with more of them nothing can be told apart anyway. */
const MAX_OPEN = 4_096;

/** Requests that are open, in no order. Its room stays when they end: the next ones come soon. */
export class OpenNodes {
  readonly #nodes: (SpanNode | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** False where there is no room. */
  add(node: SpanNode): boolean {
    if (this.#count >= MAX_OPEN) return false;
    this.#nodes[this.#count] = node;
    this.#count += 1;
    return true;
  }

  remove(node: SpanNode): void {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#nodes[index] !== node) continue;
      this.#count -= 1;
      this.#nodes[index] = this.#nodes[this.#count];
      this.#nodes[this.#count] = undefined;
      return;
    }
  }

  /** The only one; undefined where there are none or several. */
  get sole(): SpanNode | undefined {
    return this.#count === 1 ? this.#nodes[0] : undefined;
  }

  /** The first that fits. */
  find(fits: (node: SpanNode) => boolean): SpanNode | undefined {
    for (let index = 0; index < this.#count; index += 1) if (fits(this.#nodes[index]!)) return this.#nodes[index];
    return undefined;
  }

  /** The one that fits; undefined where none or several do. */
  findSole(fits: (node: SpanNode) => boolean): SpanNode | undefined {
    const first = this.find(fits);
    return first === undefined || this.find((node) => node !== first && fits(node)) === undefined ? first : undefined;
  }

  all(): SpanNode[] {
    return this.#nodes.slice(0, this.#count) as SpanNode[];
  }
}
