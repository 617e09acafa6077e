import { err, ok, type Result } from './result.js';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on a label, as Alertmanager writes it. A missing label counts as empty. */
export interface LabelMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /** Anchored at both ends; undefined for `=` and `!=`. */
  readonly pattern: RegExp | undefined;
}

const MAX_MATCHER_LENGTH = 2_048;
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Parts of JavaScript's syntax that Go's RE2 lacks (look-around and back-references, which can also take forever), and the reverse. */
const NOT_COMMON = /\(\?(?:=|!|<[=!]|P?[<'])|(?<!\\)(?:\\\\)*\\(?:[1-9]|[AzZQECpPk])|\[\[:|\(\?[a-zA-Z]*-/;

/** `{service="checkout", severity=~"page|ticket"}`, with or without braces, quotes and spaces: a list of matchers joined by commas. */
export function parseMatchers(text: string): Result<LabelMatcher[], string> {
  if (text.length > MAX_MATCHER_LENGTH) return err(`a matcher is longer than ${MAX_MATCHER_LENGTH} characters`);
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text;
  const parts = splitAtCommas(inner);
  if (parts === undefined) return err(`"${text}" has a quote that is not closed`);
  const matchers: LabelMatcher[] = [];
  for (const part of parts) {
    const parsed = parseMatcher(part);
    if (!parsed.ok) return parsed;
    matchers.push(parsed.value);
  }
  return ok(matchers);
}

/** `severity="page"`; the quotes may be left out. */
function parseMatcher(text: string): Result<LabelMatcher, string> {
  const [, name = '', operator = '', raw = ''] = /^\s*([^\s=!~"]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === '') return err(`"${text.trim()}" is not a matcher: write label="value", with =, !=, =~ or !~`);
  if (/^[!=]?=$/.test(operator) && /^[=!~]/.test(raw)) return err(`"${text.trim()}" has no operator that there is: write =, !=, =~ or !~, and a value that begins with ${raw.charAt(0)} in quotes`);
  const value = raw.startsWith('"') ? unquote(raw) : ok(raw);
  if (!value.ok) return value;
  return buildMatcher({ name, operator: operator as MatchOperator, value: value.value });
}

/** A matcher from its parts; checks the label's name and compiles a regular expression anchored, as Alertmanager does. */
export function buildMatcher({ name, operator, value }: { name: string; operator: MatchOperator; value: string }): Result<LabelMatcher, string> {
  if (!NAME.test(name)) return err(`"${name}" is not a label name: letters, digits and _ only`);
  if (operator === '=' || operator === '!=') return ok({ name, operator, value, pattern: undefined });
  const ignoreCase = value.startsWith('(?i)');
  const source = ignoreCase ? value.slice('(?i)'.length) : value;
  if (NOT_COMMON.test(source)) return err(`the regular expression "${value}" uses something that Alertmanager (RE2) and Tocsin do not both have; plain groups, classes and | are fine`);
  try {
    return ok({ name, operator, value, pattern: new RegExp(`^(?:${source})$`, ignoreCase ? 'i' : '') });
  } catch (error) {
    return err(`"${value}" is not a regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function matches(matcher: LabelMatcher, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, matcher.name) ? labels[matcher.name] ?? '' : '';
  switch (matcher.operator) {
    case '=': return value === matcher.value;
    case '!=': return value !== matcher.value;
    case '=~': return matcher.pattern?.test(value) === true;
    case '!~': return matcher.pattern?.test(value) === false;
  }
}

export function matchesAll(matchers: readonly LabelMatcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => matches(matcher, labels));
}

/** `severity="page"`, the form that Alertmanager prints. */
export function formatMatcher({ name, operator, value }: LabelMatcher): string {
  return `${name}${operator}${JSON.stringify(value)}`;
}

function unquote(text: string): Result<string, string> {
  if (text.length < 2 || !text.endsWith('"')) return err(`${text} has a quote that is not closed`);
  const inner = text.slice(1, -1);
  if (/(?<!\\)(?:\\\\)*"/.test(inner)) return err(`${text} has a quote in the middle: write \\"`);
  return ok(inner.replace(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character)));
}

/** Commas inside quotes belong to the value. Undefined when a quote stays open. */
function splitAtCommas(text: string): string[] | undefined {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '\\' && quoted) index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  if (quoted) return undefined;
  // Alertmanager allows one comma after the last matcher.
  if (parts.length > 1 && parts.at(-1)?.trim() === '') parts.pop();
  return parts.length === 1 && parts[0]?.trim() === '' ? [] : parts;
}
