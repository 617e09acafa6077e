import type { Timing } from './timing.js';

/** One statement to PostgreSQL and its outcome. */
export interface SqlExchange extends Timing {
  readonly protocol: 'postgresql';
  /** As it was sent; empty where it is not known (a statement prepared before the connection was seen). */
  statement: string;
  /** The statement is longer than what was kept. */
  isStatementCut: boolean;
  /** It was prepared where there was no room to keep it: `statement` is empty for that. */
  readonly isForgotten: boolean;
  readonly database: string | undefined;
  readonly user: string | undefined;
  /** Values that were bound, as text; empty unless asked for. */
  readonly parameters: readonly string[];
  /** From CommandComplete: `SELECT`, `INSERT`, … */
  command: string | undefined;
  rows: number | undefined;
  /** SQLSTATE and message of the first error. */
  errorCode: string | undefined;
  errorMessage: string | undefined;
}
