import type { DrillRule } from '../config/drill.js';
import { nextDrillMs } from '../config/read-drills.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import type { IncidentId } from '../lib/ids.js';
import { err, ok, type Result } from '../lib/result.js';
import type { DecisionRecord } from '../notify/decision-reader.js';
import type { DrillRefusal, DrillWish } from '../notify/drill-view.js';
import { drillFailure, drillKey, drillStatus, drillTransition, judgedRun, startedRun, type DrillRun, type DrillStatus } from '../notify/drill.js';
import { integrationsOf } from '../notify/integrations.js';
import type { Routing } from '../notify/routing.js';
import type { AlertingChange } from './alerting-change.js';

export interface DrillPorts {
  rules(): readonly DrillRule[];
  /** What was decided about a run's messages, and what became of them. */
  decisionsOf(id: IncidentId): Promise<readonly DecisionRecord[]>;
}

interface Moment {
  readonly routing: Routing;
  readonly runs: readonly DrillRun[];
  readonly nowMs: number;
}

interface Drilled {
  readonly rule: DrillRule;
  readonly receiver: string;
}

/** Starts drills when they are due, and follows their messages until they are settled. What it remembers itself is only when it first saw a rule. */
export class Drills {
  readonly #ports: DrillPorts;
  readonly #firstSeenMs = new Map<string, number>();

  constructor(ports: DrillPorts) {
    this.#ports = ports;
  }

  /** Runs that have news, and new ones. */
  async advance(moment: Moment): Promise<AlertingChange> {
    const { runs, nowMs, routing } = moment;
    const changed: DrillRun[] = [];
    for (const run of runs.filter(({ endedAtMs }) => endedAtMs === undefined)) {
      const judged = judgedRun(run, await this.#ports.decisionsOf(run.id), nowMs);
      if (judged !== run) changed.push(judged);
    }
    const due = this.#drilled().filter((drilled) => this.#isDue(drilled, moment));
    return changeOf([...changed, ...due.map((drilled) => startOf({ ...drilled, by: 'tocsin' }, routing, nowMs))], nowMs);
  }

  /** Starts drills now, because somebody asks. */
  start({ receivers, by }: DrillWish, { routing, runs, nowMs }: Moment): Result<AlertingChange, DrillRefusal> {
    const known = this.#drilled();
    const wanted = receivers === undefined ? known : receivers.map((receiver) => known.find((drilled) => drilled.receiver === receiver) ?? receiver);
    if (wanted.length === 0) return err({ kind: 'not-found', message: 'no document of kind: Drill is in the rules' });
    const unknown = wanted.find((each) => typeof each === 'string');
    if (unknown !== undefined) return err({ kind: 'not-found', message: `no document of kind: Drill names the receiver "${unknown}"` });
    const drilled = wanted.filter((each) => typeof each !== 'string');
    const busy = drilled.flatMap(({ receiver }) => openRun(runs, receiver) ?? [])[0];
    if (busy !== undefined) return err({ kind: 'under-way', message: `the drill ${busy.id} of "${busy.receiver}" is under way` });
    return ok(changeOf(drilled.map((each) => startOf({ ...each, by }, routing, nowMs)), nowMs));
  }

  statuses({ runs, nowMs }: Omit<Moment, 'routing'>): DrillStatus[] {
    return this.#drilled().map((drilled) => drillStatus(drilled.rule, drilled.receiver, { runs, nowMs, nextAtMs: openRun(runs, drilled.receiver) === undefined ? this.#nextMs(drilled, { runs, nowMs }) : undefined }));
  }

  /** Which receivers are broken; and an end for what an earlier version of the rules told of. */
  signals(openIncidents: readonly Incident[], moment: Omit<Moment, 'routing'>): ConditionSignal[] {
    const statuses = this.statuses(moment);
    const signals = this.#drilled().flatMap(({ rule }, index) => {
      const status = statuses[index];
      return status === undefined ? [] : drillFailure(rule, status, moment.runs) ?? [];
    });
    const keys = new Set(this.#drilled().map(({ rule, receiver }) => drillKey(rule.name, receiver)));
    const orphans = openIncidents.filter(({ key }) => key.startsWith(DRILL_KEYS) && !keys.has(key));
    return [...signals, ...orphans.flatMap(({ key, title, alerts }) => alerts.map(({ id, labels, annotations, severity }) => ({ key, alertId: id, labels, annotations, severity, title, firing: false })))];
  }

  #drilled(): Drilled[] {
    return this.#ports.rules().flatMap((rule) => rule.receivers.map((receiver) => ({ rule, receiver })));
  }

  #isDue(drilled: Drilled, { runs, nowMs }: Moment): boolean {
    return openRun(runs, drilled.receiver) === undefined && this.#nextMs(drilled, { runs, nowMs }) <= nowMs;
  }

  /** One that never ran is due at once, to show that it works; by the clock on the wall it waits for its time. */
  #nextMs({ rule: { name, schedule }, receiver }: Drilled, { runs, nowMs }: Omit<Moment, 'routing'>): number {
    const key = JSON.stringify([name, receiver, schedule]);
    const firstSeenMs = this.#firstSeenMs.get(key) ?? nowMs;
    this.#firstSeenMs.set(key, firstSeenMs);
    const last = runs.findLast((run) => run.receiver === receiver);
    if (last === undefined && 'everyMs' in schedule) return firstSeenMs;
    return nextDrillMs(schedule, last?.startedAtMs ?? firstSeenMs);
  }
}

const DRILL_KEYS = 'drill:';

function openRun(runs: readonly DrillRun[], receiver: string): DrillRun | undefined {
  return runs.find((run) => run.receiver === receiver && run.endedAtMs === undefined);
}

function startOf({ rule, receiver, by }: Drilled & Pick<DrillRun, 'by'>, routing: Routing, nowMs: number): DrillRun {
  const known = routing.receivers.get(receiver);
  return startedRun({ rule, receiver, by, integrations: known === undefined ? [] : integrationsOf(known).map(({ name }) => name) }, nowMs);
}

/** Only what begins or ends is told. */
function changeOf(drills: readonly DrillRun[], nowMs: number): AlertingChange {
  const told = drills.filter((run) => run.endedAtMs !== undefined || run.startedAtMs === nowMs);
  return { incidents: [], transitions: told.map((run) => drillTransition(run, nowMs)), drills };
}
