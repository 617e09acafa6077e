import { median } from '../culprit/times.js';

/** With fewer examples nothing is called usual. */
const MIN_EXAMPLES = 5;

/** So many times what is usual is more than a slow day. */
export const FAR_BEYOND = 3;

/** Median of each key's values; keys with too few of them have none. */
export function usualOf(values: Iterable<readonly [key: string, value: number]>): ReadonlyMap<string, number> {
  const all = new Map<string, number[]>();
  for (const [key, value] of values) {
    const own = all.get(key);
    if (own === undefined) all.set(key, [value]);
    else own.push(value);
  }
  return new Map([...all].filter(([, own]) => own.length >= MIN_EXAMPLES).map(([key, own]) => [key, medianOf(own)]));
}

export function medianOf(values: readonly number[]): number {
  return median([...values].sort((left, right) => left - right));
}
