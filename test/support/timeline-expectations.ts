import type { Severity } from '../../src/config/slo.js';
import type { Transition } from '../../src/incident/incident.js';
import type { Between } from './timeline-clock.js';
import { momentInWords } from './timeline-clock.js';
import type { Told } from './timeline-receivers.js';

export interface Expected {
  readonly kind: Transition['kind'];
  readonly during: Between;
  readonly severity?: Severity;
  readonly slo?: string;
  readonly receiver?: string;
  readonly integration?: string;
  /** Throws where the message is not as it should be. */
  readonly check?: (told: Told) => void;
}

/**
 * Every message must be expected, and every expectation met, once. Edits that only change numbers make no sound and need no
 * expectation; that they come at most every ten minutes is checked for all.
 */
export function judge(told: readonly Told[], expected: readonly Expected[]): string[] {
  const problems: string[] = [];
  const unclaimed = told.filter((message) => expected.some(({ kind }) => kind === 'updated') || isAudible(message));
  for (const expectation of expected) {
    const index = unclaimed.findIndex((message) => matches(message, expectation));
    const [message] = index === -1 ? [] : unclaimed.splice(index, 1);
    if (message === undefined) problems.push(`missing: ${expectationInWords(expectation)}`);
    else expectation.check?.(message);
  }
  for (const message of unclaimed.filter(isAudible)) problems.push(`not expected: ${toldInWords(message)}`);
  return [...problems, ...conversationProblems(told)];
}

/** What holds in every story, whatever was expected: a conversation begins once, ends once, and its news is in order. */
function conversationProblems(told: readonly Told[]): string[] {
  const problems: string[] = [];
  const lasts = new Map<string, Told>();
  for (const message of told) {
    const key = JSON.stringify([message.delivery.conversation, message.receiver, message.integration]);
    const last = lasts.get(key);
    const { kind, atMs } = message.delivery.transition;
    if ((last === undefined) !== (kind === 'opened')) problems.push(`${last === undefined ? 'does not begin with opened' : 'opened twice'}: ${toldInWords(message)}`);
    if (last?.delivery.transition.kind === 'resolved') problems.push(`after the end: ${toldInWords(message)}`);
    if (last !== undefined && last.delivery.transition.atMs > atMs) problems.push(`out of order: ${toldInWords(message)}`);
    lasts.set(key, message);
  }
  return problems;
}

/** A message as Alertmanager's acceptance tests want it: who hears when of which alerts. */
export interface WantedNotification {
  readonly receiver: string;
  readonly during: Between;
  /** `firing test1`, `resolved test2 v1`: alertname, then the values of the other labels by name. */
  readonly alerts: readonly string[];
  readonly check?: (told: Told) => void;
}

/** Exactly these messages, in this order for each receiver. */
export function judgeNotifications(told: readonly Told[], wanted: readonly WantedNotification[]): string[] {
  const problems: string[] = [];
  for (const receiver of new Set([...told.map((message) => message.receiver), ...wanted.map((want) => want.receiver)])) {
    const heard = told.filter((message) => message.receiver === receiver);
    const expected = wanted.filter((want) => want.receiver === receiver);
    for (let index = 0; index < Math.max(heard.length, expected.length); index += 1) {
      const [message, want] = [heard[index], expected[index]];
      const said = message === undefined ? 'nothing' : `${momentInWords(message.atMs)} ${alertsInWords(message).join(', ')} (${message.delivery.group.reason})`;
      const hoped = want === undefined ? 'nothing' : `${momentInWords(want.during.fromMs)} to ${momentInWords(want.during.toMs)} ${[...want.alerts].sort().join(', ')}`;
      const isRight = message !== undefined && want !== undefined && message.atMs >= want.during.fromMs && message.atMs <= want.during.toMs
        && JSON.stringify(alertsInWords(message)) === JSON.stringify([...want.alerts].sort());
      if (isRight) want.check?.(message);
      else problems.push(`${receiver}, message ${String(index + 1)}: heard ${said}; wanted ${hoped}`);
    }
  }
  return [...problems, ...conversationProblems(told)];
}

export function alertsInWords({ delivery: { group } }: Told): string[] {
  return group.alerts.map(({ status, labels }) => {
    const others = Object.keys(labels).filter((name) => name !== 'alertname' && name !== 'incident').sort();
    return [status, labels['alertname'], ...others.map((name) => labels[name])].join(' ');
  }).sort();
}

function isAudible({ delivery: { transition } }: Told): boolean {
  return transition.kind !== 'updated' || transition.news !== undefined;
}

function matches({ delivery, incident, atMs, receiver, integration }: Told, expected: Expected): boolean {
  return delivery.transition.kind === expected.kind
    && atMs >= expected.during.fromMs && atMs <= expected.during.toMs
    && (expected.severity === undefined || incident.severity === expected.severity)
    && (expected.slo === undefined || incident.key === `slo:${expected.slo}`)
    && (expected.receiver === undefined || receiver === expected.receiver)
    && (expected.integration === undefined || integration === expected.integration);
}

function expectationInWords({ kind, severity, slo, receiver, integration, during }: Expected): string {
  const parts = [kind, severity, slo, receiver, integration].filter((part) => part !== undefined);
  return `${parts.join(' ')} between ${momentInWords(during.fromMs)} and ${momentInWords(during.toMs)}`;
}

export function toldInWords({ atMs, receiver, integration, delivery: { transition }, incident }: Told): string {
  const last = incident.timeline.at(-1)?.text ?? '';
  return `${momentInWords(atMs)} ${receiver} ${integration}: ${transition.kind} ${incident.severity} ${incident.key} (${incident.id}): ${last}`;
}

/** What was heard. Of edits without a sound only how many there were. */
export function transcript(told: readonly Told[]): string[] {
  const edits = told.filter((message) => !isAudible(message)).length;
  return [...told.filter(isAudible).map(toldInWords), `and ${String(edits)} edits that only changed numbers`];
}
