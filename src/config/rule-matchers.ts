import { parseDuration } from '../lib/duration.js';
import { parseMatchers, type LabelMatcher } from '../lib/label-matcher.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { RuleDocument } from './rule-documents.js';

/** Reads what documents about alerts of certain labels have in common: matchers and lengths of time. What is wrong becomes a problem. */
export class AlertRuleReader {
  readonly #source: RuleDocument<'IncidentThreshold' | 'IncidentWindow'>['source'];
  readonly #problems: Problem[];

  constructor({ source }: Pick<RuleDocument<'IncidentThreshold' | 'IncidentWindow'>, 'source'>, problems: Problem[]) {
    this.#source = source;
    this.#problems = problems;
  }

  matchers(texts: readonly string[]): LabelMatcher[] {
    return texts.flatMap((text, index) => {
      const parsed = parseMatchers(text);
      if (!parsed.ok) this.#refuse(['spec', 'matchers', index], parsed.error, 'write it like alertname="DiskSlow"');
      return parsed.ok ? parsed.value : [];
    });
  }

  /** Milliseconds; the least that is allowed where the text is refused. */
  duration(text: string, path: DocumentPath, { least, most, words }: { readonly least: number; readonly most: number; readonly words: string }): number {
    const parsed = parseDuration(text);
    if (parsed.ok && parsed.value >= least && parsed.value <= most) return parsed.value;
    this.#refuse(path, parsed.ok ? `"${text}" is not between ${words}` : parsed.error, 'write it like 10m');
    return least;
  }

  #refuse(path: DocumentPath, message: string, hint: string): void {
    this.#problems.push(errorAt(this.#source.at(path), 'rules/invalid-value', { path: formatPath(path), message, hint }));
  }
}
