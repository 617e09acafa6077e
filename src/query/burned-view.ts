import type { Slo } from '../config/slo.js';
import { HOUR_MS } from '../lib/duration.js';
import type { BadExemplar, BurnedBy } from '../pipeline/burned-by.js';
import { criteriaOf } from '../pipeline/evidence-reader.js';
import { compileSlo } from '../sli/compile-slo.js';
import type { Readers } from './readers.js';
import type { TimeWindow } from './time-window.js';

/** Bad events of one version, or of one operation. */
export interface BurnedRow {
  readonly label: string;
  readonly bad: number;
  readonly total: number;
  /** Of all bad events that are stored. */
  readonly share: number;
  /** Of its own events. */
  readonly errorRatio: number;
}

/** A version of a service that was seen for the first time while another one was there already. */
export interface Deployment {
  readonly atMs: number;
  readonly service: string;
  readonly version: string;
}

export interface BurnedView {
  /** Stored bad events in the window; 0: nothing to show. */
  readonly bad: number;
  readonly byVersion: readonly BurnedRow[];
  readonly byOperation: readonly BurnedRow[];
  /** Oldest first. */
  readonly deployments: readonly Deployment[];
}

export const NOTHING_BURNED: BurnedView = { bad: 0, byVersion: [], byOperation: [], deployments: [] };

const ROWS = 8;

/** Rules that are in force compile; were one not to, nothing was counted for it. */
export async function readBurned(readers: Pick<Readers, 'burnedBy'>, slo: Slo, window: TimeWindow): Promise<BurnedView> {
  const compiled = compileSlo(slo);
  return compiled.ok ? burnedView(await readers.burnedBy.burnedBy({ criteria: criteriaOf(compiled.value), ...window })) : NOTHING_BURNED;
}

/** Dots on a chart further apart than fingers are wide. */
const EXEMPLARS = 30;
/** Older spans lie in the archive, and a page that refreshes itself must not read it each time. */
const EXEMPLARS_WITHIN_MS = 6 * HOUR_MS;

/** Bad events of the window's last hours, each of which stands for those around it. */
export async function readBadExemplars(readers: Pick<Readers, 'burnedBy'>, slo: Slo, { fromMs, toMs }: TimeWindow): Promise<readonly BadExemplar[]> {
  const compiled = compileSlo(slo);
  const recent = { fromMs: Math.max(fromMs, toMs - EXEMPLARS_WITHIN_MS), toMs };
  return compiled.ok ? readers.burnedBy.badExemplars({ criteria: criteriaOf(compiled.value), ...recent, stepMs: Math.ceil((toMs - fromMs) / EXEMPLARS) }) : [];
}

/** Who burned the budget, as far as spans are stored. */
export function burnedView(rows: readonly BurnedBy[]): BurnedView {
  const several = new Set(rows.map(({ service }) => service)).size > 1;
  const named = (service: string, what: string): string => (several ? `${service} ${what}` : what);
  return {
    bad: rows.reduce((sum, { bad }) => sum + bad, 0),
    byVersion: ranked(rows, ({ service, version }) => named(service, version === '' ? '(no version)' : version)),
    byOperation: ranked(rows, ({ service, operation }) => named(service, operation)),
    deployments: deploymentsOf(rows),
  };
}

function ranked(rows: readonly BurnedBy[], labelOf: (row: BurnedBy) => string): BurnedRow[] {
  const sums = new Map<string, { bad: number; total: number }>();
  for (const row of rows) {
    const sum = sums.get(labelOf(row)) ?? { bad: 0, total: 0 };
    sum.bad += row.bad;
    sum.total += row.total;
    sums.set(labelOf(row), sum);
  }
  const all = rows.reduce((sum, { bad }) => sum + bad, 0);
  return [...sums].map(([label, { bad, total }]) => ({ label, bad, total, share: all === 0 ? 0 : bad / all, errorRatio: total === 0 ? 0 : bad / total }))
    .sort((left, right) => right.bad - left.bad || right.total - left.total).slice(0, ROWS);
}

function deploymentsOf(rows: readonly BurnedBy[]): Deployment[] {
  const firstSeen = new Map<string, Map<string, number>>();
  for (const { service, version, firstSeenMs } of rows) {
    if (version === '') continue;
    const versions = firstSeen.get(service) ?? new Map<string, number>();
    versions.set(version, Math.min(firstSeenMs, versions.get(version) ?? Infinity));
    firstSeen.set(service, versions);
  }
  // The first version of a window may be older than the window: nobody saw it arrive.
  return [...firstSeen].flatMap(([service, versions]) => [...versions].sort(([, left], [, right]) => left - right).slice(1).map(([version, atMs]) => ({ atMs, service, version })))
    .sort((left, right) => left.atMs - right.atMs);
}
