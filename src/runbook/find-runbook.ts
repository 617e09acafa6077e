import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { matchesAll } from '../lib/label-matcher.js';
import type { Runbook } from './runbook.js';

export interface RunbookQuery {
  /** What the SLO's annotation names. */
  readonly name: string | undefined;
  /** Labels of the alert. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The annotation decides; else the runbook whose matchers say most about the labels; of equals the first by name. */
export function findRunbook(runbooks: readonly Runbook[], { name, labels }: RunbookQuery): Runbook | undefined {
  const named = name === undefined ? undefined : runbooks.find((runbook) => runbook.name === name);
  if (named !== undefined) return named;
  return runbooks
    .filter(({ matchers }) => matchers.length > 0 && matchesAll(matchers, labels))
    .sort((left, right) => right.matchers.length - left.matchers.length || (left.name < right.name ? -1 : 1))[0];
}

/** The runbook that says of itself to be for this pattern: `match: { pattern: n-plus-one }`; one that also names the service comes first. */
export function findPatternRunbook(runbooks: readonly Runbook[], pattern: Pick<PatternFinding, 'kind' | 'service'> | undefined): Runbook | undefined {
  if (pattern === undefined) return undefined;
  const own = runbooks.filter(({ matchers }) => matchers.some(({ name }) => name === 'pattern'));
  return findRunbook(own, { name: undefined, labels: { pattern: pattern.kind, service: pattern.service } });
}
