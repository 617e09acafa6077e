import { budgetShare } from '../budget/arithmetic-in-words.js';
import type { Slo } from '../config/slo.js';
import type { Alert, Incident, Labels } from '../incident/incident.js';
import { windowText } from '../config/calendar.js';
import { formatBurn, formatLatency, formatPercent, formatSpan, formatTime } from '../lib/format.js';
import type { ErrorSignature } from '../signature/error-signature.js';

/**
 * What a runbook's template may use. Everything is text or plain data, ready to print; docs/configuration.md lists it.
 * What may be undefined must be asked for first (`{% if signature %}`), because printing it is an error.
 */
export interface RunbookContext {
  readonly incident: {
    readonly id: string;
    readonly title: string;
    readonly severity: string;
    readonly status: string;
    readonly startedAt: string;
    readonly service: string;
    readonly labels: Labels;
    /** Failed events in the window that fired. */
    readonly badEvents: number | undefined;
    /** One sentence naming where the failures start. */
    readonly suspect: string | undefined;
    readonly acknowledgedBy: string | undefined;
  };
  readonly slo: {
    readonly name: string;
    readonly displayName: string;
    readonly description: string;
    readonly service: string;
    readonly owner: string | undefined;
    readonly target: string;
    readonly window: string;
    readonly burnRate: string | undefined;
    readonly budgetRemaining: string | undefined;
    readonly exhaustion: string | undefined;
  } | undefined;
  readonly signature: ErrorSignature | undefined;
  readonly traces: readonly {
    readonly role: string;
    readonly reason: string;
    readonly url: string;
    readonly rootService: string;
    readonly rootName: string;
    readonly duration: string;
    readonly startedAt: string;
  }[];
  readonly links: { readonly incident: string; readonly slo: string | undefined; readonly services: string };
}

export interface RunbookSource {
  readonly incident: Incident;
  /** The rule as it is now; undefined when it was removed, or the incident is not about an SLO. */
  readonly slo: Slo | undefined;
  /** Without a slash at the end. */
  readonly publicUrl: string;
}

export function runbookContextOf({ incident, slo, publicUrl }: RunbookSource): RunbookContext {
  const alert = leadingAlert(incident);
  const { evidence } = incident;
  return {
    incident: {
      id: incident.id, title: incident.title, severity: incident.severity, status: incident.status,
      startedAt: formatTime(incident.startedAtMs), service: alert?.labels['service'] ?? slo?.service ?? '', labels: alert?.labels ?? {},
      badEvents: evidence?.badEvents, suspect: evidence?.suspect, acknowledgedBy: incident.acknowledgedBy,
    },
    slo: slo === undefined ? undefined : sloContext(slo, alert),
    signature: evidence?.signature,
    traces: (evidence?.traces ?? []).map(({ traceId, spanId, role, reason, rootService, rootName, durationNs, startMs }) => ({
      role, reason, url: `${publicUrl}/traces/${traceId}?span=${spanId}`, rootService, rootName, duration: formatLatency(durationNs), startedAt: formatTime(startMs),
    })),
    links: {
      incident: `${publicUrl}/incidents/${encodeURIComponent(incident.id)}`,
      slo: slo === undefined ? undefined : `${publicUrl}/slos/${encodeURIComponent(slo.name)}`,
      services: `${publicUrl}/services`,
    },
  };
}

/** The alert that the runbook is about: one that still fires before one that has ended, a page before a ticket. */
function leadingAlert(incident: Incident): Alert | undefined {
  const rank = (alert: Alert): number => (alert.status === 'firing' ? 2 : 0) + (alert.severity === 'page' ? 1 : 0);
  return [...incident.alerts].sort((left, right) => rank(right) - rank(left))[0];
}

function sloContext(slo: Slo, alert: Alert | undefined): NonNullable<RunbookContext['slo']> {
  const reading = alert?.reading;
  const burnRate = reading?.firing?.long.burnRate;
  const remaining = reading?.young === true ? reading.projectedBudgetRemaining : reading?.errorBudgetRemaining;
  return {
    name: slo.name, displayName: slo.displayName, description: slo.description, service: slo.service, owner: slo.owner,
    target: formatPercent(slo.target, 4), window: windowText(slo),
    burnRate: burnRate === undefined ? undefined : formatBurn(burnRate),
    // An overspent budget has nothing left: "-30 % is left" is no sentence.
    budgetRemaining: remaining === undefined ? undefined : budgetShare(Math.max(0, remaining)),
    exhaustion: reading?.exhaustionMs === undefined ? undefined : formatSpan(reading.exhaustionMs),
  };
}
