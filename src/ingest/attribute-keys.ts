/** An attribute key that was seen, with the list it was last seen in: finds duplicate keys without comparing strings. */
export interface KnownKey {
  readonly text: string;
  /** `"key":`, as every fragment of JSON with this key begins. */
  readonly prefix: string;
  /** Number of the attribute list that has this key; see AttributeKeys.nextList. */
  seenIn: number;
  /** How often values of this key were put into the table of known attributes, and found there again; lately. */
  claims: number;
  finds: number;
}

/** Values of a key before it is judged. */
const WATCHED = 128;
/** Of the values of a key that does not repeat (ids, urls) one in so many is still remembered, in case it begins to. */
const SPARSE = 32;

/** Whether remembering the next value of `key` is likely to pay. */
export function worthRemembering(key: KnownKey): boolean {
  key.claims += 1;
  if (key.claims < WATCHED || key.finds * 4 >= key.claims) return true;
  if (key.claims >= WATCHED * 64) {
    key.claims = WATCHED;
    key.finds >>= 6;
  }
  return key.claims % SPARSE === 0;
}

const MAX_KEYS = 16_384;
const MAX_CHARACTERS = 2_097_152;

/** One object per distinct key, bounded: forgets all of them when there are too many, at a moment its owner chooses. */
export class AttributeKeys {
  readonly #known = new Map<string, KnownKey>();
  #characters = 0;
  #list = 0;

  of(text: string): KnownKey {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const fresh: KnownKey = { text, prefix: `${JSON.stringify(text)}:`, seenIn: 0, claims: 0, finds: 0 };
    this.#known.set(text, fresh);
    this.#characters += text.length;
    return fresh;
  }

  /** The number of a new attribute list. */
  nextList(): number {
    this.#list += 1;
    return this.#list;
  }

  get full(): boolean {
    return this.#known.size > MAX_KEYS || this.#characters > MAX_CHARACTERS;
  }

  clear(): void {
    this.#known.clear();
    this.#characters = 0;
  }
}
