import type { AgentPolicy } from './agent-policy.js';
import type { HttpWishes } from './protocols/http1.js';
import type { SqlWishes } from './protocols/postgres.js';
import type { RedisWishes } from './protocols/redis.js';

/** A statement is kept so much longer than it is told: its values go before it is cut. */
const STATEMENT_ROOM = 4;

/** What the parsers keep beyond what framing needs: one object that all of them look at, so that a reload also holds for connections that are open. */
export class Wishes implements HttpWishes, SqlWishes, RedisWishes {
  headers: ReadonlySet<string> = new Set();
  b3 = false;
  bodyBytes = 0;
  statementBytes = 0;
  parameters = false;
  argumentBytes = 0;

  constructor(policy: AgentPolicy) {
    this.use(policy);
  }

  use(policy: AgentPolicy): void {
    this.headers = lowerCase(policy.captureHeaders);
    this.b3 = policy.b3;
    this.bodyBytes = policy.captureBodyBytes;
    this.statementBytes = policy.maxQueryLength * STATEMENT_ROOM;
    this.parameters = policy.captureParameters;
    this.argumentBytes = policy.sanitizeQueries ? 0 : policy.maxQueryLength;
  }
}

/** Names of headers, as parsers know them. */
export function lowerCase(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
