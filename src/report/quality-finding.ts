import type { ExampleSpan } from './quality-fact.js';

export type FindingSeverity = 'high' | 'medium' | 'low';

export type FindingKind =
  | 'broken-context' | 'clock-skew' | 'sensitive-data' | 'orphans' | 'partial-traces' | 'rootless-traces' | 'span-name-cardinality' | 'attribute-cardinality' | 'attribute-keys'
  | 'after-parent' | 'duplicate-ids' | 'missing-kinds' | 'client-roots' | 'wrong-status' | 'old-names' | 'mixed-versions' | 'tiny-spans' | 'loop' | 'sampling-bias' | 'mixed-weights' | 'unknown-weight'
  | 'silent-service' | 'blind-spot' | 'limits-hit' | 'collector-latency' | 'sampling-rate' | 'error-capture' | 'volume-jump' | 'logs-without-trace'
  | 'outside-glossary' | 'query-latency' | 'slow-traces' | 'refused-access' | 'unusual-access' | 'sender-loss' | 'unheeded-pages' | 'agent-loss';

/** A fix that a person can paste. */
export interface FindingFix {
  /** Where it goes: `OpenTelemetry Collector`, `environment of checkout`. */
  readonly where: string;
  readonly language: 'yaml' | 'sh' | 'js' | 'text';
  readonly text: string;
}

/** One thing that is wrong, with its proof. */
export interface QualityFinding {
  /** The same from week to week: kind, service and what it is about. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly severity: FindingSeverity;
  /** Whose traces it is about; empty: all. */
  readonly service: string;
  /** Between two services. */
  readonly edge?: { readonly caller: string; readonly callee: string };
  readonly title: string;
  readonly detail: string;
  readonly cause: string;
  readonly fix: FindingFix;
  /** From the rules; undefined where nobody is named. */
  readonly owner: string | undefined;
  /** How many are affected, of how many. */
  readonly affected: number;
  readonly of: number;
  readonly examples: readonly ExampleSpan[];
}

/** A finding before it has an owner and an id. */
export interface FoundFinding extends Omit<QualityFinding, 'id' | 'owner'> {
  /** What it is about besides kind and service. */
  readonly about: string;
}

export type FindingState = 'new' | 'open' | 'fixed';

const RANK: Readonly<Record<FindingSeverity, number>> = { high: 0, medium: 1, low: 2 };

/** Most urgent first: severity, then the share that is affected. */
export function byUrgency(left: QualityFinding, right: QualityFinding): number {
  return RANK[left.severity] - RANK[right.severity] || right.affected / Math.max(1, right.of) - left.affected / Math.max(1, left.of) || left.id.localeCompare(right.id);
}
