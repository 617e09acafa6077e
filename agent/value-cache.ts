import type { PlainValue } from './otlp-span.js';

/** Values of one key that are remembered. */
const MAX_VALUES = 256;
const MAX_KEYS = 512;
/** Longer texts hardly come again, and would keep memory. */
const MAX_LENGTH = 256;
/** A key whose values do not come again fills its place again and again: from then on only every so many is remembered. */
const SPARSE = 32;

/** What was found out about the values of one thing, of which there are mostly few. Bounded in number and length. */
export class FewValues<T> {
  readonly #values = new Map<PlainValue, T>();
  /** How often its place was full. */
  #overflows = 0;
  #passed = 0;

  get(value: PlainValue): T | undefined {
    return this.#values.get(value);
  }

  /** Whether it is. */
  remember(value: PlainValue, found: T): boolean {
    if (typeof value === 'object' || (typeof value === 'string' && value.length > MAX_LENGTH)) return false;
    if (this.#overflows > 1) {
      this.#passed += 1;
      if (this.#passed % SPARSE !== 0) return false;
    }
    if (this.#values.size >= MAX_VALUES) {
      this.#values.clear();
      this.#overflows += 1;
    }
    this.#values.set(value, found);
    return true;
  }
}

/** What was found out about values of attributes: nearly all keys have few values. Bounded in keys, values and length. */
export class ValueCache<T> {
  readonly #keys = new Map<string, FewValues<T>>();

  get(key: string, value: PlainValue): T | undefined {
    return this.#keys.get(key)?.get(value);
  }

  remember(key: string, value: PlainValue, found: T): void {
    let values = this.#keys.get(key);
    if (values === undefined) {
      if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
      values = new FewValues();
      this.#keys.set(key, values);
    }
    values.remember(value, found);
  }
}
