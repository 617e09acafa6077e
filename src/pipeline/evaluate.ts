import { excludedBudget } from '../budget/excluded-budget.js';
import { groupStatuses } from '../budget/group-statuses.js';
import { countedFor, type SliceIndex, type SliceRule } from '../budget/slice-index.js';
import { evaluateSlo, type SloStatus } from '../budget/slo-status.js';
import type { CoverageOf } from '../budget/window-reading.js';
import type { IncidentThreshold } from '../config/incident-threshold.js';
import type { IncidentWindow } from '../config/incident-window.js';
import { advance, type AdvancedIncidents, type IncidentChange } from '../incident/advance.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { HeldOpening } from '../incident/held-opening.js';
import type { Incident } from '../incident/incident.js';
import { resolve } from '../incident/person-actions.js';
import { groupSignals } from './group-signals.js';
import { incidentsBySlo, signalOf, slosFiringIn, sloNameOf, stoppedSignalOf } from './slo-signal.js';

export type MeasuredSlo = SliceRule;

export interface EvaluateInput {
  readonly nowMs: number;
  readonly slos: readonly MeasuredSlo[];
  readonly slices: SliceIndex;
  readonly coverage: CoverageOf;
  /** Every incident that is not resolved. */
  readonly openIncidents: readonly Incident[];
  /** Those that ended of late, the youngest last. */
  readonly recentlyEnded?: readonly Incident[];
  /** Conditions that others judged: posted alerts. */
  readonly otherSignals?: readonly ConditionSignal[];
  /** What must come often before it is an incident, and what of it has come so far. */
  readonly thresholds?: readonly IncidentThreshold[];
  readonly windows?: readonly IncidentWindow[];
  readonly held?: ReadonlyMap<string, HeldOpening>;
  /** When the bad events that are new since the last evaluation were received, by slice key. */
  readonly badReceivedAtMs?: ReadonlyMap<string, number>;
}

export interface Evaluation extends AdvancedIncidents {
  /** One per SLO, in the order of the rules. */
  readonly statuses: readonly SloStatus[];
  /** What each SLO's burn says to its incident, hysteresis applied; in the order of the rules. */
  readonly signals: readonly ConditionSignal[];
}

/** The whole judgement of one moment: slices and rules in, statuses and news out. Live, in backtests and in tests it is this one function. */
export function evaluate(input: EvaluateInput): Evaluation {
  const { nowMs, openIncidents } = input;
  const incidents = incidentsBySlo(openIncidents);
  const judged = input.slos.map((rule) => {
    const { slo } = rule;
    const evaluated = evaluateSlo(slo, input.slices.judged(rule), { nowMs, coverage: input.coverage });
    const excluded = excludedBudget(rule, input);
    const groups = groupStatuses(rule, input.slices, { nowMs, coverage: input.coverage });
    const reading = excluded === undefined ? evaluated : { ...evaluated, excluded };
    const status = groups.length === 0 ? reading : { ...reading, groups };
    // Parts of a composite objective tell nobody: the whole does.
    if (slo.partOf !== undefined) return { status, signals: [] };
    const context = { nowMs, incident: incidents.get(slo.name), breachReceivedAtMs: firstReceived(rule, input.badReceivedAtMs) };
    const stopped = stoppedSignalOf(slo, reading, context);
    const signal = signalOf(slo, reading, context);
    return { status, signals: [signal, ...groupSignals(slo, { groups, whole: signal }, context), ...(stopped === undefined ? [] : [stopped])] };
  });
  const change = advance({ signals: [...judged.flatMap(({ signals }) => signals), ...whereTheyFire(input.otherSignals ?? [], openIncidents)], openIncidents, nowMs, recentlyEnded: input.recentlyEnded ?? [], thresholds: input.thresholds ?? [], windows: input.windows ?? [], held: input.held ?? new Map() });
  const orphaned = resolveOrphans(input);
  return {
    statuses: judged.map(({ status }) => status),
    signals: judged.flatMap(({ signals }) => signals.slice(0, 1)),
    held: change.held,
    noLongerHeld: change.noLongerHeld,
    incidents: [...change.incidents, ...orphaned.flatMap(({ incidents }) => incidents)],
    transitions: [...change.transitions, ...orphaned.flatMap(({ transitions }) => transitions)],
  };
}

function firstReceived(rule: MeasuredSlo, badReceivedAtMs: ReadonlyMap<string, number> | undefined): number | undefined {
  const received = countedFor(rule).flatMap(({ sliceKey }) => badReceivedAtMs?.get(sliceKey) ?? []);
  return received.length === 0 ? undefined : Math.min(...received);
}

/** Conditions that others judged speak to the incident in which they fire, which may not be the one of their key: incidents are merged. */
function whereTheyFire(signals: readonly ConditionSignal[], openIncidents: readonly Incident[]): ConditionSignal[] {
  if (signals.length === 0) return [];
  const keys = new Map(openIncidents.flatMap(({ key, alerts }) => alerts.flatMap(({ id, status }) => (status === 'firing' ? [[id, key] as const] : []))));
  return signals.map((signal) => ({ ...signal, key: keys.get(signal.alertId) ?? signal.key }));
}

/** An incident whose SLO was taken out of the rules would stay open for ever: nothing speaks for it any more. */
function resolveOrphans({ slos, openIncidents, nowMs }: EvaluateInput): IncidentChange[] {
  const names = new Set(slos.filter(({ slo }) => slo.partOf === undefined).map(({ slo }) => slo.name));
  const isSpokenFor = (incident: Incident): boolean => {
    const own = sloNameOf(incident);
    if (own === undefined && slosFiringIn(incident).size === 0) return true;
    return names.has(own ?? '') || incident.alerts.some(({ status, reading }) => status === 'firing' && (reading === undefined || names.has(reading.slo)));
  };
  return openIncidents.filter((incident) => !isSpokenFor(incident)).map((incident) => resolve(incident, 'tocsin (its SLO was removed from the rules)', nowMs));
}
