import { wilsonInterval } from '../budget/wilson.js';
import type { Origin } from '../diagnosis/evidence.js';
import type { Cause, CauseShare, CauseSubject } from './cause.js';
import { CAUSE_ALL_MIN, CAUSE_EVENTS_MIN, CAUSE_SHARE_LOW } from './incident-policy.js';
import type { Incident } from './incident.js';
import { SIGNATURE_ALERT } from './words.js';

/**
 * What the traces of two incidents say about a common cause: the same failure at the same place explains the bad events of both, those of
 * one begin in the very service that the other is about, or with an error that the other is about. Only what is sure counts: a cause that is wrongly
 * called common hides a page.
 */
export function traceCause(joining: Incident, open: Incident): Cause | undefined {
  const left = subjectsOf(joining);
  const right = subjectsOf(open);
  return firstOf(left, right, sameOrigin) ?? firstOf(left, right, (one, other) => upstream(one, other) ?? upstream(other, one)) ?? alertedError(left, open) ?? alertedError(right, joining);
}

/** The SLOs of an incident of which traces were looked at, its own first. What has ended explains nothing any more. */
export function subjectsOf(incident: Incident): readonly CauseSubject[] {
  const firing = new Map(incident.alerts.flatMap((alert) => (alert.status === 'firing' && alert.reading !== undefined ? [[alert.reading.slo, alert] as const] : [])));
  const joined = (incident.causes ?? []).flatMap(({ subject }) => subject ?? []);
  const own = subjectOf(incident, new Set(joined.map(({ slo }) => slo)));
  return [...(own === undefined ? [] : [own]), ...joined].filter(({ slo }) => firing.has(slo));
}

/** The SLO whose bad events the incident's own evidence is about. */
export function subjectOf({ alerts, evidence }: Incident, joined: ReadonlySet<string> = new Set()): CauseSubject | undefined {
  const alert = alerts.find(({ reading }) => reading !== undefined && !joined.has(reading.slo));
  if (alert?.reading === undefined || evidence?.origins === undefined) return undefined;
  return { slo: alert.reading.slo, ...(alert.sloTitle === undefined ? {} : { title: alert.sloTitle }), service: alert.labels['service'] ?? '', examined: evidence.examined, badEvents: evidence.badEvents, origins: evidence.origins };
}

function firstOf(left: readonly CauseSubject[], right: readonly CauseSubject[], find: (one: CauseSubject, other: CauseSubject) => Cause | undefined): Cause | undefined {
  for (const one of left) {
    for (const other of right) {
      const cause = find(one, other);
      if (cause !== undefined) return cause;
    }
  }
  return undefined;
}

function sameOrigin(one: CauseSubject, other: CauseSubject): Cause | undefined {
  const [origin] = one.origins;
  const [otherOrigin] = other.origins;
  if (origin === undefined || otherOrigin === undefined || !isSameWay(origin, otherOrigin)) return undefined;
  const shares = [one, other].map((subject) => shareOf(subject, (each) => isSameWay(origin, each)));
  if (!shares.every(isSure)) return undefined;
  const how = origin.kind === 'slow' ? 'spent most of the extra time' : `began with the same error${origin.what === undefined ? '' : ` (${origin.what})`}`;
  const where = [one, other].some(({ origins }) => origins.some((each) => each.key !== origin.key && isSameWay(origin, each))) ? `, mostly in ${origin.operation}` : ` ${origin.operation}`;
  return { rule: 'same-origin', place: placeOf(origin), shares, words: `${inWords(shares)} ${how} in ${origin.service}${where}` };
}

/** The same failure at the same place; or slow answers of one dependency to one caller, whatever was asked: what is slow is the dependency, or the way to it. */
function isSameWay(one: Origin, other: Origin): boolean {
  if (one.key === other.key) return true;
  return one.kind === 'slow' && other.kind === 'slow' && one.address !== undefined && one.address === other.address && one.service === other.service && one.caller === other.caller;
}

