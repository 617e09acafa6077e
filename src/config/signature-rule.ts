import { parsePercent } from '../lib/percent.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import type { RuleDocument } from './rule-documents.js';
import { parseWindow } from './rule-duration.js';
import type { Severity } from './slo.js';

/** What must be true of one error signature. Counts are failed requests, weighted. */
export type SignatureCondition =
  | { readonly kind: 'new'; readonly atLeast: number; readonly overMs: number }
  | { readonly kind: 'rate'; readonly above: number; readonly overMs: number }
  | { readonly kind: 'share'; readonly above: number; readonly atLeast: number; readonly overMs: number }
  | { readonly kind: 'jump'; readonly times: number; readonly significance: number; readonly overMs: number };

export interface SignatureRule {
  readonly name: string;
  readonly description: string;
  readonly severity: Severity;
  readonly runbook: string | undefined;
  /** Services in which the failure begins; empty: any. */
  readonly services: readonly string[];
  /** Exception types; empty: any. */
  readonly types: readonly string[];
  readonly when: SignatureCondition;
  readonly at: Location;
}

type SignatureDocument = RuleDocument<'SignatureRule'>;
type When = SignatureDocument['content']['spec']['when'];

/** The SRE workbook's shortest window, and how often a page may be wrong by chance: as for error budgets. */
const DEFAULT_OVER = '5m';
const DEFAULT_SIGNIFICANCE = 0.001;

/** Reads `SignatureRule` documents; one whose condition is wrong is reported and left out. */
export function readSignatureRules(documents: Iterable<SignatureDocument>, problems: Problem[]): SignatureRule[] {
  return [...documents].flatMap(({ content: { metadata, spec }, source }) => {
    const when = readWhen(spec.when);
    if (!when.ok) {
      problems.push(errorAt(source.at(['spec', 'when']), 'rules/invalid-value', { path: 'spec.when', message: when.error, hint: 'write one of new, rate, share and jump, like rate: { above: 10, over: 5m }' }));
      return [];
    }
    return [{
      name: metadata.name, description: spec.description ?? metadata.displayName ?? '', severity: spec.severity, runbook: spec.runbook, services: spec.services ?? [], types: spec.types ?? [], when: when.value, at: source.at(['metadata', 'name']),
    }];
  });
}

function readWhen({ new: fresh, rate, share, jump }: When): Result<SignatureCondition, string> {
  if ([fresh, rate, share, jump].filter((each) => each !== undefined).length !== 1) return err('the rule has no condition, or more than one');
  const over = parseWindow(fresh?.over ?? rate?.over ?? share?.over ?? jump?.over ?? DEFAULT_OVER);
  if (!over.ok) return over;
  const overMs = over.value;
  if (fresh !== undefined) return ok({ kind: 'new', atLeast: fresh.atLeast ?? 1, overMs });
  if (rate !== undefined) return ok({ kind: 'rate', above: rate.above, overMs });
  if (jump !== undefined) return ok({ kind: 'jump', times: jump.times, significance: jump.significance ?? DEFAULT_SIGNIFICANCE, overMs });
  const above = parsePercent(share?.above ?? '');
  if (above === undefined || above <= 0 || above >= 1) return err(`"${share?.above ?? ''}" is not a share of the failures: write it like 20%`);
  return ok({ kind: 'share', above, atLeast: share?.atLeast ?? 1, overMs });
}
