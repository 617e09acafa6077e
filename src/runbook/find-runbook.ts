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
