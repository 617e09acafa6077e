import { SEVERITY_RANK } from '../budget/slo-status.js';
import type { Alert, Incident } from '../incident/incident.js';
import { conditionInWords, severityInWords } from '../incident/words.js';
import { shorten } from './slack-mrkdwn.js';

export const TITLE_MAX = 100;
const WHO_MAX = 30;

/** The alert that decides: the most severe one that still fires, of equal ones one that knows how fast a budget burns, else the first. */
export function leadOf(incident: Incident): Alert | undefined {
  const firing = incident.alerts.filter((alert) => alert.status === 'firing');
  const rank = ({ severity, reading }: Alert): number => 2 * SEVERITY_RANK[severity] + Number(reading !== undefined);
  return firing.reduce<Alert | undefined>((best, alert) => (best === undefined || rank(alert) > rank(best) ? alert : best), undefined) ?? incident.alerts[0];
}

/** `Page, ann has it: Checkout works`. */
export function headlineOf(incident: Incident): string {
  return `${stateOf(incident)}: ${shorten(incident.title.replaceAll(/\s+/g, ' ').trim(), TITLE_MAX)}`;
}

function stateOf({ status, severity, acknowledgedBy, isDrill, mergedInto }: Incident): string {
  if (isDrill === true) return status === 'resolved' ? 'DRILL, over' : 'DRILL';
  // It still burns: who reads that it is over goes back to sleep.
  if (mergedInto !== undefined) return `Part of ${mergedInto} now`;
  if (status === 'resolved') return 'Resolved';
  return status === 'acknowledged' ? `${severityInWords(severity)}, ${shorten(acknowledgedBy ?? 'somebody', WHO_MAX)} has it` : severityInWords(severity);
}

/** What is wrong, in numbers: of the alert that decides. */
export function arithmeticOf(incident: Incident): string | undefined {
  const lead = leadOf(incident);
  return lead === undefined ? undefined : conditionInWords({ title: incident.title, annotations: lead.annotations, reading: lead.reading });
}

/** `once`, `1,204 times`: how often an error was seen. */
export function timesInWords(count: number): string {
  const whole = Math.max(1, Math.round(count));
  return whole === 1 ? 'once' : `${whole.toLocaleString('en-US')} times`;
}
