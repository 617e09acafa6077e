import type { PlainValue } from './otlp-span.js';

/** Values of one key that are remembered. */
const MAX_VALUES = 256;
const MAX_KEYS = 512;
/** Longer texts hardly come again, and would keep memory. */
const MAX_LENGTH = 256;
/** A key whose values do not come again fills its place again and again: from then on only every so many is remembered. */
const SPARSE = 32;

interface Remembered<T> {
  readonly values: Map<PlainValue, T>;
  /** How often its place was full. */
  overflows: number;
  passed: number;
}

/** What was found out about values of attributes: nearly all keys have few values. Bounded in keys, values and length. */
export class ValueCache<T> {
  readonly #keys = new Map<string, Remembered<T>>();

  get(key: string, value: PlainValue): T | undefined {
    return this.#keys.get(key)?.values.get(value);
  }

  remember(key: string, value: PlainValue, found: T): void {
    if (typeof value === 'object' || (typeof value === 'string' && value.length > MAX_LENGTH)) return;
    let remembered = this.#keys.get(key);
    if (remembered === undefined) {
      if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
      remembered = { values: new Map(), overflows: 0, passed: 0 };
      this.#keys.set(key, remembered);
    }
    if (remembered.overflows > 1) {
      remembered.passed += 1;
      if (remembered.passed % SPARSE !== 0) return;
    }
    if (remembered.values.size >= MAX_VALUES) {
      remembered.values.clear();
      remembered.overflows += 1;
    }
    remembered.values.set(value, found);
  }
}
