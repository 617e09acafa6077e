import { closest } from '../lib/closest.js';
import { DAY_MS } from '../lib/duration.js';
import { errorAt, warningAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { ok } from '../lib/result.js';
import { formatPath, type DocumentPath, type YamlDocument } from '../lib/yaml-document.js';
import { DEFAULT_EVIDENCE } from './burn-rate-policy.js';
import type { AlertConditionSpec, AlertPolicySpec } from './open-slo-schema.js';
import { parseShorthand } from './rule-duration.js';
import type { RuleDocuments } from './rule-documents.js';
import type { BurnRateRule, TierRule } from './rule-set.js';
import type { Severity } from './slo.js';

/** An AlertPolicy or AlertCondition as written: in a document of its own, or inline at `path` of another. */
export interface Placed<T> {
  readonly spec: T;
  readonly name: string;
  readonly source: YamlDocument;
  /** Path of `spec`. */
  readonly path: DocumentPath;
}

/**
 * OpenSLO's AlertPolicy has one condition with one window, so it becomes a policy with one tier whose short window is
 * its long one. Undefined when it holds something that cannot be honoured.
 */
export function readAlertPolicy(policy: Placed<AlertPolicySpec>, documents: RuleDocuments, problems: Problem[]): BurnRateRule | undefined {
  const before = problems.filter((problem) => problem.level === 'error').length;
  problems.push(...flagProblems(policy));
  const condition = findCondition(policy, documents, problems);
  const tier = condition === undefined ? undefined : readCondition(condition, problems);
  if (tier === undefined || problems.filter((problem) => problem.level === 'error').length > before) return undefined;
  return { name: policy.name, description: policy.spec.description ?? '', presetForMs: undefined, tiers: [tier], evidence: DEFAULT_EVIDENCE, ...(policy.spec.alertWhenNoData === true ? { whenStopped: tier.severity } : {}), at: policy.source.at(policy.path) };
}

function flagProblems({ spec, source, path }: Placed<AlertPolicySpec>): Problem[] {
  const problems: Problem[] = [];
  const place = (key: string): { at: ReturnType<YamlDocument['at']>; path: string } => ({ at: source.at([...path, key]), path: formatPath([...path, key]) });
  if (spec.alertWhenBreaching === false) {
    const { at, path: where } = place('alertWhenBreaching');
    problems.push(errorAt(at, 'rules/not-supported-yet', { path: where, message: '"alertWhenBreaching: false" leaves a policy that never alerts', hint: 'remove the policy, or write true' }));
  }
  for (const key of ['alertWhenResolved', 'notificationTargets'] as const) {
    const value = spec[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const { at, path: where } = place(key);
    const decides = key === 'alertWhenResolved' ? 'send_resolved of the receiver decides whether the end is told' : 'its routes decide who hears of an alert';
    problems.push(warningAt(at, 'rules/decided-elsewhere', { path: where, message: `"${key}" has no effect`, hint: `rules/routing.yaml: ${decides}` }));
  }
  return problems;
}

function findCondition({ spec, source, path, name }: Placed<AlertPolicySpec>, documents: RuleDocuments, problems: Problem[]): Placed<AlertConditionSpec> | undefined {
  const [condition] = spec.conditions;
  if (condition === undefined) return undefined;
  if ('spec' in condition) return { spec: condition.spec, name: condition.metadata?.name ?? name, source, path: [...path, 'conditions', 0, 'spec'] };
  const found = documents.AlertCondition.get(condition.conditionRef);
  if (found !== undefined) return { spec: found.content.spec, name: condition.conditionRef, source: found.source, path: ['spec'] };
  if (documents.broken.has(`AlertCondition/${condition.conditionRef}`)) return undefined;
  const near = closest(condition.conditionRef, [...documents.AlertCondition.keys()]);
  problems.push(errorAt(source.at([...path, 'conditions', 0, 'conditionRef']), 'rules/unknown-reference', { path: formatPath([...path, 'conditions', 0, 'conditionRef']), message: `there is no AlertCondition "${condition.conditionRef}"`, hint: near === undefined ? '' : `did you mean "${near}"?` }));
  return undefined;
}

const MAX_AFTER_MS = DAY_MS;

/** OpenSLO leaves `severity` free; these are the words that people use for the two that exist here. */
const SEVERITIES: Readonly<Record<string, Severity>> = { page: 'page', ticket: 'ticket', critical: 'page', high: 'page', warning: 'ticket', medium: 'ticket', low: 'ticket' };

function readCondition({ spec, source, path }: Placed<AlertConditionSpec>, problems: Problem[]): TierRule | undefined {
  const { op, threshold, lookbackWindow, alertAfter } = spec.condition;
  const refuse = (key: DocumentPath, text: { message: string; hint?: string }): TierRule | undefined => {
    problems.push(errorAt(source.at([...path, ...key]), 'rules/invalid-value', { path: formatPath([...path, ...key]), ...text }));
    return undefined;
  };
  const severity = SEVERITIES[spec.severity.toLowerCase()];
  if (severity === undefined) refuse(['severity'], { message: `"${spec.severity}" is not a severity here`, hint: 'write page (wakes somebody) or ticket' });
  if (op === 'lt' || op === 'lte') {
    problems.push(warningAt(source.at([...path, 'condition', 'op']), 'rules/suspicious-operator', { path: formatPath([...path, 'condition', 'op']), message: `"op: ${op}" says: alert while the burn rate is below ${threshold}, that is on a healthy service. Tocsin alerts above it`, hint: 'write gt or gte' }));
  }
  if (threshold < 1) refuse(['condition', 'threshold'], { message: `a threshold of ${threshold} would alert while the SLO is met`, hint: 'a burn rate of 1 spends exactly the budget; write 1 or more' });
  const after = alertAfter === undefined || /^0[mhdw]?$/.test(alertAfter) ? ok(0) : parseShorthand(alertAfter);
  if (!after.ok) refuse(['condition', 'alertAfter'], { message: after.error });
  else if (after.value > MAX_AFTER_MS) refuse(['condition', 'alertAfter'], { message: `"alertAfter: ${alertAfter ?? ''}" lets an outage burn for longer than a day before anybody hears of it`, hint: 'write at most 1d; a longer lookbackWindow asks for burn that lasts' });
  const window = parseShorthand(lookbackWindow);
  if (!window.ok) return refuse(['condition', 'lookbackWindow'], { message: window.error });
  if (severity === undefined || !after.ok) return undefined;
  return { severity, ...(after.value === 0 ? {} : { afterMs: after.value }), longMs: window.value, shortMs: window.value, burn: { factor: threshold }, at: source.at([...path, 'condition']) };
}
