import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import type { LabelMatcher } from '../lib/label-matcher.js';
import type { Problem } from '../lib/problem.js';
import type { RuleDocument } from './rule-documents.js';
import { AlertRuleReader } from './rule-matchers.js';

/** How long an incident whose alerts have these labels takes what comes back. `kind: IncidentWindow`. */
export interface IncidentWindow {
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly lengthMs: number;
  /** Counted from its last end, or from its first beginning. */
  readonly type: 'rolling' | 'fixed';
}

/** The store is asked for incidents that ended within this time. */
export const WINDOW_MAX_MS = DAY_MS;
const LENGTHS = { least: MINUTE_MS, most: WINDOW_MAX_MS, words: '1m and 1d' };

export function readWindows(documents: Iterable<RuleDocument<'IncidentWindow'>>, problems: Problem[]): IncidentWindow[] {
  return [...documents].map((document) => {
    const { metadata: { name }, spec } = document.content;
    const reader = new AlertRuleReader(document, problems);
    return { name, matchers: reader.matchers(spec.matchers), lengthMs: reader.duration(spec.length, ['spec', 'length'], LENGTHS), type: spec.type ?? 'rolling' };
  });
}
