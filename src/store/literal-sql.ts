import { assert } from '../lib/assert.js';
import type { SqlValue, Statement } from './database.js';

/** What a `$` may stand in without being a parameter, and parameters. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|\$(\w+)/g;
const LARGEST_BIGINT = 2n ** 63n - 1n;

/**
 * A statement with its parameters written into it. DuckDB plans one with parameters twice, without their values and again with them, and it waits
 * for the event loop once more in between; a plan is a third of what many a search costs. For statements that are run once as they are.
 */
export function withLiterals({ sql, params = {}, ofTraces }: Statement): Statement {
  return {
    ...(ofTraces === undefined ? {} : { ofTraces }),
    sql: sql.replaceAll(TOKEN, (token: string, name?: string) => {
      if (name === undefined) return token;
      const value = params[name];
      assert(value !== undefined, `parameter $${name} is missing for: ${sql.slice(0, 120)}`);
      return literal(value);
    }),
  };
}

/** Of the type that the value would be bound with. Where a column of another type is compared with it, DuckDB casts such a constant and not the column, so that zone maps are used. */
function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'bigint') return value > LARGEST_BIGINT ? `${value}::UBIGINT` : `(${value})::BIGINT`;
  if (typeof value === 'object') return `from_hex('${Buffer.from(value).toString('hex')}')`;
  return Number.isSafeInteger(value) ? `(${value})::BIGINT` : `'${value}'::DOUBLE`;
}

/** A text as SQL. A statement ends at U+0000, which names and values of senders may hold: it is put in by its number. */
export function quoted(text: string): string {
  const literal = `'${text.replaceAll("'", "''")}'`;
  return literal.includes('\0') ? `(${literal.replaceAll('\0', "' || chr(0) || '")})` : literal;
}
