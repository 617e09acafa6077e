import type { SpanNode } from './span-node.js';

const INITIAL = 1_024;
const TWO_TO_32 = 4_294_967_296;
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;
const MIX = 0x9e37_79b1;

type Key = number | string;

/**
 * Nodes by their `joinKey`, which each of them has. A Map that entries come into and leave by the thousands is allocated anew again and again, and each
 * old one keeps the next one, with all that it held, out of reach of the collector of young objects: with PostgreSQL that was half of what it moved.
 */
export class JoinTable {
  /** Linear probing; at most half of the places are taken. */
  #places: (SpanNode | undefined)[] = emptyPlaces(INITIAL);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): SpanNode | undefined {
    return this.#places[this.#find(key)];
  }

  /** The latest with a key takes its place. */
  add(node: SpanNode): void {
    if (node.joinKey === undefined) return;
    if (2 * (this.#size + 1) > this.#places.length) this.#rebuild(2 * this.#places.length, this.all());
    const place = this.#find(node.joinKey);
    if (this.#places[place] === undefined) this.#size += 1;
    this.#places[place] = node;
  }

  delete(key: Key): void {
    let hole = this.#find(key);
    if (this.#places[hole] === undefined) return;
    this.#size -= 1;
    const mask = this.#places.length - 1;
    // What stands behind and was pushed on by it moves up, so that it is found.
    for (let at = (hole + 1) & mask; this.#places[at] !== undefined; at = (at + 1) & mask) {
      const wanted = hashOf(this.#places[at]!.joinKey!) & mask;
      if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
      this.#places[hole] = this.#places[at];
      hole = at;
    }
    this.#places[hole] = undefined;
  }

  /** In no order. */
  all(): SpanNode[] {
    return this.#places.filter((node) => node !== undefined);
  }

  /** Keeps those of `nodes` alone. */
  reset(nodes: readonly SpanNode[]): void {
    let length = INITIAL;
    while (length < 2 * nodes.length) length *= 2;
    this.#rebuild(length, nodes);
  }

  #rebuild(length: number, nodes: readonly SpanNode[]): void {
    this.#places = emptyPlaces(length);
    this.#size = 0;
    for (const node of nodes) this.add(node);
  }

  /** Where the key is, or would be. */
  #find(key: Key): number {
    const places = this.#places;
    const mask = places.length - 1;
    let at = hashOf(key) & mask;
    for (let node = places[at]; node !== undefined && node.joinKey !== key; node = places[at]) at = (at + 1) & mask;
    return at;
  }
}

function emptyPlaces(length: number): (SpanNode | undefined)[] {
  return Array.from({ length }, () => undefined);
}

function hashOf(key: Key): number {
  let hash = FNV_OFFSET;
  if (typeof key === 'number') hash = Math.imul((key >>> 0) ^ Math.imul((key / TWO_TO_32) >>> 0, MIX), MIX);
  else for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
  return hash ^ (hash >>> 15);
}
