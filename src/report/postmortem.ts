import { projectedAllowance } from '../budget/error-budget.js';
import type { SloStatus } from '../budget/slo-status.js';
import { windowText } from '../config/calendar.js';
import type { Slo } from '../config/slo.js';
import { ledgerInWords } from '../diagnosis/budget-ledger.js';
import type { RepresentativeTrace } from '../diagnosis/evidence.js';
import { changeNearInWords } from '../diagnosis/nearby-changes.js';
import { onsetInWords } from '../diagnosis/snapshot.js';
import { PATTERN_WORDS, sharesInWords } from '../diagnosis/pattern/pattern-words.js';
import type { Incident } from '../incident/incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import { formatLatency, formatPercent, formatSpan, formatTime } from '../lib/format.js';
import { concerns, type Change } from '../query/change.js';
import type { SloHistoryPoint } from '../query/slo-history.js';

/** An SLO of the incident, and its counts from the beginning of the incident to its end. */
export interface PostmortemSlo {
  readonly slo: Slo;
  readonly points: readonly SloHistoryPoint[];
  /** As the incident last read it: for a young service its budget is the projected one, as messages and pages have it. */
  readonly reading?: SloStatus | undefined;
}

export interface PostmortemInput {
  readonly incident: Incident;
  readonly slos: readonly PostmortemSlo[];
  /** Recorded before and during the incident, newest first. */
  readonly changes: readonly Change[];
  readonly nowMs: number;
  /** Without a slash at the end. */
  readonly publicUrl: string;
}

/** So long before an incident a change is a suspect. */
export const CHANGES_BEFORE_MS = 2 * 60 * MINUTE_MS;

/**
 * A draft, in the order of the SRE workbook's example postmortem: what is known is filled in, what only people know is asked for. Text from
 * outside (titles, messages) cannot become Markdown of its own.
 */
export function postmortemMarkdown(input: PostmortemInput): string {
  const { incident } = input;
  const sections = [
    heading(input), section('Summary', ['_In three sentences: what happened, who noticed it, what ended it._']), section('Impact', impact(input)), section('Times', times(input)),
    section('Cause', cause(input)), section('Traces that show it', traces(input)), section('Changes nearby', changes(input)), ...calls(input), section('Timeline', timeline(incident)),
    section('Questions to the tracing', questions(input)), section('What went well, what did not, where we were lucky', ['- ', '- ', '- ']),
    section('Actions', ['| what | kind (prevent, detect, mitigate) | who | until |', '|---|---|---|---|', '| | | | |']),
  ];
  return `${sections.join('\n\n')}\n`;
}

function heading({ incident, publicUrl }: PostmortemInput): string {
  const { id, title, status, severity, acknowledgedBy } = incident;
  const lines = [`# Postmortem: ${plain(title)}`, '', `Draft, made from what Tocsin stored. [${id}](${publicUrl}/incidents/${encodeURIComponent(id)}), ${severity}, ${status}${acknowledgedBy === undefined ? '' : `, taken by ${plain(acknowledgedBy)}`}.`];
  return lines.join('\n');
}

function section(title: string, lines: readonly string[]): string {
  return [`## ${title}`, '', ...lines].join('\n');
}

function impact({ incident, slos }: PostmortemInput): string[] {
  if (slos.length === 0) return ['No SLO of this incident is in the rules, so that its budget cannot be told.', '', `- Bad events seen when the page was made: ${String(incident.evidence?.badEvents ?? 'not known')}`];
  return ['| SLO | bad events | of all | error budget | budget minutes |', '|---|---|---|---|---|', ...slos.map(impactRow), '', '_Who noticed, and what could they not do?_'];
}

