import type { NameList, NameSelector } from '../config/redaction.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { namePattern, type NameMatcher } from './redact-pattern.js';

/** Whether any of several spellings of one name is selected: the names of an attribute before and after a rename, or its place in a map. */
export type SelectorMatcher = (spellings: readonly string[]) => boolean;

/** `undefined` selects everything. Patterns that cannot be read are reported and select nothing. */
export function compileSelector(selector: NameSelector | undefined, problems: Problem[]): SelectorMatcher {
  const any = selector?.any === undefined ? undefined : compileList(selector.any, problems);
  const except = selector?.except === undefined ? undefined : compileList(selector.except, problems);
  return (spellings) => (any === undefined || spellings.some(any)) && !(except !== undefined && spellings.some(except));
}

export function compileList(list: NameList, problems: Problem[]): NameMatcher {
  const names = new Set(list.names.map((name) => name.toLowerCase()));
  const prefixes = list.prefixes.map((prefix) => prefix.toLowerCase());
  const patterns = list.patterns.flatMap(({ text, at }) => {
    const matcher = namePattern(text);
    if (matcher.ok) return [matcher.value];
    const { offset, message, hint } = matcher.error;
    problems.push(errorAt(at, 'rules/bad-pattern', { message: `the pattern "${text}" cannot be used: ${message} (at character ${offset + 1})`, hint }));
    return [];
  });
  return (name) => {
    const lower = name.toLowerCase();
    return names.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix)) || patterns.some((matches) => matches(name));
  };
}
