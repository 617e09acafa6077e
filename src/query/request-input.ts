import { z } from 'zod';
import { DAY_MS, HOUR_MS, parseDuration } from '../lib/duration.js';
import { isTraceId, type TraceId } from '../lib/ids.js';
import { ApiError } from './api-error.js';
import { EVERY_SPAN, type FieldExpression, type SpansetExpression } from '../trace/traceql/query-ast.js';
import { userCondition, type StoredUser, type StoredUserReader } from './stored-user.js';
import { SERVED_FORMATS } from './export-formats.js';
import { parseTraceSearch } from './trace-query.js';
import { TRACE_SEARCH_LIMIT, type TraceSearch, type TraceSelection } from './trace-reader.js';
import type { TimeWindow } from './time-window.js';

export const DEFAULT_SEARCH_LIMIT = 50;
/** Longest text of a query parameter: longer ones are a mistake or an attack. */
export const MAX_PARAMETER_LENGTH = 4_096;
const MAX_RANGE_MS = 90 * DAY_MS;

const text = z.string().max(MAX_PARAMETER_LENGTH).optional();

/** `30m`, `6h`, `7d`: how far back to look, up to 90 days. */
const range = z.string().optional().transform((value, context) => {
  if (value === undefined || value === '') return undefined;
  const parsed = parseDuration(value);
  if (parsed.ok && parsed.value > 0 && parsed.value <= MAX_RANGE_MS) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.ok ? 'must be more than 0 and at most 90d' : parsed.error });
  return z.NEVER;
});

/** `all`: whenever it was. Imported traces keep their own times, which may be years ago. */
const searchRange = z.union([z.literal('all').transform(() => Infinity), range]);

const time = z.string().optional().transform((value, context) => {
  if (value === undefined || value === '') return undefined;
  const timeMs = /^\d+$/.test(value) ? Number(value) * (value.length <= 10 ? 1_000 : 1) : Date.parse(value);
  if (Number.isFinite(timeMs) && Math.abs(timeMs) < 8e15) return timeMs;
  context.addIssue({ code: 'custom', message: `"${value.slice(0, 60)}" is not a time: write it like 2026-11-20T03:04:05Z, or as Unix seconds or milliseconds` });
  return z.NEVER;
});

/** A moment: RFC 3339, or Unix seconds or milliseconds. */
export const timeInput = time;
export const windowInput = z.object({ range, from: time, to: time });
/** `revision`: eight hex digits, as `/revisions` lists them. */
export const historyInput = windowInput.extend({ revision: z.string().regex(/^[0-9a-f]{8}$/, 'must be eight hex digits, as /revisions lists them').optional() });

/** A trace as Tocsin tells it, as OTLP/JSON, or as Jaeger's UI uploads it. */
export const traceFormatInput = z.object({ format: z.enum(SERVED_FORMATS).optional() });

const durationInput = z.string().optional().transform((value, context) => {
  if (value === undefined || value.trim() === '') return undefined;
  const parsed = parseDuration(value.trim());
  if (parsed.ok) return parsed.value * 1_000_000;
  context.addIssue({ code: 'custom', message: parsed.error });
  return z.NEVER;
});

export const traceSearchInput = windowInput.extend({
  range: searchRange,
  q: text,
  service: text,
  operation: text,
  user: text,
  errors: z.string().optional(),
  explain: z.string().optional(),
  minDuration: durationInput,
  maxDuration: durationInput,
  limit: z.coerce.number().int().min(1).max(TRACE_SEARCH_LIMIT).optional(),
});
export type TraceSearchInput = z.output<typeof traceSearchInput>;

/** The same search; without a limit, all that it finds. */
export const exportInput = traceSearchInput.extend({ limit: z.coerce.number().int().min(1).optional(), format: z.enum(SERVED_FORMATS).optional() });

/** Reads parameters, or throws `request/invalid` with every parameter that is wrong. */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({ parameter: issue.path.join('.'), message: issueInWords(issue) }));
  throw new ApiError('request/invalid', problems.map(({ parameter, message }) => `${parameter}: ${message}`).join('; '), { extra: { problems } });
}

