import { closest } from '../lib/closest.js';
import { DAY_MS, formatDuration } from '../lib/duration.js';
import { formatPercent } from '../lib/format.js';
import { errorAt, warningAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import { readAlertPolicy, type Placed } from './alert-policy.js';
import { bySpeed, resolvePolicy } from './burn-rate-policy.js';
import type { Calendar } from './calendar.js';
import { hasIndicator, OWNER_ANNOTATION, RUNBOOK_ANNOTATION, type Objective, type SliSpec } from './open-slo-schema.js';
import { parseShorthand } from './rule-duration.js';
import type { RuleDocument, RuleDocuments } from './rule-documents.js';
import type { BurnRateRule } from './rule-set.js';
import { MAX_WINDOW_MS, parseCalendarSpan, parseSliceWindow, parseStartTime, parseTimeZone } from './slo-window.js';
import type { BurnRatePolicy, CompositePart, RatioIndicator, SliceMethod, Slo } from './slo.js';
import { checkThreshold, readThreshold, type ThresholdIndicator } from './threshold-indicator.js';
import { readRatio } from './trace-indicator.js';

export interface ResolveContext {
  readonly documents: RuleDocuments;
  readonly policies: ReadonlyMap<string, BurnRateRule>;
  readonly problems: Problem[];
}

type SloRule = RuleDocument<'SLO'>;

const MAX_NAMES_IN_HINT = 8;

/** One SLO document with everything it refers to, an SLO for each of its objectives; those with mistakes are left out (the problems say which). */
export function resolveSlo(rule: SloRule, context: ResolveContext): Slo[] {
  const resolving = new Resolving(rule, context);
  const window = resolving.window();
  const rules = resolving.policyRules(window?.windowMs);
  resolving.checkService();
  const { objectives } = rule.content.spec;
  const isComposite = objectives.some(hasIndicator);
  const metrics = resolving.metrics();
  resolving.checkObjectives(metrics);
  const slos = objectives.flatMap((objective, index) => {
    const target = resolving.target(index);
    const metric = metrics[index];
    const measured = metric === undefined ? undefined : resolving.measured(metric, index);
    if (target === undefined || window === undefined || rules === undefined) return [];
    const policy = resolving.policy(rules, { targetAt: resolving.targetAt(index), target, windowMs: window.windowMs, method: measured?.method });
    if (measured === undefined || policy === undefined || resolving.failed()) return [];
    return [sloOf(rule, { index, objective, target, window, measured, policy })];
  });
  if (!isComposite || rules === undefined || slos.length < objectives.length) return slos;
  const whole = resolving.composite(slos, rules);
  return whole === undefined || resolving.failed() ? [] : [whole, ...slos.map((slo) => ({ ...slo, partOf: whole.name }))];
}

interface Measured {
  readonly indicator: RatioIndicator;
  readonly method: SliceMethod | undefined;
}

interface Window {
  readonly windowMs: number;
  readonly calendar: Calendar | undefined;
}

interface ResolvedObjective {
  readonly index: number;
  readonly objective: Objective;
  readonly target: number;
  readonly window: Window;
  readonly measured: Measured;
  readonly policy: BurnRatePolicy;
}

function sloOf({ content: { metadata, spec }, source }: SloRule, { index, objective, target, window, measured, policy }: ResolvedObjective): Slo {
  const runbook = metadata.annotations?.[RUNBOOK_ANNOTATION];
  const owner = metadata.annotations?.[OWNER_ANNOTATION];
  return {
    name: objectiveName(metadata.name, spec.objectives, index),
    displayName: displayNameOf(metadata, objective, spec.objectives.length > 1),
    description: spec.description ?? '',
    service: spec.service,
    target,
    windowMs: window.windowMs,
    ...(window.calendar === undefined ? {} : { calendar: window.calendar }),
    ...(measured.method === undefined ? {} : { method: measured.method }),
    indicator: measured.indicator,
    policy,
    ...(runbook === undefined ? {} : { runbook }),
    ...(owner === undefined ? {} : { owner }),
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value : value.join(',')])),
    at: source.at(['metadata', 'name']),
  };
}

/**
 * What the whole promises. Of events: the burn rates of the parts, each times its weight, add up to its own, 1/(1-T) = Σ wᵢ/(1-tᵢ);
 * parts that promise 99.9 % each share one budget of half the size. Of slices: what all of the parts promise.
 */
