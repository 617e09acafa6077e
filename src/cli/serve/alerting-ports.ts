import { readFileSync } from 'node:fs';
import type { SilenceActions } from '../../incident/silence-actions.js';
import { systemClock } from '../../lib/system-clock.js';
import type { DrillActions } from '../../notify/drill-view.js';
import type { AlertmanagerPorts } from '../../pipeline/alertmanager.controller.js';
import type { Engine } from '../../pipeline/engine.js';

/** The engine as the API of silences asks it. */
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
