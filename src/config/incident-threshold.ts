import { DAY_MS, parseDuration, SECOND_MS } from '../lib/duration.js';
import { parseMatchers, type LabelMatcher } from '../lib/label-matcher.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { RuleDocument } from './rule-documents.js';

/** Alerts of these labels make an incident only when they come often enough, or stay. `kind: IncidentThreshold`. */
export interface IncidentThreshold {
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly occurrences: number;
  readonly withinMs: number;
  /** One that goes on for so long is an incident, however few there were; undefined: never. */
  readonly firingForMs: number | undefined;
}

const LONGEST_MS = 7 * DAY_MS;
const NEVER = 'never';

export function readThresholds(documents: Iterable<RuleDocument<'IncidentThreshold'>>, problems: Problem[]): IncidentThreshold[] {
  return [...documents].map((document) => readThreshold(document, problems));
}

function readThreshold({ content: { metadata: { name }, spec }, source }: RuleDocument<'IncidentThreshold'>, problems: Problem[]): IncidentThreshold {
  const refuse = (path: DocumentPath, message: string, hint: string): void => void problems.push(errorAt(source.at(path), 'rules/invalid-value', { path: formatPath(path), message, hint }));
  const duration = (text: string, path: DocumentPath): number => {
    const parsed = parseDuration(text);
    if (parsed.ok && parsed.value >= SECOND_MS && parsed.value <= LONGEST_MS) return parsed.value;
    refuse(path, parsed.ok ? `"${text}" is not between 1s and 7d` : parsed.error, 'write it like 10m');
    return SECOND_MS;
  };
  const matchers = spec.matchers.flatMap((text, index) => {
    const parsed = parseMatchers(text);
    if (!parsed.ok) refuse(['spec', 'matchers', index], parsed.error, 'write it like alertname="DiskSlow"');
    return parsed.ok ? parsed.value : [];
  });
  const withinMs = duration(spec.within, ['spec', 'within']);
  const { orFiringFor } = spec;
  return { name, matchers, occurrences: spec.occurrences, withinMs, firingForMs: orFiringFor === NEVER ? undefined : orFiringFor === undefined ? withinMs : duration(orFiringFor, ['spec', 'orFiringFor']) };
}
