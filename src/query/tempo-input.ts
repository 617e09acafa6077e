import { z } from 'zod';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Field } from '../trace/traceql/ast.js';
import { readDuration } from '../trace/traceql/duration-literal.js';
import { parseSearch } from '../trace/traceql/parser.js';
import { EVERY_SPAN, type FieldExpression, type SpansetExpression } from '../trace/traceql/query-ast.js';
import { finishQuery } from '../trace/traceql/unfinished-query.js';
import { ApiError } from './api-error.js';
import { MAX_INTERVALS } from './metrics-reader.js';
import { MAX_PARAMETER_LENGTH, withConditions } from './request-input.js';
import { TAG_LIMIT } from './tag-reader.js';
import { tagCondition } from './tag-condition.js';
import type { TimeWindow } from './time-window.js';
import { parseTraceSearch } from './trace-query.js';
import { TRACE_SEARCH_LIMIT } from './trace-reader.js';

const DEFAULT_LIMIT = 20;
const DEFAULT_SPANS_PER_SPANSET = 3;
const MAX_SPANS_PER_SPANSET = 100;
const MAX_RANGE_MS = 90 * DAY_MS;
const MAX_QUERY_LENGTH = 16_384;

const text = z.string().max(MAX_PARAMETER_LENGTH).optional();
const query = z.string().max(MAX_QUERY_LENGTH).optional();
const whole = (most: number): z.ZodType<number | undefined> => z.coerce.number().int().min(0).transform((value) => Math.min(value, most)).optional();

/** Unix seconds, with a fraction or in nanoseconds where the number is that long; or a date. In milliseconds. */
const instant = z.string().optional().transform((value, context) => {
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  const timeMs = Number.isFinite(number) ? (number > 1e17 ? number / 1e6 : number > 1e11 ? number : number * 1_000) : Date.parse(value);
  if (Number.isFinite(timeMs) && timeMs >= 0 && timeMs < 8e15) return Math.round(timeMs);
  context.addIssue({ code: 'custom', message: `"${value.slice(0, 60)}" is not a time: write Unix seconds` });
  return z.NEVER;
});

export const durationInput = z.string().optional().transform((value, context) => {
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  const digits = /^(?:\d+(?:\.\d*)?|\.\d+)/.exec(value)?.[0] ?? '';
  const read = Number.isFinite(seconds) ? { value: seconds * 1e9, end: value.length } : digits === '' ? undefined : readDuration(value, digits, digits.length);
  if (read !== undefined && read.end === value.length && read.value > 0) return read.value;
  context.addIssue({ code: 'custom', message: `"${value.slice(0, 60)}" is not a duration: write it like 500ms, 1.5s or 1m` });
  return z.NEVER;
});

const times = { start: instant, end: instant };
export const tempoSearchInput = z.object({ ...times, q: query, tags: text, minDuration: durationInput, maxDuration: durationInput, limit: whole(TRACE_SEARCH_LIMIT), spss: whole(MAX_SPANS_PER_SPANSET) });
export const tempoTagsInput = z.object({ ...times, scope: text, q: query, limit: whole(TAG_LIMIT) });
export const tempoMetricsInput = z.object({ ...times, q: z.string().max(MAX_QUERY_LENGTH), query, since: durationInput, step: durationInput, exemplars: whole(1_000), explain: text });
export type TempoSearchInput = z.output<typeof tempoSearchInput>;
export type TempoMetricsInput = z.output<typeof tempoMetricsInput>;

export function tempoWindow({ start, end }: { readonly start?: number | undefined; readonly end?: number | undefined }, nowMs: number, rangeMs = HOUR_MS): TimeWindow {
  const toMs = end ?? nowMs;
  const fromMs = start ?? toMs - rangeMs;
  if (fromMs >= toMs) throw new ApiError('request/invalid', 'start must be before end');
  if (toMs - fromMs > MAX_RANGE_MS) throw new ApiError('request/invalid', 'start: at most 90 days before end');
  return { fromMs, toMs };
}

export function spansPerSpanset({ spss }: TempoSearchInput): number {
  return spss === undefined ? DEFAULT_SPANS_PER_SPANSET : spss === 0 ? MAX_SPANS_PER_SPANSET : spss;
}

export function searchLimit({ limit }: TempoSearchInput): number {
  return limit === undefined || limit === 0 ? DEFAULT_LIMIT : limit;
}

