import { err, ok, type Result } from '../../lib/result.js';
import type { Query } from './ast.js';
import type { TraceqlQuery } from './query-ast.js';
import { readQuery } from './query-parser.js';
import { ruleFilterOf, type PlacedQuery } from './rule-filter.js';
import { TokenStream } from './token-stream.js';
import { TraceqlFailure, errorAt, type TraceqlError } from './traceql-error.js';

/** Reads the whole language, as searches and charts use it. Every fault has a position and, nearly always, what would be right. */
export function parseSearch(text: string): Result<TraceqlQuery, TraceqlError> {
  return withErrors(text, () => readPlaced(text).query);
}

/** Reads what rules use of it: one `{ … }`. What a search can do and a rule cannot is refused with the reason. */
export function parseTraceql(text: string): Result<Query, TraceqlError> {
  return withErrors(text, () => ruleFilterOf(readPlaced(text)));
}

function readPlaced(text: string): PlacedQuery {
  const tokens = new TokenStream(text);
  const query = readQuery(tokens);
  return { query, placeOf: tokens.placeOf, mixture: tokens.mixture };
}

function withErrors<T>(text: string, read: () => T): Result<T, TraceqlError> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof TraceqlFailure) return err(errorAt(text, error));
    throw error;
  }
}
