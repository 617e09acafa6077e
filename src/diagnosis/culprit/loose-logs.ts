import type { Count } from './change.js';
import type { LooseLogs } from './observe.js';
import { mantelHaenszel, shareOf, surpriseOf } from './statistics.js';

/** A statement that a service logs outside of traces in more, or fewer, stretches of time than before. */
export interface LooseChange {
  readonly service: string;
  readonly statement: string;
  readonly kind: 'appears' | 'vanishes';
  /** Stretches of time instead of requests. */
  readonly count: Count;
  readonly surprise: number;
  readonly pValue: number;
}

export function looseChanges(baseline: LooseLogs, incident: LooseLogs): readonly LooseChange[] {
  if (baseline.stretches === 0 || incident.stretches === 0) return [];
  const changes: LooseChange[] = [];
  const services = new Set([...baseline.statements.keys(), ...incident.statements.keys()]);
  for (const service of services) {
    const [before, after] = [baseline.statements.get(service), incident.statements.get(service)];
    for (const statement of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
      const with_ = { baseline: before?.get(statement)?.size ?? 0, baselineOf: baseline.stretches, incident: after?.get(statement)?.size ?? 0, incidentOf: incident.stretches };
      const without = { ...with_, baseline: with_.baselineOf - with_.baseline, incident: with_.incidentOf - with_.incident };
      changes.push(changeOf({ service, statement, kind: 'appears' }, with_), changeOf({ service, statement, kind: 'vanishes' }, without));
    }
  }
  return changes;
}

function changeOf(what: Pick<LooseChange, 'service' | 'statement' | 'kind'>, count: Count): LooseChange {
  return { ...what, count, surprise: surpriseOf(count, shareOf(count.baseline, count.baselineOf)), pValue: mantelHaenszel([count]) };
}
