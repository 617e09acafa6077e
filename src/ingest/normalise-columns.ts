import type { Attribute } from '../trace/attribute.js';

interface AttributeColumns {
  readonly count: number;
  readonly attributeStart: Uint32Array;
  readonly attributes: readonly Attribute[];
}

/** The attributes of a batch while some rows of it are written anew; nothing is copied before the first change. */
export class RewrittenAttributes {
  readonly #batch: AttributeColumns;
  #attributes: Attribute[] | undefined;
  #starts: Uint32Array | undefined;

  constructor(batch: AttributeColumns) {
    this.#batch = batch;
  }

  /** Row `row` stays as it is. Call this or `rewrite` for every row, in order. */
  keep(row: number): void {
    const out = this.#attributes;
    if (out === undefined) return;
    const { attributes, attributeStart } = this.#batch;
    const end = attributeStart[row + 1]!;
    for (let index = attributeStart[row]!; index < end; index += 1) out.push(attributes[index]!);
    this.#starts![row + 1] = out.length;
  }

  /** Where the attributes of row `row` go; call `end` after them. */
  begin(row: number): Attribute[] {
    if (this.#attributes === undefined) {
      const { attributes, attributeStart } = this.#batch;
      this.#attributes = attributes.slice(0, attributeStart[row]);
      this.#starts = attributeStart.slice();
    }
    return this.#attributes;
  }

  end(row: number): void {
    this.#starts![row + 1] = this.#attributes!.length;
  }

  /** The columns that changed. */
  columns(): Partial<Pick<AttributeColumns, 'attributes' | 'attributeStart'>> {
    return this.#attributes === undefined ? {} : { attributes: this.#attributes, attributeStart: this.#starts! };
  }
}
