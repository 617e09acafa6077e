import type { AttributeValue } from '../trace/attribute.js';

/** A key-value list as an object under construction. */
export type ValueMap = Record<string, AttributeValue>;

/** Sets a key that is not there yet; the first value of a key stays. `__proto__` becomes a key like any other. */
export function setEntry(map: ValueMap, key: string, value: AttributeValue): boolean {
  if (Object.hasOwn(map, key)) return false;
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
  return true;
}
