import type { Database, Row, Statement } from '../../src/store/database.js';

/** What a failure did: nothing, or everything but say so. */
export type FailureMode = 'undone' | 'done';

/** Every statement and every transaction fails the first time it comes, and works afterwards: who tries again until nothing fails has been through all of them. */
export class FailingStatements implements Database {
  readonly failed: string[] = [];
  readonly #inner: Database;
  readonly #mode: FailureMode;
  readonly #seen = new Set<string>();

  constructor(inner: Database, mode: FailureMode) {
    this.#inner = inner;
    this.#mode = mode;
  }

  query(statement: Statement): Promise<Row[]> {
    return this.#failingOnce([statement], () => this.#inner.query(statement));
  }

  transaction(statements: readonly Statement[]): Promise<void> {
    return this.#failingOnce(statements, () => this.#inner.transaction(statements));
  }

  async #failingOnce<T>(statements: readonly Statement[], run: () => Promise<T>): Promise<T> {
    const name = statements.map(({ sql }) => withoutValues(sql)).filter((text, index, all) => text !== all[index - 1]).join('; ');
    const fails = !this.#seen.has(name);
    this.#seen.add(name);
    if (!fails) return run();
    this.failed.push(name);
    if (this.#mode === 'done') await run();
    throw new Error(`this statement fails: ${name.slice(0, 80)}`);
  }
}

/** Names of files and numbers differ from run to run. */
function withoutValues(sql: string): string {
  return sql.replaceAll(/'(?:[^']|'')*'/g, '?').replaceAll(/\?(?:, \?)+/g, '?').replaceAll(/\d+/g, '0').replaceAll(/\s+/g, ' ').trim();
}
