import type { Incident } from '../incident/incident.js';
import { deliveryInWords, type DecisionRecord } from '../notify/decision-reader.js';
import { integrationInWords } from './words.js';

const OUTCOME_WORDS: Readonly<Record<DecisionRecord['outcome'], string>> = {
  waits: 'Waits', sent: 'Told', silenced: 'Silenced', inhibited: 'Inhibited', muted: 'Muted', 'not-sent': 'Not told', left: 'Goes elsewhere',
};

/** Newest first: who was told of which alert, and why. */
export function decisionRows(decisions: readonly DecisionRecord[], incident: Incident): readonly Record<string, unknown>[] {
  const names = new Map(incident.alerts.map(({ id, labels, sloTitle }) => [id, sloTitle ?? labels['slo'] ?? labels['alertname'] ?? id]));
  return decisions.map((decision) => ({
    atMs: decision.atMs, outcome: decision.outcome, words: OUTCOME_WORDS[decision.outcome], alert: names.get(decision.alertId) ?? decision.alertId,
    to: decision.integration === '' ? decision.receiver : `${decision.receiver} ${integrationInWords(decision.integration)}`, route: decision.route, reason: decision.reason, became: deliveryInWords(decision),
  })).reverse();
}