/** Budget minutes: what the loss would be as time of total outage, of the whole window's allowance. */
function impactRow({ slo, points, reading }: PostmortemSlo): string {
  const [bad, good] = [points.reduce((sum, point) => sum + point.bad, 0), points.reduce((sum, point) => sum + point.good, 0)];
  const allowed = reading === undefined ? undefined : projectedAllowance(reading, reading.events ?? 0, slo.target);
  const remaining = (point: SloHistoryPoint): number | undefined => (allowed === undefined ? point.budgetRemaining : 1 - point.window.bad / allowed);
  const [before, after] = [points.slice(0, 1).map(remaining)[0], points.slice(-1).map(remaining)[0]];
  const lost = before === undefined || after === undefined ? undefined : Math.max(0, before - after);
  const allowedMinutes = ((1 - slo.target) * slo.windowMs) / MINUTE_MS;
  const digits = allowed === undefined ? 1 : 2;
  const budget = before === undefined || after === undefined ? 'not known' : `${allowed === undefined ? '' : 'projected '}${formatPercent(before, digits)} → ${formatPercent(after, digits)}`;
  const minutes = lost === undefined ? 'not known' : `${(lost * allowedMinutes).toFixed(1)} of ${allowedMinutes.toFixed(1)} (${windowText(slo)})`;
  return `| ${plain(slo.displayName)} | ${String(Math.round(bad))} | ${good + bad === 0 ? 'no events' : formatPercent(bad / (good + bad))} | ${budget} | ${minutes} |`;
}

function times({ incident, nowMs }: PostmortemInput): string[] {
  const { startedAtMs, endedAtMs, evidence, timeline: entries } = incident;
  const first = evidence?.traces.filter(({ role }) => role !== 'healthy').flatMap(({ startMs, alike = [] }) => [startMs, ...alike.map((each) => each.startMs)]);
  const firstBadMs = first === undefined || first.length === 0 ? undefined : Math.min(...first);
  const taken = entries.find(({ kind }) => kind === 'acknowledged');
  return [
    `- First bad event that is stored: ${firstBadMs === undefined ? 'not known' : formatTime(firstBadMs)}`,
    ...(evidence?.snapshot?.onset === undefined ? [] : [`- Began ${plain(onsetInWords(evidence.snapshot.onset))}`]),
    `- Detected: ${formatTime(startedAtMs)}${firstBadMs === undefined || firstBadMs > startedAtMs ? '' : `, ${formatSpan(startedAtMs - firstBadMs)} after it`}`,
    `- Taken over: ${taken === undefined ? 'by nobody' : `${formatTime(taken.atMs)} by ${plain(taken.actor)}, ${formatSpan(taken.atMs - startedAtMs)} after it was detected`}`,
    `- Over: ${endedAtMs === undefined ? `not yet, after ${formatSpan(nowMs - startedAtMs)}` : `${formatTime(endedAtMs)}, after ${formatSpan(endedAtMs - startedAtMs)}`}`,
  ];
}

/** The largest differences between failures and healthy requests; the incident has all. */
const COMPARED_SHOWN = 3;

function cause({ incident }: PostmortemInput): string[] {
  const { evidence, causes = [] } = incident;
  const lines = [...(evidence?.suspect === undefined ? [] : [`- Suspect: ${plain(evidence.suspect)}`])];
  if (evidence?.signature !== undefined) {
    const { type, message, service, operation, id, count } = evidence.signature;
    lines.push(`- Signature: \`${code(`${type}${message === '' ? '' : `: ${message.split('\n')[0] ?? ''}`}`)}\` in ${plain(service)} ${plain(operation)}, ${String(count)} of ${String(evidence.examined)} looked at (${id})`);
  }
  lines.push(...(evidence?.comparison ?? []).slice(0, COMPARED_SHOWN).map(({ words }) => `- In common: ${plain(words)}`));
  const burned = ledgerInWords(evidence?.ledger ?? []);
  if (burned !== undefined) lines.push(`- Budget: ${plain(burned)}`);
  const change = evidence?.snapshot?.suspect;
  if (change !== undefined) lines.push(`- Changed: ${plain(changeNearInWords(change))}`);
  lines.push(...(evidence?.patterns ?? []).filter(({ explains }) => explains).map((pattern) => `- ${PATTERN_WORDS[pattern.kind].title}: ${plain(`${pattern.words} (${sharesInWords(pattern)})`)}`));
  lines.push(...causes.map(({ words }) => `- One cause: ${plain(words)}`));
  return [...(lines.length === 0 ? ['- The traces do not say.'] : lines), '', '_What let it happen, and why now?_'];
}

