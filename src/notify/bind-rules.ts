import type { DrillRule } from '../config/drill.js';
import type { EscalationRule, PersonRule } from '../config/escalation.js';
import type { RuleSet } from '../config/rule-set.js';
import { closest } from '../lib/closest.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import type { EscalationPolicy } from './escalation-policy.js';
import { integrationsOf } from './integrations.js';
import type { Receiver } from './receiver-configs.js';
import { checkReceiverRules, withReceiverRules, type Routing } from './routing.js';

type Rules = Pick<RuleSet, 'receivers' | 'escalations' | 'persons'> & Partial<Pick<RuleSet, 'drills'>>;

/** Routing with what documents of `kind: Receiver`, `EscalationPolicy` and `Person` say beside it. */
export function bindRules(routing: Routing, rules: Rules): Routing {
  const persons = new Map(rules.persons.map((person) => [person.name, person]));
  return { ...withReceiverRules(routing, rules.receivers), escalations: rules.escalations.map((rule) => policyOf(rule, persons)) };
}

function policyOf(rule: EscalationRule, persons: ReadonlyMap<string, PersonRule>): EscalationPolicy {
  const { name, receivers, severity, repeat, during, remindAcknowledgedMs } = rule;
  const steps = rule.steps.map((step) => ({ afterMs: step.afterMs, during: step.during, receivers: [...new Set([...step.receivers, ...step.persons.flatMap((person) => persons.get(person)?.receiver ?? [])])] }));
  return { name, receivers, severity, repeat, during, remindAcknowledgedMs, steps };
}

/** What these documents name must be there. */
export function checkBoundRules(routing: Routing, rules: Rules): Problem[] {
  const problems = checkReceiverRules(routing, rules.receivers);
  const receivers = (names: readonly string[], at: Location, path: string): void => {
    for (const name of names) if (!routing.receivers.has(name)) problems.push(errorAt(at, 'routing/unknown-receiver', { path, message: `routing.yaml has no receiver "${name}"`, hint: hintOf(name, [...routing.receivers.keys()], 'receivers are') }));
  };
  const intervals = (names: readonly string[], at: Location, path: string): void => {
    for (const name of names) if (!routing.timeIntervals.has(name)) problems.push(errorAt(at, 'rules/invalid-value', { path, message: `routing.yaml has no time interval "${name}"`, hint: hintOf(name, [...routing.timeIntervals.keys()], 'time intervals are') }));
  };
  for (const { name, receiver, at } of rules.persons) receivers(receiver === undefined ? [] : [receiver], at, `${name}: spec.receiver`);
  for (const { at, receivers: first, during, steps } of rules.escalations) {
    receivers(first, at, 'spec.receivers');
    intervals(during, at, 'spec.during');
    for (const [index, step] of steps.entries()) {
      const path = `spec.steps[${String(index)}]`;
      receivers(step.receivers, at, `${path}.receivers`);
      intervals(step.during, at, `${path}.during`);
      problems.push(...step.persons.flatMap((person) => personProblem({ person, at, path: `${path}.persons` }, rules.persons)));
    }
  }
  for (const drill of rules.drills ?? []) {
    receivers(drill.receivers, drill.at, `${drill.name}: spec.receivers`);
    receivers(drill.tell, drill.at, `${drill.name}: spec.tell`);
    problems.push(...muteProblems(drill, withReceiverRules(routing, rules.receivers)));
  }
  return problems;
}

/** A receiver without integrations swallows what it gets: there is nothing to drill, and nobody who would hear. */
function muteProblems({ receivers, tell, at, name }: DrillRule, routing: Routing): Problem[] {
  const isMute = (receiver: string): boolean => routing.receivers.has(receiver) && integrationsOf(routing.receivers.get(receiver) as Receiver).length === 0;
  return [['receivers', receivers] as const, ['tell', tell] as const].flatMap(([key, names]) => names.filter(isMute).map((receiver) => errorAt(at, 'rules/invalid-value', {
    path: `${name}: spec.${key}`, message: `the receiver "${receiver}" has no integrations: it swallows what it gets`, hint: 'name one that sends',
  })));
}

function personProblem({ person, at, path }: { readonly person: string; readonly at: Location; readonly path: string }, persons: readonly PersonRule[]): Problem[] {
  const known = persons.find(({ name }) => name === person);
  if (known === undefined) return [errorAt(at, 'rules/invalid-value', { path, message: `there is no kind: Person document "${person}"`, hint: hintOf(person, persons.map(({ name }) => name), 'persons are') })];
  return known.receiver === undefined ? [errorAt(at, 'rules/invalid-value', { path, message: `"${person}" cannot be reached: the document has no spec.receiver`, hint: 'name a receiver of routing.yaml there' })] : [];
}

function hintOf(name: string, names: readonly string[], are: string): string {
  const near = closest(name, names);
  return near !== undefined ? `did you mean "${near}"?` : names.length === 0 ? 'there is none yet' : `${are} ${names.join(', ')}`;
}
