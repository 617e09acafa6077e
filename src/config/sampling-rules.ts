import { parseDuration } from '../lib/duration.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { formatPath } from '../lib/yaml-document.js';
import type { RuleDocument } from './rule-documents.js';
import { DEFAULT_SAMPLING, type SamplingAction, type SamplingCondition, type SamplingPolicy, type SamplingRules } from './sampling.js';
import { contradictionsOf } from './sampling-contradictions.js';
import type { LeafDocument, PolicyDocument } from './sampling-schema.js';

type SamplingDocument = RuleDocument<'Sampling'>;
type Limit = Extract<SamplingAction, { readonly kind: 'limit' }>;
type Keep = Extract<SamplingAction, { readonly kind: 'keep' }>;
type Report = (path: readonly (string | number)[], message: string, hint: string) => void;

const UNITS: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30, TiB: 2 ** 40 };
/** Why traces are kept, besides the names of policies, and log records. */
export const KEPT_REASONS = ['pinned', 'error', 'new', 'slow', 'fast', 'rare', 'baseline', 'error-log', 'log'] as const;

/** Reads the `Sampling` document, of which there is one at most; without it the defaults hold. */
export function readSampling(documents: Iterable<SamplingDocument>, problems: Problem[]): SamplingRules {
  const [document, ...others] = [...documents];
  for (const { source } of others) problems.push(errorAt(source.at(['metadata', 'name']), 'rules/duplicate-name', { path: 'metadata.name', message: 'there is another Sampling document', hint: 'one says how everything is sampled: put the policies of both into it' }));
  if (document === undefined) return DEFAULT_SAMPLING;
  const { content: { spec }, source } = document;
  const report: Report = (path, message, hint) => void problems.push(errorAt(source.at(['spec', ...path]), 'rules/invalid-value', { path: formatPath(['spec', ...path]), message, hint }));
  const share = (field: 'baseline' | 'slow' | 'fast' | 'rare'): number => readShare(spec[field], [field], report) ?? DEFAULT_SAMPLING[field];
  const policies = (spec.policies ?? []).flatMap((policy, index) => readPolicy(policy, { path: ['policies', index], at: source.at(['spec', 'policies', index]), report }));
  const rules: SamplingRules = {
    budget: readBudget(spec.budget, report), whileBurning: spec.whileBurning ?? DEFAULT_SAMPLING.whileBurning, baseline: share('baseline'), errors: spec.errors ?? true,
    slow: share('slow'), fast: share('fast'), rare: share('rare'), newForMs: readAge(spec.newFor, ['newFor'], report) ?? DEFAULT_SAMPLING.newForMs, policies,
    retention: readRetention(document, policies, report),
  };
  problems.push(...contradictionsOf(rules, source.at(['spec'])));
  return rules;
}

function readBudget(budget: SamplingDocument['content']['spec']['budget'], report: Report): SamplingRules['budget'] {
  if (budget === undefined) return DEFAULT_SAMPLING.budget;
  if (budget === 'none') return undefined;
  const { spansPerSecond, bytesPerSecond } = budget;
  if ((spansPerSecond === undefined) === (bytesPerSecond === undefined)) report(['budget'], 'the budget has to be in spans or in bytes', 'write spansPerSecond or bytesPerSecond, not both; or none');
  return spansPerSecond === undefined ? { unit: 'bytes', perSecond: bytesPerSecond ?? 1 } : { unit: 'spans', perSecond: spansPerSecond };
}

function readRetention({ content: { spec: { retention = {} } } }: SamplingDocument, policies: readonly SamplingPolicy[], report: Report): SamplingRules['retention'] {
  const defaults = DEFAULT_SAMPLING.retention;
  const reasons: readonly string[] = [...KEPT_REASONS, ...policies.map(({ name }) => name)];
  const rules = (retention.rules ?? []).flatMap(({ maxAge, service, reason }, index) => {
    if (reason !== undefined && !reasons.includes(reason)) report(['retention', 'rules', index, 'reason'], `nothing is kept for "${reason}"`, `write one of ${KEPT_REASONS.join(', ')}, or the name of a policy`);
    const maxAgeMs = readAge(maxAge, ['retention', 'rules', index, 'maxAge'], report);
    return maxAgeMs === undefined ? [] : [{ ...(service === undefined ? {} : { service }), ...(reason === undefined ? {} : { reason }), maxAgeMs }];
  });
  return {
    maxAgeMs: readAge(retention.maxAge, ['retention', 'maxAge'], report) ?? defaults.maxAgeMs, maxBytes: readSize(retention.maxSize, ['retention', 'maxSize'], report),
    minFreeBytes: readSize(retention.minFree, ['retention', 'minFree'], report) ?? defaults.minFreeBytes, rules,
  };
}

