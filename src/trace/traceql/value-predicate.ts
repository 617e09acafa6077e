import type { AttributeValue } from '../attribute.js';
import { olderSpelling, valueAliasesOf, type OlderSpelling } from '../semantic-conventions.js';
import type { Literal, Operator } from './ast.js';
import { portableRegex } from './regex.js';

/** Distinct texts a pattern remembers its verdict on; at the limit it forgets all and starts anew. */
const MAX_REMEMBERED_TEXTS = 4_096;

/**
 * A test of one attribute value against a literal; `key` is the attribute's, for values that were renamed with it. Absent and null values are
 * passed as undefined: only `= nil` holds for them, `!= "x"` does not, as in Tempo. A value of another type than the literal never
 * matches, not even with !=; integers and floats are one type, numbers compare as doubles. A list matches where one of its elements
 * does; with != and !~ where all do, and it has any. Maps only know nil.
 */
export function valuePredicate(key: string, operator: Operator, literal: Literal): (value: AttributeValue | undefined) => boolean {
  const holds = elementPredicate(key, operator, literal);
  if (literal.type === 'nil') return holds;
  const wantsAll = operator === '!=' || operator === '!~';
  return (value) => {
    if (!isList(value)) return holds(value);
    const elements = value.map((element) => element ?? undefined);
    return wantsAll ? elements.length > 0 && elements.every(holds) : elements.some(holds);
  };
}

function isList(value: AttributeValue | undefined): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

function elementPredicate(key: string, operator: Operator, literal: Literal): (value: AttributeValue | undefined) => boolean {
  switch (literal.type) {
    case 'nil':
      return operator === '=' ? (value) => value === undefined : (value) => value !== undefined;
    case 'boolean':
      return operator === '=' ? (value) => value === literal.value : (value) => typeof value === 'boolean' && value !== literal.value;
    case 'number':
    case 'duration': {
      const holds = numberPredicate(operator, literal.value);
      return (value) => {
        const number = numberOf(value);
        return number !== undefined && holds(number);
      };
    }
    case 'string':
      return stringPredicate(key, operator, literal.value);
    case 'status':
    case 'kind':
      return () => false;
  }
}

function stringPredicate(key: string, operator: Operator, wanted: string): (value: AttributeValue | undefined) => boolean {
  const holds = spelledPredicate(key, operator, wanted);
  return (value) => {
    if (typeof value === 'string') return holds(value);
    const text = textOf(value);
    return text !== undefined && holds(text);
  };
}

/** A text that was spelt otherwise in older conventions is equal to either spelling, and matches a pattern that either matches. */
function spelledPredicate(key: string, operator: Operator, wanted: string): (text: string) => boolean {
  if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') return textPredicate(operator, wanted);
  const isPattern = operator === '=~' || operator === '!~';
  const same = isPattern ? textPredicate('=~', wanted) : anyOf(valueAliasesOf(key, wanted));
  const older = olderSpelling(key);
  const holds = older === undefined ? same : (text: string) => same(text) || olderTexts(text, older).some(same);
  if (operator === '=' || operator === '=~') return holds;
  // A pattern that cannot be compiled matches nothing and its negation neither.
  if (isPattern && !portableRegex(wanted).ok) return () => false;
  return (text) => !holds(text);
}

function olderTexts(text: string, { pairs, lastSegment }: OlderSpelling): readonly string[] {
  if (lastSegment) return text.includes('/') ? [text.slice(text.lastIndexOf('/') + 1)] : [];
  return pairs.filter(([, now]) => now === text).map(([old]) => old);
}

function anyOf(spellings: readonly string[]): (text: string) => boolean {
  const [only = ''] = spellings;
  return spellings.length === 1 ? (text) => text === only : (text) => spellings.includes(text);
}

/** A test of a text that is there. */
export function textPredicate(operator: Operator, wanted: string): (text: string) => boolean {
  switch (operator) {
    case '=':
      return (text) => text === wanted;
    case '!=':
      return (text) => text !== wanted;
    case '>':
      return (text) => compareText(text, wanted) > 0;
    case '>=':
      return (text) => compareText(text, wanted) >= 0;
    case '<':
      return (text) => compareText(text, wanted) < 0;
    case '<=':
      return (text) => compareText(text, wanted) <= 0;
    case '=~':
      return patternPredicate(wanted);
    case '!~': {
      const matches = patternPredicate(wanted);
      return (text) => !matches(text);
    }
  }
}

export function numberPredicate(operator: Operator, wanted: number): (value: number) => boolean {
  switch (operator) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '>':
      return (value) => value > wanted;
    case '>=':
      return (value) => value >= wanted;
    case '<':
      return (value) => value < wanted;
    case '<=':
      return (value) => value <= wanted;
    case '=~':
    case '!~':
      return () => false;
  }
}

/** Routes, statuses and regions repeat: the pattern runs once per text. */
function patternPredicate(pattern: string): (text: string) => boolean {
  const regex = portableRegex(pattern);
  if (!regex.ok) return () => false;
  const { javascript } = regex.value;
  const remembered = new Map<string, boolean>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const matches = javascript.test(text);
    if (remembered.size >= MAX_REMEMBERED_TEXTS) remembered.clear();
    remembered.set(text, matches);
    return matches;
  };
}

/** The value as the store's JSON holds it, where that is a string: NaN, infinities and bytes are (see attribute.ts). */
function textOf(value: AttributeValue | undefined): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  return undefined;
}

function numberOf(value: AttributeValue | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

/** Order of code points, which is the order of UTF-8 bytes that databases use; `<` of JavaScript puts U+FFFD after emoji. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = orderOfUnit(left.charCodeAt(index)) - orderOfUnit(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Surrogates (U+D800 to U+DFFF) stand for code points above all other units. */
function orderOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