/** `q`, or Tempo's older `tags`; durations are the trace's. */
export function tempoSearch(input: TempoSearchInput): SpansetExpression {
  const base = input.q !== undefined && input.q.trim() !== '' ? parseTraceSearch(input.q) : withConditions(EVERY_SPAN, tagConditions(input.tags ?? ''));
  const bound = (operator: '>=' | '<=', value: number | undefined): FieldExpression[] =>
    value === undefined ? [] : [{ type: 'binary', operator, left: { type: 'field', field: { type: 'intrinsic', name: 'traceDuration' } }, right: { type: 'duration', value: Math.round(value) } }];
  return withConditions(base, [...bound('>=', input.minDuration), ...bound('<=', input.maxDuration)]);
}

const TAG = /\s*([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/y;

/** logfmt: `service.name=shop http.status_code=500 name="GET /"`. */
export function tagConditions(tags: string): FieldExpression[] {
  const conditions: FieldExpression[] = [];
  let offset = 0;
  while (tags.slice(offset).trim() !== '') {
    TAG.lastIndex = offset;
    const found = TAG.exec(tags);
    if (found === null) throw new ApiError('request/invalid', `tags: "${tags.slice(offset, offset + 40)}" is not key=value`, { hint: 'like tags=service.name=shop http.status_code=500; text with spaces goes into double quotes' });
    offset = TAG.lastIndex;
    const [, key = '', quoted, plain = ''] = found;
    conditions.push(tagCondition(key, quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'), quoted === undefined));
  }
  return conditions;
}

/** The filter of a search for names and values. While somebody types it is often not finished: then what is finished of it counts. */
export function tagSearch(text: string | undefined): SpansetExpression {
  const whole = (text ?? '').trim();
  if (whole === '') return EVERY_SPAN;
  const inner = /^\{(.*)\}?$/s.exec(whole.replace(/\}$/, ''))?.[1] ?? '';
  const parts = inner.split('&&');
  for (const candidate of [whole, finishQuery(whole), ...parts.map((_, index) => `{ ${parts.slice(0, parts.length - index).join('&&')} }`)]) {
    const parsed = parseSearch(candidate);
    if (parsed.ok && parsed.value.type === 'search') return parsed.value.search;
    if (parsed.ok && parsed.value.type === 'metrics' && parsed.value.metrics.type === 'pipeline') return parsed.value.metrics.search;
  }
  return EVERY_SPAN;
}

/** The field that a tag's name means, as TraceQL or, as older versions ask, without a scope. */
export function tagField(name: string): Field | undefined {
  for (const spelt of [name, `.${name}`, `."${name.replace(/["\\]/g, '\\$&')}"`]) {
    const parsed = parseSearch(`{ ${spelt} != nil }`);
    if (!parsed.ok || parsed.value.type !== 'search' || parsed.value.search.type !== 'filter') continue;
    const { condition } = parsed.value.search;
    if (condition.type === 'exists' && condition.operand.type === 'field') return condition.operand.field;
  }
  return undefined;
}

export interface MetricsTimes {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly stepNs: bigint;
}

/** `start` and `end`, or `since` before now; the step is chosen where none is asked for, about 240 in a chart. */
export function metricsTimes(input: TempoMetricsInput, nowMs: number, kind: 'range' | 'instant'): MetricsTimes {
  const { fromMs, toMs } = tempoWindow(input, nowMs, input.since === undefined ? HOUR_MS : input.since / 1e6);
  const ends = { startNs: BigInt(fromMs) * 1_000_000n, endNs: BigInt(toMs) * 1_000_000n };
  if (kind === 'instant') return { ...ends, stepNs: 0n };
  const stepNs = BigInt(Math.round(input.step ?? defaultStepMs(toMs - fromMs) * 1e6));
  if (stepNs < 1_000_000n) throw new ApiError('request/invalid', 'step: at least 1ms');
  if ((ends.endNs - ends.startNs) / stepNs > MAX_INTERVALS) throw new ApiError('request/invalid', `step: this makes more than ${MAX_INTERVALS} points`, { hint: 'take a longer step or a shorter range' });
  return { ...ends, stepNs };
}

function defaultStepMs(rangeMs: number): number {
  const wanted = rangeMs / 240;
  const unit = [HOUR_MS, 300_000, 60_000, 15_000, 5_000, 1_000].find((candidate) => wanted > candidate) ?? 1_000;
  return Math.max(unit, Math.floor(wanted / unit) * unit);
}
