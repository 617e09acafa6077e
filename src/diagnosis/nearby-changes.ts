import { MINUTE_MS } from '../lib/duration.js';
import { formatSpan } from '../lib/format.js';
import type { NearbyChange, RecordedKind } from './snapshot.js';

/** What was done so long before may have begun it. */
export const CHANGES_BEFORE_MS = 120 * MINUTE_MS;
/** A pipeline records its deployment when it is done, and spans of the new version may be seen a little late. */
export const CHANGES_AFTER_MS = 5 * MINUTE_MS;
/** Nearer than this, a change of a service in which failures begin is named in the message. */
const SUSPICIOUS_MS = 30 * MINUTE_MS;
/** A version that is there when the view begins was there before. */
const VIEW_BEGINS_MS = 2 * MINUTE_MS;
/** The same deployment, recorded and seen. */
const SAME_MS = 15 * MINUTE_MS;
const KEPT = 10;

/** As somebody recorded it. */
export interface RecordedChange {
  readonly id: string;
  readonly atMs: number;
  readonly kind: RecordedKind;
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly title: string;
  readonly by: string;
  readonly url: string | undefined;
}

/** Requests of one version of a service, and when the first was seen. */
export interface SeenVersion {
  readonly service: string;
  readonly version: string;
  readonly firstSeenMs: number;
}

/** Versions that appeared while another one was there, by their own spans. */
export function newVersions(seen: readonly SeenVersion[], viewFromMs: number): readonly Omit<NearbyChange, 'beforeMs'>[] {
  const fromMs = Math.max(viewFromMs, Math.min(...seen.map(({ firstSeenMs }) => firstSeenMs)));
  return seen.filter(({ version, firstSeenMs }) => version !== '' && firstSeenMs - fromMs >= VIEW_BEGINS_MS).flatMap(({ service, version, firstSeenMs }) => {
    const earlier = seen.filter((each) => each.service === service && each.version !== '' && each.firstSeenMs < firstSeenMs).sort((left, right) => right.firstSeenMs - left.firstSeenMs)[0];
    return earlier === undefined ? [] : [{ kind: 'version' as const, atMs: firstSeenMs, service, version, previous: earlier.version, title: `first requests of version ${version}, after ${earlier.version}` }];
  });
}

export interface NearbyInput {
  readonly recorded: readonly RecordedChange[];
  readonly versions: readonly Omit<NearbyChange, 'beforeMs'>[];
  readonly beganMs: number;
  /** It began so much later at most: within a minute nobody knows which came first. */
  readonly withinMs: number;
  /** In which failures begin or pass through, the most suspicious first. */
  readonly services: readonly string[];
}

/** What was done near the beginning: of the services concerned before all others, before it rather than after it, the nearest first. */
export function nearbyChanges({ recorded, versions, beganMs, withinMs, services }: NearbyInput): readonly NearbyChange[] {
  const told = recorded.map(({ service, version, url, ...change }) => {
    const seen = versions.find((each) => each.service === service && each.version === version && Math.abs(each.atMs - change.atMs) <= SAME_MS);
    return { ...change, ...(service === undefined ? {} : { service }), ...(version === undefined ? {} : { version }), ...(url === undefined ? {} : { url }), ...(seen?.previous === undefined ? {} : { previous: seen.previous }) };
  });
  const unrecorded = versions.filter((seen) => !recorded.some(({ service, version, atMs }) => seen.service === service && seen.version === version && Math.abs(seen.atMs - atMs) <= SAME_MS));
  const rank = ({ service }: Pick<NearbyChange, 'service'>): number => (service === undefined ? 1 : services.includes(service) ? 0 : 2);
  return [...told, ...unrecorded].map((change) => ({ ...change, beforeMs: change.atMs > beganMs && change.atMs < beganMs + withinMs ? 0 : beganMs - change.atMs }))
    .filter(({ beforeMs }) => beforeMs <= CHANGES_BEFORE_MS && beforeMs >= -CHANGES_AFTER_MS)
    .sort((left, right) => rank(left) - rank(right) || Number(left.beforeMs < 0) - Number(right.beforeMs < 0) || Math.abs(left.beforeMs) - Math.abs(right.beforeMs) || (left.title < right.title ? -1 : 1))
    .slice(0, KEPT);
}

/** The change to name in a message: of a service concerned or of the whole system, shortly before it began. */
export function suspiciousChange(changes: readonly NearbyChange[] | undefined, services: readonly string[]): NearbyChange | undefined {
  return changes?.find(({ kind, service, beforeMs }) => kind !== 'note' && (service === undefined || services.includes(service)) && beforeMs <= SUSPICIOUS_MS && beforeMs >= -CHANGES_AFTER_MS);
}

/** "payment 2.3 deployed 4 min before it began: new bank (by ci)". */
export function changeNearInWords(change: NearbyChange): string {
  const { kind, service, version, title, by, difference } = change;
  const what = [service, version].filter((part) => part !== undefined && part !== '').join(' ');
  const done = { deployment: 'deployed', flag: 'flag changed', config: 'configuration changed', note: 'note', version: 'appeared' }[kind];
  const text = kind === 'version' ? `, ${title}` : `: ${title}${by === undefined ? '' : ` (by ${by})`}`;
  return `${what === '' ? '' : `${what} `}${done} ${distanceInWords(change)}${text}${difference === undefined ? '' : `. ${difference}`}`;
}

export function distanceInWords({ beforeMs }: Pick<NearbyChange, 'beforeMs'>): string {
  if (beforeMs === 0) return 'in the minute in which it began';
  return `${formatSpan(Math.abs(beforeMs))} ${beforeMs >= 0 ? 'before it began' : 'after it began'}`;
}
