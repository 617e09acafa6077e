import type { Incident } from '../incident/incident.js';
import { DRILL_ALERT } from '../notify/drill.js';
import type { ReportWindow } from './quality-reader.js';

/** How one alerting rule did. */
export interface RuleAlertQuality {
  /** Name of the SLO, else of the alert. */
  readonly rule: string;
  readonly service: string;
  readonly pages: number;
  readonly tickets: number;
  /** Incidents that a person acknowledged, resolved, silenced, merged or wrote about. */
  readonly actedOn: number;
  /** Pages that nobody did anything about. */
  readonly unheededPages: number;
  /** Incidents that opened more than once. */
  readonly flapping: number;
  readonly silenced: number;
  /** Median, from opening to acknowledgement; undefined where nobody acknowledged. */
  readonly acknowledgedAfterMs: number | undefined;
}

/** Whether the alerts of a time were worth it. */
export interface AlertQuality extends Omit<RuleAlertQuality, 'rule' | 'service'> {
  readonly rules: readonly RuleAlertQuality[];
}

const OURSELVES = 'tocsin';

/** Of the incidents that opened in the time; those of drills are none. */
export function alertQuality(incidents: readonly Incident[], { fromMs, toMs }: ReportWindow): AlertQuality {
  const own = incidents.filter((incident) => incident.startedAtMs >= fromMs && incident.startedAtMs < toMs && !isDrill(incident));
  const byRule = new Map<string, Incident[]>();
  for (const incident of own) byRule.set(ruleOf(incident), [...(byRule.get(ruleOf(incident)) ?? []), incident]);
  const rules = [...byRule].map(([rule, those]) => ({ rule, service: those[0]?.alerts[0]?.labels['service'] ?? '', ...countsOf(those) }));
  return { ...countsOf(own), rules: rules.sort((left, right) => right.unheededPages - left.unheededPages || right.pages - left.pages || left.rule.localeCompare(right.rule)) };
}

function countsOf(incidents: readonly Incident[]): Omit<RuleAlertQuality, 'rule' | 'service'> {
  const pages = incidents.filter(({ severity }) => severity === 'page');
  const has = (kind: string) => ({ timeline }: Incident): boolean => timeline.some((entry) => entry.kind === kind);
  return {
    pages: pages.length, tickets: incidents.length - pages.length, actedOn: incidents.filter(wasActedOn).length, unheededPages: pages.filter((incident) => !wasActedOn(incident)).length,
    flapping: incidents.filter(({ timeline }) => timeline.filter(({ kind }) => kind === 'opened').length > 1).length, silenced: incidents.filter(has('silenced')).length,
    acknowledgedAfterMs: median(incidents.flatMap(({ startedAtMs, timeline }) => timeline.filter(({ kind }) => kind === 'acknowledged').slice(0, 1).map(({ atMs }) => atMs - startedAtMs))),
  };
}

function ruleOf({ key, alerts: [alert] }: Incident): string {
  return alert?.labels['slo'] ?? alert?.labels['alertname'] ?? key;
}

function isDrill({ alerts }: Incident): boolean {
  return alerts.some(({ labels }) => labels['alertname'] === DRILL_ALERT);
}

/** A person shows in the timeline: what Tocsin does by itself has its own name. */
function wasActedOn({ acknowledgedBy, timeline }: Incident): boolean {
  return acknowledgedBy !== undefined || timeline.some(({ actor }) => actor !== OURSELVES && !actor.startsWith(`${OURSELVES} `));
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : sorted.length === 0 ? undefined : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
