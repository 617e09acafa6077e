import { SEVERITY_RANK } from '../budget/slo-status.js';
import type { Severity } from '../config/slo.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentThreshold } from '../config/incident-threshold.js';
import type { IncidentWindow } from '../config/incident-window.js';
import type { ConditionSignal } from './condition-signal.js';
import { hasBeenQuiet, isFlapping, reopenable } from './flapping.js';
import { stepOpening, thresholdOf, type HeldOpening } from './held-opening.js';
import { incidentIdOf } from './incident-id.js';
import { FLAP_HOLD_MS } from './incident-policy.js';
import type { Alert, Incident, Transition } from './incident.js';
import { numbersNews } from './numbers-news.js';
import { alertOf, settleAlerts } from './settle-alerts.js';
import { withEntry } from './timeline.js';
import { conditionInWords, severityInWords } from './words.js';
import { formatSpan } from '../lib/format.js';

export interface AdvanceInput {
  readonly signals: readonly ConditionSignal[];
  /** Every incident that is not resolved. */
  readonly openIncidents: readonly Incident[];
  /** Those that ended of late: what comes back opens them again. The youngest last. */
  readonly recentlyEnded?: readonly Incident[];
  readonly nowMs: number;
  readonly thresholds?: readonly IncidentThreshold[];
  readonly windows?: readonly IncidentWindow[];
  /** What was held before, by key. */
  readonly held?: ReadonlyMap<string, HeldOpening>;
  /** `attempt` counts up while the id is taken. */
  readonly newIncidentId?: (key: string, nowMs: number, attempt: number) => IncidentId;
}

export interface IncidentChange {
  /** Only those that changed, whole. */
  readonly incidents: readonly Incident[];
  readonly transitions: readonly Transition[];
}

/** With what a threshold holds back: new versions, and keys of what opened or came to nothing. */
export interface AdvancedIncidents extends IncidentChange {
  readonly held: readonly HeldOpening[];
  readonly noLongerHeld: readonly string[];
}

export const NO_CHANGE: IncidentChange = { incidents: [], transitions: [] };

/**
 * One step of every incident: opens, upgrades, updates and resolves. The same signals again change nothing.
 * A key without any signal keeps its incident as it is: missing data never resolves.
 */
export function advance(input: AdvanceInput): AdvancedIncidents {
  const openByKey = new Map(input.openIncidents.map((incident) => [incident.key, incident]));
  // Also of those that ended: what a person ends while it fires opens again at that very moment, as another incident.
  const taken = new Set([...input.openIncidents, ...(input.recentlyEnded ?? [])].map((incident) => incident.id));
  const changes: IncidentChange[] = [];
  const openings = new Openings(input);
  const byKey = signalsByKey(input.signals);
  for (const [key, signals] of byKey) {
    const incident = openByKey.get(key);
    if (incident !== undefined) changes.push(advanceOpen(incident, signals, input.nowMs));
    else if (signals.some((signal) => signal.firing)) changes.push(reopen(reopenable(input, key), signals, input.nowMs) ?? openings.place(key, signals, (why) => open({ signals, id: newId(input, key, taken), why }, input.nowMs)));
  }
  return { incidents: changes.flatMap((change) => change.incidents), transitions: changes.flatMap((change) => change.transitions), ...openings.rest((key) => openByKey.has(key)) };
}

/** What would open: at once, or when a threshold has seen enough of it. */
class Openings {
  readonly #input: AdvanceInput;
  readonly #held: HeldOpening[] = [];
  readonly #seen = new Set<string>();

  constructor(input: AdvanceInput) {
    this.#input = input;
  }

