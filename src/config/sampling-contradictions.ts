import { errorAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import type { SamplingAction, SamplingPolicy, SamplingRules } from './sampling.js';

/** Rules of which one makes another one, or all of them, pointless. */
export function contradictionsOf({ policies, budget, errors }: SamplingRules, at: Location): Problem[] {
  const problems: Problem[] = [];
  const say = (policy: Pick<SamplingPolicy, 'at'>, message: string, hint: string): void => void problems.push(errorAt(policy.at, 'rules/sampling-contradicts', { path: 'spec.policies', message, hint }));
  for (const [index, policy] of policies.entries()) {
    const before = policies.slice(0, index);
    const { name, action } = policy;
    if (before.some((other) => other.name === name)) say(policy, `there are two policies named "${name}"`, 'a name says why a trace was kept: give each its own');
    const impossible = impossibilityOf(policy);
    if (impossible !== undefined) say(policy, `"${name}" matches no trace: ${impossible}`, 'change one of the bounds');
    if (dropsAll(action) && policy.conditions.length === 0) say(policy, `"${name}" drops every trace`, 'say which ones, with a condition that is not always_sample');
    const twin = before.find((other) => dropsAll(other.action) !== dropsAll(action) && other.action.kind !== action.kind && sameConditions(other, policy));
    if (twin !== undefined && policy.conditions.length > 0) say(policy, `"${name}" ${action.kind === 'drop' ? 'drops what' : 'keeps what'} "${twin.name}" ${action.kind === 'drop' ? 'keeps' : 'drops'}: dropping wins, so that keeping has no effect`, 'take one of them out');
    if (action.kind === 'keep' && action.probability === 0) say(policy, `"${name}" keeps 0 % of what it matches, which is the same as no policy`, 'raise the percentage, or write a policy of type drop');
    if (dropsAll(action) && errors && policy.conditions.some((condition) => condition.kind === 'query' && !condition.negated && /^\{ status = error \}$/.test(condition.text)) && policy.conditions.length === 1) say(policy, `"${name}" drops every trace with an error, and errors are kept`, 'write errors: false if that is what you want');
    if (action.kind === 'drop' && action.probability === 0) say(policy, `"${name}" drops 0 % of what it matches`, 'raise the percentage, or take the policy out');
    if (action.kind === 'limit' && budget?.unit === action.unit && action.perSecond > budget.perSecond) say(policy, `"${name}" may keep ${action.perSecond} ${action.unit} a second, and the budget is ${budget.perSecond} for all`, 'raise spec.budget or lower the limit');
  }
  const everything = policies.find(({ conditions, action }) => conditions.length === 0 && action.kind === 'keep' && action.probability === 1);
  if (everything !== undefined && budget !== undefined) problems.push(errorAt(at, 'rules/sampling-contradicts', { path: 'spec.budget', message: `"${everything.name}" keeps every trace, so that the budget has no effect`, hint: 'write budget: none, or take the policy out' }));
  return problems;
}

function dropsAll(action: SamplingAction): boolean {
  return action.kind === 'drop' && action.probability === 1;
}

function impossibilityOf({ conditions }: SamplingPolicy): string | undefined {
  const latencies = conditions.flatMap((condition) => (condition.kind === 'latency' && !condition.negated ? [condition] : []));
  const counts = conditions.flatMap((condition) => (condition.kind === 'span-count' && !condition.negated ? [condition] : []));
  const [minMs, maxMs] = [Math.max(0, ...latencies.map((each) => each.minMs)), Math.min(Infinity, ...latencies.map((each) => each.maxMs ?? Infinity))];
  if (minMs >= maxMs) return `none takes more than ${minMs} ms and at most ${maxMs} ms`;
  const [min, max] = [Math.max(0, ...counts.map((each) => each.min)), Math.min(Infinity, ...counts.map((each) => each.max ?? Infinity))];
  if (min > max) return `none has at least ${min} spans and at most ${max}`;
  const numbers = conditions.flatMap((condition) => (condition.kind === 'query' && !condition.negated ? [/>= (-?[\d.e+]+) && .* <= (-?[\d.e+]+) \}$/.exec(condition.text)] : []));
  const wrong = numbers.find((range) => range !== null && Number(range[1]) > Number(range[2]));
  if (wrong != null) return `no number is at least ${wrong[1] ?? ''} and at most ${wrong[2] ?? ''}`;
  const queries = conditions.flatMap((condition) => (condition.kind === 'query' ? [condition] : []));
  const both = queries.find((query) => queries.some((other) => other.text === query.text && other.negated !== query.negated));
  return both === undefined ? undefined : `it asks for ${both.text} and for its opposite`;
}

function sameConditions(left: SamplingPolicy, right: SamplingPolicy): boolean {
  const text = ({ conditions }: SamplingPolicy): string => JSON.stringify(conditions.map((condition) => ({ ...condition, at: undefined })).map((condition) => JSON.stringify(condition)).sort());
  return text(left) === text(right);
}
