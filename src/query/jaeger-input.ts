import { z } from 'zod';
import { DAY_MS, HOUR_MS, parseDuration } from '../lib/duration.js';
import type { FieldExpression, SpansetExpression } from '../trace/traceql/query-ast.js';
import { EVERY_SPAN } from '../trace/traceql/query-ast.js';
import { ApiError } from './api-error.js';
import { MAX_PARAMETER_LENGTH, withConditions } from './request-input.js';
import { tagCondition } from './tag-condition.js';
import { durationInput } from './tempo-input.js';
import type { TimeWindow } from './time-window.js';

/** Traces are answered whole, so fewer of them than a list of summaries has. */
const MAX_TRACES = 100;
const DEFAULT_TRACES = 20;
const MAX_RANGE_MS = 90 * DAY_MS;

const text = z.string().max(MAX_PARAMETER_LENGTH).optional();
const oneOrMany = z.union([z.string(), z.array(z.string())]).optional().transform((value) => (value === undefined ? [] : [value].flat()));
/** Microseconds. */
const micros = z.coerce.number().min(0).optional();

export const jaegerSearchInput = z.object({
  service: text, operation: text, tags: oneOrMany, tag: oneOrMany, traceID: oneOrMany, start: micros, end: micros, lookback: text, minDuration: durationInput, maxDuration: durationInput,
  limit: z.coerce.number().int().min(1).transform((value) => Math.min(value, MAX_TRACES)).optional().default(DEFAULT_TRACES),
});
export type JaegerSearchInput = z.output<typeof jaegerSearchInput>;

const moment = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value) * 1_000).optional();
const depth = z.coerce.number().int().min(1).transform((value) => Math.min(value, MAX_TRACES)).optional();

/** The third version's names are in camel case; those with underscores are older. */
function presentNames(query: unknown): unknown {
  const present = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return typeof query === 'object' && query !== null ? Object.fromEntries(Object.entries(query).sort(([left], [right]) => Number(right.includes('_')) - Number(left.includes('_'))).map(([name, value]) => [present(name), value as unknown])) : query;
}

/** The third version asks for the same under other names: times are dates, attributes a JSON object. */
export const jaegerSearchInputV3 = z.preprocess(presentNames, z.object({
  'query.serviceName': text, 'query.operationName': text, 'query.attributes': text, 'query.startTimeMin': moment, 'query.startTimeMax': moment,
  'query.durationMin': durationInput, 'query.durationMax': durationInput, 'query.searchDepth': depth, 'query.numTraces': depth,
  'query.filter': z.never({ error: 'is not known here: ask by query.attributes' }).optional(),
}).transform((query): JaegerSearchInput => ({
  service: query['query.serviceName'], operation: query['query.operationName'], tags: query['query.attributes'] === undefined ? [] : [query['query.attributes']], tag: [], traceID: [], lookback: undefined,
  start: query['query.startTimeMin'], end: query['query.startTimeMax'], minDuration: query['query.durationMin'], maxDuration: query['query.durationMax'],
  limit: query['query.searchDepth'] ?? query['query.numTraces'] ?? MAX_TRACES,
})));
/** Milliseconds. */
export const dependenciesInput = z.object({ endTs: z.coerce.number().min(0).optional(), lookback: z.coerce.number().min(1).max(MAX_RANGE_MS).optional().default(DAY_MS) });
export const operationsInput = z.object({ service: text, spanKind: text, span_kind: text });

export function jaegerWindow({ start, end, lookback }: JaegerSearchInput, nowMs: number): TimeWindow {
  const toMs = end === undefined ? nowMs : Math.ceil(end / 1_000);
  const range = lookback === undefined || lookback === 'custom' ? undefined : parseDuration(lookback);
  const fromMs = start === undefined ? toMs - (range?.ok === true ? range.value : HOUR_MS) : Math.floor(start / 1_000);
  if (fromMs >= toMs) throw new ApiError('request/invalid', 'start: must be before end');
  if (toMs - fromMs > MAX_RANGE_MS) throw new ApiError('request/invalid', 'start: at most 90 days before end');
  return { fromMs, toMs };
}

/** All conditions are on one span, as in Jaeger. */
export function jaegerSearch(input: JaegerSearchInput): SpansetExpression {
  const is = (left: FieldExpression, value: string): FieldExpression => ({ type: 'binary', operator: '=', left, right: { type: 'string', value } });
  const bound = (operator: '>=' | '<=', value: number | undefined): FieldExpression[] =>
    value === undefined ? [] : [{ type: 'binary', operator, left: { type: 'field', field: { type: 'intrinsic', name: 'duration' } }, right: { type: 'duration', value: Math.round(value) } }];
  return withConditions(EVERY_SPAN, [
    ...(input.service === undefined || input.service === '' ? [] : [is({ type: 'field', field: { type: 'attribute', scope: 'resource', key: 'service.name' } }, input.service)]),
    ...(input.operation === undefined || input.operation === '' || input.operation === 'all' ? [] : [is({ type: 'field', field: { type: 'intrinsic', name: 'name' } }, input.operation)]),
    ...tagPairs(input).map(([key, value]) => tagCondition(key, value, true)),
    ...bound('>=', input.minDuration),
    ...bound('<=', input.maxDuration),
  ]);
}

/** `tags={"key":"value"}` or `tag=key:value`. */
function tagPairs({ tags, tag }: JaegerSearchInput): readonly (readonly [string, string])[] {
  const pairs = tag.map((pair): [string, string] => {
    const colon = pair.indexOf(':');
    if (colon < 1) throw new ApiError('request/invalid', `tag: "${pair.slice(0, 60)}" is not key:value`);
    return [pair.slice(0, colon), pair.slice(colon + 1)];
  });
  return [...pairs, ...tags.flatMap((json) => Object.entries(readTags(json)).map(([key, value]): [string, string] => [key, String(value)]))];
}

function readTags(json: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).parse(JSON.parse(json));
  } catch {
    throw new ApiError('request/invalid', 'tags: this is not a JSON object of texts', { hint: 'like tags={"http.status_code":"500"}' });
  }
}
