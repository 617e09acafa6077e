import type { CountSeries } from '../budget/minute-series.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { judgeCohorts } from '../diagnosis/judge-cohorts.js';
import { CHANGES_AFTER_MS, CHANGES_BEFORE_MS, nearbyChanges, newVersions, suspiciousChange } from '../diagnosis/nearby-changes.js';
import { onsetOfMinutes, type CountedMinute } from '../diagnosis/onset.js';
import type { NearbyChange, Snapshot } from '../diagnosis/snapshot.js';
import { MINUTE_MS } from '../lib/duration.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { quote } from '../trace/traceql/string-literal.js';
import { compileToSql, type SqlCondition } from '../trace/traceql/sql.js';
import type { CohortReader } from './cohort-reader.js';
import type { EventWindow } from './evidence-reader.js';
import { SNAPSHOT_SERVICES, type ChangeSource, type SnapshotReader } from './snapshot-reader.js';

/** Minutes looked at for the beginning: what began earlier is told by the long windows. */
export const SNAPSHOT_MINUTES = 120;
/** Without a moment at which the counts rise it began with the first bad event that is shown, where that is no older: else that is of what always fails a little. */
const FIRST_SHOWN_MS = 5 * MINUTE_MS;
/** Versions that are compared with the ones before them; each takes two reads. */
const COMPARED = 2;

export interface SnapshotPorts {
  readonly reader: SnapshotReader;
  readonly changes: ChangeSource;
  readonly cohorts: CohortReader;
}

export interface SnapshotInput {
  readonly evidence: Evidence;
  readonly atMs: number;
  /** What the incident is about, by minute. */
  readonly series: Pick<CountSeries, 'sum'>;
  /** Of the SLO, or in which it fails. */
  readonly service: string;
}

/** What was around an incident when it was told: since when, what was changed near that, who called whom. */
export async function gatherSnapshot({ reader, changes, cohorts }: SnapshotPorts, { evidence, atMs, series, service }: SnapshotInput): Promise<Snapshot> {
  const minutes = minutesUntil(series, atMs);
  const onset = onsetOfMinutes(minutes);
  const services = servicesOf(evidence, service);
  const beganMs = onset === undefined ? beganWithoutOnset(evidence, atMs) : onset.minute * MINUTE_MS;
  const firstBadMs = firstBadIn(evidence, beganMs);
  const window = { fromMs: beganMs - CHANGES_BEFORE_MS, toMs: Math.min(atMs, beganMs + CHANGES_AFTER_MS) + 1 };
  const recorded = await changes.list(window);
  const versions = newVersions(await reader.versions(services, { fromMs: window.fromMs, toMs: atMs + MINUTE_MS }), window.fromMs);
  const nearby = nearbyChanges({ recorded, versions, services, beganMs: firstBadMs ?? beganMs, withinMs: firstBadMs === undefined ? MINUTE_MS : 0 });
  const told = await withDifferences(nearby, cohorts, { fromMs: window.fromMs, toMs: atMs + MINUTE_MS });
  const suspect = suspiciousChange(told, services);
  return {
    ...(onset === undefined ? {} : { onset }), ...(suspect === undefined ? {} : { suspect }), changes: told,
    minutes: { from: minutes[0]?.minute ?? 0, good: minutes.map(({ good }) => good), bad: minutes.map(({ bad }) => bad) },
    graph: await reader.graph(services, { fromMs: beganMs, toMs: atMs + MINUTE_MS }),
  };
}

/** The minute, in milliseconds. */
function beganWithoutOnset(evidence: Evidence, atMs: number): number {
  const first = firstShownMs(evidence);
  return Math.floor((first <= atMs && first > atMs - FIRST_SHOWN_MS ? first : atMs) / MINUTE_MS) * MINUTE_MS;
}

/** Counts know the minute in which it began; where the first of the traces is in it, that knows the second. */
function firstBadIn(evidence: Evidence, minuteMs: number): number | undefined {
  const first = firstShownMs(evidence);
  return first >= minuteMs && first < minuteMs + MINUTE_MS ? first : undefined;
}

function firstShownMs({ traces }: Evidence): number {
  return Math.min(...traces.filter(({ role }) => role !== 'healthy').flatMap(({ startMs, alike = [] }) => [startMs, ...alike.map((each) => each.startMs)]));
}

/** Services in which failures begin, then those that they pass through. */
export function servicesOf({ suspectPlace, origins = [] }: Evidence, own: string): readonly string[] {
  const named = [suspectPlace?.service, ...origins.flatMap(({ service, caller }) => [service, caller]), own];
  return [...new Set(named.filter((service) => service !== undefined && service !== ''))].slice(0, SNAPSHOT_SERVICES) as string[];
}

/** The running minute included: a fault that is a minute old is in it. */
function minutesUntil(series: Pick<CountSeries, 'sum'>, atMs: number): readonly CountedMinute[] {
  const last = Math.floor(atMs / MINUTE_MS);
  const all = Array.from({ length: SNAPSHOT_MINUTES }, (_, index) => {
    const minute = last - SNAPSHOT_MINUTES + 1 + index;
    const { good, bad, goodSquared, badSquared } = series.sum(minute, minute + 1);
    return { minute, good, bad, goodSquared, badSquared };
  });
  return all.slice(Math.max(0, all.findIndex(({ good, bad }) => good + bad > 0)));
}

/** What the requests of a new version do differently from those of the one before. */
async function withDifferences(changes: readonly NearbyChange[], cohorts: CohortReader, window: EventWindow): Promise<readonly NearbyChange[]> {
  const told: NearbyChange[] = [];
  let compared = 0;
  for (const change of changes) {
    const { service, version, previous } = change;
    const condition = (of: string): SqlCondition | undefined => conditionOf(service ?? '', of);
    const [own, other] = [condition(version ?? ''), condition(previous ?? '')];
    if (service === undefined || version === undefined || previous === undefined || own === undefined || other === undefined || compared === COMPARED) {
      told.push(change);
      continue;
    }
    compared += 1;
    const { verdict, sentence } = judgeCohorts(await cohorts.requests({ condition: own, ...window }), await cohorts.requests({ condition: other, ...window }));
    told.push(verdict === 'too-few' ? change : { ...change, difference: verdict === 'worse' ? `${version} against ${previous}: ${sentence}` : `Its requests are no worse than those of ${previous}.` });
  }
  return told;
}

function conditionOf(service: string, version: string): SqlCondition | undefined {
  const query = parseTraceql(`{ resource.service.name = ${quote(service)} && resource.service.version = ${quote(version)} }`);
  return query.ok ? compileToSql(query.value) : undefined;
}
