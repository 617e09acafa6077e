import type { FactTable, QualityFact } from './quality-fact.js';
import type { QualityThresholds } from '../config/quality-rule.js';

/**
 * The Instrumentation Score of instrumentation-score/spec (snapshot e6ee222 with the merged pull requests 52 and 53):
 * Σ(passed · weight) / Σ(evaluated · weight) · 100, by service. Rules are boolean: one bad span fails a rule. The specification asks to say
 * which rules could not be evaluated, and forbids others to be added.
 */
export const IMPACT_WEIGHTS = { critical: 40, important: 30, normal: 20, low: 10 } as const;
export type Impact = keyof typeof IMPACT_WEIGHTS;
export type ScoreCategory = 'excellent' | 'good' | 'needs-improvement' | 'poor';

export interface RuleCounts {
  readonly passed: number;
  readonly evaluated: number;
}

/** @returns 0 to 100, undefined where no rule could be evaluated. */
export function scoreOf(counts: Readonly<Record<Impact, RuleCounts>>): number | undefined {
  const sum = (of: keyof RuleCounts): number => Object.entries(IMPACT_WEIGHTS).reduce((total, [impact, weight]) => total + counts[impact as Impact][of] * weight, 0);
  const evaluated = sum('evaluated');
  return evaluated === 0 ? undefined : (sum('passed') / evaluated) * 100;
}

export function categoryOf(score: number): ScoreCategory {
  if (score >= 90) return 'excellent';
  if (score >= 75) return 'good';
  return score >= 50 ? 'needs-improvement' : 'poor';
}

export interface ScoreRule {
  readonly id: string;
  readonly impact: Impact;
  readonly text: string;
  /** What passed and what failed; undefined where the rule does not apply to the service. */
  readonly evaluate: (table: FactTable, service: string, thresholds: QualityThresholds) => Outcome | undefined;
}

interface Outcome {
  readonly total: number;
  readonly failed: number;
  readonly examples: QualityFact['examples'];
}

export interface RuleResult {
  readonly id: string;
  readonly impact: Impact;
  readonly text: string;
  readonly passed: boolean;
  /** Share that passes: the strict result fails on a single bad span. */
  readonly passRatio: number;
  readonly total: number;
  readonly failed: number;
  readonly examples: QualityFact['examples'];
}

export interface ServiceScore {
  readonly service: string;
  readonly score: number | undefined;
  /** Undefined also where too few spans came to judge. */
  readonly category: ScoreCategory | undefined;
  readonly rules: readonly RuleResult[];
  /** Rules that do not apply to this service, or have no data. */
  readonly notApplicable: readonly string[];
}

/** A service of fewer spans is not judged: a test run or a single visit fails rules that its traffic would not. */
export const JUDGED_SPANS = 30;

/** Rules that Tocsin cannot evaluate, and why. */
export const NOT_EVALUATED: readonly { readonly id: string; readonly reason: string }[] = [
  ...['MET-001', 'MET-002', 'MET-003', 'MET-004', 'MET-005', 'MET-006', 'MET-007', 'MET-008'].map((id) => ({ id, reason: 'Tocsin receives no metrics' })),
  { id: 'LOG-001', reason: 'needs 14 days of log records by severity and an agreement which environment is production' },
  { id: 'SDK-001', reason: 'needs the list of language versions that each SDK supports' },
];

/** Where the specification leaves a choice, this is how it is read here. */
export const OUR_READING: readonly string[] = [
  'SPA-003 has no criteria in the specification: it passes here with up to 200 different span names for a service in a window of the report.',
  'The rules are boolean, without tolerance: one bad span fails a rule. The pass ratio beside it says how many were good.',
  'SPA-002 counts a parent as missing when it is not stored within five minutes of its child: what is sampled away or late counts too.',
  'RES-003 applies to resources that carry any k8s.* attribute.',
  'RES-004 and the sensitive data that redaction does not know are looked for in a sample of whole traces; everything else in all spans.',
  'The window is that of the report, not 30 days.',
  `A service of fewer than ${JUDGED_SPANS} spans has a score, but no category, and does not count in the mean.`,
];

