import { latin1 } from './text.js';

const PLACES = 2_048;
/** Longer texts hardly come again, and would keep memory. */
const MAX_LENGTH = 128;
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/**
 * Texts by their bytes, one character a byte. What was seen a moment ago is the same text again: nothing is allocated for it, and tables find it without
 * reading it. Each text has one place, where the next one with that place takes over, so that the number of texts is bounded.
 */
export class Words {
  readonly #texts: string[] = Array.from({ length: PLACES }, () => '');

  of(bytes: Buffer, from: number, end: number): string {
    if (end - from > MAX_LENGTH) return latin1(bytes, from, end);
    let hash = FNV_OFFSET;
    for (let at = from; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const known = this.#texts[place]!;
    if (isText(known, bytes, { from, end })) return known;
    const text = latin1(bytes, from, end);
    this.#texts[place] = text;
    return text;
  }
}

function isText(text: string, bytes: Buffer, { from, end }: { readonly from: number; readonly end: number }): boolean {
  const { length } = text;
  if (length !== end - from) return false;
  for (let index = 0; index < length; index += 1) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
}
