import type { ServiceScore } from './instrumentation-score.js';
import type { FindingKind, QualityFinding } from './quality-finding.js';
import type { QualityMeasures } from './quality-measures.js';

/** `met` is undefined where nothing was measured that could say it. */
export interface ReadinessItem {
  readonly text: string;
  readonly met: boolean | undefined;
}

export interface ReadinessList {
  readonly title: string;
  readonly items: readonly ReadinessItem[];
}

export interface ReadinessInput {
  readonly services: readonly { readonly measures: QualityMeasures; readonly score: ServiceScore }[];
  readonly findings: readonly QualityFinding[];
  readonly overall: QualityMeasures;
  readonly ledgerBalances: boolean;
}

/** Two checklists, filled in from what was measured: without spans nothing is ready. */
export function readinessOf({ services, findings, overall, ledgerBalances }: ReadinessInput): ReadinessList[] {
  const known = (met: boolean, isKnown = overall.spans > 0): boolean | undefined => (isKnown ? met : undefined);
  const none = (...kinds: readonly FindingKind[]): boolean | undefined => known(findings.every(({ kind }) => !kinds.includes(kind)));
  const pass = (...ids: readonly string[]): boolean | undefined => {
    const results = services.flatMap(({ score }) => score.rules.filter(({ id }) => ids.includes(id)));
    return known(results.every(({ passed }) => passed), results.length > 0);
  };
  return [
    { title: 'Before production', items: [
      { text: 'Every service has a name, an environment and an instance id', met: pass('RES-001', 'RES-005', 'RES-007') }, { text: 'Context arrives at every service', met: none('broken-context', 'client-roots') },
      { text: 'Requests are SERVER or CONSUMER spans, with the right status', met: none('missing-kinds', 'wrong-status') }, { text: 'Names and attributes have few values', met: none('span-name-cardinality', 'attribute-cardinality', 'attribute-keys') },
      { text: 'No sensitive data is sent', met: none('sensitive-data') }, { text: 'Today\'s conventions, and one version of the SDK', met: none('old-names', 'mixed-versions') },
    ] },
    { title: 'In production', items: [
      { text: 'Traces are whole', met: none('partial-traces', 'orphans', 'rootless-traces') }, { text: 'Clocks agree', met: none('clock-skew') },
      { text: 'Sampling is known, and the same for all', met: none('unknown-weight', 'sampling-bias', 'mixed-weights', 'sampling-rate') },
      { text: 'Spans are readable within seconds', met: known(none('collector-latency') === true, overall.of.collectorLatency > 0) }, { text: 'Every service speaks, and every callee has spans', met: none('silent-service', 'blind-spot') },
      { text: 'Nothing is lost', met: known(ledgerBalances && none('limits-hit', 'error-capture', 'duplicate-ids', 'sender-loss', 'agent-loss') === true) },
      { text: 'Log records belong to traces', met: known(none('logs-without-trace') === true, overall.of.logCorrelation > 0) },
    ] },
  ];
}
