import type { TraceKey } from './trace-key.js';

/** What a SQL parameter or cell can be. BIGINT and UBIGINT cells come as bigint, DOUBLE and INTEGER as number, JSON and VARCHAR as string, BLOB as bytes. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array;

export interface Statement {
  readonly sql: string;
  /** Named parameters: `$name` in the SQL, `name` here. */
  readonly params?: Readonly<Record<string, SqlValue>>;
  /** It wants rows of these traces only, of relations that bear the mark ARRIVED. A database that does not know when they came passes over it. */
  readonly ofTraces?: readonly TraceKey[];
}

export type Row = Readonly<Record<string, SqlValue>>;

/**
 * The embedded database as adapters of other stages use it (incidents, outbox, read models).
 * Spans and slices do not pass here: they are appended where they are decoded.
 */
export interface Database {
  query(statement: Statement): Promise<Row[]>;
  /** All or nothing, durable when it resolves. */
  transaction(statements: readonly Statement[]): Promise<void>;
}
