/** What every entry takes beside its text. */
const BYTES_AN_ENTRY = 128;

export interface RememberedLimits<V> {
  readonly entries: number;
  readonly bytes: number;
  readonly bytesOf: (value: V) => number;
}

/** What a connection has given names to, bounded in number and bytes: what was used longest ago is forgotten first. */
export class Remembered<V> {
  readonly #values = new Map<string, V>();
  readonly #limits: RememberedLimits<V>;
  #bytes = 0;
  #hasForgotten = false;

  constructor(limits: RememberedLimits<V>) {
    this.#limits = limits;
  }

  /** Whether a name that is not known may be one that there was no room for. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  get(name: string): V | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    // The last one used is the last one in order.
    this.#values.delete(name);
    this.#values.set(name, value);
    return value;
  }

  set(name: string, value: V): void {
    this.delete(name);
    this.#values.set(name, value);
    this.#bytes += this.#bytesOf(name, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) return;
      this.delete(oldest);
      this.#hasForgotten = true;
    }
  }

  delete(name: string): void {
    const value = this.#values.get(name);
    if (value === undefined) return;
    this.#values.delete(name);
    this.#bytes -= this.#bytesOf(name, value);
  }

  #bytesOf(name: string, value: V): number {
    return BYTES_AN_ENTRY + name.length + this.#limits.bytesOf(value);
  }
}
