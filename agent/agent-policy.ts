import type { AttributePolicy } from './attribute-policy.js';
import type { Conventions } from './older-names.js';
import type { Sampling } from './sampling.js';

/** Everything of the configuration that decides what becomes a span. Replaced as a whole on reload. */
export interface AgentPolicy extends AttributePolicy {
  readonly http: boolean;
  readonly databases: boolean;
  readonly excludePaths: readonly string[];
  readonly excludePorts: readonly number[];
  /** Programs whose processes are left alone, written like paths. */
  readonly excludeExecutables: readonly string[];
  readonly b3: boolean;
  readonly conventions: Conventions;
  readonly sampling: Sampling;
  /** Whether spans of a process with an SDK are told as well. */
  readonly tracesInstrumented: boolean;
}

/** `/metrics` is itself alone; `/internal/*` everything below. */
export function isExcludedPath(path: string, excluded: readonly string[]): boolean {
  return excluded.some((pattern) => (pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern));
}
