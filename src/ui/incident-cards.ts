import { headline } from '../budget/arithmetic-in-words.js';
import { SEVERITY_RANK, type SloStatus } from '../budget/slo-status.js';
import type { Incident } from '../incident/incident.js';
import { formatBurn, formatSpan } from '../lib/format.js';
import type { SloStatusReader } from '../query/slo-status-reader.js';

interface ArithmeticLine {
  readonly slo: string;
  readonly title: string;
  /** As last told: alerts keep their readings between updates. */
  readonly text: string;
  readonly atMs: number;
  /** The same as the last tick saw it; undefined once the incident is over. */
  readonly live: string | undefined;
  /** Of the shortest window, as the last tick saw it; undefined once the incident is over. */
  readonly now: string | undefined;
}

/** The lines of arithmetic of an incident: one per SLO whose alert carries a reading. */
export function arithmeticOf(incident: Incident, slos: SloStatusReader): ArithmeticLine[] {
  const lines = new Map<string, ArithmeticLine>();
  for (const { reading } of incident.alerts) {
    const slo = reading === undefined ? undefined : slos.slo(reading.slo);
    if (reading === undefined || slo === undefined || lines.has(slo.name)) continue;
    const live = incident.status === 'resolved' ? undefined : slos.statuses().find((status) => status.slo === slo.name);
    lines.set(slo.name, { slo: slo.name, title: slo.displayName, text: headline(reading, slo), atMs: reading.atMs, live: live && headline(live, slo), now: live && nowInWords(live) });
  }
  return [...lines.values()];
}

/** Does what was done help? The shortest window answers first; the long ones remember a failure for hours. */
function nowInWords(status: SloStatus): string | undefined {
  const [shortest] = [...status.tiers].sort((left, right) => left.tier.shortMs - right.tier.shortMs);
  if (shortest === undefined) return undefined;
  const { short, tier } = shortest;
  const window = `in the last ${formatSpan(short.windowMs)}`;
  if (short.burnRate === undefined) return `no requests ${window}`;
  if (short.burnRate > 0) return `burning ${formatBurn(short.burnRate)} ${window} (${tier.severity} above ${formatBurn(tier.factor)})`;
  const quietMs = status.sinceLastBad?.durationMs ?? short.windowMs;
  return quietMs <= short.windowMs ? `nothing failed ${window}` : `nothing has failed for ${formatSpan(quietMs)}`;
}

/** An incident as lists show it: while it is open with live figures, for they stand beside others that are. */
export function incidentCard(incident: Incident, slos: SloStatusReader): Record<string, unknown> {
  const [line] = arithmeticOf(incident, slos);
  return {
    id: incident.id,
    title: incident.title,
    status: incident.status,
    severity: incident.severity,
    startedAtMs: incident.startedAtMs,
    endedAtMs: incident.endedAtMs,
    durationMs: incident.endedAtMs === undefined ? undefined : incident.endedAtMs - incident.startedAtMs,
    acknowledgedBy: incident.acknowledgedBy,
    mergedInto: incident.mergedInto,
    arithmetic: line?.live ?? line?.text ?? incident.alerts[0]?.annotations['summary'] ?? '',
    // That it burns is said already; that it does not any more is news.
    now: line?.now?.startsWith('burning') === true ? undefined : line?.now,
    suspect: incident.evidence?.suspect,
    lookedAtMs: incident.status === 'resolved' ? undefined : incident.evidence?.takenAtMs,
    traces: incident.evidence?.traces.length ?? 0,
  };
}

/** Cards of open incidents: pages first, and of them the one that others come from, which is the one to work on. Each says what it comes from. */
export function openCards(incidents: readonly Incident[], slos: SloStatusReader): Record<string, unknown>[] {
  const origin = new Map(incidents.map((incident) => [incident, originAmong(incident, incidents)]));
  const effects = (cause: Incident): Incident[] => incidents.filter((incident) => origin.get(incident) === cause);
  const ordered = incidents.toSorted((left, right) => SEVERITY_RANK[right.severity] - SEVERITY_RANK[left.severity] || effects(right).length - effects(left).length || right.startedAtMs - left.startedAtMs);
  return ordered.map((incident) => ({ ...incidentCard(incident, slos), comesFrom: nameOf(origin.get(incident)), causes: effects(incident).map(nameOf) }));
}

/** The other open incident about the service in which the bad events of this one begin, where they do not begin in its own. */
function originAmong(incident: Incident, all: readonly Incident[]): Incident | undefined {
  const begins = beginsIn(incident);
  if (begins === undefined || isAbout(incident, begins)) return undefined;
  return all.find((other) => other !== incident && isAbout(other, begins) && beginsIn(other) === begins);
}

/** Where most bad events begin: the service that sent the spans, for what it calls may send none. */
function beginsIn({ evidence }: Incident): string | undefined {
  const [first] = evidence?.origins ?? [];
  return first?.caller ?? first?.service ?? evidence?.suspectPlace?.service;
}

function isAbout({ alerts }: Incident, service: string): boolean {
  return alerts.some(({ status, labels }) => status === 'firing' && labels['service'] === service);
}

function nameOf(incident: Incident | undefined): { readonly id: string; readonly title: string } | undefined {
  return incident && { id: incident.id, title: incident.title };
}
