import { formatLatency, formatPercent, formatTime } from '../../lib/format.js';
import { isOfService, type Aspect, type Change, type Count } from './change.js';
import { splitAt, sumOf } from './judge.js';
import type { LooseChange } from './loose-logs.js';
import { traitOf } from './observe.js';
import type { ResourceFinding } from './resource.js';
import type { Charge, CulpritResource } from './suspect.js';
import { median, timesOf, type TimeKind } from './times.js';

const MAX_STATEMENT = 120;

export interface WordOptions {
  readonly baselineName: string;
  readonly onsetMs: number | undefined;
}

/** "19 of 24 requests of GET /items failed in catalogue itself (0 of 7 in the baseline)". */
export function chargeInWords(charge: Charge, resource: ResourceFinding | undefined, { baselineName, onsetMs }: WordOptions): string {
  const { change } = charge;
  const since = onsetMs === undefined ? undefined : riseSince(change, onsetMs);
  const { count, of } = since?.after ?? tally(change.counts, 'incident');
  const before = tally(change.counts, 'baseline');
  const subject = `${count} of ${of} ${placeOfChange(charge)}`;
  const earlier = since === undefined ? '' : `${since.before.count} of ${since.before.of} before, `;
  const when = since === undefined ? '' : ` since ${formatTime(onsetMs!)}`;
  return `${feltInWords(charge)}${subject} ${deed(change)}${when} (${earlier}${before.count} of ${before.of} in ${baselineName}, like with like by call path)${resourceInWords(resource)}`;
}

/** What callers of the suspect felt, where it is not of its own requests that the counts are. */
function feltInWords({ service, felt }: Charge): string {
  switch (felt) {
    case undefined: return '';
    case 'gone': return `${service} answers no request any more: `;
    case 'missing': return `calls of ${service} are missing, as its other callers show: `;
    case 'last': return `who gets an answer of ${service} stops there, as its other callers show: `;
  }
}

/** The counts before and after the onset, where they tell more than those of the whole incident. */
function riseSince({ counts }: Change, onsetMs: number): { readonly before: Tally; readonly after: Tally } | undefined {
  const split = counts.map((count) => splitAt(count, onsetMs));
  const [before, after] = [tally(split.map((each) => each.before), 'incident'), tally(split.map((each) => each.after), 'incident')];
  return before.of > 0 && after.of > 0 && after.count / after.of > before.count / before.of ? { before, after } : undefined;
}

/** "logs “connection refused” outside of requests in 40 of 60 stretches of time (0 of 60 in the baseline)". */
export function looseInWords(change: LooseChange): string {
  const { baseline, baselineOf, incident, incidentOf } = change.count;
  const verb = change.kind === 'appears' ? 'logs' : 'does not log';
  return `${change.service} ${verb} ${quoted(change.statement)} outside of requests in ${incident} of ${incidentOf} stretches of time (${baseline} of ${baselineOf} in the baseline)`;
}

/** What keeps to one resource, to be put into words. */
export interface Served {
  readonly service: string;
  readonly attribute: string;
  readonly value: string;
  /** By operation: the affected requests (`incident`) and those that they are compared with (`baseline`). */
  readonly counts: readonly Count[];
  /** Where the latter are from. */
  readonly others: 'incident' | 'baseline' | 'both';
  /** That of which most falls on the resource. */
  readonly charge: Charge;
}

/** "22 of 24 affected requests of cart were served by k8s.pod.name=cart-a (10 of 56 others of the same operations): 24 of 80 …". */
export function servedInWords({ service, attribute, value, counts, others, charge }: Served, same: CulpritResource['same'], options: WordOptions): string {
  const [affected, rest] = [tally(counts, 'incident'), tally(counts, 'baseline')];
  const namesakes = same.length === 0 ? '' : `, which is also ${same.map((each) => `${each.attribute}=${each.value}`).join(', ')}`;
  const compared = others === 'baseline' ? `in ${options.baselineName}` : 'others of the same operations';
  return `${affected.count} of ${affected.of} affected requests of ${service} were served by ${attribute}=${value}${namesakes} (${rest.count} of ${rest.of} ${compared}): ${chargeInWords(charge, undefined, options)}`;
}

