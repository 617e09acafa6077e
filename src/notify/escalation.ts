import { SEVERITY_RANK } from '../budget/slo-status.js';
import type { Escalation, Incident, TransitionKind } from '../incident/incident.js';
import { withEntry } from '../incident/timeline.js';
import { formatSpan, formatTime } from '../lib/format.js';
import { isWithinAny } from '../lib/time-interval.js';
import type { AlertView, KnownAlert } from './alert-view.js';
import { DecisionLog } from './decision-log.js';
import type { Delivery } from './delivery.js';
import type { EscalationPolicy, EscalationStep } from './escalation-policy.js';
import { groupDelivery } from './group-delivery.js';
import { integrationsOf } from './integrations.js';
import { conversationOf, groupId, type Decision, type NotificationGroup, type ToldState } from './notification-group.js';
import { DEFAULT_GROUP_INTERVAL_MS, DEFAULT_REPEAT_INTERVAL_MS, type Routing } from './routing.js';

export interface EscalationInput {
  readonly nowMs: number;
  readonly routing: Routing;
  readonly view: AlertView;
  readonly incidents: Iterable<Incident>;
  /** As they are after this moment's turns. */
  readonly groups: readonly NotificationGroup[];
}

export interface EscalationChange {
  readonly incidents: readonly Incident[];
  readonly groups: readonly NotificationGroup[];
  readonly deliveries: readonly Delivery[];
  readonly decisions: readonly Decision[];
}

/**
 * Takes the steps that are due. Whom it tells joins as a notification group of its own, which then hears of everything that follows
 * like any other. A pure function of what was saved and `now`: the same moment again, after its result was saved, tells nobody anything.
 */
export function escalate(input: EscalationInput): EscalationChange {
  const { escalations } = input.routing;
  const turns = [...input.incidents].filter(({ escalation, status }) => status !== 'resolved' && (escalations.length > 0 || escalation !== undefined)).map((incident) => new EscalationTurn(incident, input));
  for (const turn of turns) turn.run();
  return {
    incidents: turns.flatMap(({ changed }) => changed ?? []), groups: turns.flatMap(({ groups }) => groups),
    deliveries: turns.flatMap(({ deliveries }) => deliveries), decisions: turns.flatMap(({ decisions }) => decisions),
  };
}

/** When the next step or reminder of an incident is due. */
export function nextEscalationMs({ escalation }: Incident): number | undefined {
  return escalation?.nextAtMs;
}

class EscalationTurn {
  readonly groups: NotificationGroup[] = [];
  readonly deliveries: Delivery[] = [];
  readonly decisions: Decision[] = [];
  changed: Incident | undefined;
  readonly #input: EscalationInput;
  #incident: Incident;

  constructor(incident: Incident, input: EscalationInput) {
    this.#incident = incident;
    this.#input = input;
  }

  run(): void {
    const { escalation } = this.#incident;
    if (escalation === undefined) {
      this.#begin();
      return;
    }
    const policy = this.#input.routing.escalations.find(({ name }) => name === escalation.policy);
    if (policy === undefined) this.#end(escalation);
    else if (this.#incident.status === 'open') this.#step(policy, escalation);
    else this.#afterAcknowledgement(policy, escalation);
  }

  #begin(): void {
    const { nowMs, routing, groups } = this.#input;
    const { id, severity, alerts, status } = this.#incident;
    if (status !== 'open') return;
    const isTold = ({ receiver, told, members }: NotificationGroup, policy: EscalationPolicy): boolean =>
      policy.receivers.includes(receiver) && alerts.some((alert) => members[alert.id] === id && Object.values(told).some(({ firing }) => firing.includes(alert.id)));
    const policy = routing.escalations.find((candidate) => SEVERITY_RANK[severity] >= SEVERITY_RANK[candidate.severity] && groups.some((group) => isTold(group, candidate)));
    const [first] = policy?.steps ?? [];
    if (policy === undefined || first === undefined) return;
    this.#goOn(policy, { policy: policy.name, startedAtMs: nowMs, taken: 0, round: 0, nextAtMs: nowMs + first.afterMs });
  }

