import type { SignatureRule } from '../config/signature-rule.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { judgeSignature } from '../signature/judge-signature.js';
import { QUIET_MS } from '../signature/signature-life.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { SignatureBook } from './signature-book.js';

const ALERT_NAME = 'ErrorSignature';

export interface SignatureSignalInput {
  readonly rules: readonly SignatureRule[];
  readonly book: Pick<SignatureBook, 'all' | 'failures'>;
  readonly openIncidents: readonly Incident[];
  readonly nowMs: number;
}

/**
 * What each rule says of each signature that it is about and that was seen lately. An alert belongs to the open incident whose evidence
 * is this very signature, else to one of its own. Alerts of rules or signatures that are gone are over.
 */
export function signatureSignals(input: SignatureSignalInput): ConditionSignal[] {
  const { rules, book, openIncidents, nowMs } = input;
  const open = openAlerts(openIncidents);
  const bySignature = new Map(openIncidents.flatMap(({ key, evidence }) => (evidence?.signature === undefined ? [] : [[evidence.signature.id, key] as const])));
  const signals = (rules.length === 0 ? [] : book.all()).filter(({ lastSeenMs }) => nowMs - lastSeenMs < QUIET_MS).flatMap((signature) => rules.filter((rule) => isAbout(rule, signature)).map((rule) => {
    const signal = signalOf(rule, signature, input);
    return { ...signal, key: open.get(signal.alertId)?.key ?? bySignature.get(signature.id) ?? signal.key };
  }));
  const spokenFor = new Set<string>(signals.map(({ alertId }) => alertId));
  const gone = [...open].filter(([id]) => !spokenFor.has(id)).map(([, { signal }]) => signal);
  // What does not fire and never did is no news, and there may be thousands of it.
  return [...signals.filter(({ firing, alertId }) => firing || open.has(alertId)), ...gone];
}

function isAbout({ services, types }: SignatureRule, { service, type }: TrackedSignature): boolean {
  return (services.length === 0 || services.includes(service)) && (types.length === 0 || types.includes(type));
}

function signalOf(rule: SignatureRule, signature: TrackedSignature, { book, nowMs }: SignatureSignalInput): ConditionSignal {
  const ids = [signature.id, ...signature.earlierIds];
  const verdict = judgeSignature(signature, rule.when, { own: (from, to) => ids.reduce((sum, id) => sum + book.failures(from, to, id), 0), all: (from, to) => book.failures(from, to), nowMs });
  const identity = { alertname: ALERT_NAME, rule: rule.name, signature: signature.id, service: signature.service };
  const title = `${signature.type} in ${signature.service} ${signature.operation}`.slice(0, 200);
  return {
    key: `signature:${signature.id}`, alertId: alertIdOf(identity), labels: { ...identity, severity: rule.severity }, severity: rule.severity, title, firing: verdict.firing,
    annotations: { summary: `${title}: ${verdict.words}`, description: rule.description || signature.message, reason: verdict.words }, ...(rule.runbook === undefined ? {} : { runbook: rule.runbook }),
  };
}

/** Alerts on signatures that fire in open incidents, each with what would end it. */
function openAlerts(openIncidents: readonly Incident[]): ReadonlyMap<string, { readonly key: string; readonly signal: ConditionSignal }> {
  const alerts = openIncidents.flatMap((incident) => incident.alerts.map((alert) => ({ incident, alert })));
  return new Map(alerts.filter(({ alert }) => alert.labels['alertname'] === ALERT_NAME && alert.labels['signature'] !== undefined && alert.status === 'firing').map(({ incident: { key }, alert }) => {
    const { id, labels, annotations, severity } = alert;
    const words = 'no rule is about it any more, or it was not seen for a week';
    return [id, { key, signal: { key, alertId: id, labels, annotations: { ...annotations, summary: words, reason: words }, severity, title: labels['signature'] ?? '', firing: false } }] as const;
  }));
}
