import type { RepresentativeTrace, TraceRole } from '../diagnosis/evidence.js';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { PATTERN_WORDS, sharesInWords } from '../diagnosis/pattern/pattern-words.js';
import { changeNearInWords } from '../diagnosis/nearby-changes.js';
import { onsetInWords } from '../diagnosis/snapshot.js';
import type { CauseLink, CauseShare } from '../incident/cause.js';
import type { TraceHealth } from '../diagnosis/trace-health.js';
import { CAUSE_SHARE_LOW } from '../incident/incident-policy.js';
import type { Alert, Incident, TimelineKind } from '../incident/incident.js';
import { qualityAlertDetail } from '../incident/quality-alert.js';
import { subjectName } from '../incident/trace-cause.js';
import { MINUTE_MS } from '../lib/duration.js';
import { formatPercent } from '../lib/format.js';
import type { SloStatusReader } from '../query/slo-status-reader.js';
import { chart } from './chart.js';
import { arithmeticOf, incidentCard } from './incident-cards.js';
import { formatNumber } from './words.js';

const ROLE_WORDS: Readonly<Record<TraceRole, string>> = { 'most-common': 'Most common', first: 'First', slowest: 'Slowest', newest: 'Newest', healthy: 'Healthy twin' };

export const TIMELINE_WORDS: Readonly<Record<TimelineKind, string>> = {
  opened: 'Opened', upgraded: 'Upgraded', 'alert-joined': 'Alert joined', 'alert-resolved': 'Alert resolved', updated: 'Updated', acknowledged: 'Acknowledged',
  silenced: 'Silenced', resolved: 'Resolved', escalated: 'Escalated', notified: 'Notified', note: 'Note',
};

export function incidentPage(incident: Incident, slos: SloStatusReader): Record<string, unknown> {
  return {
    incident,
    card: incidentCard(incident, slos),
    arithmetic: arithmeticOf(incident, slos),
    around: aroundOf(incident),
    traces: (incident.evidence?.traces ?? []).map(traceRow),
    healthyTraceId: incident.evidence?.traces.find(({ role }) => role === 'healthy')?.traceId,
    causes: (incident.causes ?? []).map(causeRow),
    quality: incident.alerts.flatMap((alert) => qualityAlertDetail(alert) ?? []),
    health: incident.traceHealth === undefined ? undefined : healthOf(incident.traceHealth),
    timeline: incident.timeline.map((entry) => ({ ...entry, words: TIMELINE_WORDS[entry.kind], isWritten: entry.kind === 'note' && entry.actor !== 'tocsin' })).reverse(),
    alerts: incident.alerts.map((alert) => alertRow(alert, slos)),
  };
}

function alertRow(alert: Alert, slos: SloStatusReader): Record<string, unknown> {
  const { id, labels } = alert;
  const title = alert.sloTitle ?? slos.slo(labels['slo'] ?? '')?.displayName;
  const isNamed = ([label]: readonly [string, string]): boolean => label === 'alertname' && title === undefined;
  const shownLabels = Object.entries(labels).filter((entry) => entry[0] !== 'incident' && !isNamed(entry)).map(([label, value]) => ({ label, value }));
  return { ...alert, slo: labels['slo'], name: title ?? labels['alertname'] ?? id, shownLabels };
}

/** Minutes that were looked at, and a row for each service that sent something in them: in an incident's first minute none may have. */
function healthOf({ fromMs, toMs, services, findings }: TraceHealth): Record<string, unknown> {
  const share = (value: number | undefined): string => (value === undefined ? '–' : formatPercent(value, 1));
  return {
    fromMs, toMs, findings,
    rows: services.filter(({ spans }) => spans > 0).map(({ service, spans, samplingRate, partialRatio, orphanRatio, lagP99Ms }) => ({
      service: service === '' ? 'all services' : service, spans: Math.round(spans).toLocaleString('en-US'), sampling: share(samplingRate), partial: share(partialRatio), orphans: share(orphanRatio), lag: lagP99Ms === undefined ? '–' : `${(lagP99Ms / 1_000).toFixed(1)} s`,
    })),
  };
}

function causeRow({ words, shares, traces, from }: CauseLink): Record<string, unknown> {
  return { words, from, traces, sure: sureInWords(shares) };
}

/** `with 95 % confidence at least 72 % of front-availability`; of what were all failures that there were nothing needs to be inferred. */
function sureInWords(shares: readonly CauseShare[]): string {
  const inferred = shares.filter(({ low, all }) => all !== true || low >= CAUSE_SHARE_LOW).map((share) => `${formatPercent(share.low, 0)} of ${subjectName(share)}`);
  const counted = shares.filter(({ low, all }) => all === true && low < CAUSE_SHARE_LOW).map((share) => `all ${String(share.examined)} failures that ${subjectName(share)} had had`);
  return [...counted, ...(inferred.length === 0 ? [] : [`with 95 % confidence at least ${inferred.join(', ')}`])].join('; ');
}

/** What was frozen with the page. */
function aroundOf({ evidence, startedAtMs, severity }: Incident): Record<string, unknown> {
  const snapshot = evidence?.snapshot;
  if (snapshot === undefined) return {};
  const { onset, suspect, minutes, graph } = snapshot;
  return {
    began: onset === undefined ? undefined : onsetInWords(onset), changed: suspect === undefined ? undefined : changeNearInWords(suspect),
    chart: minutes.bad.length < 2 ? undefined : chart({
      title: 'Bad requests by minute', times: minutes.bad.map((_, index) => (minutes.from + index) * MINUTE_MS),
      series: [{ label: 'bad', style: 'bad', area: true, values: minutes.bad.map((bad, index) => shareOf(bad, minutes.good[index] ?? 0)) }],
      markers: [...(onset === undefined ? [] : [{ atMs: onset.minute * MINUTE_MS, label: 'began', style: 'ticket' }]), { atMs: Math.floor(startedAtMs / MINUTE_MS) * MINUTE_MS, label: severity, style: severity }],
      format: (value) => formatPercent(value, 1), atLeast: [0, 0.01],
    }),
    calls: graph.map(({ client, server, calls, failed, meanNs }) => ({ client, server, count: formatNumber(Math.round(calls)), failedShare: calls === 0 ? undefined : failed / calls, meanNs })),
  };
}

function shareOf(bad: number, good: number): number | undefined {
  return bad + good === 0 ? undefined : bad / (bad + good);
}

export function patternRow(pattern: PatternFinding): Record<string, unknown> {
  return { ...pattern, ...PATTERN_WORDS[pattern.kind], shares: sharesInWords(pattern) };
}

function traceRow(trace: RepresentativeTrace): Record<string, unknown> {
  return { ...trace, roleWords: ROLE_WORDS[trace.role], isHealthy: trace.role === 'healthy' };
}
