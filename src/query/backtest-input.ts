import { z } from 'zod';
import type { RecountQuery, SliceQuery } from '../pipeline/replay-history.js';
import type { ArrivedSlice } from '../pipeline/replay.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import type { Query } from '../trace/traceql/ast.js';
import { ApiError } from './api-error.js';
import { MAX_PARAMETER_LENGTH } from './request-input.js';

/** Minutes of one answer: a backtest asks for a quarter of a day at a time, so that nobody waits for it. */
export const MAX_PORTION_MINUTES = 1_440;
/** Slice keys of one question. */
export const MAX_SLICE_KEYS = 2_000;

const minute = z.number().int().min(0).max(2 ** 31 - 1);
const range = { fromMinute: minute, toMinute: minute, imported: z.boolean().default(false) };
const sliceKeys = z.array(z.string().max(200)).max(MAX_SLICE_KEYS);
const traceql = z.string().max(MAX_PARAMETER_LENGTH);

export const extentInput = z.object({ sliceKeys, ...range });
export const slicesInput = extentInput.refine(isPortion, { message: `at most ${MAX_PORTION_MINUTES} minutes at once`, path: ['toMinute'] });
export const recountInput = z.object({
  sliceKey: z.string().max(200), total: traceql, part: z.object({ polarity: z.enum(['good', 'bad']), query: traceql }),
  weight: z.union([z.literal('auto'), z.literal('none'), z.object({ attribute: z.string().max(200) })]), ...range,
}).refine(isPortion, { message: `at most ${MAX_PORTION_MINUTES} minutes at once`, path: ['toMinute'] });

function isPortion({ fromMinute, toMinute }: Pick<SliceQuery, 'fromMinute' | 'toMinute'>): boolean {
  return toMinute - fromMinute <= MAX_PORTION_MINUTES;
}

/** @throws ApiError `traceql/invalid` */
export function recountQueryOf({ sliceKey, total, part, weight, ...rest }: z.output<typeof recountInput>): RecountQuery {
  return { slo: { sliceKey, total: queryOf(total), part: { polarity: part.polarity, query: queryOf(part.query) }, weight }, ...rest };
}

function queryOf(text: string): Query {
  const parsed = parseTraceql(text);
  if (parsed.ok) return parsed.value;
  const { message, offset, line, column, hint } = parsed.error;
  throw new ApiError('traceql/invalid', message, { hint, extra: { offset, line, column, query: text } });
}

/** Slices as they travel: keys once, then rows of numbers. */
export interface WireSlices {
  readonly sliceKeys: readonly string[];
  /** Index of the key, event minute, arrival minute, good, bad, Σw² of good and of bad, events, of unknown weight. */
  readonly rows: readonly (readonly number[])[];
}

export function toWire(slices: readonly ArrivedSlice[]): WireSlices {
  const indexOf = new Map<string, number>();
  const rows = slices.map((slice) => {
    const index = indexOf.get(slice.sliceKey) ?? indexOf.size;
    indexOf.set(slice.sliceKey, index);
    return [index, slice.eventMinute, slice.arrivalMinute, slice.good, slice.bad, slice.goodSquared, slice.badSquared, slice.events, slice.unknownWeight];
  });
  return { sliceKeys: [...indexOf.keys()], rows };
}

export function fromWire({ sliceKeys: keys, rows }: WireSlices): ArrivedSlice[] {
  return rows.map(([key = 0, eventMinute = 0, arrivalMinute = 0, good = 0, bad = 0, goodSquared = 0, badSquared = 0, events = 0, unknownWeight = 0]) =>
    ({ sliceKey: keys[key] ?? '', eventMinute, arrivalMinute, good, bad, goodSquared, badSquared, events, unknownWeight }));
}
