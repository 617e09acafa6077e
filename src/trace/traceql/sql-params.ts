export type SqlParameter = string | number | bigint | boolean;

/** The parameters of a statement: every literal and every attribute key, so that nothing can be injected. */
export class SqlParams {
  readonly values: Record<string, SqlParameter> = {};
  readonly #prefix: string;
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** `$q0` for a value. */
  add(value: SqlParameter): string {
    const name = `${this.#prefix}${this.#count}`;
    this.#count += 1;
    this.values[name] = value;
    return `$${name}`;
  }

  double(value: number): string {
    // As text: drivers bind whole numbers as 64-bit integers, and 1e21 is none.
    return `CAST(${this.add(String(value))} AS DOUBLE)`;
  }
}
