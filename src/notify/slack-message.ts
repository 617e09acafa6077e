import { ledgerInWords } from '../diagnosis/budget-ledger.js';
import type { RepresentativeTrace } from '../diagnosis/evidence.js';
import { changeNearInWords } from '../diagnosis/nearby-changes.js';
import { explainingPattern, PATTERN_WORDS, sharesInWords } from '../diagnosis/pattern/pattern-words.js';
import type { Incident, Transition } from '../incident/incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import { capitalised, formatLatency, formatSpan } from '../lib/format.js';
import type { Notification } from './delivery.js';
import { incidentUrl, sloUrl, traceUrl } from './links.js';
import { arithmeticOf, headlineOf, leadOf, timesInWords, TITLE_MAX } from './message-parts.js';
import { blocksTextLength, mrkdwn, type ActionButton, type LinkButton, type SlackBlock, type SlackMessage } from './slack-blocks.js';
import { BLOCKS_TEXT_MAX, BUTTON_TEXT_MAX, HEADER_TEXT_MAX, SECTION_TEXT_MAX, URL_MAX } from './slack-limits.js';
import { codeSpan, date, escapeText, link, shorten } from './slack-mrkdwn.js';
import { pressValueOf, type PressAction } from './slack-press.js';
import { runbookExcerpt } from './slack-runbook-excerpt.js';

/** One fact of a message: an error message of a megabyte must not push the runbook out of sight. */
const FACT_MAX = 300;
/** What is new is told whole, as far as a thread is read. */
const NEWS_MAX = 2_000;
const TRACES_MAX = 5;
const OTHERS_MAX = 5;
/** Small print stays small. */
const CONTEXT_MAX = 2_000;

/**
 * The message of an incident, as it is now: what a woken person reads at 03:00. In this order: what, how bad and since when,
 * suspected cause, error, traces to open, runbook, buttons, who has it.
 */
export function incidentMessage(notification: Notification, { takesPresses = false }: { readonly takesPresses?: boolean } = {}): SlackMessage {
  const { incident } = notification.delivery.transition;
  const headline = `${emojiOf(incident)} ${headlineOf(incident)}`;
  const words = arithmeticOf(incident);
  const blocks: readonly (SlackBlock | undefined)[] = [
    { type: 'header', text: { type: 'plain_text', text: shorten(headline, HEADER_TEXT_MAX), emoji: true } },
    section([words === undefined ? undefined : `*${capitalised(escapeText(shorten(words, FACT_MAX)))}*`, timesOf(notification)]),
    section([suspectOf(incident), changeOf(incident), patternOf(incident), burnedByOf(incident), signatureOf(incident)]),
    section(tracesOf(notification)),
    section(othersOf(notification)),
    section(runbookOf(notification)),
    { type: 'actions', elements: [...(takesPresses ? pressesOf(notification.delivery.transition.incident) : []), ...buttonsOf(notification)] },
    { type: 'context', elements: [mrkdwn(contextOf(notification))] },
  ];
  const text = words === undefined ? headline : `${headline}: ${words}`;
  return { text: escapeText(shorten(text, FACT_MAX)), blocks: fitting(blocks.filter((block) => block !== undefined)) };
}

/** The news for the thread; undefined where the edited message says it all. */
export function threadReply(notification: Notification): { readonly text: string; readonly broadcast: boolean } | undefined {
  const { transition } = notification.delivery;
  const text = escapeText(shorten(transition.incident.timeline.findLast((entry) => entry.kind === transition.kind)?.text ?? '', FACT_MAX));
  switch (transition.kind) {
    case 'opened': return undefined;
    // The channel hears of it too: edits and plain replies make no sound.
    case 'upgraded': return toChannel(transition.incident, text);
    case 'updated': return transition.news === undefined ? undefined : { text: `${signOfUpdate(transition)} ${escapeText(shorten(transition.news, NEWS_MAX))}`, broadcast: false };
    case 'acknowledged': return { text: `👀 ${text}`, broadcast: false };
    case 'resolved': return { text: `${emojiOf(transition.incident)} ${text}`, broadcast: false };
    case 'alerts-added': return { text: `➕ ${newsOf(transition)}`, broadcast: false };
    case 'alerts-resolved': return { text: `➖ ${newsOf(transition)}`, broadcast: false };
    // Both are there to be heard: nobody may know any more that it still burns.
    case 'unmuted':
    case 'repeated':
    case 'escalated': return toChannel(transition.incident, newsOf(transition));
  }
}

/** In the channel, and on a lock screen, it stands without the message that it answers: it says itself what it is about. */
function toChannel(incident: Incident, text: string): { readonly text: string; readonly broadcast: boolean } {
  return { text: `${emojiOf(incident)} *${escapeText(headlineOf(incident))}*\n${text}`, broadcast: true };
}

