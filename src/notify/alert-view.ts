import { awaitsProof } from '../incident/attach-evidence.js';
import type { Alert, Incident, Labels } from '../incident/incident.js';
import type { SilencesInForce } from '../incident/silence.js';
import type { AlertId, IncidentId } from '../lib/ids.js';
import { isWithinAny } from '../lib/time-interval.js';
import { Inhibitor, type Inhibition } from './inhibition.js';
import type { Mute } from './notification-group.js';
import { directRoutes, matchRoutes, type Route, type RouteMatch, type Routing } from './routing.js';

export interface KnownAlert {
  readonly alert: Alert;
  readonly incident: Incident;
}

const routed = new WeakMap<Routing, WeakMap<Labels, readonly RouteMatch[]>>();

/** All alerts of one moment, with where they go and what keeps them quiet. */
export class AlertView {
  readonly alerts: ReadonlyMap<AlertId, KnownAlert>;
  /** Incidents of SLOs of which it is not known yet, or not surely, where their failures begin. */
  readonly #unproven: readonly Incident[];
  readonly #merged: ReadonlyMap<IncidentId, Incident>;
  readonly #routing: Routing;
  readonly #silences: SilencesInForce;
  readonly #inhibitor: Inhibitor;
  readonly #nowMs: number;
  readonly #mutedRoutes = new Map<string, Mute | undefined>();

  constructor(incidents: readonly Incident[], input: { readonly routing: Routing; readonly silences: SilencesInForce; readonly nowMs: number }) {
    this.alerts = alertsOf(incidents);
    this.#unproven = incidents.filter((incident) => awaitsProof(incident, input.nowMs));
    this.#merged = new Map(incidents.filter(({ mergedInto }) => mergedInto !== undefined).map((incident) => [incident.id, incident]));
    this.#routing = input.routing;
    this.#silences = input.silences;
    this.#nowMs = input.nowMs;
    this.#inhibitor = new Inhibitor(input.routing.inhibitRules, [...this.alerts.values()].map(({ alert }) => alert));
  }

  /** Labels do not change while an alert lives, and routes only with the file: matched once. */
  routesOf({ labels, direct }: Alert): readonly RouteMatch[] {
    if (direct !== undefined) return directRoutes(this.#routing, labels, direct);
    let known = routed.get(this.#routing);
    if (known === undefined) routed.set(this.#routing, known = new WeakMap());
    let matches = known.get(labels);
    if (matches === undefined) known.set(labels, matches = matchRoutes(this.#routing, labels));
    return matches;
  }

  /** The alert as it ended in an incident that was merged into another, where it goes on. */
  leftBehind(id: AlertId, incidentId: IncidentId): KnownAlert | undefined {
    const incident = this.#merged.get(incidentId);
    const alert = incident?.alerts.find((each) => each.id === id);
    return incident === undefined || alert === undefined ? undefined : { alert, incident };
  }

  /** Whether another incident may soon be proven to have its cause. */
  mayJoin(incidentId: IncidentId): boolean {
    return this.#unproven.some(({ id }) => id !== incidentId);
  }

  /** Whether its traces are being looked for. */
  lacksTraces(incidentId: IncidentId): boolean {
    return this.#unproven.some(({ id, evidence }) => id === incidentId && evidence === undefined);
  }

  inhibitionOf({ labels }: Alert): Inhibition | undefined {
    return this.#inhibitor.inhibitionOf(labels);
  }

  /** Alertmanager's order: inhibition, then the times of the route, then silences. */
  muteOf(alert: Alert, route: Pick<Route, 'path' | 'muteTimeIntervals' | 'activeTimeIntervals'>): Mute | undefined {
    const inhibition = this.inhibitionOf(alert);
    if (inhibition !== undefined) return { by: 'inhibition', words: `inhibited by ${inhibition.source.labels['alertname'] ?? inhibition.source.id} (alert ${inhibition.source.id}, rule ${inhibition.rule})` };
    const byTime = this.#timeMuteOf(route);
    if (byTime !== undefined) return byTime;
    const [silence] = this.#silences.of(alert.labels);
    return silence === undefined ? undefined : { by: 'silence', words: `silenced by ${silence.id}: ${silence.comment} (${silence.createdBy})` };
  }

  #timeMuteOf(route: Pick<Route, 'path' | 'muteTimeIntervals' | 'activeTimeIntervals'>): Mute | undefined {
    if (route.muteTimeIntervals.length === 0 && route.activeTimeIntervals.length === 0) return undefined;
    if (!this.#mutedRoutes.has(route.path)) this.#mutedRoutes.set(route.path, timeMuteOf(route, this.#routing, this.#nowMs));
    return this.#mutedRoutes.get(route.path);
  }
}

/** Why the route tells nobody at this moment; undefined where it does. */
export function timeMuteOf(route: Pick<Route, 'muteTimeIntervals' | 'activeTimeIntervals'>, routing: Routing, atMs: number): Mute | undefined {
  const isIn = (name: string): boolean => isWithinAny(routing.timeIntervals.get(name) ?? [], atMs);
  if (route.activeTimeIntervals.length > 0 && !route.activeTimeIntervals.some(isIn)) return { by: 'time', words: `outside of the active time interval ${route.activeTimeIntervals.join(', ')}` };
  const mute = route.muteTimeIntervals.find(isIn);
  return mute === undefined ? undefined : { by: 'time', words: `within the mute time interval ${mute}` };
}

/** An alert that fires again in a new incident is the same alert: the one that fires counts, then the younger one. */
function alertsOf(incidents: readonly Incident[]): Map<AlertId, KnownAlert> {
  const alerts = new Map<AlertId, KnownAlert>();
  for (const incident of incidents) {
    for (const alert of incident.alerts) {
      const known = alerts.get(alert.id)?.alert;
      if (known === undefined || (known.status === alert.status ? known.startsAtMs <= alert.startsAtMs : alert.status === 'firing')) alerts.set(alert.id, { alert, incident });
    }
  }
  return alerts;
}
