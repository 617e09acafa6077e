import { MINUTE_MS } from '../lib/duration.js';
import { formatPercent, formatTime } from '../lib/format.js';
import type { Onset } from './onset.js';

export type RecordedKind = 'deployment' | 'flag' | 'config' | 'note';

/** Something that was done to the system near the beginning of an incident. */
export interface NearbyChange {
  /** Undefined where nobody recorded it: spans of a new version were seen. */
  readonly id?: string;
  readonly kind: RecordedKind | 'version';
  readonly atMs: number;
  /** Undefined: the whole system. */
  readonly service?: string;
  readonly version?: string;
  /** The version that was there before. */
  readonly previous?: string;
  readonly title: string;
  readonly by?: string;
  readonly url?: string;
  /** How long before the beginning; negative after it; 0 in its minute, where no more is known. */
  readonly beforeMs: number;
  /** What its requests do differently from those of the version before; undefined where they cannot be compared. */
  readonly difference?: string;
}

/** Calls between two services in the window, weighted. */
export interface SnapshotEdge {
  readonly client: string;
  readonly server: string;
  readonly kind: string;
  readonly calls: number;
  readonly failed: number;
  readonly meanNs: number;
}

/** What was around an incident when its page opened, frozen with it. */
export interface Snapshot {
  /** Undefined where the minutes do not show a rise. */
  readonly onset?: Onset;
  /** The change to name in a message: of a service concerned, or of the whole system, shortly before it began. */
  readonly suspect?: NearbyChange;
  /** Those that may be the cause first. */
  readonly changes: readonly NearbyChange[];
  /** Counts of the SLO by minute, from `from` on. */
  readonly minutes: { readonly from: number; readonly good: readonly number[]; readonly bad: readonly number[] };
  /** Around the services of the incident, those with most failures first. */
  readonly graph: readonly SnapshotEdge[];
}

/** "about 03:01 UTC, when bad requests rose from 0.1 % to 34 %". */
export function onsetInWords({ minute, earliest, latest, before, after }: Onset): string {
  const clock = (unixMinute: number): string => formatTime(unixMinute * MINUTE_MS).slice(11, 16);
  const when = earliest === latest ? `at ${clock(minute)} UTC` : `between ${clock(earliest)} and ${clock(latest)} UTC`;
  return `${when}, when bad requests rose from ${formatPercent(before, 1)} to ${formatPercent(after, 1)}`;
}
