import type { TraceHealth } from '../diagnosis/trace-health.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import type { Incident } from './incident.js';

const MAX_SERVICES = 6;

/** The services that an incident is about: those of its alerts, then those in which its failures began. */
export function servicesOf({ alerts, evidence }: Incident): string[] {
  const named = alerts.flatMap(({ labels: { service, caller } }) => [caller, service]);
  const blamed = [evidence?.suspectPlace?.service, ...(evidence?.origins ?? []).map(({ service }) => service)];
  return [...new Set([...named, ...blamed].filter((service) => service !== undefined && service !== ''))].slice(0, MAX_SERVICES) as string[];
}

/** The change with the health of the traces attached to one incident, in what is stored and in what is told alike. */
export function attachHealth(change: IncidentChange, id: IncidentId, traceHealth: TraceHealth): IncidentChange {
  const attach = (incident: Incident): Incident => (incident.id === id ? { ...incident, traceHealth } : incident);
  return {
    incidents: change.incidents.map(attach),
    transitions: change.transitions.map((transition) => ({ ...transition, incident: attach(transition.incident) })),
  };
}
