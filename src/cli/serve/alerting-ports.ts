import { readFileSync } from 'node:fs';
import type { IncidentActions } from '../../incident/incident-actions.js';
import type { SilenceActions } from '../../incident/silence-actions.js';
import { systemClock } from '../../lib/system-clock.js';
import type { DrillActions } from '../../notify/drill-view.js';
import type { AlertmanagerPorts } from '../../pipeline/alertmanager.controller.js';
import type { Engine } from '../../pipeline/engine.js';

/** The engine as API and pages of incidents ask it. */
export function incidentActions(engine: Engine): IncidentActions {
  const now = (): number => systemClock.nowMs();
  return {
    acknowledge: (id, who) => engine.acknowledge(id, who, now()),
    resolve: (id, who) => engine.resolve(id, who, now()),
    merge: (id, into, who) => engine.merge({ id, into }, who, now()),
    note: (id, text, who) => engine.note(id, { text, who }, now()),
    held: () => engine.held(),
  };
}

/** The engine as API and pages of silences ask it. */
export function silenceActions(engine: Engine): SilenceActions {
  const now = (): number => systemClock.nowMs();
  return {
    list: async () => (await engine.picture(now())).silences,
    set: (request) => engine.setSilence(request, now()),
    expire: (id) => engine.expireSilence(id, now()),
    silenceIncident: (id, wish) => engine.silenceIncident(id, wish, now()),
    firing: async () => [...(await engine.picture(now())).view.alerts.values()].map(({ alert }) => alert).filter(({ status }) => status === 'firing'),
  };
}

/** The engine as those ask it who test receivers. */
export function drillActions(engine: Engine): DrillActions {
  return { statuses: () => engine.drillStatuses(systemClock.nowMs()), start: (wish) => engine.drill(wish, systemClock.nowMs()) };
}

/** The engine as Alertmanager's API asks it. */
export function alertmanagerPorts(engine: Engine): AlertmanagerPorts {
  const now = (): number => systemClock.nowMs();
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return {
    version, startedAtMs: now(), picture: () => engine.picture(now()), post: (alerts) => engine.post(alerts, now()),
    setSilence: (request) => engine.setSilence(request, now()), expireSilence: (id) => engine.expireSilence(id, now()),
  };
}