function traces({ incident, publicUrl }: PostmortemInput): string[] {
  const shown = incident.evidence?.traces ?? [];
  if (shown.length === 0) return ['None are stored.'];
  const link = (words: string, { traceId, spanId }: Pick<RepresentativeTrace, 'traceId' | 'spanId'>): string => `[${words}](${publicUrl}/traces/${traceId}?span=${spanId})`;
  return shown.map((trace) => `- ${link(trace.traceId.slice(0, 8), trace)}: ${[plain(trace.reason), ...(trace.alike ?? []).map((each) => link(plain(each.words), each))].join('. ')}`);
}

function changes({ incident, changes: all }: PostmortemInput): string[] {
  const services = new Set([...incident.alerts.flatMap(({ labels }) => labels['service'] ?? []), ...(incident.evidence?.origins ?? []).map(({ service }) => service)]);
  const frozen = incident.evidence?.snapshot?.changes ?? [];
  const near = all.filter(({ id }) => !frozen.some((change) => change.id === id)).filter((change) => [...services].some((service) => concerns(change, service)) || services.size === 0);
  if (near.length + frozen.length === 0) return ['None were recorded (`POST /api/v1/changes` records them), and no new version was seen.'];
  const later = near.map(({ atMs, kind, service, version, title, by }) => `- ${formatTime(atMs)} ${kind}${service === undefined ? '' : ` of ${plain(service)}`}${version === undefined ? '' : ` ${plain(version)}`}: ${plain(title)} (${plain(by)})`);
  return [...frozen.map((change) => `- ${formatTime(change.atMs)} ${plain(changeNearInWords(change))}`), ...later];
}

const CALLS_SHOWN = 15;

/** Frozen when the page opened: the service graph of that time may be gone. */
function calls({ incident: { evidence } }: PostmortemInput): string[] {
  const graph = evidence?.snapshot?.graph ?? [];
  if (graph.length === 0) return [];
  const rows = graph.slice(0, CALLS_SHOWN).map(({ client, server, calls: count, failed, meanNs }) => `| ${plain(client)} | ${plain(server)} | ${String(Math.round(count))} | ${count === 0 ? '' : formatPercent(failed / count, 1)} | ${formatLatency(meanNs)} |`);
  return [section('Calls around it, from its beginning to the page', ['| from | to | calls | failed | mean |', '|---|---|---|---|---|', ...rows])];
}

function timeline({ timeline: entries }: Incident): string[] {
  return entries.filter(({ kind }) => kind !== 'updated').map(({ atMs, actor, text }) => `- ${formatTime(atMs)} ${plain(actor)}: ${plain(text)}`);
}

function questions({ incident }: PostmortemInput): string[] {
  const { evidence, alerts } = incident;
  const silent = [...new Set((evidence?.origins ?? []).filter(({ caller }) => caller !== undefined).map(({ service, caller }) => `${service} (called by ${caller ?? ''})`))];
  const unknown = Math.max(0, ...alerts.map(({ reading }) => reading?.unknownWeightShare ?? 0));
  const coverage = Math.min(1, ...alerts.map(({ reading }) => reading?.coverage ?? 1));
  return [
    `- Which traces helped? ${evidence === undefined ? 'None were attached.' : `${String(evidence.traces.length)} were attached, of ${String(evidence.badEvents)} bad events ${String(evidence.examined)} were looked at.`} _Which of them said it?_`,
    `- Was sampling adequate? ${unknown > 0 ? `${formatPercent(unknown)} of the events came sampled, at a rate that they do not say.` : 'All events said what they stand for.'} ${coverage < 1 ? `Data is missing for ${formatPercent(1 - coverage)} of the window.` : 'No data is missing.'}`,
    `- Which instrumentation was missing? ${evidence?.origins === undefined ? 'Not known: no traces were looked at.' : silent.length === 0 ? 'Every place that failed sent its own spans.' : `No spans of its own came from ${silent.map(plain).join(', ')}.`} _What had to be guessed?_`,
  ];
}

/** Punctuation that Markdown reads is escaped: what spans say is text. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>#|~]/g, (sign) => `\\${sign}`);
}


/** Inside of backticks nothing is escaped. */
function code(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('`', '\'');
}
