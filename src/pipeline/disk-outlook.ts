import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Incident, Labels } from '../incident/incident.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';

export interface DiskSample {
  readonly atMs: number;
  readonly freeBytes: number;
  /** What must stay free: below it an archive on this disk drops traces, oldest normal ones first. */
  readonly minFreeBytes: number;
  /** False where the archive is in a bucket: dropping its traces makes no room here. */
  readonly holdsArchive: boolean;
}

export const DISK_ALERT = 'TocsinDiskFillingUp';
const KEY = 'disk:tocsin';
/** Long enough to act in working hours' pace, short enough that a burst does not look like a trend. */
const TOLD_BEFORE_MS = 6 * HOUR_MS;
const ENDS_BEYOND_MS = 12 * HOUR_MS;
const LOOK_BACK_MS = HOUR_MS;
/** A trend of less is none. */
const MIN_TREND_MS = 15 * MINUTE_MS;
/** What was told is over when so much more than the least is free. */
const ENDS_ABOVE = 1.25;

/** Samples that the outlook needs, with a new one. */
export function withSample(samples: readonly DiskSample[], sample: DiskSample): readonly DiskSample[] {
  return [...samples.filter(({ atMs }) => atMs > sample.atMs - LOOK_BACK_MS), sample];
}

/** How long until no more than the least is free, at the pace of the last hour; undefined where the disk does not fill, or too little is known. */
export function msUntilFull(samples: readonly DiskSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < MIN_TREND_MS) return undefined;
  const takenPerMs = (first.freeBytes - last.freeBytes) / (last.atMs - first.atMs);
  return takenPerMs > 0 ? Math.max(0, last.freeBytes - last.minFreeBytes) / takenPerMs : undefined;
}

/** A ticket before the archive has to drop what it would have kept, a page when that is not enough any more. */
export function diskSignals(samples: readonly DiskSample[], openIncidents: readonly Incident[]): readonly ConditionSignal[] {
  const last = samples.at(-1);
  if (last === undefined) return [];
  const untilFullMs = msUntilFull(samples);
  const isOpen = openIncidents.some(({ key }) => key === KEY);
  const isLow = last.freeBytes < last.minFreeBytes * (isOpen ? ENDS_ABOVE : 1);
  const isNear = untilFullMs !== undefined && untilFullMs < (isOpen ? ENDS_BEYOND_MS : TOLD_BEFORE_MS);
  if (!isLow && !isNear && !isOpen) return [];
  // After a start the trend is not known yet, which ends nothing.
  if (!isLow && isOpen && last.atMs - (samples[0]?.atMs ?? last.atMs) < MIN_TREND_MS) return [];
  return [signalOf(last, { untilFullMs, isFiring: isLow || isNear })];
}

function signalOf({ freeBytes, minFreeBytes, holdsArchive, atMs }: DiskSample, { untilFullMs, isFiring }: { readonly untilFullMs: number | undefined; readonly isFiring: boolean }): ConditionSignal {
  const severity = freeBytes < minFreeBytes / 2 ? 'page' : 'ticket';
  const identity: Labels = { alertname: DISK_ALERT };
  const room = `${gibibytes(freeBytes)} are free, ${gibibytes(minFreeBytes)} must be`;
  const dropped = 'archived log records and traces are dropped, the oldest normal ones first';
  const outlook = freeBytes < minFreeBytes ? `${room}${holdsArchive ? `: ${dropped}` : ''}` : untilFullMs === undefined ? room : `${room}; at the pace of the last hour that is reached in ${hours(untilFullMs)}${holdsArchive ? `, and then ${dropped}` : ''}`;
  return {
    key: KEY, alertId: alertIdOf({ ...identity, severity: '' }), labels: { ...identity, severity }, severity, title: 'The disk of Tocsin fills up', firing: isFiring, startsAtMs: atMs,
    annotations: { summary: isFiring ? `${outlook}.` : `${room}.`, description: `Make room, give the data directory a larger disk, or keep less: ${holdsArchive ? 'retention.maxSize, retention.maxAge and the budget in rules/sampling.yaml' : 'hotRetention in tocsin.yaml'}.` },
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${Math.ceil(ms / MINUTE_MS)} minutes` : `${(ms / HOUR_MS).toFixed(1)} hours`;
}
