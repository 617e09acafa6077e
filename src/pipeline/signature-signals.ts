import type { SignatureRule } from '../config/signature-rule.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { SIGNATURE_ALERT } from '../incident/words.js';
import { MINUTE_MS } from '../lib/duration.js';
import { judgeSignature } from '../signature/judge-signature.js';
import { QUIET_MS, withMerged } from '../signature/signature-life.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { SignatureBook } from './signature-book.js';

/** So far behind, nobody knows what fails now. */
const BEHIND_MS = 2 * MINUTE_MS;

export interface SignatureSignalInput {
  readonly rules: readonly SignatureRule[];
  readonly book: Pick<SignatureBook, 'all' | 'byId' | 'failures' | 'family' | 'readToMs'>;
  readonly openIncidents: readonly Incident[];
  readonly nowMs: number;
}

/**
 * What each rule says of each signature that it is about and that was seen lately. An alert goes on under the name under which it began, whatever a better
 * normaliser, or a person who merged signatures, calls it since: nobody is told of it a second time. It belongs to the open incident whose evidence
 * is this very signature, else to one of its own. Alerts of rules or signatures that are gone are over. While failures cannot be read nothing is said,
 * and alerts stay as they are.
 */
export function signatureSignals(input: SignatureSignalInput): ConditionSignal[] {
  const { rules, book, openIncidents, nowMs } = input;
  if (nowMs - book.readToMs() > BEHIND_MS) return [];
  const open = openAlerts(openIncidents);
  const byName = new Map([...open.values()].map(({ signal: { labels: { rule = '', signature: id = '', service = '' } } }) => [nameOf(rule, id), { id, service }]));
  const seen = rules.length === 0 ? [] : book.all().filter(({ lastSeenMs }) => nowMs - lastSeenMs < QUIET_MS);
  const signals = oneForEach(seen.flatMap((signature) => rules.filter((rule) => isAbout(rule, signature)).map((rule) => {
    const family = book.family(signature.id);
    // Where services were merged, its service is the one that the alert began with.
    const told = family.map((id) => byName.get(nameOf(rule.name, id))).find((each) => each !== undefined) ?? signature;
    const signal = signalOf(rule, withMerged(signature, family.flatMap((id) => book.byId(id) ?? [])), { ...input, told });
    return { ...signal, key: open.get(signal.alertId)?.key ?? shownBy(openIncidents, family, signature.service) ?? signal.key };
  })));
  const spokenFor = new Set<string>(signals.map(({ alertId }) => alertId));
  const gone = [...open].filter(([id]) => !spokenFor.has(id)).map(([, { signal }]) => signal);
  // What does not fire and never did is no news, and there may be thousands of it.
  return [...signals.filter(({ firing, alertId }) => firing || open.has(alertId)), ...gone];
}

/** Signatures, by the names under which alerts on them began, that fire in open incidents. */
export function alertedSignatures(openIncidents: readonly Incident[]): ReadonlySet<string> {
  return new Set([...openAlerts(openIncidents).values()].flatMap(({ signal: { labels } }) => labels['signature'] ?? []));
}

/** Where an alert goes on under an old name, the signature of that name speaks as well: it fires while one of them does. */
function oneForEach(signals: readonly ConditionSignal[]): readonly ConditionSignal[] {
  const byAlert = new Map<string, ConditionSignal>();
  for (const signal of signals) if (byAlert.get(signal.alertId)?.firing !== true) byAlert.set(signal.alertId, signal);
  return [...byAlert.values()];
}

/** The incident whose evidence is one of these; of several that of the service where the failure begins, then the oldest. */
function shownBy(openIncidents: readonly Incident[], family: readonly string[], service: string): string | undefined {
  const showing = openIncidents.filter(({ evidence }) => evidence?.signature !== undefined && family.includes(evidence.signature.id));
  const isOf = ({ alerts }: Incident): number => Number(alerts.some(({ labels }) => labels['service'] === service));
  return [...showing].sort((left, right) => isOf(right) - isOf(left) || left.startedAtMs - right.startedAtMs || (left.key < right.key ? -1 : 1))[0]?.key;
}

function nameOf(rule: string, signature: string): string {
  return JSON.stringify([rule, signature]);
}

function identityOf(rule: SignatureRule, { id, service }: Pick<TrackedSignature, 'id' | 'service'>): Record<string, string> {
  return { alertname: SIGNATURE_ALERT, rule: rule.name, signature: id, service };
}

function isAbout({ services, types }: SignatureRule, { service, type }: TrackedSignature): boolean {
  return (services.length === 0 || services.includes(service)) && (types.length === 0 || types.includes(type));
}

/** `told` is the name, and the service, under which it is alerted on. */
function signalOf(rule: SignatureRule, signature: TrackedSignature, { book, nowMs, told }: SignatureSignalInput & { readonly told: Pick<TrackedSignature, 'id' | 'service'> }): ConditionSignal {
  const verdict = judgeSignature(signature, rule.when, { own: (from, to) => book.failures(from, to, signature.id), all: (from, to) => book.failures(from, to), nowMs, readToMs: Math.min(nowMs, book.readToMs()) });
  const identity = identityOf(rule, told);
  const title = `${signature.type} in ${signature.service} ${signature.operation}`.slice(0, 200);
  return {
    key: `signature:${signature.id}`, alertId: alertIdOf(identity), labels: { ...identity, severity: rule.severity }, severity: rule.severity, title, firing: verdict.firing,
    annotations: { summary: `${title}: ${verdict.words}`, description: rule.description || signature.message, reason: verdict.words }, ...(rule.runbook === undefined ? {} : { runbook: rule.runbook }),
  };
}

/** Alerts on signatures that fire in open incidents, each with what would end it. */
function openAlerts(openIncidents: readonly Incident[]): ReadonlyMap<string, { readonly key: string; readonly signal: ConditionSignal }> {
  const alerts = openIncidents.flatMap((incident) => incident.alerts.map((alert) => ({ incident, alert })));
  return new Map(alerts.filter(({ alert }) => alert.labels['alertname'] === SIGNATURE_ALERT && alert.labels['signature'] !== undefined && alert.status === 'firing').map(({ incident: { key }, alert }) => {
    const { id, labels, annotations, severity } = alert;
    const words = 'no rule is about it any more, or it was not seen for a week';
    return [id, { key, signal: { key, alertId: id, labels, annotations: { ...annotations, summary: words, reason: words }, severity, title: labels['signature'] ?? '', firing: false } }] as const;
  }));
}