/** The bad events of `one` begin in the service of `other`, in an operation in which those of `other` begin as well. */
function upstream(one: CauseSubject, other: CauseSubject): Cause | undefined {
  if (one.service === other.service) return undefined;
  const isThere = ({ service }: Origin): boolean => service === other.service;
  const origin = one.origins.find(isThere);
  if (origin === undefined || !other.origins.some((each) => isThere(each) && each.operation === origin.operation)) return undefined;
  const shares = [one, other].map((subject) => shareOf(subject, isThere));
  if (!shares.every(isSure)) return undefined;
  return { rule: 'upstream', place: placeOf(origin), shares, words: `${inWords(shares.slice(0, 1))} began in ${origin.service}, mostly in ${origin.operation}, and ${subjectName(other)} of that service fails there too` };
}

/** The bad events begin at one place, and the alert on the signature is about an error there: about all of its requests, so that its own traces need no look. */
function alertedError(subjects: readonly CauseSubject[], other: Incident): Cause | undefined {
  const names = signaturesOf(other);
  if (names.size === 0) return undefined;
  for (const subject of subjects) {
    const origin = subject.origins.find(({ key }) => names.has(key));
    if (origin === undefined) continue;
    const share = shareOf(subject, ({ service, operation, kind }) => kind === 'failed' && service === origin.service && operation === origin.operation);
    const error = origin.what === undefined ? '' : ` (${origin.what})`;
    const ofIt = share.explained === origin.count ? '' : `, ${String(origin.count)} of them`;
    if (isSure(share)) return { rule: 'same-origin', place: placeOf(origin), shares: [share], words: `${inWords([share])} began in ${origin.service} ${origin.operation}${ofIt} with the error that was alerted on${error}` };
  }
  return undefined;
}

/** Errors that alerts of this incident are about. What it is about alone may have other names by now: those of its traces. */
function signaturesOf({ key, alerts, evidence }: Incident): ReadonlySet<string> {
  const alerted = alerts.flatMap(({ status, labels }) => (status === 'firing' && labels['alertname'] === SIGNATURE_ALERT ? labels['signature'] ?? [] : []));
  const own = alerted.length > 0 && key.startsWith('signature:') ? (evidence?.origins ?? []).map((origin) => origin.key) : [];
  return new Set([...alerted, ...own]);
}

function shareOf({ slo, title, examined, badEvents, origins }: CauseSubject, isPart: (origin: Origin) => boolean): CauseShare {
  const parts = origins.filter(isPart);
  const explained = parts.reduce((sum, { count }) => sum + count, 0);
  // Where a slow request lost its time is inferred from others; where a failed one failed is written in it.
  const isAll = explained === examined && examined === badEvents && parts.every(({ kind }) => kind === 'failed');
  return { slo, ...(title === undefined ? {} : { title }), explained, examined, low: wilsonInterval(examined === 0 ? 0 : explained / examined, examined).low, ...(isAll ? { all: true } : {}) };
}

/** Enough of them to speak for those to come; or all that there are, which are what the alert is about. */
function isSure({ examined, low, all }: CauseShare): boolean {
  return (examined >= CAUSE_EVENTS_MIN && low >= CAUSE_SHARE_LOW) || (all === true && examined >= CAUSE_ALL_MIN);
}

function placeOf({ service, operation }: Origin): Cause['place'] {
  return { service, operation };
}

/** `"Shop front works"`; its id where an older version stored no more. */
export function subjectName({ slo, title }: Pick<CauseSubject, 'slo' | 'title'>): string {
  return title === undefined ? slo : `"${title}"`;
}

/** `57 of 60 bad events of "Shop front works" and 41 of 41 of "Checkout works"`. */
function inWords(shares: readonly CauseShare[]): string {
  return shares.map((share, index) => `${String(share.explained)} of ${String(share.examined)} ${index === 0 ? 'bad events ' : ''}of ${subjectName(share)}`).join(' and ');
}
