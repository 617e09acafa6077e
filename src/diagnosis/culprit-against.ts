import { rankSuspects, type Diagnosis } from './culprit/rank-suspects.js';
import type { CulpritSuspect } from './culprit/suspect.js';
import type { Traffic } from './culprit/traffic.js';
import type { Evidence } from './evidence.js';
import type { EventTrace } from './finding.js';
import type { Suspect } from './suspect.js';

/** With fewer healthy requests there is nothing to compare with. */
const MIN_HEALTHY = 10;
/** Spans of either side: a page waits for this, and so does everything else on its thread. */
const MAX_SPANS = 2_500;

/**
 * The ranking of `tocsin diagnose`, bad requests against healthy ones of the same kind. It speaks where it strongly names another service than
 * the one in which most traces seem to go wrong: where the failure is caused by something that reports none, such as a changed path or a line of log.
 */
export function culpritAgainst(suspect: Suspect, diagnosis: Diagnosis | undefined): CulpritSuspect | undefined {
  const [first, ...others] = diagnosis?.suspects ?? [];
  if (first?.strength !== 'strong' || first.service === suspect.place.service) return undefined;
  const own = others.find(({ service }) => service === suspect.place.service)?.score ?? 0;
  // As close as this the place that the traces themselves name is the better guess.
  return first.score > 2 * own ? first : undefined;
}

/** Bad requests against healthy ones; undefined where there are too few to compare with. */
export function diagnoseEvents(bad: readonly EventTrace[], healthy: readonly EventTrace[]): Diagnosis | undefined {
  return healthy.length < MIN_HEALTHY ? undefined : rankSuspects(trafficOf(healthy), trafficOf(bad), { baselineName: 'healthy requests', sameTime: true });
}

/** What a page shows beside its suspect: nothing that may be chance. */
export function explainedBy({ operations, resources }: Pick<Diagnosis, 'operations' | 'resources'>): NonNullable<Evidence['explainedBy']> {
  const isStrong = ({ strength }: { readonly strength: string }): boolean => strength === 'strong';
  return { operations: operations.filter(isStrong), resources: resources.filter(isStrong) };
}

/** Whole traces, as many as fit; they are in the order of time, so every so many of them is a fair sample. */
function trafficOf(traces: readonly EventTrace[]): Traffic {
  const total = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const step = Math.max(1, Math.ceil(total / MAX_SPANS));
  const sample = traces.filter((_, index) => index % step === 0);
  return { spans: sample.flatMap((trace) => trace.spans), logs: sample.flatMap((trace) => trace.logs ?? []) };
}
