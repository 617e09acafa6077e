import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Alert, Incident, Labels } from '../incident/incident.js';
import { QUALITY_ALERT } from '../incident/quality-alert.js';
import { WATCHABLE, type WatchedKind } from '../config/quality-schema.js';
import type { WatchedCondition, WatchedFinding, WatchPicture } from './quality-watch.js';
import { utcClock } from './words.js';

export interface QualitySignalInput {
  readonly picture: WatchPicture;
  readonly watch: ReadonlySet<WatchedKind>;
  readonly openIncidents: readonly Incident[];
  /** Base of the link to the report. */
  readonly publicUrl: string;
}

/**
 * What the watch over the traces says, as conditions: one incident for each finding, always a ticket. A finding that is not seen any more
 * is over only when spans show that it is, or none came or went over its edge for a day; a kind that is watched no more is over at once.
 */
export function qualitySignals({ picture, watch, openIncidents, publicUrl }: QualitySignalInput): ConditionSignal[] {
  const firing = picture.findings.map((found) => signalOf(found, publicUrl));
  const spokenFor = new Set<string>(firing.map(({ alertId }) => alertId));
  const open = openIncidents.flatMap(({ key, title, alerts }) => alerts.filter(({ id, status, labels }) => status === 'firing' && labels['alertname'] === QUALITY_ALERT && !spokenFor.has(id)).map((alert) => ({ key, title, alert })));
  return [...firing, ...open.flatMap(({ key, title, alert }) => ended({ key, title, alert }, picture, watch))];
}

function signalOf({ finding, sinceMs }: WatchedFinding, publicUrl: string): ConditionSignal {
  const { id, kind, service, edge, title, detail, cause, fix, owner, examples } = finding;
  const identity: Labels = { alertname: QUALITY_ALERT, kind, service, finding: id, ...(edge === undefined ? {} : { caller: edge.caller }) };
  const named = edge !== undefined && kind === 'broken-context' ? `Context broken since ${utcClock(sinceMs)} at ${edge.caller} → ${edge.callee}` : `${title}, since ${utcClock(sinceMs)}`;
  return {
    key: `quality:${id}`, alertId: alertIdOf(identity), labels: { ...identity, severity: 'ticket', ...(owner === undefined ? {} : { owner }) }, severity: 'ticket', title: named.slice(0, 200), firing: true, startsAtMs: sinceMs,
    annotations: {
      summary: detail, description: `${detail} Likely cause: ${cause}`, cause, fix_in: fix.where, fix: fix.text, traces: examples.map(({ traceId, spanId }) => `${traceId}/${spanId}`).join(' '),
    },
    generatorUrl: `${publicUrl}/quality`,
  };
}

function ended({ key, title, alert }: { readonly key: string; readonly title: string; readonly alert: Alert }, picture: WatchPicture, watch: ReadonlySet<WatchedKind>): ConditionSignal[] {
  const condition = conditionOf(alert.labels);
  const isWatched = condition !== undefined && watch.has(condition.kind);
  const ending = isWatched ? picture.endingOf(condition) : 'unwatched';
  if (ending === undefined) return [];
  return [{ key, alertId: alert.id, labels: alert.labels, severity: 'ticket', title, firing: false, annotations: { ...alert.annotations, summary: ENDINGS[ending] } }];
}

const ENDINGS = {
  right: 'The traces of the last minutes with spans are right again', silent: 'No spans came for 24 hours: whether it is right again cannot be seen',
  uncalled: 'Nobody made this call for 24 hours: whether it is right again cannot be seen', unwatched: 'The rules do not watch this any more',
} as const;

function conditionOf({ kind, service = '', caller }: Labels): WatchedCondition | undefined {
  const known = WATCHABLE.find((each) => each === kind);
  return known === undefined ? undefined : { kind: known, service, caller };
}