export function serviceScore(service: string, table: FactTable, thresholds: QualityThresholds): ServiceScore {
  const rules = SCORE_RULES.flatMap(({ id, impact, text, evaluate }): RuleResult[] => {
    const outcome = evaluate(table, service, thresholds);
    if (outcome === undefined || outcome.total === 0) return [];
    const { total, failed, examples } = outcome;
    return [{ id, impact, text, passed: failed === 0, passRatio: Math.max(0, 1 - failed / total), total, failed, examples }];
  });
  const count = (impact: Impact): RuleCounts => {
    const ofImpact = rules.filter((rule) => rule.impact === impact);
    return { passed: ofImpact.filter(({ passed }) => passed).length, evaluated: ofImpact.length };
  };
  const score = scoreOf({ critical: count('critical'), important: count('important'), normal: count('normal'), low: count('low') });
  const applied = new Set(rules.map(({ id }) => id));
  return {
    service, score, category: score === undefined || (table.get('spans', service)?.n ?? 0) < JUDGED_SPANS ? undefined : categoryOf(score), rules,
    notApplicable: SCORE_RULES.map(({ id }) => id).filter((id) => !applied.has(id)),
  };
}

const counted = (name: QualityFact['fact'], subject = ''): ScoreRule['evaluate'] => (table, service) => {
  const fact = table.get(name, service, subject);
  return fact === undefined ? undefined : { total: fact.n, failed: fact.bad, examples: fact.examples };
};

const sensitiveIn = (isMeant: (place: string) => boolean): ScoreRule['evaluate'] => (table, service) => {
  const found = table.of('sensitive').filter((fact) => fact.service === service && isMeant((JSON.parse(fact.subject) as string[])[1] ?? ''));
  const total = table.get('spans', service)?.n ?? 0;
  return { total, failed: Math.min(total, Math.max(0, ...found.map(({ bad }) => bad))), examples: found.flatMap(({ examples }) => examples).slice(0, 3) };
};

const IN_RESOURCE = 'resource ';

export const SCORE_RULES: readonly ScoreRule[] = [
  { id: 'RES-001', impact: 'normal', text: 'service.instance.id is there', evaluate: counted('resource', 'RES-001') },
  { id: 'RES-002', impact: 'important', text: 'service.instance.id is one instance', evaluate: counted('resource', 'RES-002') },
  { id: 'RES-003', impact: 'important', text: 'telemetry of pods carries k8s.pod.uid', evaluate: counted('resource', 'RES-003') },
  {
    id: 'RES-004', impact: 'important', text: 'attributes of resources are not on spans',
    evaluate: (table, service) => {
      const wrong = table.of('wrong-level').filter((fact) => fact.service === service);
      const total = table.get('sampled-spans', service)?.n ?? 0;
      return { total, failed: Math.max(0, ...wrong.map(({ bad }) => bad)), examples: wrong[0]?.examples ?? [] };
    },
  },
  { id: 'RES-005', impact: 'critical', text: 'service.name is there', evaluate: counted('resource', 'RES-005') },
  { id: 'RES-006', impact: 'normal', text: 'service.criticality is one of the four words', evaluate: counted('resource', 'RES-006') },
  { id: 'RES-007', impact: 'important', text: 'deployment.environment.name is there', evaluate: counted('resource', 'RES-007') },
  { id: 'RES-010', impact: 'critical', text: 'no sensitive data in resource attributes', evaluate: sensitiveIn((place) => place.startsWith(IN_RESOURCE)) },
  { id: 'SPA-001', impact: 'normal', text: 'at most 10 INTERNAL spans of a service in a trace', evaluate: counted('internal-spans') },
  { id: 'SPA-002', impact: 'normal', text: 'the parent of every span is there', evaluate: counted('orphans') },
  {
    id: 'SPA-003', impact: 'important', text: 'span names are few',
    evaluate: (table, service, { spanNames }) => {
      const fact = table.get('span-names', service);
      return fact === undefined ? undefined : { total: fact.value, failed: Math.max(0, fact.value - spanNames), examples: fact.examples };
    },
  },
  { id: 'SPA-004', impact: 'important', text: 'no trace begins with a CLIENT span', evaluate: counted('root-kind') },
  { id: 'SPA-005', impact: 'important', text: 'at most 20 spans under 5 ms in a trace', evaluate: counted('tiny-spans') },
  { id: 'SPA-006', impact: 'critical', text: 'no sensitive data in spans', evaluate: sensitiveIn((place) => !place.startsWith(IN_RESOURCE)) },
  { id: 'LOG-002', impact: 'important', text: 'log records have a severity', evaluate: counted('log-severity') },
  { id: 'LOG-003', impact: 'critical', text: 'no sensitive data in log records', evaluate: counted('log-sensitive') },
];
