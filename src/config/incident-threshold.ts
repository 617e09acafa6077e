import { DAY_MS, SECOND_MS } from '../lib/duration.js';
import type { LabelMatcher } from '../lib/label-matcher.js';
import type { Problem } from '../lib/problem.js';
import type { RuleDocument } from './rule-documents.js';
import { AlertRuleReader } from './rule-matchers.js';

/** Alerts of these labels make an incident only when they come often enough, or stay. `kind: IncidentThreshold`. */
export interface IncidentThreshold {
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly occurrences: number;
  readonly withinMs: number;
  /** One that goes on for so long is an incident, however few there were; undefined: never. */
  readonly firingForMs: number | undefined;
}

const LENGTHS = { least: SECOND_MS, most: 7 * DAY_MS, words: '1s and 7d' };
const NEVER = 'never';

export function readThresholds(documents: Iterable<RuleDocument<'IncidentThreshold'>>, problems: Problem[]): IncidentThreshold[] {
  return [...documents].map((document) => {
    const { metadata: { name }, spec } = document.content;
    const { occurrences, orFiringFor } = spec;
    const reader = new AlertRuleReader(document, problems);
    const matchers = reader.matchers(spec.matchers);
    const withinMs = reader.duration(spec.within, ['spec', 'within'], LENGTHS);
    return { name, matchers, occurrences, withinMs, firingForMs: orFiringFor === NEVER ? undefined : orFiringFor === undefined ? withinMs : reader.duration(orFiringFor, ['spec', 'orFiringFor'], LENGTHS) };
  });
}
