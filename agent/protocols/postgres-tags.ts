import { Words } from './words.js';

/** What a statement did, as CommandComplete says it: `SELECT 3`, `INSERT 0 1`, `CREATE TABLE`. */
export interface CommandTag {
  readonly command: string | undefined;
  readonly rows: number | undefined;
}

const TAG = /^([A-Z][A-Z ]*?)(?: \d+)??(?: (\d+))?$/;
const MAX_KNOWN = 512;

/** Reads tags; most come again and again. */
export class CommandTags {
  readonly #words = new Words();
  readonly #known = new Map<string, CommandTag>();

  /** Of the text up to its zero byte, or to the end of what is there. */
  of(bytes: Buffer, from: number, end: number): CommandTag {
    let last = from;
    while (last < end && bytes[last] !== 0) last += 1;
    const text = this.#words.of(bytes, from, last);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const [, command, rows] = TAG.exec(text) ?? [];
    const tag = { command, rows: rows === undefined ? undefined : Number(rows) };
    this.#known.set(text, tag);
    return tag;
  }
}
