import { excludedBudget } from '../budget/excluded-budget.js';
import type { SliceIndex } from '../budget/slice-index.js';
import { evaluateSlo, type SloStatus } from '../budget/slo-status.js';
import type { CoverageOf } from '../budget/window-reading.js';
import type { Slo } from '../config/slo.js';
import { advance, type IncidentChange } from '../incident/advance.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { resolve } from '../incident/person-actions.js';
import { incidentKeyOf, signalOf, sloNameOf, stoppedSignalOf } from './slo-signal.js';

/** An SLO and where its slices are. */
export interface MeasuredSlo {
  readonly slo: Slo;
  readonly sliceKey: string;
}

export interface EvaluateInput {
  readonly nowMs: number;
  readonly slos: readonly MeasuredSlo[];
  readonly slices: SliceIndex;
  readonly coverage: CoverageOf;
  /** Every incident that is not resolved. */
  readonly openIncidents: readonly Incident[];
  /** Conditions that others judged: posted alerts. */
  readonly otherSignals?: readonly ConditionSignal[];
  /** When the bad events that are new since the last evaluation were received, by slice key. */
  readonly badReceivedAtMs?: ReadonlyMap<string, number>;
}

export interface Evaluation extends IncidentChange {
  /** One per SLO, in the order of the rules. */
  readonly statuses: readonly SloStatus[];
  /** What each SLO's burn says to its incident, hysteresis applied; in the order of the rules. */
  readonly signals: readonly ConditionSignal[];
}

/** The whole judgement of one moment: slices and rules in, statuses and news out. Live, in backtests and in tests it is this one function. */
export function evaluate(input: EvaluateInput): Evaluation {
  const { nowMs, openIncidents } = input;
  const incidentByKey = new Map(openIncidents.map((incident) => [incident.key, incident]));
  const judged = input.slos.map(({ slo, sliceKey }) => {
    const evaluated = evaluateSlo(slo, input.slices.judged(sliceKey, slo), { nowMs, coverage: input.coverage });
    const excluded = excludedBudget(slo, sliceKey, input);
    const status = excluded === undefined ? evaluated : { ...evaluated, excluded };
    const context = { nowMs, incident: incidentByKey.get(incidentKeyOf(slo.name)), breachReceivedAtMs: input.badReceivedAtMs?.get(sliceKey) };
    const stopped = stoppedSignalOf(slo, status, context);
    return { status, signal: signalOf(slo, status, context), stopped: stopped === undefined ? [] : [stopped] };
  });
  const change = advance({ signals: [...judged.flatMap(({ signal, stopped }) => [signal, ...stopped]), ...(input.otherSignals ?? [])], openIncidents, nowMs });
  const orphaned = resolveOrphans(input);
  return {
    statuses: judged.map(({ status }) => status),
    signals: judged.map(({ signal }) => signal),
    incidents: [...change.incidents, ...orphaned.flatMap(({ incidents }) => incidents)],
    transitions: [...change.transitions, ...orphaned.flatMap(({ transitions }) => transitions)],
  };
}

/** An incident whose SLO was taken out of the rules would stay open for ever: nothing speaks for it any more. */
function resolveOrphans({ slos, openIncidents, nowMs }: EvaluateInput): IncidentChange[] {
  const names = new Set(slos.map(({ slo }) => slo.name));
  return openIncidents
    .filter((incident) => !names.has(sloNameOf(incident) ?? '') && sloNameOf(incident) !== undefined)
    .map((incident) => resolve(incident, 'tocsin (its SLO was removed from the rules)', nowMs));
}
