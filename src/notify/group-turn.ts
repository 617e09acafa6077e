import type { Alert, Incident, Transition, TransitionKind } from '../incident/incident.js';
import { SIGNATURE_ALERT } from '../incident/words.js';
import { formatTime } from '../lib/format.js';
import { formatDuration, SECOND_MS } from '../lib/duration.js';
import type { AlertId, IncidentId } from '../lib/ids.js';
import type { AlertView, KnownAlert } from './alert-view.js';
import { DecisionLog } from './decision-log.js';
import type { Delivery } from './delivery.js';
import { groupDelivery } from './group-delivery.js';
import { integrationsOf, type Integration } from './integrations.js';
import { conversationOf, timingOf, type Decision, type Mute, type NotificationGroup, type ToldState } from './notification-group.js';
import { notifyReason, type GroupView, type NotifyReason } from './notify-reason.js';
import type { RouteMatch, Routing } from './routing.js';

/** What the routing in force sends to one group. */
export interface RoutedMembers {
  readonly match: RouteMatch;
  /** Firing alerts only: what has ended is no reason to begin. */
  readonly members: ReadonlyMap<AlertId, IncidentId>;
}

export interface TurnInput {
  readonly nowMs: number;
  readonly routing: Routing;
  readonly transitions: readonly Transition[];
}

export interface TurnResult {
  /** Undefined where nothing changed. */
  readonly group: NotificationGroup | undefined;
  /** Set where nobody is left in it. */
  readonly removed: NotificationGroup | undefined;
  readonly deliveries: readonly Delivery[];
  readonly decisions: readonly Decision[];
}

const KIND_OF_REASON = {
  'first notification': 'opened', 'new alerts added': 'alerts-added', 'some alerts resolved': 'alerts-resolved', 'all alerts resolved': 'resolved',
  'repeat interval elapsed': 'repeated', 'mute ended': 'unmuted', none: 'updated',
} as const satisfies Readonly<Record<NotifyReason, TransitionKind>>;

/** Three ticks of the default length: long enough for what is on its way to arrive, short enough for nothing to be missed. */
export const HELD_MS = 15 * SECOND_MS;

/** One step of one group. */
export class GroupTurn {
  readonly #view: AlertView;
  readonly #input: TurnInput;
  readonly #group: NotificationGroup;
  readonly #routed: RoutedMembers | undefined;
  readonly #log: DecisionLog;
  readonly #deliveries: Delivery[] = [];
  readonly #told = new Map<string, ToldState>();
  #members = new Map<AlertId, IncidentId>();
  #muted = new Map<AlertId, Mute>();
  /** Alerts that go on in another incident's group: for this one they have ended. */
  readonly #leftBehind = new Map<AlertId, KnownAlert>();

  constructor(view: AlertView, input: TurnInput, { group, routed }: { readonly group: NotificationGroup; readonly routed: RoutedMembers | undefined }) {
    this.#view = view;
    this.#input = input;
    this.#routed = routed;
    this.#group = routed === undefined ? { ...group, route: '' } : { ...group, route: routed.match.path, timing: timingOf(routed.match) };
    this.#log = new DecisionLog(this.#group, input.nowMs);
    for (const [integration, told] of Object.entries(group.told)) this.#told.set(integration, told);
  }

