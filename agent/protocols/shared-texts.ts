/** Of all texts together, each with what a table takes for it. */
const MAX_BYTES = 1 << 20;
const BYTES_AN_ENTRY = 64;
/** V8 keeps a text with one character beyond Latin-1 in two bytes each. */
const BYTES_A_CHARACTER = 2;

/** One copy of texts that come again and again. Where there are too many it begins anew: whoever holds one keeps it. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Never more than `maxBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const bytes = BYTES_AN_ENTRY + BYTES_A_CHARACTER * text.length;
    if (bytes > this.#maxBytes) return text;
    if (this.#bytes + bytes > this.#maxBytes) {
      this.#texts.clear();
      this.#bytes = 0;
    }
    this.#texts.set(text, text);
    this.#bytes += bytes;
    return text;
  }
}
