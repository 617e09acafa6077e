import { parsePercent } from '../lib/percent.js';
import { err, ok, type Result } from '../lib/result.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import type { RuleDocument } from './rule-documents.js';
import type { Severity, Slo } from './slo.js';

/** `freeze` closes the gate; `warn` leaves it open and says why one might not go through. */
export type GateAction = 'freeze' | 'warn';

/** One step of an error budget policy: what must be true of the SLO, and what follows. */
export interface GateStep {
  readonly when:
    | { readonly kind: 'budget-below'; readonly share: number }
    | { readonly kind: 'burning'; readonly severity: Severity }
    | { readonly kind: 'version-burned'; readonly share: number }
    | { readonly kind: 'no-data' };
  readonly action: GateAction;
  /** What the team agreed on: "only fixes that win budget back". */
  readonly note: string;
}

export interface ReleaseGateRule {
  readonly name: string;
  readonly description: string;
  /** Names of SLOs; empty: all that have no gate of their own. */
  readonly slos: readonly string[];
  readonly steps: readonly GateStep[];
  readonly at: Location | undefined;
}

/**
 * For SLOs without a ReleaseGate: the policy of the workbook's appendix B (freeze when the budget is spent), with a word of warning
 * in the last quarter and while an alert is firing (google/slo-generator's error budget policy has such steps as well).
 */
export const DEFAULT_GATE: ReleaseGateRule = {
  name: 'default', description: 'Freeze when the budget is spent or a page is firing', slos: [], at: undefined,
  steps: [
    { when: { kind: 'budget-below', share: 0 }, action: 'freeze', note: 'the budget is spent: only fixes that win it back' },
    { when: { kind: 'burning', severity: 'page' }, action: 'freeze', note: 'first the fire, then the release' },
    { when: { kind: 'version-burned', share: 0.1 }, action: 'warn', note: 'this version costs more than it should: consider going back' },
    { when: { kind: 'budget-below', share: 0.25 }, action: 'warn', note: 'little budget is left: release with care' },
    { when: { kind: 'burning', severity: 'ticket' }, action: 'warn', note: 'the budget is burning' },
    { when: { kind: 'no-data' }, action: 'warn', note: 'nothing was measured, so nothing is known' },
  ],
};

/** The gate that judges releases for an SLO. */
export function gateOf(slo: Pick<Slo, 'name'>, gates: readonly ReleaseGateRule[]): ReleaseGateRule {
  return gates.find(({ slos }) => slos.includes(slo.name)) ?? gates.find(({ slos }) => slos.length === 0) ?? DEFAULT_GATE;
}

type GateDocument = RuleDocument<'ReleaseGate'>;

/** Reads `ReleaseGate` documents and checks that no two of them claim the same SLO. */
export function readReleaseGates(documents: Iterable<GateDocument>, sloNames: ReadonlySet<string>, problems: Problem[]): ReleaseGateRule[] {
  const gates: ReleaseGateRule[] = [];
  for (const document of documents) {
    const gate = readGate(document, sloNames, problems);
    const other = gates.find(({ slos }) => (slos.length === 0 && gate.slos.length === 0) || slos.some((name) => gate.slos.includes(name)));
    if (other !== undefined) {
      problems.push(errorAt(document.source.at(['spec', 'slos']), 'rules/duplicate-name', {
        path: 'spec.slos', message: `the gate "${other.name}" covers ${gate.slos.length === 0 ? 'all other SLOs' : `"${gate.slos.find((name) => other.slos.includes(name)) ?? ''}"`} already`, hint: 'an SLO has one gate',
      }));
    }
    gates.push(gate);
  }
  return gates;
}

function readGate({ content, source }: GateDocument, sloNames: ReadonlySet<string>, problems: Problem[]): ReleaseGateRule {
  const { metadata, spec } = content;
  const slos = spec.slos ?? [];
  for (const [index, name] of slos.entries()) {
    if (!sloNames.has(name)) problems.push(errorAt(source.at(['spec', 'slos', index]), 'rules/unknown-reference', { path: `spec.slos[${index}]`, message: `there is no SLO "${name}"`, hint: 'name SLOs of these rules' }));
  }
  const steps = spec.steps.flatMap((step, index) => {
    const read = readStep(step);
    if (read.ok) return [read.value];
    problems.push(errorAt(source.at(['spec', 'steps', index]), 'rules/invalid-value', { path: `spec.steps[${index}]`, message: read.error, hint: 'write one of budgetBelow, burning, versionBurned and noData, and the action freeze or warn' }));
    return [];
  });
  return { name: metadata.name, description: spec.description ?? metadata.displayName ?? '', slos, steps, at: source.at(['metadata', 'name']) };
}

function readStep(step: GateDocument['content']['spec']['steps'][number]): Result<GateStep, string> {
  const { budgetBelow, burning, versionBurned, noData, action, note = '' } = step;
  const conditions = [budgetBelow, burning, versionBurned, noData].filter((condition) => condition !== undefined);
  if (conditions.length !== 1) return err(conditions.length === 0 ? 'the step has no condition' : 'the step has more than one condition');
  if (burning !== undefined) return ok({ when: { kind: 'burning', severity: burning }, action, note });
  if (noData !== undefined) return ok({ when: { kind: 'no-data' }, action, note });
  const share = parsePercent(budgetBelow ?? versionBurned ?? '');
  if (share === undefined) return err(`"${budgetBelow ?? versionBurned ?? ''}" is not a share of the budget: write it like 25%`);
  return ok({ when: { kind: budgetBelow === undefined ? 'version-burned' : 'budget-below', share }, action, note });
}
