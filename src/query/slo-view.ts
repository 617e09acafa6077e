import { failuresToFire, sizingWarnings } from '../budget/sizing.js';
import { waitingInWords } from '../budget/firing.js';
import type { SloStatus, TierReading } from '../budget/slo-status.js';
import { windowText } from '../config/calendar.js';
import type { Slo } from '../config/slo.js';
import { formatDuration } from '../lib/duration.js';
import type { SloStatusReader } from './slo-status-reader.js';

/** A status with its rules: what every page and answer about SLOs starts from. */
export interface SloView {
  readonly slo: Slo;
  readonly status: SloStatus;
}

const STATE_ORDER = { page: 0, ticket: 1, 'no-data': 2, ok: 3 } as const;

/** Worst first, then by name. A status whose rule has just been removed is left out. */
export function sloViews(reader: SloStatusReader): SloView[] {
  return reader.statuses()
    .flatMap((status) => {
      const slo = reader.slo(status.slo);
      return slo === undefined ? [] : [{ slo, status }];
    })
    .sort((left, right) => STATE_ORDER[left.status.state] - STATE_ORDER[right.status.state] || left.slo.name.localeCompare(right.slo.name));
}

export function sloView(reader: SloStatusReader, name: string): SloView | undefined {
  return sloViews(reader).find((view) => view.slo.name === name);
}

/** The answer of `GET /api/v1/slos/{name}`. Names are promises, see interfaces.md. */
export function sloJson({ slo, status }: SloView): Record<string, unknown> {
  return {
    name: slo.name,
    displayName: slo.displayName,
    service: slo.service,
    target: slo.target,
    window: windowText(slo),
    timeZone: slo.calendar?.timeZone ?? null,
    budgetingMethod: slo.method === undefined ? 'Occurrences' : slo.method.kind === 'ratio-timeslices' ? 'RatioTimeslices' : 'Timeslices',
    parts: slo.composite?.map((part) => ({ name: part.slo.name, weight: part.weight })) ?? null,
    partOf: slo.partOf ?? null,
    at: new Date(status.atMs).toISOString(),
    sli: status.sli ?? null,
    errorBudgetRemaining: status.errorBudgetRemaining ?? null,
    projectedBudgetRemaining: status.projectedBudgetRemaining ?? null,
    burnRates: Object.fromEntries(Object.entries(status.burnRates).map(([window, burn]) => [window, burn ?? null])),
    state: status.state,
    young: status.young,
    coverage: status.coverage,
    confidence: status.confidence ?? null,
    budgetConfidence: status.budgetConfidence ?? null,
    evidenceShare: status.evidence?.share ?? null,
    unknownWeightShare: status.unknownWeightShare,
    silence: status.silence === undefined ? null : { seconds: status.silence.forMs / 1_000, stopped: status.silence.stopped, pValue: status.silence.pValue, words: status.silence.words },
    samplingWarning: status.samplingWarning ?? null,
    exhaustionSeconds: status.exhaustionMs === undefined ? null : status.exhaustionMs / 1_000,
    eventsPerHour: status.eventsPerHour ?? null,
    sizing: sizingOf({ slo, status }),
    groups: (status.groups ?? []).map((each) => ({
      group: each.group?.text ?? '', attributes: each.group?.values ?? null, sli: each.sli ?? null, errorBudgetRemaining: each.errorBudgetRemaining ?? null, projectedBudgetRemaining: each.projectedBudgetRemaining ?? null, state: each.state, events: each.events ?? 0,
      burnRates: Object.fromEntries(Object.entries(each.burnRates).map(([window, burn]) => [window, burn ?? null])),
    })),
    tiers: status.tiers.map((reading) => ({ ...tierJson(reading), failuresToFire: toFire({ slo, status }, reading) ?? null })),
  };
}

/** What the SLO's traffic means for its target and tiers, in sentences; empty when all is well or nothing is known yet. */
export function sizingOf({ slo, status }: SloView): readonly string[] {
  return status.eventsPerHour === undefined || status.young ? [] : sizingWarnings(slo, status.eventsPerHour);
}

/** How many failures the tier's long window must hold before it can fire at this traffic. */
export function toFire({ slo, status }: SloView, { tier }: TierReading): number | undefined {
  return status.eventsPerHour === undefined ? undefined : failuresToFire(tier, slo.policy.evidence, { target: slo.target, windowMs: slo.windowMs, requestsPerHour: status.eventsPerHour });
}

function tierJson(reading: TierReading): Record<string, unknown> {
  return {
    severity: reading.tier.severity,
    factor: reading.tier.factor,
    long: formatDuration(reading.tier.longMs),
    short: formatDuration(reading.tier.shortMs),
    longBurnRate: reading.long.burnRate ?? null,
    shortBurnRate: reading.short.burnRate ?? null,
    exceeded: reading.exceeded,
    firing: reading.firing,
    evidence: reading.exceeded ? waitingInWords(reading) : reading.evidence.words,
    pValue: reading.evidence.pValue,
  };
}
