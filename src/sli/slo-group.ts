import type { AttributeValue } from '../trace/attribute.js';
import type { AttributeField, Comparison, Expression } from '../trace/traceql/ast.js';
import { printField } from '../trace/traceql/print.js';

/** Groups of one SLO that are counted apart in one day; the rest is "other". */
export const MAX_GROUPS = 50;
const MAX_VALUE_LENGTH = 128;

export type GroupValue = string | number | boolean | null;

/** One group of an SLO's events: `{ "span.http.route": "/cart" }`; null where the span lacks the attribute. */
export interface SloGroup {
  /** The attributes it is made by, as `groupNames` spells them. */
  readonly names: readonly string[];
  /** Undefined for the events of all groups that are not counted apart. */
  readonly values: Readonly<Record<string, GroupValue>> | undefined;
  /** For people: `span.http.route=/cart`. */
  readonly text: string;
}

/** Slice keys hold no space, so what follows one is the group: `checkout@3f2a9c01 {"span.http.route":"/cart"}`. */
export function groupKeyOf(sliceKey: string, fields: readonly AttributeField[], values: readonly GroupValue[]): string {
  return `${sliceKey} ${JSON.stringify(Object.fromEntries(fields.map((field, index) => [printField(field), values[index] ?? null])))}`;
}

/** Lists are no values of groups. */
export function otherGroupKeyOf(sliceKey: string, fields: readonly AttributeField[]): string {
  return `${sliceKey} ${JSON.stringify(Object.fromEntries(fields.map((field) => [printField(field), []])))}`;
}

/** Events that an exclusion takes out are counted as well, so that what it spares can be said: `checkout@3f2a9c01 -health-checks`. */
export function excludedKeyOf(sliceKey: string, exclusion: string): string {
  return `${sliceKey} -${exclusion}`;
}

/** The key of the whole SLO, and its group where the key is one of a group. */
export function readGroupKey(key: string): { readonly sliceKey: string; readonly group: SloGroup | undefined } {
  const space = key.indexOf(' ');
  if (space < 0) return { sliceKey: key, group: undefined };
  if (key[space + 1] === '-') return { sliceKey: key.slice(0, space), group: undefined };
  const values = JSON.parse(key.slice(space + 1)) as Record<string, GroupValue | []>;
  const isOther = Object.values(values).some(Array.isArray);
  const names = Object.keys(values).map(plainName);
  const group: SloGroup = isOther ? { names, values: undefined, text: 'other' } : { names, values: values as Record<string, GroupValue>, text: textOf(values as Record<string, GroupValue>) };
  return { sliceKey: key.slice(0, space), group };
}

/** Attributes as rules name them, all spelled one way: `region` and `.region` are the same. */
export function groupNames(texts: readonly string[]): string[] {
  return texts.map(plainName);
}

function plainName(text: string): string {
  return text.replace(/^\./, '').replaceAll('"', '');
}

function textOf(values: Readonly<Record<string, GroupValue>>): string {
  return Object.entries(values).map(([name, value]) => `${plainName(name)}=${value === null ? '(none)' : String(value)}`).join(', ');
}

export function groupValueOf(value: AttributeValue | undefined): GroupValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value.slice(0, MAX_VALUE_LENGTH);
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)).slice(0, MAX_VALUE_LENGTH);
}

/** What holds for the spans of a group and for no others, as far as TraceQL can say it; undefined for "other". */
export function groupFilter(fields: readonly AttributeField[], { values }: SloGroup): Expression | undefined {
  if (values === undefined) return undefined;
  const terms = fields.map((field): Expression => comparisonOf(field, values[printField(field)] ?? null));
  return terms.reduce((left, right) => ({ type: 'and', left, right }));
}

function comparisonOf(field: AttributeField, value: GroupValue): Comparison {
  if (value === null) return { type: 'comparison', field, operator: '=', literal: { type: 'nil' } };
  if (typeof value === 'string') return { type: 'comparison', field, operator: '=', literal: { type: 'string', value } };
  if (typeof value === 'boolean') return { type: 'comparison', field, operator: '=', literal: { type: 'boolean', value } };
  return { type: 'comparison', field, operator: '=', literal: { type: 'number', value } };
}
