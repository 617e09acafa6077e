import { formatProblem, type Problem } from '../../lib/problem.js';

/** The rules, runbooks or tokens are not right; `serve` refuses to start with the list that `check` prints. */
export class ProblemsFound extends Error {
  override readonly name = 'ProblemsFound';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
