import { ascending } from '../lib/compare.js';
import { DAY_MS, parseDuration } from '../lib/duration.js';
import { buildMatcher, parseMatchers, type LabelMatcher, type MatchOperator } from '../lib/label-matcher.js';
import { errorAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { formatPath, type DocumentPath, type YamlDocument } from '../lib/yaml-document.js';

/** Collects what is wrong with routing.yaml, each with its place; reads what several of its parts share. */
export class RoutingSource {
  readonly #source: YamlDocument;
  readonly #problems: Problem[];

  constructor(source: YamlDocument, problems: Problem[]) {
    this.#source = source;
    this.#problems = problems;
  }

  refuse(path: DocumentPath, code: ProblemCode, text: ProblemText): void {
    this.#problems.push(errorAt(this.#source.at(path), code, { path: formatPath(path), ...text }));
  }

  /** The value, or undefined after the problem was noted. */
  accept<T>(parsed: Result<T, string>, path: DocumentPath): T | undefined {
    if (parsed.ok) return parsed.value;
    this.refuse(path, 'routing/invalid-value', { message: parsed.error });
    return undefined;
  }

  duration(text: string | undefined, path: DocumentPath, inherited: number): number {
    return text === undefined ? inherited : this.accept(parsePrometheusDuration(text), path) ?? inherited;
  }

  /** The old `match` and `match_re` and the new `matchers` together, in the order of Alertmanager's keys. */
  matchers(lists: readonly (readonly [key: string, value: MatcherDocument])[], path: DocumentPath): LabelMatcher[] {
    const matchers = lists.flatMap(([key, value]) => this.#matchersOf(key, value, path));
    return matchers.sort((left, right) => ascending(left.name, right.name));
  }

  #matchersOf(key: string, value: MatcherDocument, path: DocumentPath): LabelMatcher[] {
    if (value == null) return [];
    if (isList(value)) return value.flatMap((text, index) => this.#accept(parseMatchers(text), [...path, key, index]) ?? []);
    const operator: MatchOperator = key.endsWith('_re') ? '=~' : '=';
    return Object.entries(value).flatMap(([name, text]) => this.#accept(buildMatcher({ name, operator, value: text }), [...path, key, name]) ?? []);
  }

  #accept<T>(parsed: Result<T, string>, path: DocumentPath): T | undefined {
    if (parsed.ok) return parsed.value;
    this.refuse(path, 'routing/bad-matcher', { message: parsed.error });
    return undefined;
  }
}

export type MatcherDocument = readonly string[] | Readonly<Record<string, string>> | null | undefined;

function isList(value: NonNullable<MatcherDocument>): value is readonly string[] {
  return Array.isArray(value);
}

/** Prometheus' durations: `1h30m`, also `1y` (365 days) and a plain `0`. */
function parsePrometheusDuration(text: string): Result<number, string> {
  if (text === '0') return ok(0);
  const [, years = '0', rest = ''] = /^(?:(\d{1,3})y)?(.*)$/.exec(text) ?? [];
  const yearsMs = Number(years) * 365 * DAY_MS;
  if (rest === '' && text !== '') return ok(yearsMs);
  if (rest.includes('.')) return err(`"${text}" is not a duration: Alertmanager takes whole numbers only, like 1h30m`);
  const parsed = parseDuration(rest);
  return parsed.ok ? ok(yearsMs + parsed.value) : err(parsed.error.replace(`"${rest}"`, `"${text}"`));
}
