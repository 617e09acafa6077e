import type { Location } from '../lib/problem.js';

/** TraceQL as the operator wrote it; stage `sli` compiles it, so that its errors can name the place. */
export interface QuerySource {
  readonly text: string;
  /** Position of the first character of the query. */
  readonly at: Location;
}
