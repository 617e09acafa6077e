/** What is wrong with a query, where, and what would be right. Line and column count from 1, the offset from 0, all in UTF-16 units. */
export interface TraceqlError {
  readonly message: string;
  readonly hint: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Carries an error out of the recursive descent; `parseTraceql` catches it and nothing else sees it. */
export class TraceqlFailure extends Error {
  readonly offset: number;
  readonly hint: string;

  constructor(offset: number, message: string, hint = '') {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

export function errorAt(text: string, failure: TraceqlFailure): TraceqlError {
  const before = text.slice(0, failure.offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    message: failure.message,
    hint: failure.hint,
    offset: failure.offset,
    line: before.split('\n').length,
    column: failure.offset - lineStart + 1,
  };
}