interface Place {
  readonly path: readonly (string | number)[];
  readonly at: Location;
  readonly report: Report;
}

/** One policy of the Collector's tail-sampling processor; a composite one becomes one for each of its parts. */
function readPolicy(policy: PolicyDocument, place: Place): readonly SamplingPolicy[] {
  const { name } = policy;
  switch (policy.type) {
    case 'drop':
      return [{ name, conditions: policy.drop.drop_sub_policy.flatMap((leaf) => conditionsOf(leaf, place)), action: { kind: 'drop', probability: dropped(policy, place) }, at: place.at }];
    case 'and':
      return [{ name, conditions: policy.and.and_sub_policy.flatMap((leaf) => conditionsOf(leaf, place)), action: strictest(policy.and.and_sub_policy, place), at: place.at }];
    case 'composite':
      return readComposite(policy, place);
    case 'traceql': {
      const condition: SamplingCondition = { kind: 'query', text: policy.traceql.query, negated: false, at: place.at };
      const probability = readShare(policy.traceql.share, [...place.path, 'traceql', 'share'], place.report) ?? 1;
      return [{ name, conditions: [condition], action: policy.traceql.drop === true ? { kind: 'drop', probability } : { kind: 'keep', probability }, at: place.at }];
    }
    default:
      return [{ name, conditions: conditionsOf(policy, place), action: actionOf(policy), at: place.at }];
  }
}

function readComposite({ name, composite }: Extract<PolicyDocument, { type: 'composite' }>, place: Place): readonly SamplingPolicy[] {
  const parts = composite.composite_sub_policy;
  const names = parts.map((part) => part.name);
  const path = [...place.path, 'composite'];
  for (const ordered of composite.policy_order) if (!names.includes(ordered)) place.report([...path, 'policy_order'], `"${ordered}" is no part of this policy`, `its parts are ${names.join(', ')}`);
  for (const part of names) if (!composite.policy_order.includes(part)) place.report([...path, 'policy_order'], `the part "${part}" has no place in the order, so that it never decides`, 'add it to policy_order');
  const percents = composite.rate_allocation ?? [];
  for (const { policy } of percents) if (!names.includes(policy)) place.report([...path, 'rate_allocation'], `"${policy}" is no part of this policy`, `its parts are ${names.join(', ')}`);
  const total = percents.reduce((sum, { percent }) => sum + percent, 0);
  if (total > 100) place.report([...path, 'rate_allocation'], `the parts together are given ${total} %`, 'give them 100 % or less');
  const others = names.filter((part) => !percents.some(({ policy }) => policy === part)).length;
  const percentOf = (part: string): number => percents.find(({ policy }) => policy === part)?.percent ?? Math.max(0, 100 - total) / Math.max(1, others);
  return composite.policy_order.flatMap((ordered) => {
    const part = parts.find((each) => each.name === ordered);
    if (part === undefined) return [];
    const leaves = part.type === 'and' ? part.and.and_sub_policy : [part];
    const perSecond = (composite.max_total_spans_per_second * percentOf(ordered)) / 100;
    return [{ name: `${name}/${ordered}`, conditions: leaves.flatMap((leaf) => conditionsOf(leaf, place)), action: strictest(leaves, place, perSecond), at: place.at }];
  });
}

function actionOf(leaf: LeafDocument): Limit | Keep {
  if (leaf.type === 'probabilistic') return { kind: 'keep', probability: Math.min(1, leaf.probabilistic.sampling_percentage / 100) };
  if (leaf.type === 'rate_limiting') return { kind: 'limit', unit: 'spans', perSecond: leaf.rate_limiting.spans_per_second, probability: 1 };
  return leaf.type === 'bytes_limiting' ? { kind: 'limit', unit: 'bytes', perSecond: leaf.bytes_limiting.bytes_per_second, probability: 1 } : { kind: 'keep', probability: 1 };
}

