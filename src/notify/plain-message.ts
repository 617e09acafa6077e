import { formatLatency, formatSpan, formatTime } from '../lib/format.js';
import type { Notification } from './delivery.js';
import { incidentUrl, sloUrl, traceUrl } from './links.js';
import { arithmeticOf, headlineOf, leadOf, timesInWords, TITLE_MAX } from './message-parts.js';
import { shorten } from './slack-mrkdwn.js';

/** One fact of a message: an error message of a megabyte must not push the runbook out of sight. */
const FACT_MAX = 300;
const TRACES_MAX = 5;
const OTHERS_MAX = 5;
const QUIET_MAX = 5;

export interface Link {
  readonly label: string;
  readonly url: string;
}

/** What every message says, in plain text, for receivers that have no layout of their own. Every text is one line. */
export interface PlainMessage {
  readonly headline: string;
  /** The arithmetic: `burning 21x, 71 % of the error budget left`. */
  readonly words: string | undefined;
  /** What this message is about, where it is not the first of its incident. */
  readonly news: string | undefined;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** With those that show the same and have something of their own to be said: the label says it. */
  readonly traces: readonly (Link & { readonly reason: string; readonly alike: readonly Link[] })[];
  readonly others: readonly Link[];
  readonly runbook: (Link & { readonly markdown: string }) | undefined;
  readonly incident: Link;
}

/** In the order in which a woken person asks: what, how bad and since when, suspected cause, error, traces, runbook. */
export function plainMessage({ delivery, publicUrl, runbook }: Notification): PlainMessage {
  const { transition, group } = delivery;
  const { incident } = transition;
  const entry = incident.timeline.findLast(({ kind }) => kind === transition.kind)?.text;
  return {
    headline: headlineOf(incident), words: line(arithmeticOf(incident)), news: transition.kind === 'opened' ? undefined : line(transition.news ?? entry),
    facts: factsOf({ delivery, publicUrl }),
    traces: (incident.evidence?.traces ?? []).slice(0, TRACES_MAX).map((trace) => ({
      label: shorten(`${trace.rootService} ${trace.rootName}, ${formatLatency(trace.durationNs)}`, TITLE_MAX), url: traceUrl(publicUrl, trace), reason: shorten(trace.reason, FACT_MAX),
      alike: (trace.alike ?? []).map((each) => ({ label: each.words, url: traceUrl(publicUrl, each) })),
    })),
    others: group.otherIncidents.slice(0, OTHERS_MAX).map((id) => ({ label: id, url: incidentUrl(publicUrl, id) })),
    runbook: runbook === undefined ? undefined : { label: shorten(runbook.title, TITLE_MAX), url: runbook.url, markdown: runbook.markdown },
    incident: { label: incident.isDrill === true ? 'All drills' : 'Open incident', url: incidentUrl(publicUrl, incident.id) },
  };
}

/** For services that take plain lines. */
export function tracesInWords({ label, url, reason, alike }: PlainMessage['traces'][number]): readonly string[] {
  return [`${label}: ${reason} ${url}`, ...alike.map((each) => `${each.label}: ${each.url}`)];
}

function factsOf({ delivery, publicUrl }: Pick<Notification, 'delivery' | 'publicUrl'>): PlainMessage['facts'] {
  const { incident, atMs } = delivery.transition;
  const { evidence } = incident;
  const { owner, service, slo } = leadOf(incident)?.labels ?? {};
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Since', incident.endedAtMs === undefined ? formatTime(incident.startedAtMs) : undefined],
    ['Lasted', incident.endedAtMs === undefined ? undefined : `${formatSpan(incident.endedAtMs - incident.startedAtMs)}, from ${formatTime(incident.startedAtMs)} to ${formatTime(incident.endedAtMs)}`],
    ['Suspected cause', evidence?.suspect],
    ['Error', evidence?.signature === undefined ? undefined : `${[evidence.signature.type, evidence.signature.message].filter((part) => part !== '').join(': ')} in ${evidence.signature.service}, ${evidence.signature.operation} (${timesInWords(evidence.signature.count)})`],
    ['Service', service],
    ['Owner', owner],
    ['SLO', slo === undefined ? undefined : sloUrl(publicUrl, slo)],
    ...(delivery.group.quiet ?? []).slice(0, QUIET_MAX).map((words) => ['Quiet', words] as const),
    ['As of', formatTime(atMs)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: shorten(value.replaceAll(/\s+/g, ' ').trim(), FACT_MAX) }]));
}

function line(text: string | undefined): string | undefined {
  const calm = text?.replaceAll(/\s+/g, ' ').trim();
  return calm === undefined || calm === '' ? undefined : shorten(calm, FACT_MAX);
}