/** zod's own words for numbers are those of a type checker: "expected number, received NaN". */
function issueInWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.expected === 'number') return 'must be a number';
  if (issue.code === 'too_big' && issue.origin === 'number') return `must be ${issue.inclusive === true ? 'at most' : 'less than'} ${String(issue.maximum)}`;
  if (issue.code === 'too_small' && issue.origin === 'number') return `must be ${issue.inclusive === true ? 'at least' : 'more than'} ${String(issue.minimum)}`;
  return issue.message;
}

export function windowOf(input: Partial<z.output<typeof windowInput>>, nowMs: number, defaultRangeMs = HOUR_MS): TimeWindow {
  if (input.range === Infinity) return { fromMs: 0, toMs: nowMs + DAY_MS };
  const toMs = input.to ?? nowMs;
  const fromMs = input.from ?? toMs - (input.range ?? defaultRangeMs);
  if (fromMs >= toMs) throw new ApiError('request/invalid', 'from: must be before to');
  if (toMs - fromMs > MAX_RANGE_MS) throw new ApiError('request/invalid', 'from: at most 90 days before to');
  return { fromMs, toMs };
}

/**
 * The form's fields are one more stage behind the query: what it found, of this service, this long. The id of a user mostly stands on one
 * span of a request, so it chooses requests, and the other fields choose among their spans.
 * @throws ApiError `traceql/invalid` with the position of the first wrong character.
 */
export function traceSearchOf(input: TraceSearchInput, window: TimeWindow, users: StoredUserReader): TraceSearch {
  const [conditions, user] = [formConditions(input), input.user?.trim() ?? ''];
  const search = withConditions(parseTraceSearch(input.q), conditions);
  return { ...window, search: user === '' ? search : withConditions(ofUser(search, users.read(user)), conditions), limit: input.limit ?? DEFAULT_SEARCH_LIMIT };
}

function ofUser(search: SpansetExpression, user: StoredUser): SpansetExpression {
  const own: SpansetExpression = { type: 'filter', condition: userCondition(user) };
  return search === EVERY_SPAN ? own : { type: 'operation', operator: '&&', left: own, right: search };
}

/** @throws ApiError `traceql/invalid` with the position of the first wrong character. */
export function selectionOf(input: TraceSearchInput, window: TimeWindow, users: StoredUserReader): TraceSelection {
  return { ...traceSearchOf(input, window, users), limit: input.limit };
}

export function formConditions(input: TraceSearchInput): readonly FieldExpression[] {
  return [
    ...(input.service === undefined || input.service === '' ? [] : [is(SERVICE, { type: 'string', value: input.service })]),
    ...(input.operation === undefined || input.operation === '' ? [] : [is({ type: 'field', field: { type: 'intrinsic', name: 'name' } }, { type: 'string', value: input.operation })]),
    ...(isOn(input.errors) ? [is({ type: 'field', field: { type: 'intrinsic', name: 'status' } }, { type: 'status', value: 'error' })] : []),
    ...(input.minDuration === undefined ? [] : [durationIs('>=', input.minDuration)]),
    ...(input.maxDuration === undefined ? [] : [durationIs('<=', input.maxDuration)]),
  ];
}

const SERVICE: FieldExpression = { type: 'field', field: { type: 'attribute', scope: 'resource', key: 'service.name' } };

function is(left: FieldExpression, right: FieldExpression): FieldExpression {
  return { type: 'binary', operator: '=', left, right };
}

function durationIs(operator: '>=' | '<=', durationNs: number): FieldExpression {
  return { type: 'binary', operator, left: { type: 'field', field: { type: 'intrinsic', name: 'duration' } }, right: { type: 'duration', value: durationNs } };
}

/** A search with one more stage that keeps the spans for which all of this holds too. */
export function withConditions(search: SpansetExpression, conditions: readonly FieldExpression[]): SpansetExpression {
  const [first, ...rest] = conditions;
  if (first === undefined) return search;
  const condition = rest.reduce((left, right): FieldExpression => ({ type: 'binary', operator: '&&', left, right }), first);
  return { type: 'pipeline', stages: [...(search.type === 'pipeline' ? search.stages : [search]), { type: 'filter', condition }] };
}

export function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

export function readTraceId(value: string): TraceId {
  const id = value.toLowerCase();
  if (isTraceId(id)) return id;
  throw new ApiError('trace/invalid-id', `"${value.slice(0, 64)}" is not a trace id`, { hint: 'A trace id is 32 hexadecimal digits.' });
}
