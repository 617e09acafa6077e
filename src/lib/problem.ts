/** Where in a file something was written. Line and column count from 1, as editors do. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with what an operator wrote. `check` prints it, `serve` refuses to start with it, hot reload reports it. */
export interface Problem {
  readonly at: Location;
  /** Stable and searchable, like `rules/unknown-key`. Listed in docs/errors.md. */
  readonly code: string;
  /** Dotted path inside the document, like `spec.objectives[0].target`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What would be right. */
  readonly hint: string;
  readonly level: 'error' | 'warning';
}

/** `rules/shop.yaml:12:9: error rules/unknown-key spec.foo: … Hint: …` */
export function formatProblem(problem: Problem): string {
  const { file, line, column } = problem.at;
  const path = problem.path === '' ? '' : ` ${problem.path}`;
  const hint = problem.hint === '' ? '' : ` Hint: ${problem.hint}`;
  return `${file}:${line}:${column}: ${problem.level} ${problem.code}${path}: ${problem.message}${hint}`;
}
