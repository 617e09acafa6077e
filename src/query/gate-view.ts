import { allowedRatio } from '../budget/error-budget.js';
import { judgeRelease, type GateVerdict, type VersionBurn, type VersionCounts } from '../budget/release-gate.js';
import type { CompositePart, Slo } from '../config/slo.js';
import { gateOf } from '../config/release-gate.js';
import { criteriaOf } from '../pipeline/evidence-reader.js';
import type { BurnedBy } from '../pipeline/burned-by.js';
import { compileSlo } from '../sli/compile-slo.js';
import type { Readers } from './readers.js';
import { sloView, type SloView } from './slo-view.js';

export interface JudgedGate {
  readonly view: SloView;
  readonly verdict: GateVerdict;
}

/** The verdict of now; undefined where there is no such SLO. Without a version none is looked up. */
export async function judgeGate(readers: Pick<Readers, 'slos' | 'gates' | 'burnedBy' | 'clock'>, name: string, version: string | undefined): Promise<JudgedGate | undefined> {
  const view = sloView(readers.slos, name);
  if (view === undefined) return undefined;
  const { slo, status } = view;
  const gate = gateOf(slo, readers.gates());
  if (version === undefined) return { view, verdict: judgeRelease({ slo, status, gate }) };
  const toMs = readers.clock.nowMs();
  const rowsOf = async (each: Slo): Promise<readonly BurnedBy[]> => {
    const compiled = compileSlo(each);
    return compiled.ok ? await readers.burnedBy.burnedBy({ criteria: criteriaOf(compiled.value), fromMs: toMs - slo.windowMs, toMs: toMs + 1 }) : [];
  };
  const counts = countsOf(await rowsOf(slo), version);
  const burned = counts === undefined || slo.composite === undefined ? {} : { burned: compositeBurn(counts, await Promise.all(slo.composite.map(async (part) => ({ part, rows: await rowsOf(part.slo) }))), slo.method !== undefined) };
  return { view, verdict: judgeRelease({ slo, status, gate, version: { name: version, counts, ...burned } }) };
}

/**
 * What a version burned of a composite objective: of each part by that part's own traffic, times its weight. Of slices nothing can be said: a slice
 * is bad by its events together, whichever version they are of.
 */
export function compositeBurn(counts: VersionCounts, parts: readonly { readonly part: CompositePart; readonly rows: readonly BurnedBy[] }[], ofSlices: boolean): VersionBurn {
  if (ofSlices) return { ...counts, budgetShare: undefined, burnRate: undefined };
  const burns = parts.map(({ part: { slo, weight }, rows }) => {
    const own = countsOf(rows, counts.version) ?? { bad: 0, total: 0 };
    const whole = rows.reduce((sum, { total }) => sum + total, 0);
    const of = (total: number): number => (total === 0 ? 0 : (weight * own.bad) / total / allowedRatio(slo.target));
    return { share: of(whole), rate: of(own.total) };
  });
  return { ...counts, budgetShare: burns.reduce((sum, { share }) => sum + share, 0), burnRate: burns.reduce((sum, { rate }) => sum + rate, 0) };
}

/** All operations of one version together. */
export function countsOf(rows: readonly BurnedBy[], version: string): VersionCounts | undefined {
  const own = rows.filter((row) => row.version === version);
  if (own.length === 0) return undefined;
  return {
    version, bad: own.reduce((sum, { bad }) => sum + bad, 0), total: own.reduce((sum, { total }) => sum + total, 0),
    firstSeenMs: Math.min(...own.map(({ firstSeenMs }) => firstSeenMs)), lastSeenMs: Math.max(...own.map(({ lastSeenMs }) => lastSeenMs)),
  };
}

/** The answer of `GET /api/v1/gates/{slo}`. */
export function gateJson({ view: { slo, status }, verdict }: JudgedGate): Record<string, unknown> {
  const { version } = verdict;
  return {
    slo: slo.name, service: slo.service, verdict: verdict.verdict, gate: verdict.gate, sentence: verdict.sentence, reasons: verdict.reasons,
    errorBudgetRemaining: status.errorBudgetRemaining ?? null, projectedBudgetRemaining: status.projectedBudgetRemaining ?? null, state: status.state, coverage: status.coverage, at: new Date(status.atMs).toISOString(),
    version: version === undefined ? null : {
      version: version.version, bad: version.bad, total: version.total, budgetShare: version.budgetShare ?? null, burnRate: version.burnRate ?? null,
      firstSeenAt: new Date(version.firstSeenMs).toISOString(), lastSeenAt: new Date(version.lastSeenMs).toISOString(),
    },
  };
}
