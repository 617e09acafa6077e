import type { Incident, Labels, Transition } from '../incident/incident.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { DrillRule } from '../config/drill.js';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { formatSpan, formatTime } from '../lib/format.js';
import type { IncidentId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';
import { DRILL_ID_PREFIX } from './drill-id.js';
import type { DecisionRecord } from './decision-reader.js';

/** Over so long the share of drills that arrived in time is told; older runs are forgotten. */
export const DRILL_WINDOW_MS = 30 * DAY_MS;
/** A drill whose message did not get through within this, or twice its own limit, has failed. It is still tried, as every message is. */
const FAILED_AFTER_MS = 5 * MINUTE_MS;
const ID_HASH_DIGITS = 10;
export const DRILL_ALERT = 'TocsinDrill';
export const DRILL_FAILED_ALERT = 'DrillFailed';

/**
 * `waiting`: not there yet. `in-time`, `late`: it arrived. `failed`: refused, or not there for too long (and perhaps still tried).
 * `held`: a silence or an inhibition of the operator kept it, which says nothing of the receiver.
 */
export type DrillOutcome = 'waiting' | 'in-time' | 'late' | 'failed' | 'held';

/** What became of the message to one integration. */
export interface DrillResult {
  readonly integration: string;
  readonly outcome: DrillOutcome;
  /** No later news can change it. */
  readonly isFinal: boolean;
  readonly deliveredAtMs: number | undefined;
  /** Why not, as the receiver said it. */
  readonly reason: string | undefined;
}

/** One test of one receiver. */
export interface DrillRun {
  /** Of the incident that is made up for it: `drill-20261120-030405-8e78`. */
  readonly id: IncidentId;
  readonly drill: string;
  readonly receiver: string;
  readonly startedAtMs: number;
  /** Who asked for it; `tocsin`: it was due. */
  readonly by: string;
  readonly withinMs: number;
  readonly results: readonly DrillResult[];
  /** When the last of its messages was settled. */
  readonly endedAtMs: number | undefined;
}

export interface DrillStart {
  readonly rule: Pick<DrillRule, 'name' | 'withinMs'>;
  readonly receiver: string;
  readonly integrations: readonly string[];
  readonly by: string;
}

export function startedRun({ rule, receiver, integrations, by }: DrillStart, nowMs: number): DrillRun {
  const [date, time] = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  const id = `${DRILL_ID_PREFIX}${date ?? ''}-${time ?? ''}-${stableHash([receiver, String(nowMs % SECOND_MS)], ID_HASH_DIGITS)}` as IncidentId;
  const results = integrations.map((integration) => ({ integration, outcome: 'waiting', isFinal: false, deliveredAtMs: undefined, reason: undefined }) as const);
  return { id, drill: rule.name, receiver, startedAtMs: nowMs, by, withinMs: rule.withinMs, results, endedAtMs: undefined };
}

/** The incident that its messages tell of. The labels leave severity out: rules that inhibit tickets must not inhibit a drill. */
export function drillIncident(run: DrillRun): Incident {
  const labels: Labels = { alertname: DRILL_ALERT, drill: run.drill, receiver: run.receiver, incident: run.id };
  const summary = 'This is a test of the way to you. Nobody has to do anything.';
  const { startedAtMs, endedAtMs } = run;
  const alert = {
    id: alertIdOf({ ...labels, run: run.id }), labels, annotations: { summary }, severity: 'ticket', status: endedAtMs === undefined ? 'firing' : 'resolved', startsAtMs: startedAtMs,
    endsAtMs: endedAtMs, updatedAtMs: endedAtMs ?? startedAtMs, reading: undefined, incidentId: run.id, direct: [run.receiver],
  } as const;
  const began = { atMs: startedAtMs, kind: 'opened', actor: run.by, text: summary } as const;
  return {
    id: run.id, key: `drill:${run.id}`, status: endedAtMs === undefined ? 'open' : 'resolved', severity: 'ticket', title: `nothing is wrong, "${run.receiver}" is tested`, startedAtMs, endedAtMs,
    acknowledgedBy: undefined, alerts: [alert], evidence: undefined, runbook: undefined, isDrill: true,
    timeline: endedAtMs === undefined ? [began] : [began, { atMs: endedAtMs, kind: 'resolved', actor: 'tocsin', text: `The drill is over: ${runInWords(run)}.` }],
  };
}

export function drillTransition(run: DrillRun, nowMs: number): Transition {
  return { kind: run.endedAtMs === undefined ? 'opened' : 'resolved', incident: drillIncident(run), atMs: nowMs, atOnce: true };
}

/** The run as far as it is known now. The same object where there is no news. */
export function judgedRun(run: DrillRun, decisions: readonly DecisionRecord[], nowMs: number): DrillRun {
  const results = run.results.map((result) => (result.isFinal ? result : judged(run, { result, decisions }, nowMs)));
  if (results.every((result, index) => result === run.results[index])) return run;
  return { ...run, results, endedAtMs: results.every(({ isFinal }) => isFinal) ? nowMs : undefined };
}

function judged(run: DrillRun, { result, decisions }: { readonly result: DrillResult; readonly decisions: readonly DecisionRecord[] }, nowMs: number): DrillResult {
  const about = decisions.filter(({ receiver, integration }) => receiver === run.receiver && (integration === result.integration || integration === ''));
  const sent = about.find(({ outcome }) => outcome === 'sent');
  if (sent === undefined) return withoutMessage(run, { result, said: about.at(-1) }, nowMs);
  const { status, settledAtMs, lastError } = sent.delivery ?? { status: 'pending' as const, settledAtMs: undefined, lastError: undefined };
  if (status === 'delivered') {
    const deliveredAtMs = settledAtMs ?? nowMs;
    return { ...result, outcome: deliveredAtMs - run.startedAtMs <= run.withinMs ? 'in-time' : 'late', isFinal: true, deliveredAtMs, reason: result.reason };
  }
  if (status !== 'pending') return { ...result, outcome: 'failed', isFinal: true, reason: lastError ?? 'it was refused' };
  return overdue(run, { ...result, reason: lastError }, { result, nowMs });
}

/** Nothing was made to be sent: it is held back, or the tick that would have made it did not come about. */
function withoutMessage(run: DrillRun, { result, said }: { readonly result: DrillResult; readonly said: DecisionRecord | undefined }, nowMs: number): DrillResult {
  switch (said?.outcome) {
    case 'silenced':
    case 'inhibited':
    case 'muted': return { ...result, outcome: 'held', isFinal: true, reason: said.reason };
    case 'not-sent':
    case 'left': return { ...result, outcome: 'failed', isFinal: true, reason: said.reason };
    default: {
      // Messages are made at once or not at all.
      const late = overdue(run, { ...result, reason: 'no message was made' }, { result, nowMs });
      return late === result ? late : { ...late, isFinal: true };
    }
  }
}

function overdue(run: DrillRun, late: DrillResult, { result, nowMs }: { readonly result: DrillResult; readonly nowMs: number }): DrillResult {
  if (nowMs - run.startedAtMs < Math.max(FAILED_AFTER_MS, 2 * run.withinMs)) return result;
  const { reason = 'not sent yet' } = late;
  return result.outcome === 'failed' && result.reason === reason ? result : { ...late, outcome: 'failed', reason };
}

const RANK = { 'in-time': 0, held: 1, waiting: 2, late: 3, failed: 4 } as const satisfies Readonly<Record<DrillOutcome, number>>;

/** The worst of its integrations. */
export function outcomeOf({ results }: Pick<DrillRun, 'results'>): DrillOutcome {
  return results.reduce<DrillOutcome>((worst, { outcome }) => (RANK[outcome] > RANK[worst] ? outcome : worst), 'in-time');
}

/** From the start to the last message; undefined where one did not arrive. */
export function deliveryMs({ results, startedAtMs }: DrillRun): number | undefined {
  const times = results.map(({ deliveredAtMs }) => deliveredAtMs);
  return times.length === 0 || times.includes(undefined) ? undefined : Math.max(...times.map((time) => time ?? 0)) - startedAtMs;
}

/** `it arrived after 0.8 s`, `webhook[0] did not arrive: HTTP 503`. */
export function runInWords(run: DrillRun): string {
  const [outcome, tookMs] = [outcomeOf(run), deliveryMs(run)];
  const bad = run.results.filter((result) => result.outcome === outcome);
  switch (outcome) {
    case 'waiting': return 'it is on its way';
    case 'in-time': return `it arrived after ${seconds(tookMs)}`;
    case 'late': return `it arrived after ${seconds(tookMs)}, and ${seconds(run.withinMs)} are promised`;
    case 'held': return `it was held back: ${bad.map(({ reason }) => reason ?? '').join('; ')}`;
    case 'failed': return bad.map(({ integration, reason }) => `${integration} did not get it: ${reason ?? 'no reason is known'}`).join('; ');
  }
}

function seconds(durationMs: number | undefined): string {
  if (durationMs === undefined) return 'an unknown time';
  return durationMs < MINUTE_MS ? `${String(Number((durationMs / SECOND_MS).toFixed(1)))} s` : formatSpan(durationMs);
}

/** One receiver's drills: what is promised, what was kept, when the next is due. */
export interface DrillStatus {
  readonly drill: string;
  readonly receiver: string;
  readonly withinMs: number;
  readonly target: number;
  readonly nextAtMs: number | undefined;
  /** The one under way, else the last. */
  readonly last: DrillRun | undefined;
  /** Of DRILL_WINDOW_MS, those that say something of the receiver. */
  readonly runs: number;
  readonly inTime: number;
  /** Undefined without runs. */
  readonly sli: number | undefined;
  /** Share of the allowed misses that is left; below 0 it is overspent. */
  readonly budgetRemaining: number | undefined;
}

export function drillStatus(rule: DrillRule, receiver: string, input: { readonly runs: readonly DrillRun[]; readonly nextAtMs: number | undefined; readonly nowMs: number }): DrillStatus {
  const own = input.runs.filter((run) => run.receiver === receiver && run.startedAtMs > input.nowMs - DRILL_WINDOW_MS);
  const telling = own.map(outcomeOf).filter((outcome) => outcome !== 'held' && outcome !== 'waiting');
  const inTime = telling.filter((outcome) => outcome === 'in-time').length;
  const sli = telling.length === 0 ? undefined : inTime / telling.length;
  return {
    drill: rule.name, receiver, withinMs: rule.withinMs, target: rule.target, nextAtMs: input.nextAtMs, last: own.at(-1), runs: telling.length, inTime, sli,
    budgetRemaining: sli === undefined ? undefined : 1 - (1 - sli) / (1 - rule.target),
  };
}

/**
 * A receiver is broken, told to others: its last drill failed, or came late with no budget left for that. It ends with a drill in time
 * (a late one, where there is budget). What says nothing of the receiver changes nothing.
 */
export function drillFailure(rule: DrillRule, { receiver, budgetRemaining = 1 }: DrillStatus, runs: readonly DrillRun[]): ConditionSignal | undefined {
  const last = runs.findLast((run) => run.receiver === receiver && !['held', 'waiting'].includes(outcomeOf(run)));
  if (last === undefined) return undefined;
  const outcome = outcomeOf(last);
  const labels: Labels = { alertname: DRILL_FAILED_ALERT, drill: rule.name, receiver, severity: rule.severity };
  return {
    key: drillKey(rule.name, receiver), alertId: alertIdOf({ ...labels, severity: '' }), labels, severity: rule.severity, title: `Alerts to "${receiver}" do not arrive as promised`,
    annotations: { summary: `in the drill of ${formatTime(last.startedAtMs)} ${runInWords(last)}` },
    firing: outcome === 'failed' || (outcome === 'late' && budgetRemaining <= 0), startsAtMs: last.startedAtMs, direct: rule.tell.filter((name) => name !== receiver),
  };
}

export function drillKey(drill: string, receiver: string): string {
  return `drill:${JSON.stringify([drill, receiver])}`;
}