/** What was counted where it was felt is not always charged there. */
function placeOfChange({ service, operation, caller, change }: Charge): string {
  if (change.aspect.kind === 'gone') return `requests in which ${change.caller} calls ${change.service}`;
  if (isOfService(change)) return change.aspect.kind === 'late' ? `calls by or to ${service}` : `requests of ${service}, all its operations together,`;
  if (change.service === service) return `requests of ${service} ${operation}${caller === undefined ? '' : ` (called by ${caller})`}`;
  return change.aspect.kind === 'late' ? `requests of ${change.service} ${change.operation}, called by ${service},` : `requests of ${change.service} ${change.operation}`;
}

function deed(change: Change): string {
  const { aspect } = change;
  switch (aspect.kind) {
    case 'failed': return `failed${failureInWords(change)}, and nothing that they called explains it`;
    case 'gone': return 'find that nobody answers';
    case 'appears':
    case 'vanishes': return traitInWords(aspect);
    case 'slow':
    case 'late':
    case 'queued': return timeInWords(change, aspect.kind);
  }
}

/** How most of them failed. */
function failureInWords(change: Change): string {
  const ways = new Map<string, number>();
  for (const { stratum } of change.counts) {
    for (const { observations } of stratum.incident) {
      const by = observations.find((each) => each.failedBy !== undefined)?.failedBy;
      if (by !== undefined) ways.set(by, (ways.get(by) ?? 0) + 1);
    }
  }
  const [most] = [...ways].sort(([left, count], [right, other]) => other - count || (left < right ? -1 : 1));
  return most === undefined ? '' : ` with ${quoted(most[0])}`;
}

function traitInWords(aspect: Extract<Aspect, { readonly trait: string }>): string {
  const { kind, what, times } = traitOf(aspect.trait);
  const often = times > 1 ? ` at least ${times} times` : '';
  const isNew = aspect.kind === 'appears';
  switch (kind) {
    case 'calls': return `${isNew ? 'call' : 'do not call'} ${what}${often}`;
    case 'does': return `${isNew ? 'have' : 'lack'} the span ${what}${often}`;
    case 'logs': return `${isNew ? 'log' : 'do not log'} ${quoted(what)}${often}`;
  }
}

const LOSS: Readonly<Record<TimeKind, string>> = { slow: 'spend their time in its own work', late: 'lose their time on the way', queued: 'are of messages that waited for it' };

function timeInWords(change: Change, kind: TimeKind): string {
  const units = change.counts.flatMap(({ stratum, traceIds }) => stratum.incident.filter((unit) => traceIds.includes(unit.traceId)));
  const before = median(timesOf(change.counts.flatMap(({ stratum }) => stratum.baseline), kind));
  const after = median(timesOf(units, kind));
  return `${LOSS[kind]}: ${formatLatency(after)} where ${formatLatency(before)} is usual`;
}

function resourceInWords(resource: ResourceFinding | undefined): string {
  if (resource?.shares === undefined) return '';
  const { affected, others } = resource.shares;
  return `; ${formatPercent(affected, 0)} of them on ${resource.attribute}=${resource.value} (${formatPercent(others, 0)} of the others)`;
}

function quoted(statement: string): string {
  return `"${statement.length > MAX_STATEMENT ? `${statement.slice(0, MAX_STATEMENT)}…` : statement}"`;
}

interface Tally {
  readonly count: number;
  readonly of: number;
}

function tally(counts: readonly Count[], side: 'baseline' | 'incident'): Tally {
  return { count: sumOf(counts, side), of: sumOf(counts, side === 'baseline' ? 'baselineOf' : 'incidentOf') };
}