function compositeTarget(parts: readonly CompositePart[]): number {
  const [first] = parts;
  if (first?.slo.method !== undefined) return first.slo.target;
  return Number((1 - 1 / parts.reduce((sum, { slo, weight }) => sum + weight / (1 - slo.target), 0)).toPrecision(12));
}

/** Of several objectives each has a name of its own: `checkout-fast` by its displayName, else `checkout-2` by its place. */
function objectiveName(name: string, objectives: readonly Objective[], index: number): string {
  if (objectives.length === 1) return name;
  const words = (objectives[index]?.displayName ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return `${name}-${words === '' ? index + 1 : words}`;
}

function displayNameOf(metadata: SloRule['content']['metadata'], objective: Objective, isOneOfSeveral: boolean): string {
  if (!isOneOfSeveral) return metadata.displayName ?? objective.displayName ?? metadata.name;
  return [metadata.displayName ?? metadata.name, objective.displayName ?? formatPercent(objective.target ?? (objective.targetPercent ?? 0) / 100, 4)].join(': ');
}

interface Metric {
  readonly sli: Placed<SliSpec>;
  /** Where problems of the SLI itself go. */
  readonly problems: Problem[];
  /** By all objectives of the SLO. */
  readonly isShared: boolean;
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

  target(index: number): number | undefined {
    const { target: ratio, targetPercent } = this.#rule.content.spec.objectives[index] ?? {};
    const path = ['spec', 'objectives', index] as const;
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

  window(): Window | undefined {
    const [window] = this.#rule.content.spec.timeWindow;
    if (window === undefined) return undefined;
    const path = ['spec', 'timeWindow', 0];
    if (window.calendar !== undefined) {
      if (window.isRolling === true) return this.#refuse([...path, 'isRolling'], 'rules/invalid-value', { message: 'the window is rolling and has a calendar', hint: 'write isRolling: false, or remove "calendar"' });
      return this.#calendarWindow(window.duration, window.calendar);
    }
    if (window.isRolling === false) return this.#refuse(path, 'rules/missing-key', { message: 'a window that is not rolling needs a calendar', hint: 'add calendar: { startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin }, or write isRolling: true' });
    const windowMs = this.#rollingWindow(window.duration);
    return windowMs === undefined ? undefined : { windowMs, calendar: undefined };
  }

  #rollingWindow(duration: string): number | undefined {
    const path = ['spec', 'timeWindow', 0, 'duration'];
    const parsed = parseShorthand(duration);
    if (!parsed.ok) return this.#refuse(path, 'rules/suspicious-duration', { message: parsed.error });
    if (parsed.value > MAX_WINDOW_MS) return this.#refuse(path, 'rules/invalid-value', { message: `a window of ${duration} is longer than a year`, hint: 'use 7d, 28d or 30d' });
    if (parsed.value < DAY_MS) this.#warn(path, 'rules/suspicious-duration', { message: `the budget window is only ${formatDuration(parsed.value)} long`, hint: 'm is minutes, M is months; usual windows are 7d, 28d and 30d' });
    return parsed.value;
  }

  #calendarWindow(duration: string, calendar: { readonly startTime: string; readonly timeZone: string }): Window | undefined {
    const path = ['spec', 'timeWindow', 0];
    const span = parseCalendarSpan(duration);
    const start = parseStartTime(calendar.startTime);
    const zone = parseTimeZone(calendar.timeZone);
    if (!span.ok) this.#refuse([...path, 'duration'], 'rules/suspicious-duration', { message: span.error });
    if (!start.ok) this.#refuse([...path, 'calendar', 'startTime'], 'rules/invalid-value', { message: start.error });
    if (!zone.ok) this.#refuse([...path, 'calendar', 'timeZone'], 'rules/invalid-value', { message: zone.error });
    if (!span.ok || !start.ok || !zone.ok) return undefined;
    const { unit, count, usualMs } = span.value;
    return { windowMs: usualMs, calendar: { unit, count, timeZone: zone.value, startWallMs: start.value } };
  }

  /** The SLI of each objective as written, inline or elsewhere; undefined where it is missing or wrong. */
  metrics(): readonly (Metric | undefined)[] {
    const { objectives, indicator, indicatorRef } = this.#rule.content.spec;
    if (indicator === undefined && indicatorRef === undefined) return objectives.map((objective, index) => this.#metric(objective, ['spec', 'objectives', index]));
    const shared = this.#metric({ indicator, indicatorRef }, ['spec']);
    return objectives.map(() => shared);
  }

  #metric({ indicator, indicatorRef }: Pick<Objective, 'indicator' | 'indicatorRef'>, at: DocumentPath): Metric | undefined {
    const { documents, problems } = this.#context;
    const isShared = at.length === 1;
    if (indicator !== undefined) return { sli: { spec: indicator.spec, name: this.#name, source: this.#rule.source, path: [...at, 'indicator', 'spec'] }, problems, isShared };
    const reference = indicatorRef ?? '';
    const found = documents.SLI.get(reference);
    if (documents.broken.has(`SLI/${reference}`)) return undefined;
    if (found === undefined) return this.#unknown([...at, 'indicatorRef'], { kind: 'SLI', name: reference, known: documents.SLI.keys() });
    // The SLI's own problems are reported once, by load-rules.ts, however many SLOs share it.
    return { sli: { spec: found.content.spec, name: reference, source: found.source, path: ['spec'] }, problems: [], isShared };
  }

  /** What no objective may have with its SLI and the budgeting method. */
  checkObjectives(metrics: readonly (Metric | undefined)[]): void {
    const { objectives } = this.#rule.content.spec;
    const [first] = metrics;
    if (first?.isShared === true && first.sli.spec.thresholdMetric !== undefined && objectives.length > 1) this.#refuse(['spec', 'objectives', 1], 'rules/invalid-value', { message: 'a thresholdMetric has one objective only (OpenSLO v1)', hint: 'write one SLO for each' });
    for (const { sli: { spec, ...place }, problems } of new Set(metrics.filter((metric) => metric !== undefined))) {
      // Those of referenced SLIs are told at their own place.
      if (spec.thresholdMetric !== undefined && problems === this.#context.problems) checkThreshold({ ...place, spec, metric: spec.thresholdMetric }, this.#context);
    }
    for (const index of objectives.keys()) this.#checkObjective(index, metrics[index]?.sli.spec.thresholdMetric !== undefined);
  }

  #checkObjective(index: number, isThreshold: boolean): void {
    const { objectives, budgetingMethod } = this.#rule.content.spec;
    const objective = objectives[index] ?? {};
    for (const key of isThreshold ? [] : (['op', 'value'] as const)) {
      if (objective[key] !== undefined) this.#refuse(['spec', 'objectives', index, key], 'rules/invalid-value', { message: `"${key}" belongs to a thresholdMetric; this SLI is a ratio`, hint: 'remove it' });
    }
    for (const key of budgetingMethod === 'Occurrences' ? (['timeSliceTarget', 'timeSliceWindow'] as const) : []) {
      if (objective[key] !== undefined) this.#refuse(['spec', 'objectives', index, key], 'rules/invalid-value', { message: `"${key}" has no meaning for Occurrences`, hint: 'remove it, or write budgetingMethod: Timeslices' });
    }
  }

  /** What is counted for one objective. */
  measured({ sli, problems, isShared }: Metric, index: number): Measured | undefined {
    const { documents } = this.#context;
    const { ratioMetric, thresholdMetric } = sli.spec;
    const objective = this.#rule.content.spec.objectives[index] ?? {};
    const place = { spec: objective, name: this.#name, source: this.#rule.source, path: ['spec', 'objectives', index] };
    const threshold = thresholdMetric === undefined ? undefined : readThreshold({ ...sli, metric: thresholdMetric }, place, this.#context);
    const method = this.#method(index, { slices: threshold?.slices, aggregate: thresholdMetric?.metricSource.spec.aggregate });
    if (thresholdMetric !== undefined) return threshold === undefined || method === undefined ? undefined : { indicator: threshold.indicator, method: method.method };
    // Several objectives share one SLI: its problems are told with the first.
    const indicator = ratioMetric === undefined ? undefined : readRatio({ ...sli, metric: ratioMetric }, { documents, problems: index === 0 || !isShared ? problems : [] });
    return indicator === undefined || method === undefined ? undefined : { indicator, method: method.method };
  }

  #method(index: number, { slices, aggregate }: { readonly slices: ThresholdIndicator['slices']; readonly aggregate: string | undefined }): { readonly method: SliceMethod | undefined } | undefined {
    const { budgetingMethod, objectives } = this.#rule.content.spec;
    const { timeSliceTarget, timeSliceWindow } = objectives[index] ?? {};
    const path = ['spec', 'objectives', index];
    if (aggregate !== undefined && budgetingMethod !== 'Timeslices') {
      return this.#refuse(['spec', 'budgetingMethod'], 'rules/invalid-value', { message: `"aggregate: ${aggregate}" judges slices of time, and "${budgetingMethod}" counts ${budgetingMethod === 'Occurrences' ? 'each span' : 'shares of spans'}`, hint: 'write Timeslices, or remove "aggregate"' });
    }
    if (budgetingMethod === 'Occurrences') return { method: undefined };
    if (timeSliceWindow === undefined) return this.#refuse(path, 'rules/missing-key', { message: `${budgetingMethod} need the length of a slice`, hint: 'write timeSliceWindow: 1m' });
    const window = parseSliceWindow(timeSliceWindow);
    if (!window.ok) return this.#refuse([...path, 'timeSliceWindow'], 'rules/invalid-value', { message: window.error });
    if (budgetingMethod === 'RatioTimeslices') {
      if (timeSliceTarget !== undefined) return this.#refuse([...path, 'timeSliceTarget'], 'rules/invalid-value', { message: '"timeSliceTarget" has no meaning for RatioTimeslices: each slice counts with its ratio', hint: 'remove it, or write budgetingMethod: Timeslices' });
      return { method: { kind: 'ratio-timeslices', sliceMinutes: window.value } };
    }
    if (slices !== undefined && timeSliceTarget !== undefined) return this.#refuse([...path, 'timeSliceTarget'], 'rules/invalid-value', { message: `"aggregate: ${aggregate ?? ''}" says already when a slice is good`, hint: 'remove one of them' });
    if (slices?.kind === 'mean') return { method: { kind: 'mean-timeslices', sliceMinutes: window.value } };
    const needed = slices?.target ?? timeSliceTarget;
    if (needed === undefined) return this.#refuse(path, 'rules/missing-key', { message: 'Timeslices need the share of good events that makes a slice good', hint: 'write timeSliceTarget: 0.95' });
    return { method: { kind: 'timeslices', sliceMinutes: window.value, sliceTarget: needed } };
  }

  /** A service needs no document of its own; one that is named nearly like another's is probably misspelt. */
  checkService(): void {
    const { service } = this.#rule.content.spec;
    const known = [...this.#context.documents.Service.keys()];
    if (known.includes(service) || this.#context.documents.broken.has(`Service/${service}`)) return;
    const near = closest(service, known);
    if (near !== undefined) this.#warn(['spec', 'service'], 'rules/unknown-service', { message: `there is no Service "${service}"`, hint: `did you mean "${near}"?` });
  }

  policy(rules: readonly BurnRateRule[], slo: { targetAt: Location; target: number; windowMs: number; method: SliceMethod | undefined }): BurnRatePolicy | undefined {
    const use = { slo: this.#name, target: slo.target, windowMs: slo.windowMs, sliceMinutes: slo.method?.sliceMinutes, targetAt: slo.targetAt };
    const resolved = rules.map((rule) => resolvePolicy(rule, use, this.#context.problems));
    const [first] = resolved;
    if (first === undefined || resolved.length === 1) return first;
    const whole = resolved.filter((policy) => policy !== undefined);
    if (whole.length < resolved.length) return undefined;
    if (whole.some(({ evidence }) => JSON.stringify(evidence) !== JSON.stringify(first.evidence))) {
      return this.#refuse(['spec', 'alertPolicies'], 'rules/invalid-value', { message: 'these policies ask for different evidence', hint: 'name one BurnRatePolicy that holds all tiers' });
    }
    return { name: whole.map(({ name }) => name).join('+'), tiers: whole.flatMap(({ tiers }) => tiers).sort(bySpeed), evidence: first.evidence, ...whenStopped(whole) };
  }

  /** The whole that the parts make. */
  composite(parts: readonly Slo[], rules: readonly BurnRateRule[]): Slo | undefined {
    const { objectives } = this.#rule.content.spec;
    const { metadata } = this.#rule.content;
    const [first] = parts;
    if (first === undefined) return undefined;
    this.#checkParts(parts);
    const composite = parts.map((slo, index) => ({ slo, weight: objectives[index]?.compositeWeight ?? 1 }));
    const target = compositeTarget(composite);
    if (target <= 0) return this.#refuse(['spec', 'objectives', 0, 'compositeWeight'], 'rules/invalid-value', { message: 'with these weights the whole could fail altogether and spend no budget', hint: 'weights are usually around 1, or add up to 1' });
    const policy = this.policy(rules, { targetAt: this.targetAt(0), target, windowMs: first.windowMs, method: first.method });
    return policy === undefined ? undefined : { ...first, name: metadata.name, displayName: metadata.displayName ?? metadata.name, target, composite, policy };
  }

  /** Parts tell nobody, so they have no groups. Where slices are counted, those of all parts are laid on each other. */
  #checkParts(parts: readonly Slo[]): void {
    const [first] = parts;
    for (const { indicator: { groupBy } } of parts) {
      const [attribute] = groupBy ?? [];
      if (attribute !== undefined) this.#context.problems.push(errorAt(attribute.at, 'rules/invalid-value', { path: 'groupBy', message: 'parts of a composite objective have no groups: the whole alerts for them', hint: 'remove groupBy, or write an SLO of its own' }));
    }
    if (first?.method === undefined) return;
    for (const [index, { method, target }] of parts.entries()) {
      const path = ['spec', 'objectives', index];
      if (method?.sliceMinutes !== first.method.sliceMinutes) this.#refuse([...path, 'timeSliceWindow'], 'rules/invalid-value', { message: 'the parts of a composite objective have slices of different lengths', hint: 'give all of them the same timeSliceWindow' });
      if (target !== first.target) this.#refuse(path, 'rules/invalid-value', { message: 'the parts of a composite objective of slices have different targets', hint: 'a slice is bad where it is bad for any part: give all of them the target of the whole' });
      if (first.method.kind !== 'ratio-timeslices' && this.#rule.content.spec.objectives[index]?.compositeWeight !== undefined) {
        this.#refuse([...path, 'compositeWeight'], 'rules/invalid-value', { message: 'weights have no meaning for Timeslices: a slice that is bad for one part is bad', hint: 'remove it, or write budgetingMethod: RatioTimeslices' });
      }
    }
  }

  get #name(): string {
    return this.#rule.content.metadata.name;
  }

  targetAt(index: number): Location {
    const objective = this.#rule.content.spec.objectives[index];
    return this.#rule.source.at(['spec', 'objectives', index, objective?.target === undefined ? 'targetPercent' : 'target']);
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
    const names = [...known];
    const near = closest(name, names);
    const others = names.length === 0 ? 'there is none at all' : `those there are: ${names.slice(0, MAX_NAMES_IN_HINT).join(', ')}${names.length > MAX_NAMES_IN_HINT ? ', …' : ''}`;
    return this.#refuse(path, 'rules/unknown-reference', { message: `there is no ${kind} "${name}"`, hint: near === undefined ? `add a document of this name (${others})` : `did you mean "${near}"?` });
  }

  #refuse<T>(path: DocumentPath, code: ProblemCode, text: ProblemText): T | undefined {
    this.#context.problems.push(errorAt(this.#rule.source.at(path), code, { path: formatPath(path), ...text }));
    return undefined;
  }

  #warn(path: DocumentPath, code: ProblemCode, text: ProblemText): void {
    this.#context.problems.push(warningAt(this.#rule.source.at(path), code, { path: formatPath(path), ...text }));
  }
}

/** Of several policies the most severe word on silence counts. */
function whenStopped(policies: readonly BurnRatePolicy[]): Pick<BurnRatePolicy, 'whenStopped'> {
  const said = policies.flatMap((policy) => (policy.whenStopped === undefined ? [] : [policy.whenStopped]));
  return said.length === 0 ? {} : { whenStopped: said.includes('page') ? 'page' : 'ticket' };
}

function errorCount(problems: readonly Problem[]): number {
  return problems.filter((problem) => problem.level === 'error').length;
}
