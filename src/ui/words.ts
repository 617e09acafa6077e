import { headline } from '../budget/arithmetic-in-words.js';
import { waitingInWords } from '../budget/firing.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';
import { SECOND_MS } from '../lib/duration.js';
import { capitalised, formatSpan } from '../lib/format.js';

/** `just now`, `12 min ago`, `in 3 h`. */
export function formatRelative(timeMs: number, nowMs: number): string {
  const agoMs = nowMs - timeMs;
  if (Math.abs(agoMs) < 5 * SECOND_MS) return 'just now';
  return agoMs > 0 ? `${formatSpan(agoMs)} ago` : `in ${formatSpan(-agoMs)}`;
}

/** `0.03/s`, `4.2/s`, `1,240/s`; a quiet service in requests per hour. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.01) return `${formatNumber(perSecond * 3_600)}/h`;
  return `${formatNumber(perSecond)}/s`;
}

/** Three digits that carry news: `0.031`, `4.25`, `1,240`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-GB');
  return String(Number(value.toPrecision(3)));
}

/** `1 span`, `41,200 spans`. */
export function counted(count: number, noun: string): string {
  const whole = Math.round(count);
  return `${whole.toLocaleString('en-US')} ${noun}${whole === 1 ? '' : 's'}`;
}

const INTEGRATION_WORDS: Readonly<Record<string, string>> = { slack: 'Slack', webhook: 'webhook', pagerduty: 'PagerDuty', teams: 'Teams', opsgenie: 'Opsgenie', email: 'mail', alertmanager: 'Alertmanager' };

/** `by Slack`, `by webhook 2`: integrations are called `slack[0]`, `webhook[1]` and so on. */
export function integrationInWords(name: string): string {
  const [, kind = name, index = '0'] = /^(\w+)\[(\d+)\]$/.exec(name) ?? [];
  return `by ${INTEGRATION_WORDS[kind] ?? kind}${index === '0' ? '' : ` ${Number(index) + 1}`}`;
}

export const STATE_WORDS = { ok: 'OK', ticket: 'Ticket', page: 'Page', 'no-data': 'No data' } as const;

/** The state in one sentence, for the top of a page. */
export function stateSentence(status: SloStatus, slo: Slo): string {
  const sentence = `${capitalised(headline(status, slo))}.`;
  const waiting = status.firing === undefined ? status.tiers.find((reading) => reading.exceeded) : undefined;
  return waiting === undefined ? sentence : `${sentence} Not alerting: ${waitingInWords(waiting)}.`;
}