  /** The rules do not have it any more. Those it told stay in the picture. */
  #end({ policy, taken }: Escalation): void {
    const { escalation: _gone, ...rest } = this.#incident;
    this.#note(this.#nobody(policy), { outcome: 'not-sent', reason: `the escalation "${policy}" left the rules after ${String(taken)} steps` });
    this.changed = this.#incident = rest;
  }

  #step(policy: EscalationPolicy, escalation: Escalation): void {
    const { nowMs } = this.#input;
    const step = policy.steps[escalation.taken];
    if (step === undefined || escalation.nextAtMs === undefined || escalation.nextAtMs > nowMs) return;
    const held = this.#heldBack(policy, step);
    if (held !== undefined) {
      this.#hold(held, { policy, escalation, step });
      return;
    }
    const place = placeOf(policy, escalation.taken);
    const news = `Nobody has acknowledged it, ${formatSpan(nowMs - this.#incident.startedAtMs)} after it began: escalated to ${step.receivers.join(', ')} (${place}).`;
    this.changed = this.#incident = withEntry(this.#incident, { atMs: nowMs, kind: 'escalated', actor: 'tocsin', text: news });
    for (const receiver of step.receivers) this.#tell(this.#groupOf(policy, receiver), { kind: 'escalated', news, why: `nobody acknowledged: ${place}` });
    const isLast = escalation.taken + 1 >= policy.steps.length;
    const round = isLast ? escalation.round + 1 : escalation.round;
    const taken = isLast && round <= policy.repeat ? 0 : escalation.taken + 1;
    const next = policy.steps[taken];
    this.#goOn(policy, { policy: policy.name, startedAtMs: escalation.startedAtMs, taken, round, nextAtMs: next === undefined ? undefined : nowMs + next.afterMs });
  }

  #goOn(policy: EscalationPolicy, escalation: Escalation): void {
    this.changed = this.#incident = { ...this.#incident, escalation };
    const step = policy.steps[escalation.taken];
    const reason = step === undefined || escalation.nextAtMs === undefined ? undefined : `${placeOf(policy, escalation.taken)} is due at ${formatTime(escalation.nextAtMs)}, unless somebody acknowledges`;
    if (step !== undefined && reason !== undefined) for (const receiver of step.receivers) this.#note(this.#groupOf(policy, receiver), { outcome: 'waits', reason });
  }

  #afterAcknowledgement(policy: EscalationPolicy, escalation: Escalation): void {
    const { nowMs } = this.#input;
    const { acknowledgedBy = 'somebody', startedAtMs } = this.#incident;
    const every = policy.remindAcknowledgedMs;
    const nextAtMs = every === undefined ? undefined : nowMs + every;
    if (escalation.acknowledged !== true) {
      const step = policy.steps[escalation.taken];
      for (const receiver of step?.receivers ?? []) this.#note(this.#groupOf(policy, receiver), { outcome: 'not-sent', reason: `${acknowledgedBy} acknowledged before ${placeOf(policy, escalation.taken)}` });
      this.changed = this.#incident = { ...this.#incident, escalation: { ...escalation, acknowledged: true, nextAtMs } };
      return;
    }
    if (every === undefined || escalation.nextAtMs === undefined || escalation.nextAtMs > nowMs || this.#heldBack(policy, undefined) !== undefined) return;
    const news = `${acknowledgedBy} has it, and it still fires, ${formatSpan(nowMs - startedAtMs)} after it began.`;
    for (const group of this.#knowing(policy)) this.#tell(group, { kind: 'repeated', news, why: `reminder: ${acknowledgedBy} acknowledged, and it still fires` });
    this.changed = this.#incident = { ...this.#incident, escalation: { ...escalation, nextAtMs } };
  }

  /** Why nothing may be told now; undefined where it may. */
  #heldBack(policy: EscalationPolicy, step: EscalationStep | undefined): { readonly outcome: 'muted' | 'silenced' | 'inhibited'; readonly reason: string } | undefined {
    const { nowMs, routing, view } = this.#input;
    const outside = [policy.during, step?.during ?? []].find((names) => names.length > 0 && !names.some((name) => isWithinAny(routing.timeIntervals.get(name) ?? [], nowMs)));
    if (outside !== undefined) return { outcome: 'muted', reason: `outside of ${outside.join(', ')}` };
    const mutes = this.#firing().map(({ alert }) => view.muteOf(alert, { path: '', muteTimeIntervals: [], activeTimeIntervals: [] }));
    const [mute] = mutes;
    return mute === undefined || mutes.includes(undefined) ? undefined : { outcome: mute.by === 'inhibition' ? 'inhibited' : 'silenced', reason: mute.words };
  }

  #hold({ outcome, reason }: { readonly outcome: 'muted' | 'silenced' | 'inhibited'; readonly reason: string }, { policy, escalation, step }: { readonly policy: EscalationPolicy; readonly escalation: Escalation; readonly step: EscalationStep }): void {
    if (escalation.held === reason) return;
    for (const receiver of step.receivers) this.#note(this.#groupOf(policy, receiver), { outcome, reason: `${placeOf(policy, escalation.taken)} waits: ${reason}` });
    this.changed = this.#incident = { ...this.#incident, escalation: { ...escalation, held: reason } };
  }

  #firing(): KnownAlert[] {
    return this.#incident.alerts.filter(({ status }) => status === 'firing').map((alert) => ({ alert, incident: this.#incident }));
  }

  /** Groups that were told of the incident by this escalation or before it. */
  #knowing(policy: EscalationPolicy): NotificationGroup[] {
    const own = keyOf(policy.name, this.#incident);
    return this.#input.groups.filter(({ key, receiver, members, told }) => (key === own || policy.receivers.includes(receiver)) && Object.values(told).some((each) => knowing(each) !== undefined) && Object.values(members).includes(this.#incident.id));
  }

  #groupOf({ name }: EscalationPolicy, receiver: string): NotificationGroup {
    const key = keyOf(name, this.#incident);
    const known = [...this.groups, ...this.#input.groups].find((group) => groupId(group) === groupId({ key, receiver }));
    const { nowMs } = this.#input;
    return known ?? {
      key, receiver, route: '', labels: { incident: this.#incident.id }, createdAtMs: nowMs, nextFlushMs: nowMs + DEFAULT_GROUP_INTERVAL_MS, flushed: true,
      timing: { groupWaitMs: 0, groupIntervalMs: DEFAULT_GROUP_INTERVAL_MS, repeatIntervalMs: DEFAULT_REPEAT_INTERVAL_MS }, members: {}, muted: {}, told: {}, decided: {},
    };
  }

  #nobody(policy: string): NotificationGroup {
    return this.#groupOf({ name: policy } as EscalationPolicy, '');
  }

  #tell(group: NotificationGroup, { kind, news, why }: { readonly kind: TransitionKind; readonly news: string; readonly why: string }): void {
    const { nowMs, routing } = this.#input;
    const alerts = this.#firing();
    const receiver = routing.receivers.get(group.receiver);
    const told: Record<string, ToldState> = { ...group.told };
    const log = new DecisionLog(group, nowMs);
    for (const { name } of receiver === undefined ? [] : integrationsOf(receiver)) {
      const known = knowing(told[name]);
      // Whom this very moment told something needs no reminder.
      if (kind === 'repeated' && (known === undefined || known.atMs === nowMs)) continue;
      const conversation = known?.conversation ?? conversationOf(group.key, [this.#incident.id], nowMs);
      const firing = [...new Set([...(known?.firing ?? []), ...alerts.map(({ alert }) => alert.id)])];
      told[name] = { firing, resolved: (known?.resolved ?? []).filter((id) => !firing.includes(id)), atMs: nowMs, conversation };
      const delivery = groupDelivery(group, {
        integration: name, kind, reason: known === undefined ? 'first notification' : 'repeat interval elapsed', conversation, alerts, changed: [], quiet: [],
        news: { kind, incident: this.#incident, atMs: nowMs, news }, transitions: [], nowMs,
      });
      this.deliveries.push(delivery);
      for (const { alert, incident } of alerts) log.note({ alertId: alert.id, incidentId: incident.id }, { integration: name, outcome: 'sent', reason: why, deliveryId: delivery.id });
    }
    const members = { ...group.members, ...Object.fromEntries(alerts.map(({ alert }) => [alert.id, this.#incident.id])) };
    this.decisions.push(...log.decisions);
    this.groups.push({ ...group, members, told, decided: log.decided(new Map(Object.entries(members) as never)) });
  }

  #note({ key, route, receiver }: NotificationGroup, { outcome, reason }: Pick<Decision, 'outcome' | 'reason'>): void {
    for (const { alert, incident } of this.#firing()) this.decisions.push({ atMs: this.#input.nowMs, incidentId: incident.id, alertId: alert.id, groupKey: key, route, receiver, integration: '', outcome, reason, deliveryId: undefined });
  }
}

/** Who was told that all is over knows of nothing: what is told next begins a conversation. */
function knowing(told: ToldState | undefined): ToldState | undefined {
  return told === undefined || told.firing.length === 0 ? undefined : told;
}

function keyOf(policy: string, { id }: Incident): string {
  return `escalation/${policy}:{incident=${JSON.stringify(id)}}`;
}

function placeOf({ name, steps }: EscalationPolicy, taken: number): string {
  return `step ${String(taken + 1)} of ${String(steps.length)} of the escalation "${name}"`;
}
