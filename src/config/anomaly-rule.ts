import type { Location } from '../lib/problem.js';
import { ANOMALY_SIGNALS, type AnomalySignal } from './anomaly-signals.js';
import type { RuleDocument } from './rule-documents.js';

/** Which operations are watched for what is unusual of them, without an SLO. Always tickets. */
export interface AnomalyRule {
  readonly name: string;
  readonly description: string;
  readonly runbook: string | undefined;
  /** Empty: every service. */
  readonly services: readonly string[];
  readonly signals: readonly AnomalySignal[];
  /** Of what is called unusual at most this part is chance, in each quarter of an hour. */
  readonly falseDiscoveryRate: number;
  readonly at: Location;
}

/** A quarter of an hour in a thousand, were all as usual: one in ten days. */
const DEFAULT_RATE = 0.001;

export function readAnomalyRules(documents: Iterable<RuleDocument<'AnomalyRule'>>): AnomalyRule[] {
  return [...documents].map(({ content: { metadata, spec }, source }) => ({
    name: metadata.name, description: spec.description ?? metadata.displayName ?? '', runbook: spec.runbook, services: spec.services ?? [], signals: spec.signals ?? ANOMALY_SIGNALS,
    falseDiscoveryRate: spec.falseDiscoveryRate ?? DEFAULT_RATE, at: source.at(['metadata', 'name']),
  }));
}
