import { formatLatency, formatPercent } from '../../lib/format.js';
import type { Aspect, Change } from './contrast.js';
import type { LooseChange } from './loose-logs.js';
import { traitOf } from './observe.js';
import type { ResourceFinding } from './resource.js';
import type { Charge } from './suspect.js';
import { median, timesOf } from './times.js';

const MAX_STATEMENT = 120;

/** "19 of 24 requests of GET /items failed in catalogue itself (0 of 7 in the baseline)". */
export function chargeInWords(charge: Charge, resource: ResourceFinding | undefined, baselineName: string): string {
  const [before, after] = [sum(charge.change, 'baseline'), sum(charge.change, 'incident')];
  const place = charge.caller === undefined ? `${charge.service} ${charge.operation}` : `${charge.service} ${charge.operation} (called by ${charge.caller})`;
  const subject = `${after.count} of ${after.of} requests of ${placeOfChange(charge, place)}`;
  const baseline = `${before.count} of ${before.of} in ${baselineName}`;
  const isGone = charge.change.service !== charge.service && charge.change.aspect.kind !== 'late';
  return `${isGone ? `${charge.service} answers no request any more: ` : ''}${subject} ${deed(charge.change)} (${baseline}, like with like by call path)${resourceInWords(resource)}`;
}

/** "logs “connection refused” outside of requests in 40 of 60 stretches of time (0 of 60 in the baseline)". */
export function looseInWords(change: LooseChange): string {
  const { baseline, baselineOf, incident, incidentOf } = change.count;
  const verb = change.kind === 'appears' ? 'logs' : 'does not log';
  return `${change.service} ${verb} ${quoted(change.statement)} outside of requests in ${incident} of ${incidentOf} stretches of time (${baseline} of ${baselineOf} in the baseline)`;
}

/** What was counted where it was felt is not always charged there. */
function placeOfChange({ service, change }: Charge, place: string): string {
  if (change.service === service) return place;
  return change.aspect.kind === 'late' ? `${change.service} ${change.operation}, called by ${service},` : `${change.service} ${change.operation}`;
}

function deed(change: Change): string {
  const { aspect } = change;
  switch (aspect.kind) {
    case 'failed': return `failed${failureInWords(change)}, and nothing that they called explains it`;
    case 'appears':
    case 'vanishes': return traitInWords(aspect);
    case 'slow':
    case 'late': return timeInWords(change, aspect.kind);
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

function timeInWords(change: Change, kind: 'slow' | 'late'): string {
  const units = change.counts.flatMap(({ stratum, traceIds }) => stratum.incident.filter((unit) => traceIds.includes(unit.traceId)));
  const before = median(timesOf(change.counts.flatMap(({ stratum }) => stratum.baseline), kind));
  const after = median(timesOf(units, kind));
  const what = kind === 'slow' ? 'spend their time in its own work' : 'lose their time on the way to it and back';
  return `${what}: ${formatLatency(after)} where ${formatLatency(before)} is usual`;
}

function resourceInWords(resource: ResourceFinding | undefined): string {
  if (resource?.shares === undefined) return '';
  const { affected, others } = resource.shares;
  return `; ${formatPercent(affected, 0)} of them on ${resource.attribute}=${resource.value} (${formatPercent(others, 0)} of the others)`;
}

function quoted(statement: string): string {
  return `"${statement.length > MAX_STATEMENT ? `${statement.slice(0, MAX_STATEMENT)}…` : statement}"`;
}

function sum(change: Change, side: 'baseline' | 'incident'): { readonly count: number; readonly of: number } {
  const of = side === 'baseline' ? 'baselineOf' : 'incidentOf';
  return change.counts.reduce((total, count) => ({ count: total.count + count[side], of: total.of + count[of] }), { count: 0, of: 0 });
}