function signOfUpdate({ incident: { timeline } }: Transition): string {
  const kind = timeline.at(-1)?.kind;
  return kind === 'note' ? '📝' : kind === 'silenced' ? '🔕' : '📉';
}

function newsOf({ news }: Transition): string {
  return escapeText(shorten(news ?? '', NEWS_MAX));
}

function emojiOf(incident: Incident): string {
  if (incident.isDrill === true) return '🧪';
  if (incident.mergedInto !== undefined) return '➡️';
  if (incident.status === 'resolved') return '✅';
  if (incident.status === 'acknowledged') return '🟠';
  return incident.severity === 'page' ? '🔴' : '🟡';
}

function timesOf({ delivery: { transition } }: Notification): string {
  const { incident, atMs } = transition;
  if (incident.mergedInto !== undefined) return `Since ${date(incident.startedAtMs)}. It goes on there`;
  if (incident.endedAtMs !== undefined) return `From ${date(incident.startedAtMs)} to ${date(incident.endedAtMs)}: ${formatSpan(incident.endedAtMs - incident.startedAtMs)}`;
  const forMs = atMs - incident.startedAtMs;
  const forHowLong = forMs < MINUTE_MS ? '' : `, for ${formatSpan(forMs)}`;
  const reading = leadOf(incident)?.reading;
  const long = reading?.firing?.long;
  // A service known for a minute has no "last 3 days".
  const counts = long === undefined ? '' : `. ${count(long.bad)} of ${count(long.total)} went wrong in the last ${lengthOf(Math.min(long.windowMs, reading?.historyMs ?? long.windowMs))}`;
  return `Since ${date(incident.startedAtMs)}${forHowLong}${counts}`;
}

/** `minute`, `60 min`: what stands behind "the last". */
function lengthOf(windowMs: number): string {
  const span = formatSpan(windowMs);
  return span === '1 min' ? 'minute' : span;
}

function burnedByOf({ evidence }: Incident): string | undefined {
  const words = ledgerInWords(evidence?.ledger ?? []);
  return words === undefined ? undefined : `*Budget:* ${escapeText(shorten(words, FACT_MAX))}`;
}

function suspectOf({ evidence }: Incident): string | undefined {
  return evidence?.suspect === undefined ? undefined : `*Suspected cause:* ${escapeText(shorten(evidence.suspect, FACT_MAX))}`;
}

/** What was done to a service concerned shortly before it began: the first thing to ask about. */
function changeOf({ evidence }: Incident): string | undefined {
  const change = evidence?.snapshot?.suspect;
  return change === undefined ? undefined : `*Changed:* ${escapeText(shorten(changeNearInWords(change), FACT_MAX))}`;
}

/** Only where it sets the failures apart: what is always there explains nothing. */
function patternOf({ evidence }: Incident): string | undefined {
  const pattern = explainingPattern(evidence?.patterns);
  return pattern === undefined ? undefined : `*${PATTERN_WORDS[pattern.kind].title}:* ${escapeText(shorten(`${pattern.words} (${sharesInWords(pattern)})`, FACT_MAX))}`;
}

function signatureOf({ evidence }: Incident): string | undefined {
  const signature = evidence?.signature;
  if (signature === undefined) return undefined;
  const error = codeSpan(shorten(signature.message === '' ? signature.type : `${signature.type}: ${signature.message}`, FACT_MAX));
  return `*Error:* ${error} in ${escapeText(shorten(`${signature.service}, ${signature.operation}`, FACT_MAX))} (${timesInWords(signature.count)})`;
}

function tracesOf({ delivery, publicUrl }: Notification): string[] {
  const traces = delivery.transition.incident.evidence?.traces ?? [];
  if (traces.length === 0) return [];
  const line = (trace: RepresentativeTrace): string =>
    `• ${link(traceUrl(publicUrl, trace), shorten(`${trace.rootService} ${trace.rootName}, ${formatLatency(trace.durationNs)}`, TITLE_MAX))}: ${[escapeText(shorten(trace.reason, FACT_MAX)), ...(trace.alike ?? []).map((each) => link(traceUrl(publicUrl, each), each.words))].join('. ')}`;
  return ['*Traces to open*', ...traces.slice(0, TRACES_MAX).map(line)];
}

/** A group of several incidents leads with one of them; the others must not be hidden behind it. */
function othersOf({ delivery: { group }, publicUrl }: Notification): string[] {
  const { otherIncidents } = group;
  if (otherIncidents.length === 0) return [];
  const shown = otherIncidents.slice(0, OTHERS_MAX).map((id) => link(incidentUrl(publicUrl, id), id));
  const more = otherIncidents.length - shown.length;
  return [`*In the same group:* ${shown.join(', ')}${more === 0 ? '' : ` and ${String(more)} more`}`];
}

