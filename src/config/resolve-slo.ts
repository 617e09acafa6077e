import { closest } from '../lib/closest.js';
import { DAY_MS, formatDuration } from '../lib/duration.js';
import { errorAt, warningAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import { readAlertPolicy, type Placed } from './alert-policy.js';
import { bySpeed, resolvePolicy } from './burn-rate-policy.js';
import { OWNER_ANNOTATION, RUNBOOK_ANNOTATION, type SliSpec } from './open-slo-schema.js';
import { parseShorthand } from './rule-duration.js';
import type { RuleDocument, RuleDocuments } from './rule-documents.js';
import type { BurnRateRule } from './rule-set.js';
import type { BurnRatePolicy, RatioIndicator, Slo } from './slo.js';
import { readIndicator } from './trace-indicator.js';

const MAX_WINDOW_MS = 366 * DAY_MS;

export interface ResolveContext {
  readonly documents: RuleDocuments;
  readonly policies: ReadonlyMap<string, BurnRateRule>;
  readonly problems: Problem[];
}

type SloRule = RuleDocument<'SLO'>;

/** One SLO document with everything it refers to; undefined when a part of it is wrong (the problems say which). */
export function resolveSlo(rule: SloRule, context: ResolveContext): Slo | undefined {
  const resolving = new Resolving(rule, context);
  const target = resolving.target();
  const windowMs = resolving.windowMs();
  const indicator = resolving.indicator();
  resolving.checkMethod();
  resolving.checkService();
  const rules = resolving.policyRules(windowMs);
  if (target === undefined || windowMs === undefined || rules === undefined) return undefined;
  const policy = resolving.policy(rules, { target, windowMs });
  if (indicator === undefined || policy === undefined || resolving.failed()) return undefined;
  const { metadata, spec } = rule.content;
  const runbook = metadata.annotations?.[RUNBOOK_ANNOTATION];
  const owner = metadata.annotations?.[OWNER_ANNOTATION];
  return {
    name: metadata.name,
    displayName: metadata.displayName ?? spec.objectives[0]?.displayName ?? metadata.name,
    description: spec.description ?? '',
    service: spec.service,
    target,
    windowMs,
    indicator,
    policy,
    ...(runbook === undefined ? {} : { runbook }),
    ...(owner === undefined ? {} : { owner }),
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value : value.join(',')])),
    at: rule.source.at(['metadata', 'name']),
  };
}

/** The parts of one SLO, each of which reports its own problems, so that one run finds them all. */
class Resolving {
  readonly #rule: SloRule;
  readonly #context: ResolveContext;
  readonly #errorsBefore: number;

  constructor(rule: SloRule, context: ResolveContext) {
    this.#rule = rule;
    this.#context = context;
    this.#errorsBefore = errorCount(context.problems);
  }

