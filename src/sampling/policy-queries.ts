import type { SamplingRules } from '../config/sampling.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { parseSearch } from '../trace/traceql/parser.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';

/** Queries of policies that are no TraceQL, or that make metrics. */
export function checkSampling({ policies }: Pick<SamplingRules, 'policies'>): Problem[] {
  return policies.flatMap(({ name, conditions }) => conditions.flatMap((condition) => {
    if (condition.kind !== 'query') return [];
    const parsed = parseSearch(condition.text);
    if (parsed.ok && parsed.value.type === 'search') return [];
    const { message, hint } = parsed.ok ? { message: 'this query makes metrics, it does not find traces', hint: 'leave out what follows the last |' } : parsed.error;
    return [errorAt(condition.at, 'rules/bad-sampling-query', { path: 'spec.policies', message: `policy "${name}": ${message}: ${condition.text}`, hint })];
  }));
}

export function isSearch(text: string): boolean {
  const parsed = parseSearch(text);
  return parsed.ok && parsed.value.type === 'search';
}

/** @throws where `checkSampling` has found a problem. */
export function searchOf(text: string): SpansetExpression {
  const parsed = parseSearch(text);
  if (parsed.ok && parsed.value.type === 'search') return parsed.value.search;
  throw new Error(`not a search: ${text}`);
}
