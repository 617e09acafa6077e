import { closest } from '../lib/closest.js';
import type { Result } from '../lib/result.js';
import type { DocumentPath } from '../lib/yaml-document.js';
import type { InhibitRule } from './inhibition.js';
import type { RoutingSource } from './routing-reader.js';
import type { InhibitRuleDocument, RoutingDocument, TimeIntervalDocument } from './routing-schema.js';
import { isLocation, parseDaysOfMonth, parseMonths, parseTimeOfDay, parseWeekdays, parseYears, type NumberRange, type TimeInterval } from '../lib/time-interval.js';

/** By name; `mute_time_intervals` at the top is Alertmanager's old word for the same. */
export function readTimeIntervals(document: RoutingDocument, source: RoutingSource): ReadonlyMap<string, readonly TimeInterval[]> {
  const intervals = new Map<string, readonly TimeInterval[]>();
  for (const key of ['mute_time_intervals', 'time_intervals'] as const) {
    for (const [index, interval] of (document[key] ?? []).entries()) {
      const path = [key, index];
      if (intervals.has(interval.name)) source.refuse([...path, 'name'], 'routing/invalid-value', { message: `there is another time interval "${interval.name}"`, hint: 'rename or remove one' });
      intervals.set(interval.name, (interval.time_intervals ?? []).map((part, at) => readInterval(part, [...path, 'time_intervals', at], source)));
    }
  }
  return intervals;
}

type IntervalDocument = NonNullable<TimeIntervalDocument['time_intervals']>[number];

function readInterval(document: IntervalDocument, path: DocumentPath, source: RoutingSource): TimeInterval {
  const ranges = (key: 'weekdays' | 'days_of_month' | 'months' | 'years', parse: (text: string) => Result<NumberRange, string>): NumberRange[] | undefined =>
    document[key]?.flatMap((text, index) => source.accept(parse(String(text)), [...path, key, index]) ?? []);
  const { location = 'UTC', times } = document;
  if (!isLocation(location)) source.refuse([...path, 'location'], 'routing/invalid-value', { message: `"${location}" is not a time zone`, hint: 'a name of the IANA database like Europe/Berlin, or UTC, or Local' });
  return {
    times: times?.flatMap(({ start_time: start, end_time: end }, index) => source.accept(parseTimeOfDay(String(start), String(end)), [...path, 'times', index]) ?? []),
    weekdays: ranges('weekdays', parseWeekdays), daysOfMonth: ranges('days_of_month', parseDaysOfMonth), months: ranges('months', parseMonths), years: ranges('years', parseYears),
    location,
  };
}

/** Names of intervals that a route is muted or active in; each must be defined. */
export function readIntervalNames(names: readonly string[] | null | undefined, path: DocumentPath, { known, source }: { readonly known: ReadonlyMap<string, unknown>; readonly source: RoutingSource }): readonly string[] {
  for (const [index, name] of (names ?? []).entries()) {
    if (known.has(name)) continue;
    const near = closest(name, [...known.keys()]);
    source.refuse([...path, index], 'routing/invalid-value', { message: `there is no time interval "${name}"`, hint: near === undefined ? 'define it under time_intervals' : `did you mean "${near}"?` });
  }
  return names ?? [];
}

export function readInhibitRules(documents: readonly InhibitRuleDocument[] | null | undefined, source: RoutingSource): readonly InhibitRule[] {
  return (documents ?? []).map((document, index): InhibitRule => {
    const path = ['inhibit_rules', index];
    const side = (name: 'source' | 'target'): InhibitRule['source'] =>
      source.matchers([[`${name}_match`, document[`${name}_match`]], [`${name}_match_re`, document[`${name}_match_re`]], [`${name}_matchers`, document[`${name}_matchers`]]], path);
    return { name: document.name, source: side('source'), target: side('target'), equal: document.equal ?? [], path: `inhibit_rules[${String(index)}]` };
  });
}