/** What all of these together keep, at most `perSecond` spans of it. */
function strictest(leaves: readonly LeafDocument[], place: Place, perSecond = Infinity): SamplingAction {
  const actions = leaves.map(actionOf);
  const probability = Math.min(...actions.map((action) => action.probability));
  const limits = actions.flatMap((action) => (action.kind === 'limit' ? [action] : []));
  const own: readonly Limit[] = perSecond === Infinity ? [] : [{ kind: 'limit', unit: 'spans', perSecond, probability }];
  const [first, ...others] = [...limits, ...own].sort((left, right) => left.perSecond - right.perSecond);
  if (others.some(({ unit }) => unit !== first?.unit)) place.report(place.path, 'these limits are in spans and in bytes', 'write two policies: of traces that match both, the first one has its say');
  return first === undefined ? { kind: 'keep', probability } : { ...first, probability };
}

/** Of what matches, the share that goes. */
function dropped({ drop: { drop_sub_policy: leaves } }: Extract<PolicyDocument, { type: 'drop' }>, { path, report }: Place): number {
  const actions = leaves.map(actionOf);
  if (actions.some(({ kind }) => kind === 'limit')) report([...path, 'drop', 'drop_sub_policy'], 'a rate says how much is kept, and this policy drops', 'write a probabilistic part for a share of what matches, or a rate_limiting policy for what is kept of it');
  return Math.min(...actions.map(({ probability }) => probability));
}

function conditionsOf(leaf: LeafDocument, place: Place): readonly SamplingCondition[] {
  const query = (text: string, negated = false): readonly SamplingCondition[] => [{ kind: 'query', text, negated, at: place.at }];
  const field = (key: string): string => `.${JSON.stringify(key)}`;
  switch (leaf.type) {
    case 'always_sample':
    case 'probabilistic':
    case 'rate_limiting':
    case 'bytes_limiting':
      return [];
    case 'not':
      return conditionsOf(leaf.not.not_sub_policy, place).map((condition) => ({ ...condition, negated: !condition.negated }));
    // For the Collector an upper bound of 0 is none.
    case 'latency':
      return [{ kind: 'latency', minMs: leaf.latency.threshold_ms, maxMs: leaf.latency.upper_threshold_ms || undefined, negated: false }];
    case 'span_count':
      return [{ kind: 'span-count', min: leaf.span_count.min_spans, max: leaf.span_count.max_spans || undefined, negated: false }];
    case 'trace_state':
      return [{ kind: 'trace-state', members: leaf.trace_state.values.map((value) => `${leaf.trace_state.key}=${value}`), negated: false }];
    case 'trace_flags':
      return [{ kind: 'sampled-flag', negated: false }];
    case 'status_code':
      return query(`{ ${leaf.status_code.status_codes.map((code) => `status = ${code.toLowerCase()}`).join(' || ')} }`);
    case 'boolean_attribute':
      return query(`{ ${field(leaf.boolean_attribute.key)} = ${leaf.boolean_attribute.value} }`, leaf.boolean_attribute.invert_match);
    case 'numeric_attribute': {
      const { key, min_value: min, max_value: max, invert_match: negated } = leaf.numeric_attribute;
      return query(`{ ${field(key)} >= ${min ?? -1e300} && ${field(key)} <= ${max ?? 1e300} }`, negated);
    }
    case 'string_attribute': {
      const { key, values, enabled_regex_matching: isRegex, invert_match: negated } = leaf.string_attribute;
      // The Collector looks for the pattern anywhere in the value; TraceQL's has to match all of it.
      return query(`{ ${values.map((value) => (isRegex === true ? `${field(key)} =~ ${JSON.stringify(`.*(?:${value}).*`)}` : `${field(key)} = ${JSON.stringify(value)}`)).join(' || ')} }`, negated);
    }
  }
}

function readShare(text: string | undefined, path: readonly (string | number)[], report: Report): number | undefined {
  if (text === undefined) return undefined;
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return Number(percent) / 100;
  report(path, `"${text}" is no share`, 'write it like 1%');
  return undefined;
}

function readAge(text: string | undefined, path: readonly (string | number)[], report: Report): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  report(path, parsed.ok ? `"${text}" is no time at all` : parsed.error, 'write it like 30d');
  return undefined;
}

function readSize(text: string | undefined, path: readonly (string | number)[], report: Report): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kMGT]i?B|KiB)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor);
  report(path, `"${text}" is no size`, 'write it like 50GB or 512MiB');
  return undefined;
}
