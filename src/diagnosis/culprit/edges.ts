import type { Change } from './change.js';
import { beliefIn } from './judge.js';
import type { Stratum } from './strata.js';
import type { Visit } from './visit.js';

/** Only where being late is more likely real than not it says anything about its ends. */
const CREDIBLE = 0.5;

interface Side {
  late: number;
  all: number;
  readonly latePartners: Set<string>;
}

/**
 * Time lost between a caller and the place it called belongs to either of them (or to the network near it): it is charged to the one
 * more of whose calls, made and answered, lose time. Equal ones: to the one with more partners to whom it happens, then to the called one.
 */
export function chargedEnds(changes: readonly Change[]): (stratum: Stratum) => Visit {
  const sides = new Map<string, Side>();
  for (const change of changes) {
    if (change.aspect.kind !== 'late') continue;
    const isLate = beliefIn(change) > CREDIBLE;
    for (const { stratum, incident, incidentOf } of change.counts) {
      const { called, caller } = endsOf(stratum);
      if (caller === undefined) continue;
      for (const [own, partner] of [[called, caller], [caller, called]] as const) tally(sides, own.service, { late: isLate ? incident : 0, all: incidentOf, partner: partner.service });
    }
  }
  return (stratum) => {
    const { called, caller } = endsOf(stratum);
    return caller !== undefined && isMoreLate(sides.get(caller.service), sides.get(called.service)) ? caller : called;
  };
}

function endsOf(stratum: Stratum): { readonly called: Visit; readonly caller: Visit | undefined } {
  const called = stratum.incident[0]!.observations[0]!.visit;
  return { called, caller: called.parent };
}

function tally(sides: Map<string, Side>, service: string, call: { readonly late: number; readonly all: number; readonly partner: string }): void {
  const side = sides.get(service) ?? { late: 0, all: 0, latePartners: new Set<string>() };
  sides.set(service, side);
  side.late += call.late;
  side.all += call.all;
  if (call.late > 0) side.latePartners.add(call.partner);
}

function isMoreLate(caller: Side | undefined, called: Side | undefined): boolean {
  if (caller === undefined || called === undefined) return false;
  const difference = caller.late / Math.max(1, caller.all) - called.late / Math.max(1, called.all);
  return difference > 0 || (difference === 0 && caller.latePartners.size > called.latePartners.size);
}