  run(): TurnResult {
    const { nowMs } = this.#input;
    const nextFlushMs = this.#heldBack(this.#join());
    const isDue = nextFlushMs <= nowMs;
    const flushes = isDue || this.#hasUnmuted() || this.#news(true).length > 0;
    const sent = flushes ? this.#flush() : new Map<string, TransitionKind>();
    this.#tellNews(sent);
    if (flushes) this.#dropEnded();
    const group: NotificationGroup = {
      ...this.#group, nextFlushMs: isDue || (flushes && !this.#group.flushed) ? nowMs + this.#group.timing.groupIntervalMs : nextFlushMs,
      flushed: this.#group.flushed || flushes, members: Object.fromEntries(this.#members), muted: Object.fromEntries(this.#muted),
      told: Object.fromEntries(this.#told), decided: this.#log.decided(this.#members),
    };
    const isEmpty = this.#members.size === 0;
    const isNew = Object.keys(this.#group.members).length === 0 && !this.#group.flushed;
    return {
      group: isEmpty || (!isNew && !isChanged(this.#group, group)) ? undefined : group, removed: isEmpty && !isNew ? group : undefined,
      deliveries: this.#deliveries, decisions: this.#log.decisions,
    };
  }

  /** Who is in it now, and when its next turn is: at once for what has waited long enough elsewhere. */
  #join(): number {
    const { nowMs } = this.#input;
    const { members, flushed, timing, nextFlushMs, createdAtMs } = this.#group;
    this.#members = new Map(this.#routed?.members);
    for (const [id, incident] of Object.entries(members) as [AlertId, IncidentId][]) this.#keepOrDrop(id, incident);
    // What `#heldBack` added is judged anew with every step: a page that joins is not to wait for it.
    let nextMs = flushed ? nextFlushMs : Math.min(nextFlushMs, createdAtMs + timing.groupWaitMs);
    const before = this.#group.muted;
    for (const id of this.#members.keys()) {
      const alert = this.#alert(id);
      if (alert === undefined) continue;
      const isNew = members[id] === undefined;
      if (isNew && !flushed && alert.startsAtMs + timing.groupWaitMs < nowMs) nextMs = nowMs;
      const mute = this.#muteOf(alert);
      if (mute === undefined) {
        if (isNew && nextMs > nowMs) this.#log.note(this.#known(id), { outcome: 'waits', reason: `${flushed ? 'the group was told already: its next turn' : `group_wait is ${formatDuration(timing.groupWaitMs)}: the first message`} is due at ${formatTime(nextMs)}` });
        continue;
      }
      this.#muted.set(id, mute);
      if (before[id]?.words !== mute.words) this.#log.note(this.#known(id), { outcome: OUTCOME_OF_MUTE[mute.by], reason: mute.words });
    }
    return nextMs;
  }

  /**
   * When the turn is, where the first message is of nothing that will not soon be told better: a fault crosses the tiers one after the other
   * within seconds, and breaks an SLO while its error is alerted on, and would ring twice. The page of an SLO never waits: it ends the reason to.
   */
  #heldBack(nextFlushMs: number): number {
    if (this.#group.flushed) return nextFlushMs;
    const firing = [...this.#members.keys()].filter((id) => this.#isTellable(id)).flatMap((id) => this.#alert(id) ?? []);
    const reasons = firing.map((alert) => this.#reasonToWait(alert));
    if (firing.length === 0 || reasons.includes(undefined)) return nextFlushMs;
    const heldUntilMs = Math.min(...firing.map(({ startsAtMs }) => startsAtMs)) + HELD_MS;
    if (heldUntilMs <= Math.max(nextFlushMs, this.#input.nowMs)) return nextFlushMs;
    for (const [index, { id }] of firing.entries()) this.#log.note(this.#known(id), { outcome: 'waits', reason: reasons[index]!(formatTime(heldUntilMs)) });
    return heldUntilMs;
  }

  #reasonToWait(alert: Alert): ((until: string) => string) | undefined {
    if (isPageNear(alert)) return (until) => `a page is about to follow: the ticket is told at ${until} if none does`;
    if (alert.severity !== 'page' && this.#view.lacksTraces(alert.incidentId)) return (until) => `its failures are being looked at: the ticket is told at ${until} without them`;
    if (alert.labels['alertname'] !== SIGNATURE_ALERT || !this.#view.mayJoin(alert.incidentId)) return undefined;
    return (until) => `an SLO burns, and its failures are being looked at: it is told at ${until} if they are not about this error`;
  }

  #keepOrDrop(id: AlertId, incident: IncidentId): void {
    if (this.#members.has(id)) return;
    const leftBehind = this.#view.leftBehind(id, incident);
    if (leftBehind !== undefined) this.#leftBehind.set(id, leftBehind);
    const known = this.#find(id);
    if (known === undefined) return;
    if (known.alert.status === 'resolved' || this.#wasTold(id)) this.#members.set(id, known.incident.id);
    else this.#log.note({ alertId: id, incidentId: incident }, { outcome: 'left', reason: 'its labels or routing.yaml changed before anybody was told: it goes elsewhere now' });
  }

  /** What has ended while it was muted stays so: only a receiver that saw it firing hears of the end. */
  #muteOf(alert: Alert): Mute | undefined {
    if (alert.status === 'resolved') return this.#group.muted[alert.id];
    return this.#view.muteOf(alert, this.#routed?.match ?? { path: '', muteTimeIntervals: [], activeTimeIntervals: [] });
  }

  #hasUnmuted(): boolean {
    return this.#unmuted().size > 0;
  }

  /** Whose silence or mute time has just ended while they fire. That an inhibition ended waits for the group's turn: often its target ends with it. */
  #unmuted(): Set<AlertId> {
    const before = Object.entries(this.#group.muted) as [AlertId, Mute][];
    return new Set(before.filter(([id, mute]) => mute.by !== 'inhibition' && this.#isTellable(id)).map(([id]) => id));
  }

  #isTellable(id: AlertId): boolean {
    return this.#routed?.members.has(id) === true && !this.#muted.has(id);
  }

  #flush(): Map<string, TransitionKind> {
    const sent = new Map<string, TransitionKind>();
    const receiver = this.#input.routing.receivers.get(this.#group.receiver);
    const integrations = receiver === undefined ? [] : integrationsOf(receiver);
    if (integrations.length === 0) this.#noteAll('', receiver === undefined ? 'routing.yaml has no such receiver any more' : 'the receiver has no integrations: it swallows what is routed to it');
    for (const integration of integrations) {
      const kind = this.#flushTo(integration);
      if (kind !== undefined) sent.set(integration.name, kind);
    }
    return sent;
  }

  #flushTo(integration: Integration): TransitionKind | undefined {
    const { nowMs } = this.#input;
    const told = this.#told.get(integration.name);
    const view = this.#viewFor(told);
    const reason = notifyReason(told, view, { nowMs, repeatIntervalMs: this.#group.timing.repeatIntervalMs, sendResolved: integration.tellsResolved });
    const upgrade = this.#news(true).find(({ kind, incident }) => kind === 'upgraded' && this.#concerns(incident, view));
    if (reason === 'none' && upgrade === undefined) {
      this.#noteUnsent(integration, view, told);
      return undefined;
    }
    const conversation = reason === 'first notification' || told === undefined ? conversationOf(this.#group.key, this.#members.values(), nowMs) : told.conversation;
    this.#told.set(integration.name, { firing: [...view.firing, ...view.mutedButTold], resolved: [...view.resolved], atMs: nowMs, conversation });
    if (view.firing.size + view.mutedButTold.size === 0 && !integration.tellsResolved) {
      this.#noteAll(integration.name, 'it ended, and send_resolved is off');
      return undefined;
    }
    const kind = upgrade !== undefined && (reason === 'none' || reason === 'new alerts added') ? 'upgraded' : KIND_OF_REASON[reason];
    this.#send(integration, { reason: reason === 'none' ? 'new alerts added' : reason, kind, conversation, view, told, news: upgrade });
    return kind;
  }

  #viewFor(told: ToldState | undefined): GroupView {
    const before = new Set(told?.firing);
    const view = { firing: new Set<AlertId>(), mutedButTold: new Set<AlertId>(), resolved: new Set<AlertId>(), unmuted: this.#unmuted() };
    for (const id of this.#members.keys()) {
      if (this.#alert(id)?.status === 'resolved') {
        if (before.has(id) || !this.#muted.has(id)) view.resolved.add(id);
      } else if (this.#isTellable(id)) view.firing.add(id);
      else if (before.has(id)) view.mutedButTold.add(id);
    }
    return view;
  }

  #concerns(incident: Incident, view: GroupView): boolean {
    return incident.alerts.some(({ id }) => view.firing.has(id) || (view.mutedButTold.has(id) && !this.#muted.has(id)));
  }

  /** News of incidents in this group: those that cannot wait for its turn, or all the others. */
  #news(urgent: boolean): Transition[] {
    const incidents = new Set(this.#members.values());
    return this.#input.transitions.filter(({ kind, atOnce, incident }) => {
      const isUrgent = kind === 'upgraded' || (kind === 'resolved' && atOnce === true);
      return isUrgent === urgent && (isUrgent || kind === 'acknowledged' || kind === 'updated') && incidents.has(incident.id);
    });
  }

  /** Who took it, and new numbers: only for those who know the incident, and without turn or effect on the next one. */
  #tellNews(alreadySent: ReadonlyMap<string, TransitionKind>): void {
    const receiver = this.#input.routing.receivers.get(this.#group.receiver);
    for (const news of this.#news(false)) {
      for (const integration of receiver === undefined ? [] : integrationsOf(receiver)) {
        const told = this.#told.get(integration.name);
        if (told === undefined || this.#isSaid(news, { integration, alreadySent })) continue;
        const known = new Set(told.firing);
        if (!news.incident.alerts.some(({ id }) => known.has(id) && (news.threadOnly === true || !this.#muted.has(id)))) continue;
        const view: GroupView = { firing: known, mutedButTold: new Set(), resolved: new Set(), unmuted: new Set() };
        this.#send(integration, { reason: 'none', kind: news.kind, conversation: told.conversation, view, told, news });
      }
    }
  }

  /** A message says how things are; and whoever has joined this group is told of at its turn, with the reason. */
  #isSaid({ kind, news, threadOnly, joined = [] }: Transition, { integration, alreadySent }: { readonly integration: Integration; readonly alreadySent: ReadonlyMap<string, TransitionKind> }): boolean {
    if (kind !== 'updated') return false;
    const before = this.#group.told[integration.name]?.firing ?? [];
    if (joined.length > 0 && joined.every((id) => this.#isTellable(id) && !before.includes(id))) return true;
    const sent = alreadySent.get(integration.name);
    if (sent === 'opened' || (sent !== undefined && news === undefined)) return true;
    return !integration.updatesInPlace && (news === undefined || threadOnly === true);
  }

  #send(integration: Integration, message: { readonly reason: NotifyReason; readonly kind: TransitionKind; readonly conversation: string; readonly view: GroupView; readonly told: ToldState | undefined; readonly news: Transition | undefined }): void {
    const { view, told, kind } = message;
    const known = new Set(told?.firing);
    const ids = [...view.firing, ...view.mutedButTold, ...view.resolved];
    const alerts = ids.flatMap((id) => this.#find(id) ?? []);
    const changed = kind === 'unmuted' ? view.unmuted : kind === 'alerts-resolved' ? view.resolved : new Set([...view.firing].filter((id) => !known.has(id)));
    const delivery = groupDelivery(this.#group, { integration: integration.name, ...message, alerts, quiet: [...new Set(ids.flatMap((id) => this.#muted.get(id)?.words ?? []))], changed: alerts.filter(({ alert }) => changed.has(alert.id)), transitions: this.#input.transitions, nowMs: this.#input.nowMs });
    this.#deliveries.push(delivery);
    const words = kind === 'upgraded' ? 'a ticket became a page' : message.reason === 'none' ? kind : message.reason;
    for (const { alert, incident } of alerts) this.#log.note({ alertId: alert.id, incidentId: incident.id }, { integration: integration.name, outcome: 'sent', reason: words, deliveryId: delivery.id });
  }

  #noteUnsent(integration: Integration, view: GroupView, told: ToldState | undefined): void {
    for (const id of view.resolved) {
      const reason = told?.firing.includes(id) === true ? 'it ended, and send_resolved is off' : `it ended before anybody was told${this.#group.flushed || this.#group.timing.groupWaitMs === 0 ? '' : `, within the group_wait of ${formatDuration(this.#group.timing.groupWaitMs)}`}`;
      this.#log.note(this.#known(id), { integration: integration.name, outcome: 'not-sent', reason });
    }
  }

  #noteAll(integration: string, reason: string): void {
    for (const id of this.#members.keys()) this.#log.note(this.#known(id), { integration, outcome: 'not-sent', reason });
  }

  /** After its turn, what has ended is told or never will be. Without `send_resolved` it is forgotten as well, so that firing again is news. */
  #dropEnded(): void {
    const ended = new Set([...this.#members.keys()].filter((id) => this.#alert(id)?.status === 'resolved'));
    if (ended.size === 0) return;
    for (const id of ended) this.#members.delete(id);
    for (const [name, told] of this.#told) if (told.firing.some((id) => ended.has(id))) this.#told.set(name, { ...told, firing: told.firing.filter((id) => !ended.has(id)) });
  }

  #wasTold(id: AlertId): boolean {
    for (const told of this.#told.values()) if (told.firing.includes(id)) return true;
    return false;
  }

  #alert(id: AlertId): Alert | undefined {
    return this.#find(id)?.alert;
  }

  #find(id: AlertId): KnownAlert | undefined {
    return this.#leftBehind.get(id) ?? this.#view.alerts.get(id);
  }

  #known(id: AlertId): { readonly alertId: AlertId; readonly incidentId: IncidentId } {
    return { alertId: id, incidentId: this.#members.get(id) ?? ('' as IncidentId) };
  }
}

const OUTCOME_OF_MUTE = { silence: 'silenced', inhibition: 'inhibited', time: 'muted' } as const satisfies Readonly<Record<Mute['by'], string>>;

/** A tier that pages burns fast enough and lacks only evidence: some more failures of the same kind. */
function isPageNear({ severity, reading }: Alert): boolean {
  return severity !== 'page' && reading?.tiers.some(({ tier, exceeded, evidence }) => tier.severity === 'page' && exceeded && !evidence.passed) === true;
}

function isChanged(before: NotificationGroup, after: NotificationGroup): boolean {
  return before.nextFlushMs !== after.nextFlushMs || JSON.stringify([before.members, before.muted, before.told, before.route, before.timing]) !== JSON.stringify([after.members, after.muted, after.told, after.route, after.timing]);
}