  failed(): boolean {
    return errorCount(this.#context.problems) > this.#errorsBefore;
  }

  target(): number | undefined {
    const { objectives } = this.#rule.content.spec;
    if (objectives.length > 1) return this.#refuse(['spec', 'objectives', 1], 'rules/not-supported-yet', { message: 'several objectives are not supported yet', hint: 'write one SLO for each' });
    const { target: ratio, targetPercent } = objectives[0] ?? {};
    const path = ['spec', 'objectives', 0] as const;
    if ((ratio === undefined) === (targetPercent === undefined)) {
      return this.#refuse([...path], ratio === undefined ? 'rules/missing-key' : 'rules/invalid-value', { message: ratio === undefined ? 'the objective has no target' : 'the objective has both "target" and "targetPercent"', hint: 'write one of them: target: 0.999, or targetPercent: 99.9' });
    }
    const key = ratio === undefined ? 'targetPercent' : 'target';
    // Rounded: 99.9 / 100 is 0.9990000000000001, and people read this number.
    const target = ratio ?? Number(((targetPercent ?? 0) / 100).toPrecision(12));
    if (ratio !== undefined && ratio > 1 && ratio < 100) return this.#refuse([...path, key], 'rules/suspicious-target', { message: `a target of ${ratio} is not a ratio`, hint: `write target: ${Number((ratio / 100).toPrecision(12))} or targetPercent: ${ratio}` });
    if (target >= 1) return this.#refuse([...path, key], 'rules/invalid-value', { message: 'a target of 100 % or more leaves no error budget', hint: 'promise a little less, like 0.999' });
    if (target <= 0) return this.#refuse([...path, key], 'rules/invalid-value', { message: 'the target must be above 0', hint: 'it is the share of good events that is promised, like 0.999' });
    if (targetPercent !== undefined && targetPercent <= 1) this.#warn([...path, key], 'rules/suspicious-target', { message: `targetPercent: ${targetPercent} promises less than 1 of 100`, hint: `write targetPercent: ${Number((targetPercent * 100).toPrecision(12))} or target: ${targetPercent}` });
    return target;
  }

  windowMs(): number | undefined {
    const [window] = this.#rule.content.spec.timeWindow;
    const path = ['spec', 'timeWindow', 0, 'duration'];
    if (window === undefined) return undefined;
    if (window.isRolling === false) return this.#refuse(['spec', 'timeWindow', 0, 'isRolling'], 'rules/not-supported-yet', { message: 'calendar windows are not supported yet', hint: 'write isRolling: true and a window in days, like 30d' });
    const parsed = parseShorthand(window.duration);
    if (!parsed.ok) return this.#refuse(path, 'rules/suspicious-duration', { message: parsed.error });
    if (parsed.value > MAX_WINDOW_MS) return this.#refuse(path, 'rules/invalid-value', { message: `a window of ${window.duration} is longer than a year`, hint: 'use 7d, 28d or 30d' });
    if (parsed.value < DAY_MS) this.#warn(path, 'rules/suspicious-duration', { message: `the budget window is only ${formatDuration(parsed.value)} long`, hint: 'm is minutes, M is months; usual windows are 7d, 28d and 30d' });
    return parsed.value;
  }

  indicator(): RatioIndicator | undefined {
    const { indicator, indicatorRef } = this.#rule.content.spec;
    const { documents, problems } = this.#context;
    if (indicator !== undefined) return readIndicator({ spec: indicator.spec, name: this.#name, source: this.#rule.source, path: ['spec', 'indicator', 'spec'] }, { documents, problems });
    const reference = indicatorRef ?? '';
    const found = documents.SLI.get(reference);
    if (documents.broken.has(`SLI/${reference}`)) return undefined;
    if (found === undefined) return this.#unknown(['spec', 'indicatorRef'], { kind: 'SLI', name: reference, known: documents.SLI.keys() });
    // The SLI's own problems are reported once, by load-rules.ts, however many SLOs share it.
    const sli: Placed<SliSpec> = { spec: found.content.spec, name: reference, source: found.source, path: ['spec'] };
    return readIndicator(sli, { documents, problems: [] });
  }

  checkMethod(): void {
    const { budgetingMethod } = this.#rule.content.spec;
    if (budgetingMethod !== 'Occurrences') this.#refuse(['spec', 'budgetingMethod'], 'rules/not-supported-yet', { message: `"${budgetingMethod}" is not supported yet`, hint: 'write Occurrences' });
  }

  checkService(): void {
    const { service } = this.#rule.content.spec;
    const known = [...this.#context.documents.Service.keys()];
    if (known.length === 0 || known.includes(service) || this.#context.documents.broken.has(`Service/${service}`)) return;
    const near = closest(service, known);
    this.#warn(['spec', 'service'], 'rules/unknown-service', { message: `there is no Service "${service}"`, hint: near === undefined ? 'add a Service document' : `did you mean "${near}"?` });
  }

  policy(rules: readonly BurnRateRule[], slo: { target: number; windowMs: number }): BurnRatePolicy | undefined {
    const use = { slo: this.#name, ...slo, targetAt: this.#targetAt() };
    const resolved = rules.map((rule) => resolvePolicy(rule, use, this.#context.problems));
    const [first] = resolved;
    if (first === undefined || resolved.length === 1) return first;
    const whole = resolved.filter((policy) => policy !== undefined);
    if (whole.length < resolved.length) return undefined;
    if (whole.some(({ evidence }) => JSON.stringify(evidence) !== JSON.stringify(first.evidence))) {
      return this.#refuse(['spec', 'alertPolicies'], 'rules/invalid-value', { message: 'these policies ask for different evidence', hint: 'name one BurnRatePolicy that holds all tiers' });
    }
    return { name: whole.map(({ name }) => name).join('+'), tiers: whole.flatMap(({ tiers }) => tiers).sort(bySpeed), evidence: first.evidence };
  }

  get #name(): string {
    return this.#rule.content.metadata.name;
  }

  #targetAt(): Location {
    const [objective] = this.#rule.content.spec.objectives;
    return this.#rule.source.at(['spec', 'objectives', 0, objective?.target === undefined ? 'targetPercent' : 'target']);
  }

  /** What `alertPolicies` names, or the preset of the window; undefined when one of them is missing or wrong. */
  policyRules(windowMs: number | undefined): BurnRateRule[] | undefined {
    const policies = this.#rule.content.spec.alertPolicies ?? [];
    if (policies.length === 0) {
      if (windowMs === undefined) return undefined;
      const preset = [...this.#context.policies.values()].find((policy) => policy.presetForMs === windowMs);
      if (preset !== undefined) return [preset];
      const windows = [...this.#context.policies.values()].flatMap(({ presetForMs }) => (presetForMs === undefined ? [] : [formatDuration(presetForMs)]));
      return this.#refuse(['spec'], 'rules/no-preset', { message: `there is no preset for a window of ${formatDuration(windowMs)}, and no alertPolicies are named`, hint: `name a BurnRatePolicy${windows.length === 0 ? '' : `, or use a window that has a preset: ${windows.join(', ')}`}` });
    }
    const rules = policies.map((_, index) => this.#policyRule(index));
    return rules.some((rule) => rule === undefined) ? undefined : rules.filter((rule) => rule !== undefined);
  }

  #policyRule(index: number): BurnRateRule | undefined {
    const policy = this.#rule.content.spec.alertPolicies?.[index];
    const { documents, policies, problems } = this.#context;
    if (policy === undefined) return undefined;
    const path = ['spec', 'alertPolicies', index];
    if ('spec' in policy) return readAlertPolicy({ spec: policy.spec, name: policy.metadata?.name ?? `${this.#name}-${index + 1}`, source: this.#rule.source, path: [...path, 'spec'] }, documents, problems);
    const reference = policy.alertPolicyRef;
    const rule = policies.get(reference);
    if (rule !== undefined) return rule;
    // A policy that exists but is wrong has been reported at its own place.
    if ((['BurnRatePolicy', 'AlertPolicy'] as const).some((kind) => documents[kind].has(reference) || documents.broken.has(`${kind}/${reference}`))) return undefined;
    return this.#unknown([...path, 'alertPolicyRef'], { kind: 'BurnRatePolicy or AlertPolicy', name: reference, known: [...documents.BurnRatePolicy.keys(), ...documents.AlertPolicy.keys()] });
  }

  #unknown<T>(path: DocumentPath, { kind, name, known }: { kind: string; name: string; known: Iterable<string> }): T | undefined {
    const near = closest(name, [...known]);
    return this.#refuse(path, 'rules/unknown-reference', { message: `there is no ${kind} "${name}"`, hint: near === undefined ? '' : `did you mean "${near}"?` });
  }

  #refuse<T>(path: DocumentPath, code: ProblemCode, text: ProblemText): T | undefined {
    this.#context.problems.push(errorAt(this.#rule.source.at(path), code, { path: formatPath(path), ...text }));
    return undefined;
  }

  #warn(path: DocumentPath, code: ProblemCode, text: ProblemText): void {
    this.#context.problems.push(warningAt(this.#rule.source.at(path), code, { path: formatPath(path), ...text }));
  }
}

function errorCount(problems: readonly Problem[]): number {
  return problems.filter((problem) => problem.level === 'error').length;
}