  place(key: string, signals: readonly ConditionSignal[], openNow: (why: string | undefined) => IncidentChange): IncidentChange {
    const firing = signals.filter((signal) => signal.firing);
    const threshold = thresholdOf(this.#input.thresholds ?? [], firing);
    if (threshold === undefined) return openNow(undefined);
    const { held, opens } = stepOpening(threshold, { known: this.#input.held?.get(key), firing, nowMs: this.#input.nowMs });
    if (opens !== undefined) return openNow(opens);
    this.#keep(key, held);
    return NO_CHANGE;
  }

  /** What is held and does not fire now is kept as long as its occurrences count; what opened, or whose threshold is gone, is not. */
  rest(isOpen: (key: string) => boolean): Pick<AdvancedIncidents, 'held' | 'noLongerHeld'> {
    const firing = new Set(this.#input.signals.filter((signal) => signal.firing).map(({ key }) => key));
    for (const [key, known] of this.#input.held ?? []) {
      const threshold = this.#input.thresholds?.find(({ name }) => name === known.threshold);
      if (firing.has(key) || isOpen(key) || threshold === undefined) continue;
      this.#keep(key, stepOpening(threshold, { known, firing: [], nowMs: this.#input.nowMs }).held);
    }
    const gone = [...(this.#input.held?.keys() ?? [])].filter((key) => !this.#seen.has(key));
    return { held: this.#held.filter((held) => JSON.stringify(held) !== JSON.stringify(this.#input.held?.get(held.key))), noLongerHeld: gone };
  }

  #keep(key: string, held: HeldOpening | undefined): void {
    if (held === undefined) return;
    this.#seen.add(key);
    this.#held.push(held);
  }
}

/** Signals of one key, each condition once: the last word on a condition counts. */
function signalsByKey(signals: readonly ConditionSignal[]): Map<string, ConditionSignal[]> {
  const byKey = new Map<string, Map<string, ConditionSignal>>();
  for (const signal of signals) {
    const conditions = byKey.get(signal.key) ?? new Map<string, ConditionSignal>();
    byKey.set(signal.key, conditions.set(signal.alertId, signal));
  }
  return new Map([...byKey].map(([key, conditions]) => [key, [...conditions.values()]]));
}

function newId(input: AdvanceInput, key: string, taken: Set<IncidentId>): IncidentId {
  const make = input.newIncidentId ?? incidentIdOf;
  for (let attempt = 0; ; attempt += 1) {
    const id = make(key, input.nowMs, attempt);
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}

interface Opening {
  readonly signals: readonly ConditionSignal[];
  readonly id: IncidentId;
  /** What made a threshold let it open. */
  readonly why: string | undefined;
}

function open({ signals, id, why }: Opening, nowMs: number): IncidentChange {
  const firing = signals.filter((signal) => signal.firing);
  const lead = mostSevere(firing);
  const alerts = firing.map((signal) => alertOf(signal, { incidentId: id, startsAtMs: nowMs, nowMs }));
  const incident: Incident = {
    id, key: lead.key, status: 'open', severity: lead.severity, title: lead.title, startedAtMs: nowMs, endedAtMs: undefined,
    acknowledgedBy: undefined, alerts, evidence: undefined, runbook: firing.find((signal) => signal.runbook !== undefined)?.runbook,
    timeline: why === undefined ? [] : [{ atMs: nowMs, kind: 'note', actor: 'tocsin', text: why }], ...(why === undefined ? {} : { openedBecause: why }),
  };
  const text = `${severityInWords(lead.severity)} opened${withWords(lead)}`;
  const opened = withEntry(incident, { atMs: nowMs, kind: 'opened', actor: 'tocsin', text });
  return changeOf(opened, { kind: 'opened', incident: opened, atMs: nowMs, ...receivedAt(firing) });
}

/** The same trouble again, soon after its end: the same incident, told like a new one, for whoever had it may be asleep again. */
function reopen(incident: Incident | undefined, signals: readonly ConditionSignal[], nowMs: number): IncidentChange | undefined {
  if (incident?.endedAtMs === undefined) return undefined;
  const firing = signals.filter((signal) => signal.firing);
  const lead = mostSevere(firing);
  // Whoever was called is called again, from the first step on.
  const { escalation: _over, ...before } = incident;
  const again: Incident = { ...before, status: 'open', severity: lead.severity, title: lead.title, endedAtMs: undefined, acknowledgedBy: undefined };
  const text = `${severityInWords(lead.severity)} opened again, ${formatSpan(nowMs - incident.endedAtMs)} after its end${withWords(lead)}`;
  const reopened = withEntry(withReadings(settleAlerts(again, signals, nowMs), signals, nowMs), { atMs: nowMs, kind: 'opened', actor: 'tocsin', text });
  return changeOf(reopened, { kind: 'opened', incident: reopened, atMs: nowMs, ...receivedAt(firing) });
}

/** Nothing fires in an incident that flaps: not believed before it has been quiet for a while. Undefined where it is to go its way. */
function hold(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): IncidentChange | undefined {
  if (signals.some(({ firing }) => firing) || !isFlapping(incident, nowMs)) return undefined;
  if (incident.quietSinceMs !== undefined) return hasBeenQuiet(incident, nowMs) ? undefined : NO_CHANGE;
  const text = `Quiet, and kept open: it opened again and again. It ends after ${formatSpan(FLAP_HOLD_MS)} of quiet.`;
  return { incidents: [withEntry({ ...incident, quietSinceMs: nowMs }, { atMs: nowMs, kind: 'note', actor: 'tocsin', text })], transitions: [] };
}

function advanceOpen(known: Incident, signals: readonly ConditionSignal[], nowMs: number): IncidentChange {
  const held = hold(known, signals, nowMs);
  if (held !== undefined) return held;
  const { quietSinceMs, ...rest } = known;
  const incident = quietSinceMs === undefined || !signals.some(({ firing }) => firing) ? known : rest;
  const settled = settleAlerts(incident, signals, nowMs);
  if (settled.alerts.every((alert) => alert.status === 'resolved')) return close(settled, signals, nowMs);
  const severity = highest(settled.alerts.filter((alert) => alert.status === 'firing').map((alert) => alert.severity));
  if (SEVERITY_RANK[severity] > SEVERITY_RANK[incident.severity]) return upgrade(settled, signals, nowMs);
  const news = numbersNews(incident, signals, nowMs);
  if (news === undefined) return settled === known ? NO_CHANGE : { incidents: [settled], transitions: [] };
  const read = withReadings(settled, signals, nowMs);
  const updated = withEntry(read, { atMs: nowMs, kind: 'updated', actor: 'tocsin', text: news.text });
  return changeOf(updated, { kind: 'updated', incident: updated, atMs: nowMs, ...(news.urgent ? { news: news.text } : {}) });
}

/** Severity only rises: a page that calms down to a ticket is still the incident that somebody was woken for. */
function upgrade(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): IncidentChange {
  const firing = signals.filter((signal) => signal.firing);
  const lead = mostSevere(firing);
  const read = withReadings({ ...incident, severity: lead.severity, title: lead.title, runbook: incident.runbook ?? lead.runbook }, signals, nowMs);
  const text = `Upgraded from ${incident.severity} to ${lead.severity}${withWords(lead)}`;
  const upgraded = withEntry(read, { atMs: nowMs, kind: 'upgraded', actor: 'tocsin', text });
  return changeOf(upgraded, { kind: 'upgraded', incident: upgraded, atMs: nowMs, ...receivedAt(firing) });
}

function close(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): IncidentChange {
  const read = withReadings({ ...incident, status: 'resolved', endedAtMs: nowMs }, signals, nowMs);
  const text = `Resolved after ${formatSpan(nowMs - incident.startedAtMs)}${withWords(mostSevere(signals))}`;
  const resolved = withEntry(read, { atMs: nowMs, kind: 'resolved', actor: 'tocsin', text });
  return changeOf(resolved, { kind: 'resolved', incident: resolved, atMs: nowMs });
}

function changeOf(incident: Incident, transition: Transition): IncidentChange {
  return { incidents: [incident], transitions: [transition] };
}

function withReadings(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): Incident {
  const byId = new Map(signals.map((signal) => [signal.alertId, signal]));
  const alerts = incident.alerts.map((alert): Alert => {
    const signal = byId.get(alert.id);
    return signal?.reading === undefined ? alert : { ...alert, reading: signal.reading, annotations: signal.annotations, updatedAtMs: nowMs };
  });
  return { ...incident, alerts };
}

function receivedAt(firing: readonly ConditionSignal[]): Pick<Transition, 'breachReceivedAtMs'> {
  const received = firing.flatMap((signal) => (signal.breachReceivedAtMs === undefined ? [] : [signal.breachReceivedAtMs]));
  return received.length === 0 ? {} : { breachReceivedAtMs: Math.max(...received) };
}

function withWords(signal: ConditionSignal): string {
  const words = conditionInWords(signal);
  // What rules and other tools write as a summary may be a sentence already.
  return words === undefined ? '.' : `: ${words}${/[.!?]$/.test(words) ? '' : '.'}`;
}

function mostSevere(signals: readonly ConditionSignal[]): ConditionSignal {
  return signals.reduce((best, signal) => (SEVERITY_RANK[signal.severity] > SEVERITY_RANK[best.severity] ? signal : best));
}

function highest(severities: readonly Severity[]): Severity {
  return severities.includes('page') ? 'page' : 'ticket';
}