function runbookOf({ runbook, delivery }: Notification): string[] {
  if (delivery.transition.incident.isDrill === true) return [];
  if (runbook === undefined) return [`*Runbook:* there is none yet. Name one in ${leadOf(delivery.transition.incident)?.labels['slo'] === undefined ? 'the rule: `runbook`' : 'the SLO: `tocsin.dev/runbook`'}`];
  const title = `*Runbook:* ${link(runbook.url, shorten(runbook.title, TITLE_MAX))}`;
  if (delivery.transition.incident.status === 'resolved') return [title];
  return [title, ...runbookExcerpt(runbook.markdown).map((line) => `> ${line}`)];
}

function buttonsOf({ delivery, runbook, publicUrl }: Notification): LinkButton[] {
  const { incident } = delivery.transition;
  const common = incident.evidence?.traces.find((trace) => trace.role === 'most-common') ?? incident.evidence?.traces[0];
  const buttons = [
    button('open_incident', incident.isDrill === true ? 'All drills' : 'Open incident', incidentUrl(publicUrl, incident.mergedInto ?? incident.id)),
    runbook === undefined ? undefined : button('open_runbook', 'Runbook', runbook.url),
    common === undefined ? undefined : button('open_trace', 'Most common trace', traceUrl(publicUrl, common)),
  ].filter((candidate) => candidate !== undefined && candidate.url.length <= URL_MAX) as LinkButton[];
  const [first, ...rest] = buttons;
  return first === undefined || incident.status === 'resolved' ? buttons : [{ ...first, style: 'primary' }, ...rest];
}

/** What can be done from within Slack: nothing once it is over. */
function pressesOf({ id, status, isDrill }: Incident): ActionButton[] {
  if (status === 'resolved' || isDrill === true) return [];
  const value = pressValueOf(id);
  const press = (action: PressAction, text: string): ActionButton => ({ type: 'button', action_id: action, text: { type: 'plain_text', text }, value });
  return [...(status === 'open' ? [{ ...press('acknowledge', 'Acknowledge'), style: 'primary' as const }] : []), press('silence', 'Silence 1 h'), press('resolve', 'Resolve')];
}

function button(actionId: string, text: string, url: string): LinkButton {
  return { type: 'button', action_id: actionId, text: { type: 'plain_text', text: shorten(text, BUTTON_TEXT_MAX) }, url };
}

function contextOf({ delivery, publicUrl }: Notification): string {
  const { incident, atMs } = delivery.transition;
  const labels = leadOf(incident)?.labels ?? {};
  const { owner, slo, service } = labels;
  const facts = [
    incident.acknowledgedBy === undefined || incident.status === 'acknowledged' ? undefined : `${escapeText(shorten(incident.acknowledgedBy, TITLE_MAX))} had it`,
    owner === undefined ? undefined : `owner ${escapeText(shorten(owner, TITLE_MAX))}`,
    service === undefined ? undefined : `service ${escapeText(shorten(service, TITLE_MAX))}`,
    slo === undefined ? undefined : `SLO ${link(sloUrl(publicUrl, slo), shorten(slo, TITLE_MAX))}`,
    ...(delivery.group.quiet ?? []).map((words) => `🔕 ${escapeText(shorten(words, FACT_MAX))}`),
    incident.id,
    `as of ${date(atMs)}`,
  ];
  return joinWithin(facts, { separator: ' · ', maxLength: CONTEXT_MAX });
}

function section(lines: readonly (string | undefined)[]): SlackBlock | undefined {
  const text = joinWithin(lines, { separator: '\n', maxLength: SECTION_TEXT_MAX });
  return text === '' ? undefined : { type: 'section', text: mrkdwn(text) };
}

/** Whole parts only: a cut inside a link would show its raw markup. */
function joinWithin(parts: readonly (string | undefined)[], { separator, maxLength }: { readonly separator: string; readonly maxLength: number }): string {
  let text = '';
  for (const part of parts) {
    if (part === undefined || part === '') continue;
    const longer = text === '' ? part : `${text}${separator}${part}`;
    if (longer.length <= maxLength) text = longer;
  }
  return text;
}

/** Should all facts be as long as they may be, the later sections give way; buttons and context stay. */
function fitting(blocks: readonly SlackBlock[]): SlackBlock[] {
  const fitted = [...blocks];
  while (blocksTextLength(fitted) > BLOCKS_TEXT_MAX) {
    const last = fitted.findLastIndex((block) => block.type === 'section');
    if (last === -1) break;
    fitted.splice(last, 1);
  }
  return fitted;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
