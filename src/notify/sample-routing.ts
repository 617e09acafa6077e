import { formatProblem } from '../lib/problem.js';
import { parseRouting, type Routing } from './routing.js';

/** A routing file for tests; throws what `check` would say. */
export function routingOf(text: string): Routing {
  const parsed = parseRouting({ path: 'routing.yaml', text });
  if (!parsed.ok) throw new Error(parsed.error.map(formatProblem).join('\n'));
  return parsed.value;
}
