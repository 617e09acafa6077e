import { closest } from '../lib/closest.js';
import { DAY_MS, formatDuration } from '../lib/duration.js';
import { formatPercent } from '../lib/format.js';
import { errorAt, warningAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import { readAlertPolicy, type Placed } from './alert-policy.js';
import { bySpeed, resolvePolicy } from './burn-rate-policy.js';
import type { Calendar } from './calendar.js';
import { OWNER_ANNOTATION, RUNBOOK_ANNOTATION, type Objective, type SliSpec } from './open-slo-schema.js';
import { parseShorthand } from './rule-duration.js';
import type { RuleDocument, RuleDocuments } from './rule-documents.js';
import type { BurnRateRule } from './rule-set.js';
import { MAX_WINDOW_MS, parseCalendarSpan, parseSliceWindow, parseStartTime, parseTimeZone } from './slo-window.js';
import type { BurnRatePolicy, RatioIndicator, SliceMethod, Slo } from './slo.js';
import { checkThreshold, readThreshold, type ThresholdIndicator } from './threshold-indicator.js';
import { readRatio } from './trace-indicator.js';

export interface ResolveContext {
  readonly documents: RuleDocuments;
  readonly policies: ReadonlyMap<string, BurnRateRule>;
  readonly problems: Problem[];
}

type SloRule = RuleDocument<'SLO'>;

/** One SLO document with everything it refers to, an SLO for each of its objectives; those with mistakes are left out (the problems say which). */
export function resolveSlo(rule: SloRule, context: ResolveContext): Slo[] {
  const resolving = new Resolving(rule, context);
  const window = resolving.window();
  const rules = resolving.policyRules(window?.windowMs);
  resolving.checkService();
  const { objectives } = rule.content.spec;
  const metric = resolving.metric();
  resolving.checkObjectives(metric);
  return objectives.flatMap((objective, index) => {
    const target = resolving.target(index);
    const measured = metric === undefined ? undefined : resolving.measured(metric, index);
    if (target === undefined || window === undefined || rules === undefined) return [];
    const policy = resolving.policy(rules, { index, target, windowMs: window.windowMs, method: measured?.method });
    if (measured === undefined || policy === undefined || resolving.failed()) return [];
    return [sloOf(rule, { index, objective, target, window, measured, policy })];
  });
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

  /** The SLI as written, inline or elsewhere; undefined where it is missing or wrong. */
  metric(): Metric | undefined {
    const { indicator, indicatorRef } = this.#rule.content.spec;
    const { documents, problems } = this.#context;
    if (indicator !== undefined) return { sli: { spec: indicator.spec, name: this.#name, source: this.#rule.source, path: ['spec', 'indicator', 'spec'] }, problems };
    const reference = indicatorRef ?? '';
    const found = documents.SLI.get(reference);
    if (documents.broken.has(`SLI/${reference}`)) return undefined;
    if (found === undefined) return this.#unknown(['spec', 'indicatorRef'], { kind: 'SLI', name: reference, known: documents.SLI.keys() });
    // The SLI's own problems are reported once, by load-rules.ts, however many SLOs share it.
    return { sli: { spec: found.content.spec, name: reference, source: found.source, path: ['spec'] }, problems: [] };
  }

  /** What no objective may have with this SLI and budgeting method. */
  checkObjectives(metric: Metric | undefined): void {
    const { objectives, budgetingMethod } = this.#rule.content.spec;
    const isThreshold = metric?.sli.spec.thresholdMetric !== undefined;
    if (isThreshold && objectives.length > 1) this.#refuse(['spec', 'objectives', 1], 'rules/invalid-value', { message: 'a thresholdMetric has one objective only (OpenSLO v1)', hint: 'write one SLO for each' });
    if (isThreshold && this.#rule.content.spec.indicator !== undefined && metric?.sli.spec.thresholdMetric !== undefined) {
      checkThreshold({ ...metric.sli, metric: metric.sli.spec.thresholdMetric }, { documents: this.#context.documents, problems: this.#context.problems });
    }
    for (const [index, objective] of objectives.entries()) {
      for (const key of isThreshold ? [] : (['op', 'value'] as const)) {
        if (objective[key] !== undefined) this.#refuse(['spec', 'objectives', index, key], 'rules/invalid-value', { message: `"${key}" belongs to a thresholdMetric; this SLI is a ratio`, hint: 'remove it' });
      }
      for (const key of budgetingMethod === 'Occurrences' ? (['timeSliceTarget', 'timeSliceWindow'] as const) : []) {
        if (objective[key] !== undefined) this.#refuse(['spec', 'objectives', index, key], 'rules/invalid-value', { message: `"${key}" has no meaning for Occurrences`, hint: 'remove it, or write budgetingMethod: Timeslices' });
      }
    }
  }

  /** What is counted for one objective. */
  measured({ sli, problems }: Metric, index: number): Measured | undefined {
    const { documents } = this.#context;
    const { ratioMetric, thresholdMetric } = sli.spec;
    const objective = this.#rule.content.spec.objectives[index] ?? {};
    const place = { spec: objective, name: this.#name, source: this.#rule.source, path: ['spec', 'objectives', index] };
    const threshold = thresholdMetric === undefined ? undefined : readThreshold({ ...sli, metric: thresholdMetric }, place, this.#context);
    const method = this.#method(index, { slices: threshold?.slices, aggregate: thresholdMetric?.metricSource.spec.aggregate });
    if (thresholdMetric !== undefined) return threshold === undefined || method === undefined ? undefined : { indicator: threshold.indicator, method: method.method };
    // Several objectives share one SLI: its problems are told with the first.
    const indicator = ratioMetric === undefined ? undefined : readRatio({ ...sli, metric: ratioMetric }, { documents, problems: index === 0 ? problems : [] });
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

  checkService(): void {
    const { service } = this.#rule.content.spec;
    const known = [...this.#context.documents.Service.keys()];
    if (known.length === 0 || known.includes(service) || this.#context.documents.broken.has(`Service/${service}`)) return;
    const near = closest(service, known);
    this.#warn(['spec', 'service'], 'rules/unknown-service', { message: `there is no Service "${service}"`, hint: near === undefined ? 'add a Service document' : `did you mean "${near}"?` });
  }

  policy(rules: readonly BurnRateRule[], slo: { index: number; target: number; windowMs: number; method: SliceMethod | undefined }): BurnRatePolicy | undefined {
    const use = { slo: this.#name, target: slo.target, windowMs: slo.windowMs, sliceMinutes: slo.method?.sliceMinutes, targetAt: this.#targetAt(slo.index) };
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

  get #name(): string {
    return this.#rule.content.metadata.name;
  }

  #targetAt(index: number): Location {
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

/** Of several policies the most severe word on silence counts. */
function whenStopped(policies: readonly BurnRatePolicy[]): Pick<BurnRatePolicy, 'whenStopped'> {
  const said = policies.flatMap((policy) => (policy.whenStopped === undefined ? [] : [policy.whenStopped]));
  return said.length === 0 ? {} : { whenStopped: said.includes('page') ? 'page' : 'ticket' };
}

function errorCount(problems: readonly Problem[]): number {
  return problems.filter((problem) => problem.level === 'error').length;
}
