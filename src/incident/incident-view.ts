import type { RepresentativeTrace } from '../diagnosis/evidence.js';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { PATTERN_WORDS } from '../diagnosis/pattern/pattern-words.js';
import type { TraceHealth } from '../diagnosis/trace-health.js';
import type { NearbyChange, Snapshot } from '../diagnosis/snapshot.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { CauseLink } from './cause.js';
import { heldInWords, type HeldOpening } from './held-opening.js';
import type { Alert, Incident } from './incident.js';
import { conditionInWords } from './words.js';

/** The answer of `GET /api/v1/incidents/{id}`. Names are promises, see interfaces.md. Links are paths on this service. */
export function incidentJson(incident: Incident): Readonly<Record<string, unknown>> {
  const { evidence, runbook } = incident;
  return {
    ...incidentSummaryJson(incident),
    alerts: incident.alerts.map((alert) => alertJson(alert, incident.title)),
    signatures: evidence?.signature === undefined ? [] : [evidence.signature],
    suspect: evidence?.suspect ?? null,
    badEvents: evidence?.badEvents ?? null,
    ledger: (evidence?.ledger ?? []).map(({ budget, group, ...row }) => ({ ...row, group: group ?? null, budget: budget ?? null })),
    comparison: (evidence?.comparison ?? []).map(({ lift, ...difference }) => ({ ...difference, lift: lift ?? null })),
    explainedBy: evidence?.explainedBy ?? { operations: [], resources: [] },
    patterns: (evidence?.patterns ?? []).map(patternJson),
    snapshot: evidence?.snapshot === undefined ? null : snapshotJson(evidence.snapshot),
    traces: (evidence?.traces ?? []).map(traceJson),
    causes: (incident.causes ?? []).map(causeJson),
    mergedInto: incident.mergedInto ?? null,
    traceHealth: incident.traceHealth === undefined ? null : traceHealthJson(incident.traceHealth),
    openedBecause: incident.openedBecause ?? null,
    runbook: runbook ?? null,
    timeline: incident.timeline.map(({ atMs, ...entry }) => ({ at: isoTime(atMs), ...entry })),
  };
}

/** One row of `GET /api/v1/incidents`. */
export function incidentSummaryJson(incident: Incident): Readonly<Record<string, unknown>> {
  const { id, key, status, severity, title, startedAtMs, endedAtMs, acknowledgedBy } = incident;
  return {
    id, key, status, severity, title, startedAt: isoTime(startedAtMs), endedAt: endedAtMs === undefined ? null : isoTime(endedAtMs),
    acknowledgedBy: acknowledgedBy ?? null, url: `/incidents/${encodeURIComponent(id)}`,
  };
}

function alertJson(alert: Alert, title: string): Readonly<Record<string, unknown>> {
  const { reading } = alert;
  return {
    id: alert.id, status: alert.status, severity: alert.severity, labels: alert.labels, annotations: alert.annotations,
    startsAt: isoTime(alert.startsAtMs), endsAt: alert.endsAtMs === undefined ? null : isoTime(alert.endsAtMs), updatedAt: isoTime(alert.updatedAtMs),
    words: conditionInWords({ title, annotations: alert.annotations, reading }) ?? null,
    errorBudgetRemaining: reading?.errorBudgetRemaining ?? null,
    burnRates: Object.fromEntries(Object.entries(reading?.burnRates ?? {}).map(([window, rate]) => [window, rate ?? null])),
  };
}

/** Why alerts of others are in it. */
function causeJson({ atMs, rule, place, shares, words, alertIds, from, traces }: CauseLink): Readonly<Record<string, unknown>> {
  return {
    at: isoTime(atMs), rule, service: place?.service ?? null, operation: place?.operation ?? null, words, alerts: alertIds, from: from ?? null,
    shares: shares.map(({ slo, explained, examined, low }) => ({ slo, explained, examined, atLeast: Number(low.toFixed(3)) })),
    traces: traces.map(({ traceId, spanId }) => ({ traceId, spanId, url: tracePath({ traceId, spanId }) })),
  };
}

function traceHealthJson({ takenAtMs, fromMs, toMs, services, findings }: TraceHealth): Readonly<Record<string, unknown>> {
  return {
    at: isoTime(takenAtMs), from: isoTime(fromMs), to: isoTime(toMs), findings,
    services: services.map(({ service, spans, samplingRate, unknownWeightShare, partialRatio, orphanRatio, lagP99Ms }) => ({
      service: service === '' ? null : service, spans, samplingRate: samplingRate ?? null, unknownWeightShare: unknownWeightShare ?? null, partialRatio: partialRatio ?? null, orphanRatio: orphanRatio ?? null, lagP99Ms: lagP99Ms ?? null,
    })),
  };
}

function traceJson({ startMs, alike = [], ...trace }: RepresentativeTrace): Readonly<Record<string, unknown>> {
  return { ...trace, start: isoTime(startMs), url: tracePath(trace), alike: alike.map(({ startMs: eventMs, ...each }) => ({ ...each, start: isoTime(eventMs), url: tracePath(each) })) };
}

function tracePath({ traceId, spanId }: Pick<RepresentativeTrace, 'traceId' | 'spanId'>): string {
  return `/traces/${traceId}?span=${spanId}`;
}

function patternJson({ peer, costNs, traces, ...pattern }: PatternFinding): Readonly<Record<string, unknown>> {
  return {
    ...pattern, peer: peer ?? null, costNs: costNs ?? null, title: PATTERN_WORDS[pattern.kind].title, advice: PATTERN_WORDS[pattern.kind].advice,
    traces: traces.map(({ traceId, spanId }) => ({ traceId, spanId, url: tracePath({ traceId, spanId }) })),
  };
}

/** What was around it, as it was when the page opened. */
function snapshotJson({ onset, suspect, changes, minutes, graph }: Snapshot): Readonly<Record<string, unknown>> {
  const changeJson = ({ atMs, beforeMs, ...change }: NearbyChange): unknown => ({ at: isoTime(atMs), secondsBefore: Math.round(beforeMs / SECOND_MS), ...change });
  const minuteTime = (minute: number): string => isoTime(minute * MINUTE_MS);
  return {
    onset: onset === undefined ? null : { at: minuteTime(onset.minute), earliest: minuteTime(onset.earliest), latest: minuteTime(onset.latest), badShareBefore: onset.before, badShareAfter: onset.after },
    suspectedChange: suspect === undefined ? null : changeJson(suspect), changes: changes.map(changeJson), minutes: { ...minutes, from: minuteTime(minutes.from) }, graph,
  };
}

/** What has begun to fire and is no incident yet. Names are promises. */
export function heldJson(held: HeldOpening): Readonly<Record<string, unknown>> {
  const { key, title, threshold, wanted, withinMs, occurrences, firing } = held;
  return {
    key, title, threshold, wanted, withinSeconds: withinMs / 1_000, words: heldInWords(held), occurrences: occurrences.map(({ alertId, atMs }) => ({ alert: alertId, at: isoTime(atMs) })),
    firing: Object.entries(firing).map(([alert, sinceMs]) => ({ alert, since: isoTime(sinceMs) })),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
