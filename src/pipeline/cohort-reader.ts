import type { CohortRequest } from '../diagnosis/judge-cohorts.js';
import type { SqlCondition } from '../trace/traceql/sql.js';

export interface CohortQuery {
  readonly condition: SqlCondition;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Port: the stored requests (SERVER and CONSUMER spans) that meet a condition. */
export interface CohortReader {
  /** At most COHORT_LIMIT, of more a sample spread by hash. */
  requests(query: CohortQuery): Promise<readonly CohortRequest[]>;
}

/** More requests of a cohort say nothing new. */
export const COHORT_LIMIT = 20_000;
